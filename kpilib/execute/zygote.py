"""The zygote: a process that has imported what notebooks need, and forks a fresh kernel when asked.

It imports and runs nothing else: one thread, no event loop, no socket of ZeroMQ, no arithmetic. A fork copies memory
but only the thread that forks, so a lock that another thread held would be held for ever in every kernel; a zygote
that finds itself with threads after its imports therefore refuses whoever asks, and kernels start as usual.

What a library asks its surroundings while it is imported is answered as in a kernel (pandas chooses its
``display.max_columns`` so). What a process inherits at its start (variables, working folder, streams, signals, umask,
processors, random state, ``sys.argv``) is set anew in each child, as if it had been started; limits and priority, which
cannot be raised again, are those of who started the zygote, and of all whom it serves.

Started as ``python -m kpilib.execute.zygote LISTENING_FD IDLE_SECONDS MODULE…``; standard input is the owner's end of a
pipe: when it closes, everything ends. With a non-zero idle time there is no owner, and the zygote ends by itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kpilib.execute.forked import become_kernel
from kpilib.execute.preload import import_all, owned_at_the_end, times, watched_files

__all__ = ["main"]

_LONGEST = 1 << 20


def main(arguments: list[str]) -> None:
    """Import, then serve until the owner ends, or nobody asked for so long; in a child, become the kernel."""
    listener = socket.socket(fileno=int(arguments[0]))
    idle = float(arguments[1])
    gc.disable()  # until each child enables it: what is loaded here stays
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # `-m` put the folder of the start in front; a kernel's path has no such entry before IPython puts its own.
    if not sys.flags.safe_path:
        del sys.path[0]
    before = dict(os.environ)
    with owned_at_the_end() as owned:
        kernel, filters, failed = import_all(arguments[2:])
    set_by_imports = {name: value for name, value in os.environ.items() if before.get(name) != value}
    of_libraries = warnings.filters[: len(warnings.filters) - len(filters)]
    warnings.filters[:] = filters  # type: ignore[index]
    # It binds itself to the kernel that imports it.
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib_inline"]:
        del sys.modules[name]
    refusal = ""
    if len(list(Path("/proc/self/task").iterdir())) > 1:
        named = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
        refusal = f"what is imported beforehand starts threads ({', '.join(named) or 'of a library in C'})"
    gc.freeze()
    request = _Server(listener, idle, refusal, failed, kernel).serve()
    if request is not None:
        request["env"] = {**set_by_imports, **request["env"]}
        for function in owned:
            atexit.unregister(function)
        become_kernel(request, of_libraries, kernel)


class _Refused(Exception):  # noqa: N818 - not an error: the kernel then starts as usual
    """Why no kernel is forked for a request."""


class _Server:
    """Takes requests; each connection is one kernel's.

    It tells when the kernel ends, and its closing ends the kernel.
    """

    def __init__(
        self, listener: socket.socket, idle: float, refusal: str, failed: list[str], kernel: Iterable[str]
    ) -> None:
        self._listener = listener
        self._idle = idle
        self._refusal = refusal
        self._failed = failed
        self._beyond = {name.partition(".")[0] for name in sys.modules} - {name.partition(".")[0] for name in kernel}
        self._selector = selectors.DefaultSelector()
        self._connections: dict[int, socket.socket] = {}
        self._place = os.stat(listener.getsockname()).st_ino  # noqa: PTH116
        self._files = watched_files()
        self._times = times(self._files)

    def serve(self) -> dict[str, Any] | None:
        """Return a request in the child that is to fulfil it, None at the end of the service."""
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        if not self._idle:
            self._selector.register(0, selectors.EVENT_READ, None)
        while True:
            events = self._selector.select(self._idle or None)
            if not events and not self._connections:
                self._unlink()
                return None
            for key, _ in events:
                if key.data is None:
                    self._end()
                    return None
                request: dict[str, Any] | None = key.data(key.fileobj)
                if request is not None:
                    return request

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            self._selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection: socket.socket) -> dict[str, Any] | None:
        data, streams = b"", list[int]()
        with contextlib.suppress(OSError):  # its client may have gone
            data, streams, _, _ = socket.recv_fds(connection, _LONGEST, 2)
        pid = next((pid for pid, held in self._connections.items() if held is connection), None)
        if not data or pid is not None:  # closed
            self._selector.unregister(connection)
            connection.close()
            if pid is not None:
                _kill(pid)
            return None
        if times(self._files) != self._times:
            _close(streams)
            _answer(connection, stale=True)
            return None
        try:
            request = self._check(data)
            pid = os.fork()
        except (_Refused, OSError) as why:
            _close(streams)
            _answer(connection, refused=str(why))
            return None
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
        _answer(connection, pid=pid, failed=self._failed)
        return None

    def _check(self, data: bytes) -> dict[str, Any]:
        """Return a request, unless a fork would be another kernel than the one that is started as usual."""
        try:
            request: dict[str, Any] = json.loads(data)
        except ValueError:
            raise _Refused("its variables are too long") from None
        if self._refusal:
            raise _Refused(self._refusal)
        folder = Path(request["cwd"]).resolve()
        beside = [*folder.glob("*.py"), *(each.parent for each in folder.glob("*/__init__.py"))]
        for name in sorted(self._beyond.intersection(each.stem for each in beside)):
            file = getattr(sys.modules.get(name), "__file__", None)
            if file and not Path(file).resolve().is_relative_to(folder):
                raise _Refused(f"{folder} has its own {name}, another of which is imported beforehand")
        return request

    def _reap(self, pid: int, handle: int) -> None:
        self._selector.unregister(handle)
        os.close(handle)
        _, status = os.waitpid(pid, 0)
        _answer(self._connections.pop(pid), exit=os.waitstatus_to_exitcode(status))

    def _leave(self) -> None:
        """Close, in a child, all that is the zygote's."""
        for key in list(self._selector.get_map().values()):
            if key.fd:
                os.close(key.fd)
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.detach()
        self._selector.close()

    def _unlink(self) -> None:
        """Remove the socket's file, unless it is another zygote's by now."""
        address = Path(self._listener.getsockname())
        with contextlib.suppress(OSError):
            if address.stat().st_ino == self._place:
                address.unlink()

    def _end(self) -> None:
        for pid in self._connections:
            _kill(pid)


def _answer(connection: socket.socket, **words: Any) -> None:
    """Tell a client something, if it is still there: one that left takes its own kernel with it, and no other's."""
    with contextlib.suppress(OSError):
        connection.send(json.dumps(words).encode())


def _close(streams: Iterable[int]) -> None:
    """Let go of a kernel's output: who reads it would wait for an end that does not come."""
    for stream in streams:
        os.close(stream)


def _kill(pid: int) -> None:
    """Kill a kernel and what it started; one that is so young that it leads no group yet has started nothing."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
