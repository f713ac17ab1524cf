"""What the preview answers: the page around the pack, the pack, and what happens to it (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from kpilib.preview.hub import Hub
from kpilib.preview.selection import Selection

__all__ = ["make_app"]

_HERE = Path(__file__).parent
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
# Only this page's own script and style; nothing from outside, and no other site may frame it.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:"
_ALIVE = 15.0


def make_app(hub: Hub, default: Selection, choices: dict[str, Any], *, settings: Path) -> Starlette:
    """Return the application.

    Parameters
    ----------
    default
        what is shown where an address names nothing.
    choices
        what can be chosen in the page.
    settings
        the path of ``kpilib.toml``; its changes are seen too.
    """
    answers = _Answers(hub, default, choices)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(hub.make()), asyncio.create_task(hub.watch(settings.resolve()))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return Starlette(
        routes=[
            Route("/", _file("shell.html")),
            Route("/shell.js", _file("shell.js")),
            Route("/shell.css", _file("shell.css")),
            Route("/page", answers.page),
            Route("/events", answers.events),
            Route("/options", answers.options),
        ],
        # A page from elsewhere that makes a browser ask here by another name gets no answer.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
        lifespan=lifespan,
    )


class _Answers:
    def __init__(self, hub: Hub, default: Selection, choices: dict[str, Any]) -> None:
        self._hub = hub
        self._default = default
        self._choices = choices

    def _selection(self, request: Request) -> Selection:
        return Selection.parse(request.query_params, self._default)

    async def page(self, request: Request) -> Response:
        found = self._hub.page(self._selection(request))
        return _answer(found if found is not None else b"<!DOCTYPE html><title>kpilib preview</title>", "html")

    async def events(self, request: Request) -> Response:
        stream = self._stream(self._selection(request))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _stream(self, selection: Selection) -> AsyncIterator[str]:
        with self._hub.listen(selection) as queue:
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), _ALIVE)
                    yield f"data: {json.dumps(event)}\n\n"
                except TimeoutError:
                    yield ": still here\n\n"

    async def options(self, _: Request) -> Response:
        start = {name: getattr(self._default, name) for name in ("partner", "quarter", "language", "audience", "kind")}
        return JSONResponse({**self._choices, "start": start}, headers={"Cache-Control": "no-store"})


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return _answer((_HERE / "shell" / name).read_bytes(), name.rpartition(".")[2], policy=_POLICY)

    return answer


def _answer(body: bytes, kind: str, *, policy: str = "") -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "SAMEORIGIN"}
    if policy:
        headers["Content-Security-Policy"] = policy
    return Response(body, media_type=_TYPES[kind], headers=headers)
