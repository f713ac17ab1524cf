"""Serving the preview on this machine alone, until Ctrl-C."""

from __future__ import annotations

import errno
import importlib.util
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kpilib.errors import SettingsError
from kpilib.preview.selection import Selection

__all__ = ["PORT", "serve"]

PORT = 8765
_NEEDS = ("starlette", "uvicorn", "watchfiles")


def serve(
    settings: Path,
    selection: Selection,
    *,
    port: int = PORT,
    as_of: str | None = None,
    notebook: Path | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a pack and those that are chosen in its page, until a person stops it.

    Parameters
    ----------
    settings
        the path of ``kpilib.toml``.
    port
        0: any that is free.
    ready
        called with the address when a browser can open it.

    Raises
    ------
    SettingsError
        when the port is taken, or what the preview needs is not installed.
    KpilibError
        when there is no such partner or quarter, or the workspace cannot be used.
    """
    _check_installed()
    with _listen(port) as listener:
        _serve(listener, settings, selection, as_of=as_of, notebook=notebook, ready=ready)


def _serve(
    listener: socket.socket, settings: Path, selection: Selection, *, as_of: str | None, notebook: Path | None,
    ready: Callable[[str], None],
) -> None:  # fmt: skip
    import uvicorn

    import kpilib
    from kpilib.preview.app import make_app
    from kpilib.preview.hub import Hub
    from kpilib.preview.maker import Maker

    maker = Maker(settings, as_of, notebook)
    try:
        choices = maker.describe(selection)
        folders = {**choices.pop("folders"), "kpilib": [str(Path(kpilib.__file__).parent)]}
        shown = Selection(selection.partner, choices["quarter"], selection.language, selection.audience)
        app = make_app(Hub(maker, folders), shown, choices, settings=settings)
        ready(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        # A browser that listens never hangs up: it is not waited for.
        config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        maker.stop()


def _check_installed() -> None:
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(f"kpilib preview needs {', '.join(missing)}: pip install 'kpilib[preview]'.")


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"Port {port} is taken, perhaps by another preview. Name another one: --port {port + 1}, "
                "or --port 0 for any that is free.",
                port=port,
            ) from None
        raise SettingsError(f"Port {port} cannot be used: {error.strerror}. Name another one: --port.") from None
    return listener
