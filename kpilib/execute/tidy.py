"""What is kept of an executed notebook: everything but when, where and by which process it ran."""

from __future__ import annotations

import re
import tempfile
from typing import Any

__all__ = ["keep_styles_once", "prepare", "tidy"]

_STYLE = re.compile(r"\s*<style>.*?</style>\s*", re.DOTALL)
_CELL_FILE = re.compile(re.escape(tempfile.gettempdir()) + r"[/\\]ipykernel_\d+[/\\](\d+\.py)")


def prepare(notebook: Any) -> Any:
    """Return the notebook in today's format, for our kernel; cells without an id get one by their place.

    An analyst may have saved it under a kernel that exists on their machine alone.
    """
    notebook.nbformat, notebook.nbformat_minor = 4, max(5, notebook.nbformat_minor)
    notebook.metadata["kernelspec"] = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    taken = set()
    for place, cell in enumerate(notebook.cells):
        if not cell.get("id") or cell.id in taken:
            cell["id"] = f"cell-{place}"
        taken.add(cell.id)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def tidy(notebook: Any) -> Any:
    """Take out, in place, times, durations, paths and random ids; return the notebook. Its parameters stay.

    The names that ipykernel gives to the files of cells hold its process's number; warnings quote them.
    """
    parameters = notebook.metadata.get("papermill", {}).get("parameters", {})
    notebook.metadata["papermill"] = {"parameters": dict(parameters)}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"
        for output in cell.get("outputs", ()):
            if output.output_type == "stream":
                output.text = _CELL_FILE.sub(r"cell-\1", output.text)
            elif output.output_type == "error":
                output.traceback = [_CELL_FILE.sub(r"cell-\1", line) for line in output.traceback]
    return notebook


def keep_styles_once(notebook: Any) -> Any:
    """Take out, in place, each style with which an output begins and that an earlier one has brought; return it all.

    A part shown alone brings the whole style; a third of a pack's notebook would be its repetition.
    """
    brought = set()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            found = _STYLE.match(output.get("data", {}).get("text/html", ""))
            if found and found[0] in brought:
                output.data["text/html"] = output.data["text/html"][found.end() :]
            elif found:
                brought.add(found[0])
    return notebook
