"""A failed execution: the notebook as far as it ran, the failing cell marked, and one sentence for a person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kpilib.errors import ExecutionError
from kpilib.execute.tidy import tidy
from kpilib.pack import Pack

if TYPE_CHECKING:
    from kpilib.execute.client import Stopped
    from kpilib.execute.notebook import Limits

__all__ = ["explain", "not_started"]

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST = 300


def explain(stopped: Stopped, pack: Pack, *, name: str, limits: Limits) -> ExecutionError:
    """Return the error that names the partner, the cell and the cause, and carries the marked notebook."""
    import nbformat

    ename, evalue = _cause(stopped, limits)
    cause = f"{ename}: {evalue}" if evalue else ename
    if stopped.index < 0:
        return not_started(pack, stopped.kind, f"{name} could not be executed: no kernel started ({cause}).")
    cell = stopped.notebook.cells[stopped.index]
    place = 1 + sum(
        "injected-parameters" not in other.metadata.get("tags", ()) for other in stopped.notebook.cells[: stopped.index]
    )
    first_line = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    message = f"{pack}: cell {place} of {name} ({_short(first_line, 60)}) failed: {cause}"
    _mark(stopped, ename, evalue)
    return ExecutionError(
        message if message.endswith(".") else f"{message}.",
        partner_id=pack.partner_id,
        quarter=str(pack.quarter),
        kind=stopped.kind,
        cell=place,
        notebook=nbformat.writes(tidy(stopped.notebook)),  # type: ignore[no-untyped-call]
    )


def not_started(pack: Pack, kind: str, text: str) -> ExecutionError:
    """Return the error of a notebook of which no cell ran."""
    return ExecutionError(
        f"{pack}: {text}",
        partner_id=pack.partner_id,
        quarter=str(pack.quarter),
        kind=kind,
        cell=None,
        notebook=None,
    )


def _cause(stopped: Stopped, limits: Limits) -> tuple[str, str]:
    """Return what stopped the notebook, as an error's name and value."""
    died = "the process ended in the middle of the cell (exit, crash, or killed for its memory)"
    causes = {
        "timeout": ("timeout", f"no end within {limits.cell_timeout:g} seconds ([packs] cell_timeout)"),
        "death": ("kernel died", died),
        "output": ("too much output", f"more than {limits.output:,} characters"),
        "invalid": ("output that a notebook cannot hold", _short(stopped.detail, _LONGEST)),
        "start": ("start", _short(stopped.detail, _LONGEST)),
    }
    return causes[stopped.kind] if stopped.kind in causes else _raised(stopped, limits)


def _raised(stopped: Stopped, limits: Limits) -> tuple[str, str]:
    error = _error_output(stopped)
    if error is None:
        return "error", "the cell raised without saying what"
    # IPython names the cell by a number of its own
    evalue = _short(re.sub(r"\(\d+\.py, (line \d+)\)$", r"(\1)", _ANSI.sub("", str(error.evalue))), _LONGEST)
    if error.ename == "SystemExit":
        evalue = f"the notebook ended itself here ({evalue or 0}), and a pack is made of whole notebooks only"
    elif error.ename.endswith("MemoryError"):
        limit = f"more than {limits.memory} MiB were asked for ([packs] memory_limit)"
        evalue = f"{limit}; {evalue}" if evalue else limit
    return str(error.ename), evalue


def _error_output(stopped: Stopped) -> Any:
    outputs = stopped.notebook.cells[stopped.index].get("outputs", ())
    return next((output for output in outputs if output.output_type == "error"), None)


def _mark(stopped: Stopped, ename: str, evalue: str) -> None:
    """Mark the failing cell as Papermill does, so that its own tools know the marks and remove them on a rerun."""
    from nbformat.v4 import new_markdown_cell, new_output
    from papermill.execute import ERROR_ANCHOR_MSG, ERROR_MARKER_TAG, ERROR_MESSAGE_TEMPLATE

    cells = stopped.notebook.cells
    cell = cells[stopped.index]
    if _error_output(stopped) is None:
        error = new_output("error", ename=ename, evalue=evalue, traceback=[])  # type: ignore[no-untyped-call]
        cell.setdefault("outputs", []).append(error)
    for place, identity, text in (
        (stopped.index, "failure", ERROR_ANCHOR_MSG),
        (0, "failure-above", ERROR_MESSAGE_TEMPLATE % (cell.execution_count or " ")),
    ):
        mark = new_markdown_cell(text, id=identity, metadata={"tags": [ERROR_MARKER_TAG]})  # type: ignore[no-untyped-call]
        cells.insert(place, mark)


def _short(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
