"""Which cells of two notebooks differ: in their code, or only in what they show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from typing import Any, Literal

__all__ = ["CellChange", "changed_cells", "changed_outputs"]


Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True)
class CellChange:
    """A cell that was added, removed or changed: its place in the notebook that has it, and its lines as a diff."""

    kind: Kind
    number: int
    title: str
    lines: tuple[str, ...]


def changed_cells(base: Any, now: Any) -> list[CellChange]:
    """Return the cells whose text or tags differ, in the order of the newer notebook."""
    found = []
    for old, new in _pairs(base.cells, now.cells):
        before = None if old is None else _text(base.cells[old])
        after = None if new is None else _text(now.cells[new])
        if before == after:
            continue
        kind: Kind = "added" if before is None else "removed" if after is None else "changed"
        number = (old if new is None else new) or 0
        diff = unified_diff((before or "").splitlines(), (after or "").splitlines(), lineterm="", n=2)
        lines = tuple(line for line in diff if not line.startswith(("---", "+++")))
        found.append(CellChange(kind, number + 1, _title(after if after is not None else before or ""), lines))
    return found


def changed_outputs(base: Any, now: Any) -> list[tuple[int, str]]:
    """Return the cells of two executed notebooks that show something else by the same code: number, first line."""
    found = []
    held = [[cell for cell in notebook.cells if not _is_ours(cell)] for notebook in (base, now)]
    for old, new in _pairs(*held):
        if old is None or new is None:
            continue
        before, after = held[0][old], held[1][new]
        if _text(before) == _text(after) and _outputs(before) != _outputs(after):
            found.append((new + 1, _title(_text(after))))
    return found


def _pairs(base: Iterable[Any], now: Iterable[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which cell became which: the same id, else the same text, else the same place among the changed ones."""
    before, after = list(base), list(now)
    keys = [[_text(cell) for cell in cells] for cells in (before, after)]
    for name, first, last, start, end in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if name == "equal":
            yield from zip(range(first, last), range(start, end), strict=True)
            continue
        left, right = list(range(first, last)), list(range(start, end))
        ids = {before[place].get("id"): place for place in left if before[place].get("id")}
        partner = {place: ids[after[place].get("id")] for place in right if after[place].get("id") in ids}
        rest = [place for place in left if place not in partner.values()]
        for place in right:
            if place not in partner and rest and after[place].cell_type == before[rest[0]].cell_type:
                partner[place] = rest.pop(0)
        yield from ((place, None) for place in left if place not in partner.values())
        yield from ((partner.get(place), place) for place in right)


def _text(cell: Any) -> str:
    tags = cell.metadata.get("tags", [])
    head = f"[{', '.join(sorted(tags))}]\n" if tags else ""
    return f"{head}{cell.source}"


def _title(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("[")]
    first = lines[0] if lines else "empty"
    return first if len(first) <= 60 else f"{first[:59]}…"


def _outputs(cell: Any) -> str:
    outputs = cell.get("outputs", ())
    told = [{name: value for name, value in output.items() if name != "execution_count"} for output in outputs]
    return json.dumps(told, sort_keys=True)


def _is_ours(cell: Any) -> bool:
    return "injected-parameters" in cell.metadata.get("tags", [])
