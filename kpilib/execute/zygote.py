"""The zygote: a process that has imported what notebooks need, and forks a fresh kernel when asked.

It imports and runs nothing else: one thread, no event loop, no socket of ZeroMQ, no arithmetic. A fork copies memory
but only the thread that forks, so a lock that another thread held would be held for ever in every kernel; a zygote
that finds itself with threads after its imports therefore refuses to serve, and kernels start as usual.

What a library asks its surroundings while it is imported is answered as in a kernel (pandas chooses its
``display.max_columns`` so). What a process inherits at its start (variables, working folder, streams, signals, random
state, ``sys.argv``) is set anew in each child, as if it had been started.

Started as ``python -m kpilib.execute.zygote LISTENING_FD IDLE_SECONDS MODULE…``; standard input is the owner's end of a
pipe: when it closes, everything ends. With a non-zero idle time there is no owner, and the zygote ends by itself.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["main"]

# What ipykernel loads at its start, but not by being imported.
_KERNEL = (
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.logger",
    "IPython.core.oinspect", "IPython.core.pylabtools", "IPython.extensions.storemagic", "tornado.platform.asyncio",
    "tornado.queues", "pydoc", "sqlite3", "xmlrpc.client", "pkgutil", "IPython.core.debugger", "pdb",
    "faulthandler", "runpy", "code", "email.parser", "kpilib.execute.blas",
    "encodings.idna", "encodings.latin_1",
)  # fmt: skip
_LONGEST = 1 << 20


def main(arguments: list[str]) -> None:
    """Import, then serve until the owner ends, or nobody asked for so long; in a child, become the kernel."""
    listener = socket.socket(fileno=int(arguments[0]))
    idle = float(arguments[1])
    gc.disable()  # until each child enables it: what is loaded here stays
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # `-m` put the folder of the start in front; a kernel's path has no such entry before IPython puts its own.
    del sys.path[0]
    before = dict(os.environ)
    _preload(_KERNEL)
    filters = list(warnings.filters)
    kernel = {
        name: SimpleNamespace(__file__=getattr(module, "__file__", None))
        for name, module in sys.modules.items()
        if name != "__main__" and not name.startswith("kpilib")
    }
    _preload(arguments[2:])
    set_by_imports = {name: value for name, value in os.environ.items() if before.get(name) != value}
    of_libraries = warnings.filters[: len(warnings.filters) - len(filters)]
    warnings.filters[:] = filters  # type: ignore[index]
    # It binds itself to the kernel that imports it.
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib_inline"]:
        del sys.modules[name]
    threads = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    if len(threads) > 1:
        sys.exit(f"Imports start threads ({', '.join(threads)}): no kernel can be forked after {arguments[2:]}.")
    gc.freeze()
    request = _Server(listener, idle).serve()
    if request is not None:
        request["env"] = {**set_by_imports, **request["env"]}
        _become_kernel(request, of_libraries, kernel)


def _preload(modules: Iterable[str]) -> None:
    """Import modules as if in a kernel. One that fails is left to the notebook, which shows the error in its cell."""
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    try:
        for name in modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]


class _Server:
    """Takes requests; each connection is one kernel's.

    It tells when the kernel ends, and its closing ends the kernel.
    """

    def __init__(self, listener: socket.socket, idle: float) -> None:
        self._listener = listener
        self._idle = idle
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, socket.socket] = {}
        self._files = _own_files()
        self._times = _times(self._files)

    def serve(self) -> dict[str, Any] | None:
        """Return a request in the child that is to fulfil it, None at the end of the service."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        if not self._idle:
            self._selector.register(0, selectors.EVENT_READ, None)
        while True:
            events = self._selector.select(self._idle or None)
            if not events and not self._connections:
                return None
            for key, _ in events:
                if key.data is None:
                    self._end()
                    return None
                request: dict[str, Any] | None = key.data(key.fileobj)
                if request is not None:
                    return request

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self._selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection: socket.socket) -> dict[str, Any] | None:
        data, streams, _, _ = socket.recv_fds(connection, _LONGEST, 2)
        pid = next((pid for pid, held in self._connections.items() if held is connection), None)
        if not data or pid is not None:  # closed
            self._selector.unregister(connection)
            connection.close()
            if pid is not None:
                _kill(pid)
            return None
        if _times(self._files) != self._times:
            _close(streams)
            connection.send(b'{"stale": true}')
            return None
        return self._fork(connection, json.loads(data), streams)

    def _fork(self, connection: socket.socket, request: dict[str, Any], streams: list[int]) -> dict[str, Any] | None:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            request["streams"] = streams
            request["parent"] = os.getppid()
            self._leave()
            return request
        _close(streams)
        self._connections[pid] = connection
        handle = os.pidfd_open(pid)  # type: ignore[attr-defined,unused-ignore]
        self._selector.register(handle, selectors.EVENT_READ, lambda _: self._reap(pid, handle))
        connection.send(json.dumps({"pid": pid}).encode())
        return None

    def _reap(self, pid: int, handle: int) -> None:
        self._selector.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        connection = self._connections.pop(pid)
        with contextlib.suppress(OSError):  # its client may have gone
            connection.send(json.dumps({"exit": os.waitstatus_to_exitcode(status)}).encode())

    def _leave(self) -> None:
        """Close, in a child, all that is the zygote's."""
        for key in list(self._selector.get_map().values()):
            if key.fd:
                os.close(key.fd)
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.detach()
        self._selector.close()

    def _end(self) -> None:
        for pid in self._connections:
            _kill(pid)


