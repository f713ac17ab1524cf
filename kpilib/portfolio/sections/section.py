"""What the sections share: a section of the catalogue's title and question, tables of texts and figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kpilib.parts import Column, Part, Row, Section, Table
from kpilib.portfolio.context import Context

__all__ = ["make_section", "make_table"]

_TEXTS = frozenset(
    ("partner", "manager", "why", "region", "tier", "segment", "kpi", "standing", "what", "chance", "names", "largest")
)


def make_section(
    name: str,
    context: Context,
    *,
    answer: Iterable[str] = (),
    parts: Sequence[Part | None] = (),
    small: Iterable[str] = (),
    question: str = "",
) -> Section:
    """Return the section of a name: its texts are in the catalogue below ``portfolio`` and that name."""
    words = context.words
    return Section(
        id=name.replace("_", "-"),
        title=words(f"portfolio.{name}.title"),
        question=question or words(f"portfolio.{name}.question"),
        answer=" ".join(text for text in answer if text),
        parts=tuple(part for part in parts if part is not None),
        small=tuple(line for line in small if line),
    )


def make_table(
    title: str, columns: Sequence[str], rows: Iterable[Row], context: Context, *, note: str = "", **labels: str
) -> Table:
    """Return a table whose labels are the catalogue's, or given by name; names and words stand left, figures right."""
    shown = tuple(
        Column(labels.get(name) or context.words(f"portfolio.column.{name}"), "left" if name in _TEXTS else "right")
        for name in columns
    )
    return Table(title, shown, tuple(rows), note)
