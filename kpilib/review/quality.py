"""What the data lack or had to be mended: said once, in the appendix."""

from __future__ import annotations

from kpilib.parts import Column, Row, Table
from kpilib.review.context import Context

__all__ = ["quality_counts", "quality_sentence", "quality_table"]


def quality_sentence(context: Context) -> str:
    """Return whether rows of this partner were changed or left out."""
    held = context.slice.content["quality"]
    return context.words("quality_note.intro" if held else "quality_note.none")


def quality_counts(context: Context) -> str:
    """Return how many rows of this partner were left out, repaired or doubted, in a sentence."""
    words, counts = context.words, dict[str, int]()
    for row in context.slice.content["quality"]:
        counts[row["action"]] = counts.get(row["action"], 0) + row["rows"]
    if not counts:
        return words("quality_note.none")
    said = (
        words("quality_note.action_count", action=words(f"quality_note.action.{action}"), count=count)
        for action, count in sorted(counts.items())
    )
    return words("quality_note.counted", counts=context.formats.join(said))


def quality_table(context: Context) -> Table | None:
    """Return how many of the partner's rows were left out, repaired or doubted, and why; None when none was."""
    words, formats = context.words, context.formats
    rows = sorted(
        context.slice.content["quality"], key=lambda row: (row["table"], row["action"], -row["rows"], row["reason"])
    )
    if not rows:
        return None
    labels = ("table", "action", "why", "rows")
    return Table(
        words("quality_note.title"),
        tuple(Column(words(f"column.{name}"), "right" if name == "rows" else "left") for name in labels),
        tuple(
            Row(
                (
                    words(f"table_names.{row['table']}"),
                    words(f"quality_note.action.{row['action']}"),
                    words(f"quality_note.reason.{row['reason']}"),
                    formats.count(row["rows"]),
                )
            )
            for row in rows
        ),
    )
