"""What a fork of the zygote does to be the process that ``python -m ipykernel_launcher`` would have become."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
import zipimport
from collections.abc import Iterable, Iterator
from typing import Any

from kpilib.execute.blas import restore_threads

__all__ = ["become_kernel"]


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


def _forget_paths() -> None:
    """Look again into folders and archives that are nobody's packages: they may be there by now, or be others."""
    for path in list(sys.path_importer_cache):
        if not path.startswith((sys.base_prefix, sys.prefix)):
            del sys.path_importer_cache[path]
    zipimport._zip_directory_cache.clear()  # type: ignore[attr-defined]  # noqa: SLF001


def become_kernel(request: dict[str, Any], filters: Iterable[Any], modules: dict[str, Any]) -> None:
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
    os.umask(request["umask"])
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, request["processors"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv[:] = request["argv"]
    sys.orig_argv[:] = request["orig_argv"]
    tempfile.tempdir = None
    time.tzset()
    _forget_paths()
    if hasattr(threading.main_thread(), "_set_native_id"):
        threading.main_thread()._set_native_id()  # type: ignore[attr-defined]  # noqa: SLF001
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
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
