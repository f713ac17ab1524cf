"""Making packs for the preview, in a process of its own that remembers each step as long as nothing beneath it changed.

A change of a template or the style sheet draws the pages anew from the executed notebook; a change of the notebook
executes it over the slice that was cut; a change of data, settings, comments or KPIs begins at the sources.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import re
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

from kpilib.errors import ExecutionError, KpilibError, SettingsError
from kpilib.preview.selection import Failure, Generations, Selection, Shown

__all__ = ["Desk", "begin", "describe", "show"]

_KEPT = 24
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Desk:
    """The steps of making packs of one workspace, each remembered.

    Parameters
    ----------
    settings
        the path of ``kpilib.toml``; ``as_of`` and ``notebook`` are the command's, or None.
    """

    def __init__(self, settings: Path, as_of: str | None, notebook: Path | None) -> None:
        self._settings = settings
        self._as_of = as_of
        self._notebook = notebook
        self._held: dict[tuple[str, Hashable], Any] = {}
        self._steps: list[str] = []

    def describe(self, selection: Selection) -> dict[str, Any]:
        """Return what can be chosen, and where the files lie that a pack is made from.

        Raises
        ------
        KpilibError
            when the selection or the workspace cannot be used.
        """
        from kpilib.language import languages

        around = self._round(selection, Generations())
        around.partners([selection.partner])
        source, folder = around.settings.source.path, around.settings.root
        packs = around.settings.packs
        places = [packs.comments, packs.kpis, packs.languages]
        if source and "://" not in source:
            places.append(source)
        notebooks = [self._notebook] if self._notebook else [around.notebook_of(each) for each in around.partners()]
        return {
            "partners": [[each, around.name(each)] for each in around.store.partner_ids(active_only=True)],
            "languages": languages(),
            "quarter": str(around.quarter),
            "folders": {
                "notebook": sorted({str(path.parent) for path in notebooks}),
                "templates": [str(around.templates)],
                "workspace": [str(folder / name) for name in places],
            },
        }

    def show(self, selection: Selection, generations: Generations) -> Shown:
        """Return a selection's page as its files are now, or why there is none."""
        started = perf_counter()
        self._steps = []
        page = failure = None
        try:
            page = self._page(selection, generations)
        except KpilibError as error:
            failure = explain(error)
        except Exception as error:  # noqa: BLE001 - a slip in a template or in kpilib is shown, and mended there
            failure = Failure(f"{type(error).__name__}: {error}", traceback=_traceback(error))
        return Shown(page, failure, perf_counter() - started, tuple(self._steps))

    # The steps, each with what it depends on

    def _round(self, selection: Selection, generations: Generations) -> Any:
        from kpilib.build.round import Round
        from kpilib.settings import load_settings

        def make() -> Any:
            settings = load_settings(self._settings)
            if self._as_of is not None:
                packs = settings.packs.model_copy(update={"as_of": _day(self._as_of)})
                settings = settings.model_copy(update={"packs": packs})
            return Round.open(
                settings, selection.quarter or None, audience=_audience(selection.audience),
                language=selection.language or None, notebook=self._notebook,
            )  # fmt: skip

        key = (selection.quarter, selection.audience, selection.language, generations.workspace)
        return self._once("read", key, make)

    def _slice(self, selection: Selection, generations: Generations) -> Any:
        key = (selection.partner, selection.quarter, selection.audience, selection.language, generations.workspace)
        return self._once("cut", key, lambda: self._round(selection, generations).cut(selection.partner))

    def _executed(self, selection: Selection, generations: Generations) -> Any:
        from kpilib.execute.notebook import Limits, execute_notebook
        from kpilib.render.pages import page_metadata

        around, slice_ = self._round(selection, generations), self._slice(selection, generations)
        path = around.notebook_of(selection.partner)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SettingsError(f"The notebook {path} cannot be read: {error.strerror}.", path=str(path)) from None
        packs = around.settings.packs

        def make() -> Any:
            executed = execute_notebook(
                around.pack(slice_), slice_.to_bytes(), data, name=path.name,
                limits=Limits(cell_timeout=packs.cell_timeout, memory=packs.memory_limit),
            )  # fmt: skip
            executed.metadata["kpilib"] = page_metadata(slice_.content, audience=slice_.audience)
            return executed

        return self._once("execute", (slice_.fingerprint, _code_hash(data)), make)

    def _page(self, selection: Selection, generations: Generations) -> bytes:
        from kpilib.render.document import read_document
        from kpilib.render.typeset import draw_pdf
        from kpilib.render.webpage import draw_html

        executed = self._executed(selection, generations)
        templates = self._round(selection, generations).templates
        document = read_document(executed, audience=selection.audience, strict=True)
        self._steps.append("draw")
        if selection.kind == "page":
            return draw_html(document, templates)
        return _print_page(draw_pdf(document, templates), document.page.title)

    def _once(self, step: str, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return what a step gave for a key, doing it when that is not known."""
        place = (step, key)
        if place not in self._held:
            made = make()
            self._steps.append(step)
            self._held[place] = made
            for old in list(self._held)[:-_KEPT]:
                del self._held[old]
        return self._held[place]


def explain(error: KpilibError) -> Failure:
    """Return an error as the page shows it; of a failing cell with its code and its traceback.

    >>> explain(SettingsError("No partner.")).message
    'No partner.'
    """
    notebook = error.parts.get("notebook")
    if not isinstance(error, ExecutionError) or not notebook:
        return Failure(str(error), error.parts.get("cell"))
    cells = json.loads(notebook)["cells"]
    for cell in cells:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error":
                source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
                told = "\n".join(output.get("traceback", ()))
                return Failure(str(error), error.parts.get("cell"), source, _ANSI.sub("", told))
    return Failure(str(error), error.parts.get("cell"))


def _traceback(error: Exception) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


def _code_hash(notebook: bytes) -> str:
    """Return a hash of what a notebook runs and says: saving it with new outputs changes nothing."""
    try:
        content = json.loads(notebook)
        told = [[cell.get("cell_type"), cell.get("source"), cell.get("metadata", {})] for cell in content["cells"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return hashlib.sha256(notebook).hexdigest()
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _print_page(pdf: bytes, title: str) -> bytes:
    """Return a page that shows a PDF's pages as pictures: so the place to which one had scrolled is kept."""
    import pypdfium2

    pictures = []
    document = pypdfium2.PdfDocument(pdf)
    for number in range(len(document)):
        stream = io.BytesIO()
        document[number].render(scale=1.6).to_pil().save(stream, "PNG", compress_level=1)
        data = base64.b64encode(stream.getvalue()).decode()
        pictures.append(f'<img alt="page {number + 1}" src="data:image/png;base64,{data}">')
    document.close()
    style = "body{margin:0;background:#667;text-align:center}img{display:block;width:min(100%,60rem);margin:1rem auto}"
    head = f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
    return f"{head}<style>{style}</style></head><body>{''.join(pictures)}</body></html>".encode()


def _day(text: str) -> Any:
    from datetime import date

    return date.fromisoformat(text)


def _audience(text: str) -> Any:
    return "internal" if text == "internal" else "partner"


# What the process that makes packs runs

_desk: Desk | None = None
_stack = ExitStack()


def begin(settings: Path, as_of: str | None, notebook: Path | None) -> None:
    """Set up this process: its desk, and a server of kernels that starts to warm up."""
    import atexit
    import signal

    from kpilib.execute.forkserver import address_for_workers, kernel_server, offer

    global _desk  # noqa: PLW0603 - one process, one desk
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _stack.enter_context(kernel_server())
    atexit.register(_stack.close)
    offer(address_for_workers())
    _desk = Desk(settings, as_of, notebook)


def describe(selection: Selection) -> dict[str, Any]:
    """See `Desk.describe`."""
    assert _desk is not None
    return _desk.describe(selection)


def show(selection: Selection, generations: Generations) -> Shown:
    """See `Desk.show`."""
    assert _desk is not None
    return _desk.show(selection, generations)
