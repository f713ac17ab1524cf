"""The environment of a kernel: what the machine needs, nothing that a source or a mail server is reached with.

An allow-list, since a list of what to hide is never complete: a database's password may be in any variable.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ADDRESS_SPACE_RESERVED", "kernel_environment", "limit_memory"]

_ALLOWED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|TERM"
    r"|VIRTUAL_ENV|CONDA_PREFIX|CONDA_DEFAULT_ENV|PYTHONPATH|PYTHONHOME|PYTHONUTF8|PYTHONNOUSERSITE|PYTHONIOENCODING"
    r"|PYTHONWARNINGS|PYTHONDONTWRITEBYTECODE|PYTHONPYCACHEPREFIX|LD_LIBRARY_PATH|DYLD_\w+"
    r"|JUPYTER_(?:PATH|CONFIG_DIR|DATA_DIR|RUNTIME_DIR|PLATFORM_DIRS)|MPLCONFIGDIR|FONTCONFIG_\w+|XDG_(?:CACHE|CONFIG|DATA|RUNTIME)_\w+"
    r"|(?:OMP|OPENBLAS|MKL|NUMEXPR|POLARS|ARROW|RAYON)_\w*THREADS"
    r"|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|PROGRAMDATA|USERPROFILE",
    re.IGNORECASE,
)

ADDRESS_SPACE_RESERVED = 2 * 2**30
"""Bytes of address space that the libraries reserve without using them (Arrow's allocator alone 1 GiB)."""


def kernel_environment(scratch: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that a kernel gets.

    Parameters
    ----------
    scratch
        a folder of this run alone, where IPython keeps its profile: a user's own start-up files would make
        packs that nobody else can make.
    environment
        what is filtered.
    """
    allowed = {name: value for name, value in environment.items() if _ALLOWED.fullmatch(name)}
    return {
        # Workers share the cores already; a second thread of linear algebra would spin for a tenth of a second.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        **allowed,
        "IPYTHONDIR": str(scratch / "ipython"),
        "PYTHONHASHSEED": "0",  # the order of a set of texts is the same in each run
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a word of the debugger on stderr that is none of a pack's business
    }


def limit_memory(pid: int, mebibytes: int) -> None:
    """Limit a process's memory, where the system can do that to another process (Linux).

    What is asked for beyond it is a MemoryError in the cell that asks. The limit is one of address space, so
    what the libraries reserve comes on top.
    """
    if sys.platform == "linux":
        import resource

        limit = mebibytes * 2**20 + ADDRESS_SPACE_RESERVED
        _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
