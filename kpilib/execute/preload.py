"""What a zygote imports before it forks, and what a fork must know of it."""

from __future__ import annotations

import atexit
import builtins
import contextlib
import importlib
import os
import sys
import types
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["import_all", "owned_at_the_end", "times", "watched_files"]

# What ipykernel loads at its start, but not by being imported.
_KERNEL = (
    "ipykernel.kernelapp", "ipykernel.debugger", "IPython.core.completerlib", "IPython.core.logger",
    "IPython.core.oinspect", "IPython.core.pylabtools", "IPython.extensions.storemagic", "tornado.platform.asyncio",
    "tornado.queues", "pydoc", "sqlite3", "xmlrpc.client", "pkgutil", "IPython.core.debugger", "pdb",
    "faulthandler", "runpy", "code", "email.parser", "kpilib.execute.blas",
    "encodings.idna", "encodings.latin_1",
)  # fmt: skip


def import_all(modules: Iterable[str]) -> tuple[dict[str, Any], list[Any], list[str]]:
    """Import what a kernel loads at its start, then some modules.

    Return the modules of the first kind, the filters of warnings as they are then, and what failed of the second.
    """
    _preload(_KERNEL)
    kernel = {
        name: SimpleNamespace(__file__=getattr(module, "__file__", None))
        for name, module in sys.modules.items()
        if name != "__main__" and not name.startswith("kpilib")
    }
    filters = list(warnings.filters)
    return kernel, filters, _preload(modules)


def _preload(modules: Iterable[str]) -> list[str]:
    """Import modules as if in a kernel. One that fails is left to the notebook, which shows the error in its cell."""
    failed = []
    builtins.get_ipython = lambda: SimpleNamespace(kernel=True)  # type: ignore[attr-defined]
    try:
        for name in modules:
            try:
                importlib.import_module(name)
            except Exception as error:  # noqa: BLE001 - whatever a module raises
                failed.append(f"{name} ({type(error).__name__}: {error})")
    finally:
        del builtins.get_ipython  # type: ignore[attr-defined]
    return failed


@contextlib.contextmanager
def owned_at_the_end() -> Iterator[list[Callable[..., Any]]]:
    """Yield what imports leave to be done at this process's end for things of their own, such as a temporary folder.

    A kernel that ends must not do it: the next one needs them. What is done for the process as a whole (by a function
    without arguments, such as `logging.shutdown`) each kernel does for itself.
    """
    owned: list[Callable[..., Any]] = []
    register = atexit.register

    def note(function: Callable[..., Any], *args: Any, **options: Any) -> Callable[..., Any]:
        holder = getattr(function, "__self__", None)
        of_the_process = holder is None or isinstance(holder, (type, types.ModuleType))
        if args or options or not of_the_process or getattr(function, "__closure__", None):
            owned.append(function)
        return register(function, *args, **options)

    atexit.register = note  # type: ignore[assignment]
    try:
        yield owned
    finally:
        atexit.register = register
        for each in weakref.finalize._registry.values():  # type: ignore[attr-defined]  # noqa: SLF001
            each.atexit = False


def watched_files() -> tuple[str, ...]:
    """Return the loaded files that somebody may be editing: those outside of Python and its packages.

    A module that reads other files while it is imported names them in ``READ``.
    """
    files: list[str | None] = []
    for module in list(sys.modules.values()):
        named = getattr(module, "__dict__", {}).get("READ")
        read = [str(path) for path in named if isinstance(path, Path)] if isinstance(named, tuple) else []
        files += (getattr(module, "__file__", None), *read)
    files += _settings_of_matplotlib()
    return tuple(path for path in files if path and not path.startswith((sys.base_prefix, sys.prefix)))


def _settings_of_matplotlib() -> list[str]:
    """Return the files from which matplotlib took its settings and styles, or would have if they had been there."""
    matplotlib = sys.modules.get("matplotlib")
    if matplotlib is None:
        return []
    folder = Path(matplotlib.get_configdir())
    styles = folder / "stylelib"
    paths = (folder / "matplotlibrc", styles, *styles.glob("*.mplstyle"))
    return [matplotlib.matplotlib_fname(), *map(str, paths)]


def times(files: Iterable[str]) -> dict[str, float]:
    """Return when each of some files was written last; one that is gone has no time."""
    times = {}
    for path in files:
        with contextlib.suppress(OSError):
            times[path] = os.stat(path).st_mtime  # noqa: PTH116
    return times
