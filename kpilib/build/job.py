"""The job: all that one pack is made from, in; the pack's files, out. It knows no workspace, no store, no settings.

A job travels to another process or machine as it is. What shapes a page is `kpilib.render`'s: a change here makes no
pack stale.
"""

from __future__ import annotations

from collections.abc import Mapping
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

__all__ = ["Job", "Made", "make_pack"]

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

    from kpilib.render.finish import finish_pack

    try:
        finished = finish_pack(executed, Slice.from_bytes(job.slice), templates=job.templates.unpack())
    except KpilibError as error:
        raise _place(error, job, nbformat.writes(executed)) from None  # type: ignore[no-untyped-call]
    return Made(finished.files, finished.warnings, perf_counter() - started, finished.passages)


def _place(error: KpilibError, job: Job, text: str) -> KpilibError:
    """Return an error of the pages that names its pack and carries the executed notebook."""
    kind = type(error) if isinstance(error, RenderError) else ExecutionError
    parts = {**error.parts, "partner_id": job.pack.partner_id, "quarter": str(job.pack.quarter), "notebook": text}
    return kind(f"{job.pack}: {error}", **parts)
