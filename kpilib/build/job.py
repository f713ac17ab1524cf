"""The job: all that one pack is made from, in; the pack's files, out. It knows no workspace, no store, no settings.

A job travels to another process or machine as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from kpilib.errors import ExecutionError, KpilibError, RenderError
from kpilib.execute.notebook import Limits, execute_notebook
from kpilib.pack import Pack
from kpilib.slice import Slice

__all__ = ["Job", "Made", "make_pack"]


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
    templates: Path
    limits: Limits


@dataclass(frozen=True)
class Made:
    """A pack's files by name, what a person should know of its pages, and how many seconds it took."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...]
    seconds: float


def make_pack(job: Job) -> Made:
    """Execute the notebook over the slice, draw both formats, and compute ``kpis.json``.

    Raises
    ------
    ExecutionError
        when the notebook does not reach its end.
    RenderError
        when a page cannot be drawn; ``notebook`` then holds the executed one.
    """
    import nbformat

    from kpilib.kpis import document, evaluate, to_json
    from kpilib.render.pages import render_pack

    started = perf_counter()
    executed = execute_notebook(job.pack, job.slice, job.notebook, name=job.notebook_name, limits=job.limits)
    slice_ = Slice.from_bytes(job.slice)
    executed.metadata["kpilib"] = _page(slice_)
    text: str = nbformat.writes(executed)  # type: ignore[no-untyped-call]
    try:
        rendered = render_pack(executed, templates=job.templates, audience=job.pack.audience)
    except KpilibError as error:
        raise _place(error, job, text) from None
    files = {
        "review.html": rendered.html,
        "review.pdf": rendered.pdf,
        "review.ipynb": f"{text}\n".encode(),
        "kpis.json": f"{to_json(document(slice_, evaluate(slice_)))}\n".encode(),
    }
    return Made(files, tuple(rendered.warnings), perf_counter() - started)


def _page(slice_: Slice) -> dict[str, Any]:
    """Return what the page's furniture needs, so that nbconvert alone draws the same pages from the notebook."""
    settings = slice_.content["settings"]
    return {
        "as_of": slice_.as_of.isoformat(),
        "audience": slice_.audience,
        "brand": settings["brand"],
        "language": slice_.language,
        "paper": settings["paper"],
    }


def _place(error: KpilibError, job: Job, text: str) -> KpilibError:
    """Return an error of the pages that names its pack and carries the executed notebook."""
    kind = type(error) if isinstance(error, RenderError) else ExecutionError
    parts = {**error.parts, "partner_id": job.pack.partner_id, "quarter": str(job.pack.quarter), "notebook": text}
    return kind(f"{job.pack}: {error}", **parts)
