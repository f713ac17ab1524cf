"""What the data lack or had to be mended: said once, in the appendix."""

from __future__ import annotations

from kpilib.parts import Column, Row, Table
from kpilib.review.context import Context

__all__ = ["quality_counts", "quality_sentence", "quality_table"]

_LABELS = ("table", "action", "rows", "why")


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
    """Return how many of the partner's rows were left out, repaired or doubted, and why; None when none was.

    A table and what was done to its rows are one row; the reasons follow with their counts, the most frequent first.
    """
    words, formats = context.words, context.formats
    held: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in context.slice.content["quality"]:
        held.setdefault((row["table"], row["action"]), []).append((row["rows"], row["reason"]))
    if not held:
        return None
    rows = []
    for (table, action), reasons in sorted(held.items()):
        why = (
            words("quality_note.why", reason=words(f"quality_note.reason.{reason}"), count=formats.count(count))
            for count, reason in sorted(reasons, key=lambda each: (-each[0], each[1]))
        )
        total = formats.count(sum(count for count, _ in reasons))
        name, done = words(f"table_names.{table}"), words(f"quality_note.action.{action}")
        rows.append(Row((name, done, total, words("quality_note.joint").join(why))))
    columns = (Column(words(f"column.{name}"), "right" if name == "rows" else "left") for name in _LABELS)
    return Table(words("quality_note.title"), tuple(columns), tuple(rows))