def _close(streams: Iterable[int]) -> None:
    """Let go of a kernel's output: who reads it would wait for an end that does not come."""
    for stream in streams:
        os.close(stream)


def _kill(pid: int) -> None:
    """Kill a kernel and what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _own_files() -> tuple[str, ...]:
    """Return the loaded files that somebody may be editing: those outside of Python and its packages.

    A module that reads other files while it is imported names them in ``READ``.
    """
    files: list[str | None] = []
    for module in list(sys.modules.values()):
        named = getattr(module, "__dict__", {}).get("READ")
        read = [str(path) for path in named if isinstance(path, Path)] if isinstance(named, tuple) else []
        files += (getattr(module, "__file__", None), *read)
    return tuple(path for path in files if path and not path.startswith((sys.base_prefix, sys.prefix)))


def _times(files: Iterable[str]) -> dict[str, float]:
    """Return when each of some files was written last; one that is gone has no time."""
    times = {}
    for path in files:
        with contextlib.suppress(OSError):
            times[path] = os.stat(path).st_mtime  # noqa: PTH116
    return times


class _System:
    """The module sys with the modules of a kernel alone."""

    def __init__(self, modules: dict[str, Any]) -> None:
        self.modules = modules

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


@contextlib.contextmanager
def _knowing(modules: dict[str, Any]) -> Iterator[None]:
    """Have ipykernel take some modules for its own, into which its debugger does not step.

    It would take all that are loaded by then, and touch the memory of each, which would be copied.
    """
    from ipykernel import ipkernel

    ipkernel.sys = _System(modules)  # type: ignore[attr-defined,assignment]
    try:
        yield
    finally:
        ipkernel.sys = sys  # type: ignore[attr-defined]


def _become_kernel(request: dict[str, Any], filters: Iterable[Any], modules: dict[str, Any]) -> None:
    """Be the process that ``python -m ipykernel_launcher`` would have become."""
    for number in range(1, signal.NSIG):
        if signal.getsignal(number) not in {signal.SIG_DFL, None} and number not in {signal.SIGPIPE, signal.SIGXFSZ}:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for target, stream in enumerate(request["streams"], start=1):
        os.dup2(stream, target)
        os.close(stream)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[:] = request["argv"]
    sys.orig_argv[:] = request["orig_argv"]
    import tempfile
    import time

    tempfile.tempdir = None
    time.tzset()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    from kpilib.execute.blas import restore_threads

    restore_threads(request["env"])
    gc.enable()
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance(parent_handle=request["parent"])
    with _knowing(modules):
        app.initialize(request["argv"][1:])  # type: ignore[no-untyped-call]
    # A notebook imports its libraries after the kernel's own filters were set; theirs stand before these.
    warnings.filters[:0] = filters  # type: ignore[index]
    warnings._filters_mutated()  # type: ignore[attr-defined]  # noqa: SLF001
    app.start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(sys.argv[1:])
