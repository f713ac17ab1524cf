"""The blocks of the documentation's pages: commands, settings, code and files, in the order of a page.

A page is a session: its blocks belong together, from top to bottom. The tests run them; a line ``% untested: why``
before a block keeps it out, and lists it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DOCS", "Block", "Command", "pages", "read_blocks"]

DOCS = Path(__file__).parent
_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)
_CAPTION = re.compile(r"\A:caption: (?P<caption>[^\n]*)\n(?::\w+: [^\n]*\n)*\n?")
_UNTESTED = re.compile(r"^% untested: (?P<reason>.+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A command that a reader types, and lines of what it prints, in order; ``…`` stands for others."""

    text: str
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """One block of a page; ``caption`` names the file that it is, ``untested`` says why it is not run."""

    page: str
    line: int
    heading: str
    language: str
    text: str
    caption: str = ""
    untested: str = ""

    def commands(self) -> Iterator[Command]:
        """Yield the commands of a console block."""
        found: list[Command] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                found.append(Command(line.removeprefix("$ ")))
            elif line.strip("… "):
                found[-1].shown.append(line)
        yield from found


def pages() -> list[Path]:
    """Return all pages that a person wrote."""
    written = (path for path in DOCS.rglob("*.md") if path.parent.name != "reference" and "benchmarks" not in path.name)
    return sorted(path for path in written if path.name != "untested.md")


def read_blocks(page: Path) -> list[Block]:
    """Return the blocks of a page."""
    text = page.read_text(encoding="utf-8")
    blocks, end = [], 0
    for match in _FENCE.finditer(text):
        before = text[: match.start()]
        body = textwrap.dedent(match["body"])
        caption = _CAPTION.match(body)
        language, _, argument = match["info"].removeprefix("{code-block} ").partition(" ")
        inside = body[caption.end() :] if caption else body
        if language == "{literalinclude}":
            inside = (page.parent / argument).read_text(encoding="utf-8")
        reason = _UNTESTED.search(text, end, match.start())
        headings = _HEADING.findall(re.sub(r"```.*?```", "", before, flags=re.DOTALL))
        blocks.append(
            Block(
                page.relative_to(DOCS).as_posix(),
                before.count("\n") + 1,
                headings[-1] if headings else "",
                language,
                inside,
                caption["caption"] if caption else "",
                reason["reason"] if reason else "",
            )
        )
        end = match.end()
    return blocks
