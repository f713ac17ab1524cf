"""Finishing a pack: from the executed notebook and its slice to the files that a partner gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from kpilib.execute.tidy import keep_styles_once
from kpilib.kpis import document, evaluate, to_json
from kpilib.render.checks import find_gaps
from kpilib.render.pages import page_metadata, render_pack
from kpilib.render.readback import Passage, read_files
from kpilib.slice import Slice

__all__ = ["Finished", "finish_pack"]


@dataclass(frozen=True)
class Finished:
    """A pack's files by name, what a person should know of its pages, and a partner's texts, read back from these."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]
    passages: tuple[Passage, ...]


def finish_pack(executed: Any, slice_: Slice, *, templates: Path) -> Finished:
    """Draw both formats, compute ``kpis.json``, and read back what a partner's files say.

    Parameters
    ----------
    executed
        the notebook; it is given what the page's furniture needs, and loses what a partner does not get.

    Raises
    ------
    RenderError
        when a page cannot be drawn.
    """
    audience = slice_.audience
    executed.metadata["kpilib"] = page_metadata(slice_.content, audience=audience)
    rendered = render_pack(executed, templates=templates, audience=audience)
    if audience == "partner":
        executed.cells = [cell for cell in executed.cells if "internal" not in cell.metadata.get("tags", ())]
    text: str = nbformat.writes(keep_styles_once(executed))  # type: ignore[no-untyped-call]
    files = {
        "review.html": rendered.html,
        "review.pdf": rendered.pdf,
        "review.ipynb": f"{text}\n".encode(),
        "kpis.json": f"{to_json(document(slice_, evaluate(slice_)))}\n".encode(),
    }
    passages = tuple(read_files(files)) if audience == "partner" else ()
    pages = [passage for passage in passages if passage.place.startswith(("review.html", "review.pdf"))]
    return Finished(files, (*rendered.warnings, *map(str, find_gaps(pages, _texts(slice_)))), passages)


def _texts(slice_: Slice) -> Iterator[str]:
    """Yield the texts of a slice, for a check to tell what the data hold from what the pages lack."""
    waiting: list[Any] = [slice_.content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
