"""A workspace made of a few drawn tables, with real files beneath."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib.__main__ import main
from kpilib.settings import Settings, load_settings

MakeWorkspace = Callable[..., Settings]

# Tests that run in the background of a shell are told to ignore Ctrl-C, and so would be the commands that they stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def write_workspace(root: Path, settings: str = "", **tables: str) -> Settings:
    """Write each table as a CSV file, and the settings.

    Fields stand between ``|``; blanks around them do not count, and fields missing at a line's end are blank.
    """
    (root / "data").mkdir(parents=True, exist_ok=True)
    for name, drawn in tables.items():
        rows = [[field.strip() for field in line.split("|")] for line in drawn.strip().splitlines()]
        lines = [",".join([*row, *[""] * (len(rows[0]) - len(row))]) for row in rows]
        (root / "data" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = root / "kpilib.toml"
    source = "" if "[source]" in settings else '[source]\npath = "data"\n'
    path.write_text(source + settings, encoding="utf-8")
    return load_settings(path)


@pytest.fixture(scope="session")
def save_review() -> Callable[..., None]:
    """Write a notebook that opens its partner's review; then one cell for each source, prose where it begins with #."""
    from nbformat import writes
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    declared = (
        'partner: str = "P1"\nquarter: str = "2026Q3"\nas_of: str = ""\naudience: str = "partner"\nlanguage: str = ""\n'
    )
    opening = "from kpilib import Review\nreview = Review.open(partner, quarter, audience=audience, language=language)"

    def save(path: Path, *sources: str) -> None:
        cells = [new_code_cell(declared, metadata={"tags": ["parameters"]}, id="parameters")]
        cells.append(new_code_cell(opening, id="open"))
        for place, source in enumerate(sources):
            make = new_markdown_cell if source.startswith("#") else new_code_cell
            cells.append(make(source, id=f"c{place}"))
        path.parent.mkdir(parents=True, exist_ok=True)
        # As an editor does: written aside, and renamed.
        aside = path.with_suffix(".aside")
        aside.write_text(writes(new_notebook(cells=cells)), encoding="utf-8")
        aside.rename(path)

    return save


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> None:
    for name in [name for name in os.environ if name.startswith("KPILIB_")]:
        del os.environ[name]


@pytest.fixture
def workspace(tmp_path: Path) -> MakeWorkspace:
    """Make a workspace: ``workspace(settings, partners="id | name ...", ...)``; again: other files, same folder."""

    def make(settings: str = "", *, folder: str = "", **tables: str) -> Settings:
        return write_workspace(tmp_path / folder, settings, **tables)

    return make


@pytest.fixture(scope="module")
def module_workspace(tmp_path_factory: pytest.TempPathFactory) -> MakeWorkspace:
    """Make a workspace that the tests of one module share."""

    def make(settings: str = "", **tables: str) -> Settings:
        return write_workspace(tmp_path_factory.mktemp("workspace"), settings, **tables)

    return make


@pytest.fixture
def kpilib(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints, on both streams; it must end with the code ``said``."""

    def run(root: Path, *words: str, said: int = 0, **environment: str) -> str:
        with monkeypatch.context() as patch:
            patch.chdir(root)
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(words)
        printed = "".join(capfd.readouterr())
        assert int(ended.value.code or 0) == said, printed
        return printed

    return run
