"""Rules on how a notebook is kept: without what a run left in it, its tags from the fixed list, its cells Python."""

from __future__ import annotations

from collections.abc import Iterator

from kpilib.errors import did_you_mean
from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Sheet

__all__: list[str] = []

_TAGS = {
    "parameters": "the values that Papermill replaces",
    "injected-parameters": "the values that it wrote",
    "desk": "for the analyst, on no page",
    "internal": "for the channel team, on internal pages alone",
}


@rule("KL001", "Every code cell is Python.")
def is_python(sheet: Sheet) -> Iterator[Hit]:
    """Find cells that cannot be read as Python."""
    for cell in sheet.code:
        if cell.mistake is not None:
            line = cell.mistake.lineno
            text = (cell.source.splitlines() or [""])[(line or 1) - 1 : line or 1]
            shown = f": {text[0].strip()}" if text else ""
            yield Hit(cell, f"the cell is no Python ({cell.mistake.msg}){shown}", "Mend the line.", line)


@rule("KL401", "No outputs are left in.")
def keeps_outputs(sheet: Sheet) -> Iterator[Hit]:
    """Find cells that still show what some run gave."""
    for cell in sheet.code:
        if cell.outputs:
            what = f"{cell.outputs} outputs are left in" if cell.outputs > 1 else "an output is left in"
            yield Hit(cell, what, f"Remove what runs left, here and elsewhere: nbstripout {sheet.name}")


@rule("KL402", "No execution counts are left in.")
def keeps_counts(sheet: Sheet) -> Iterator[Hit]:
    """Find cells that still say which one was run when."""
    for cell in sheet.code:
        if cell.executed:
            yield Hit(
                cell, "the execution count is left in",
                f"Remove what runs left, here and elsewhere: nbstripout {sheet.name}",
            )  # fmt: skip


@rule("KL501", f"Tags are from the fixed list: {', '.join(_TAGS)}.")
def known_tags(sheet: Sheet) -> Iterator[Hit]:
    """Find tags that kpilib does not know: a misspelt `desk` would print the cell in every pack."""
    for cell in sheet.cells:
        for tag in cell.tags:
            if tag not in _TAGS:
                fix = "There are: " + "; ".join(f"`{name}`, {about}" for name, about in _TAGS.items()) + "."
                yield Hit(cell, f"the tag `{tag}` is unknown.{did_you_mean(tag, _TAGS)}", fix)
