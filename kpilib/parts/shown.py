"""The parts of a section: charts, tables, notes, groups of them, and the section itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from kpilib.parts.part import Part, Rich, StatusMark, plain_text, to_data

__all__ = ["Cell", "Chart", "Column", "Group", "Note", "Row", "Section", "Table"]


@dataclass(frozen=True)
class Chart(Part):
    """A chart as SVG, with the text that says the same to who cannot see it.

    ``width``: ``full`` is the content's width (178 mm), ``half`` less than half of it (86 mm).
    """

    kind: ClassVar[str] = "chart"
    svg: str = field(repr=False)
    alt: str
    title: str
    subtitle: str = ""
    width: Literal["full", "half"] = "full"

    def text(self) -> str:
        """Return the title and the alternative text."""
        return f"{self.title}\n{self.alt}"


@dataclass(frozen=True)
class Column:
    """A table's column: its label, and whether it holds numbers (``right``)."""

    label: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map: its text and how dark its ground is, 0 to 1."""

    text: str
    shade: float


@dataclass(frozen=True)
class Row:
    """A table's row; ``strong`` for a sum or the whole."""

    cells: tuple[str | Cell, ...]
    strong: bool = False


@dataclass(frozen=True)
class Table(Part):
    """A small table; the first cell of a row names it when ``row_header``."""

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    row_header: bool = True

    def text(self) -> str:
        """Return the table in columns of equal width."""
        lines = [[column.label for column in self.columns]]
        lines += [[cell if isinstance(cell, str) else cell.text for cell in row.cells] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = [
            "  ".join(
                cell.rjust(width) if column.align == "right" else cell.ljust(width)
                for cell, width, column in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *aligned, *([self.note] if self.note else [])])


@dataclass(frozen=True)
class Note(Part):
    """A paragraph beside the figures."""

    kind: ClassVar[str] = "note"
    body: Rich
    tone: Literal["small", "info", "warning"] = "info"

    def data(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {"kind": self.kind, "text": to_data(self.body), "tone": self.tone}

    def text(self) -> str:
        """Return the paragraph."""
        return plain_text(self.body)


@dataclass(frozen=True)
class Group(Part):
    """Parts that stand together: two half-width ones stand side by side."""

    kind: ClassVar[str] = "group"
    parts: tuple[Part, ...]

    def text(self) -> str:
        """Return the parts' texts, one below the other."""
        return "\n\n".join(part.text() for part in self.parts)


@dataclass(frozen=True)
class Section(Part):
    """A section of the pack: a question as its heading, the answer, what shows it, and the small print."""

    kind: ClassVar[str] = "section"
    id: str
    title: str
    question: str
    answer: Rich
    parts: tuple[Part, ...] = ()
    status: StatusMark | None = None
    headline: str = ""
    small: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return the section as JSON; the headline, a figure as text, is its ``value``."""
        held = super().data()
        return {**{name: value for name, value in held.items() if name != "headline"}, "value": held["headline"]}

    def text(self) -> str:
        """Return the section as plain text."""
        head = " · ".join(word for word in (self.title, self.headline, self.status.word if self.status else "") if word)
        blocks = [head, self.question, plain_text(self.answer), *(part.text() for part in self.parts), *self.small]
        return "\n\n".join(block for block in blocks if block)
