"""The job: all that one pack is made from, in; the pack's files, out. It knows no workspace, no store, no settings.

A job travels to another process or machine as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Any

from kpilib.build.packed import PackedFolder
from kpilib.errors import ExecutionError, KpilibError, RenderError
from kpilib.execute.notebook import Limits, execute_notebook
from kpilib.pack import Pack
from kpilib.render.readback import Passage
from kpilib.slice import Slice

__all__ = ["Job", "Made", "make_pack", "page_metadata"]

# A worker of a cluster may do jobs in threads: their kernels run side by side, but pdfium knows one thread only.
_DRAWING = Lock()


@dataclass(frozen=True)
class Job:
    """What one pack is made from.

    ``notebook`` are the notebook's bytes and ``notebook_name`` what messages call it; ``templates`` is the folder
    of the page's template.
    """

    pack: Pack
    slice: bytes
    notebook: bytes
    notebook_name: str
    templates: PackedFolder
    limits: Limits


@dataclass(frozen=True)
class Made:
    """A pack's files by name, what a person should know of its pages, and how many seconds it took.

    ``passages`` are the texts of a partner's files, read back from their bytes for the last look at them.
    """

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]
    seconds: float
    passages: tuple[Passage, ...] = ()


def make_pack(job: Job) -> Made:
    """Execute the notebook over the slice, draw both formats, and compute ``kpis.json``.

    Raises
    ------
    ExecutionError
        when the notebook does not reach its end.
    RenderError
        when a page cannot be drawn; ``notebook`` then holds the executed one.
    """
    started = perf_counter()
    executed = execute_notebook(job.pack, job.slice, job.notebook, name=job.notebook_name, limits=job.limits)
    with _DRAWING:
        return _draw(job, executed, started)


def _draw(job: Job, executed: Any, started: float) -> Made:
    import nbformat

    from kpilib.execute.tidy import keep_styles_once
    from kpilib.kpis import document, evaluate, to_json
    from kpilib.render.checks import find_gaps
    from kpilib.render.pages import render_pack
    from kpilib.render.readback import read_files

    slice_ = Slice.from_bytes(job.slice)
    executed.metadata["kpilib"] = page_metadata(slice_)
    try:
        rendered = render_pack(executed, templates=job.templates.unpack(), audience=job.pack.audience)
    except KpilibError as error:
        raise _place(error, job, nbformat.writes(executed)) from None  # type: ignore[no-untyped-call]
    if job.pack.audience == "partner":
        executed.cells = [cell for cell in executed.cells if "internal" not in cell.metadata.get("tags", ())]
    text: str = nbformat.writes(keep_styles_once(executed))  # type: ignore[no-untyped-call]
    files = {
        "review.html": rendered.html,
        "review.pdf": rendered.pdf,
        "review.ipynb": f"{text}\n".encode(),
        "kpis.json": f"{to_json(document(slice_, evaluate(slice_)))}\n".encode(),
    }
    passages = tuple(read_files(files)) if job.pack.audience == "partner" else ()
    pages = [passage for passage in passages if passage.place.startswith(("review.html", "review.pdf"))]
    warnings = [*rendered.warnings, *map(str, find_gaps(pages, _texts(slice_)))]
    return Made(files, tuple(warnings), perf_counter() - started, passages)


def page_metadata(slice_: Slice) -> dict[str, Any]:
    """Return what the page's furniture needs, so that nbconvert alone draws the same pages from the notebook."""
    settings = slice_.content["settings"]
    return {
        "as_of": slice_.as_of.isoformat(),
        "audience": slice_.audience,
        "brand": settings["brand"],
        "language": slice_.language,
        "paper": settings["paper"],
        **({"catalogue": slice_.content["catalogue"]} if "catalogue" in slice_.content else {}),
    }


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


def _place(error: KpilibError, job: Job, text: str) -> KpilibError:
    """Return an error of the pages that names its pack and carries the executed notebook."""
    kind = type(error) if isinstance(error, RenderError) else ExecutionError
    parts = {**error.parts, "partner_id": job.pack.partner_id, "quarter": str(job.pack.quarter), "notebook": text}
    return kind(f"{job.pack}: {error}", **parts)
