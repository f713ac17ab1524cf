"""Every block of the documentation: quickly, whether it can be right; slowly, whether it is."""

from __future__ import annotations

import shlex
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import reference
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from blocks import DOCS, Block, pages, read_blocks
from session import PROGRAMS, Session, merge_settings
from typer.main import get_command

from kpilib.cli import app
from kpilib.sample import write_sample
from kpilib.workspace import lay_out

BLOCKS = [block for page in pages() for block in read_blocks(page)]
CONSOLE = [block for block in BLOCKS if block.language == "console"]
COMMANDS = [(block, command) for block in CONSOLE for command in block.commands()]
OWN = {"{image}", "{toctree}", "{include}", "{literalinclude}"}


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and not block.untested]


def place(value: object) -> str:
    return f"{value.page}:{value.line}" if isinstance(value, Block) else str(value)


@pytest.mark.parametrize("path", reference.PAGES, ids=str)
def test_a_page_of_the_reference_says_what_the_code_says(path: Path) -> None:
    assert (DOCS / path).read_text(encoding="utf-8") == reference.PAGES[path](), "make docs"


@pytest.mark.parametrize(("block", "command"), COMMANDS, ids=lambda value: getattr(value, "text", "")[:50])
def test_a_command_can_be_typed(block: Block, command) -> None:
    """Its options are those of the command; what it does is seen in the session below."""
    program, *words = shlex.split(command.text)
    assert program in PROGRAMS
    if program == "kpilib":
        group = get_command(app)
        with group.make_context("kpilib", words) as outer:
            name, inner, rest = group.resolve_command(outer, [*outer._protected_args, *outer.args])
            assert inner is not None
            inner.make_context(name, rest, parent=outer).close()


@pytest.mark.parametrize("block", of("toml"), ids=place)
def test_settings_can_be_used(block: Block, tmp_path: Path) -> None:
    lay_out(tmp_path)
    merge_settings(tmp_path / "kpilib.toml", block.text)


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.language == "python"], ids=place)
def test_python_is_python(block: Block) -> None:
    compile(block.text, block.page, "exec")


def test_every_block_is_run_or_says_why_not() -> None:
    """A block that is neither a command, settings, nor a file would be read by nobody but the reader."""
    known = {"console", "toml", *OWN}
    assert [
        place(block) for block in BLOCKS if block.language not in known and not (block.caption or block.untested)
    ] == []


@pytest.mark.parametrize("name", get_command(app).commands)  # type: ignore[attr-defined]
def test_every_command_stands_in_a_page(name: str) -> None:
    typed = {command.text.replace("--quiet ", "").split()[1] for _, command in COMMANDS if "kpilib" in command.text}
    assert name in typed | {"actions"}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "workspace"
    lay_out(folder)
    write_sample(folder / "data" / "sample", partners=6, years=2)
    return folder


@pytest.fixture
def mail_server() -> Iterator[dict[str, str]]:
    """A server on loopback that takes every message; the environment that leads there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Sink(), hostname="127.0.0.1", port=port)
    controller.start()
    names = {"HOST": "127.0.0.1", "PORT": str(port), "SECURITY": "none"}
    yield {f"KPILIB_EMAIL__{name}": value for name, value in names.items()}
    controller.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_does_what_it_says(page: Path, laid_out: Path, tmp_path: Path, mail_server: dict[str, str]) -> None:
    """From top to bottom in a workspace with data of six partners; the tutorial starts with nothing."""
    folder = tmp_path / "workspace"
    if page.stem == "tutorial":
        folder.mkdir()
    else:
        shutil.copytree(laid_out, folder)
    with Session(folder, **mail_server) as session:
        for block in read_blocks(page):
            if not block.untested:
                session.follow(block)
