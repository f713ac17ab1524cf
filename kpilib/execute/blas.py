"""The threads of linear algebra across a fork: none in the zygote, as many as usual in a kernel."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["QUIET", "restore_threads"]

QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Variables under which NumPy, SciPy and Arrow start no thread when they are imported."""

_SETTERS = (
    "scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_", "openblas_set_num_threads",
)  # fmt: skip


def restore_threads(environment: Mapping[str, str]) -> None:
    """Give OpenBLAS the number of threads that it would have taken from a kernel's variables at its start."""
    asked = environment.get("OPENBLAS_NUM_THREADS") or environment.get("OMP_NUM_THREADS") or ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = min(int(asked), cores) if asked.isdigit() else cores
    if threads <= 1:
        return
    for path in _loaded_libraries():
        library = ctypes.CDLL(path)
        for name in _SETTERS:
            if hasattr(library, name):
                getattr(library, name)(threads)
                break


def _loaded_libraries() -> list[str]:
    """Return the paths of the OpenBLAS libraries of this process."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    paths = {line.split(maxsplit=5)[5] for line in lines if "openblas" in line and len(line.split(maxsplit=5)) == 6}
    return sorted(path for path in paths if ".so" in path)
