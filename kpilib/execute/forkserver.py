"""The zygote's client: finds or starts one, and asks it for kernels.

A build starts a zygote of its own and tells its workers where it is; it ends with the build. Others (the ``papermill``
command, JupyterLab, a Dask worker) share one per user and environment, which ends when nobody asked for a minute.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from kpilib.execute.blas import QUIET
from kpilib.execute.environment import kernel_environment
from kpilib.execute.scratch import scratch_root

__all__ = [
    "MODULES", "ForkedProcess", "Unavailable", "address_for_workers", "fork_kernel", "is_supported", "kernel_server",
    "offer", "start_shared",
]  # fmt: skip

MODULES = (
    "numpy", "scipy.stats", "pandas", "pandas.core.methods.to_dict", "pyarrow.compute", "pyarrow.pandas_compat",
    "matplotlib.pyplot", "seaborn", "jinja2.ext", "kpilib.review.warm",
)  # fmt: skip
"""What is imported beforehand, unless ``KPILIB_PRELOAD`` names other modules (commas between)."""

_IDLE = 60
_PATIENCE = 60.0
_SOON, _END = 0.2, 5.0
# What Python and its libraries read at their start: kernels that differ in it need different zygotes.
_AT_START = (
    "PYTHON", "LC_", "LANG", "LD_", "PATH", "HOME", "VIRTUAL_ENV", "MPL", "MATPLOTLIBRC", "ARROW_", "PANDAS_",
    "NUMEXPR_", "TZ", "XDG_CONFIG_", "XDG_CACHE_", "XDG_DATA_",
)  # fmt: skip
# What tells of one process alone; modules of one's own may read any other variable.
_PASSING = frozenset(
    ("JPY_PARENT_PID", "JPY_SESSION_NAME", "IPYTHONDIR", "PWD", "OLDPWD", "SHLVL", "_", "COLUMNS", "LINES")
)

_AS_IN_A_KERNEL = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


class Unavailable(Exception):  # noqa: N818 - not an error: kernels then start as usual
    """No zygote can fork this kernel; says why."""


class _Offered:
    address: str | None = None
    refusing: ClassVar[dict[str, str]] = {}  # zygotes that serve nobody, and why


class _Own:
    wanted = False
    folder: tempfile.TemporaryDirectory[str] | None = None
    process: subprocess.Popen[bytes] | None = None


def offer(address: str | None) -> None:
    """Let this process use the zygote at an address (None: as it finds one itself)."""
    _Offered.address = address


def is_supported() -> bool:
    """Say whether this system can fork a process that has imported much: Linux can, macOS must not, Windows cannot."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


class ForkedProcess:
    """A kernel's process: what jupyter_client needs of `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, connection: socket.socket, failed: Sequence[str] = ()) -> None:
        self.pid = pid
        self.failed = failed
        """Modules of one's own that could not be imported beforehand, and why."""
        self.returncode: int | None = None
        self._connection = connection

    def poll(self) -> int | None:
        """Return how the process ended, None while it runs."""
        if self.returncode is None:
            self._receive(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process, and return how it ended."""
        if self.returncode is None:
            self._receive(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def _receive(self, timeout: float | None) -> None:
        self._connection.settimeout(timeout)
        try:
            data = self._connection.recv(4096)
        except (BlockingIOError, TimeoutError):
            return
        except OSError:
            data = b""
        # A zygote that is gone took its kernels with it.
        self.returncode = json.loads(data)["exit"] if data else -signal.SIGKILL
        self._connection.close()


@contextmanager
def kernel_server(*, at_once: bool = False) -> Iterator[None]:
    """Have a zygote of one's own for the workers that are started meanwhile (see `address_for_workers`).

    It starts when it is first needed, or at once, and ends with this block, or with this process, however that ends;
    so do its kernels. Within such a block another one changes nothing.
    """
    if _Own.wanted:
        yield
        return
    _Own.wanted = is_supported()
    try:
        if at_once:
            address_for_workers()
        yield
    finally:
        _Own.wanted = False
        if _Own.process is not None:
            _end(_Own.process)
        if _Own.folder is not None:
            _Own.folder.cleanup()
        _Own.process, _Own.folder = None, None


def address_for_workers() -> str | None:
    """Return what a worker is to be offered: the address of this process's own zygote, if it wants one."""
    if not _Own.wanted:
        return _Offered.address
    if _Own.folder is None:
        prefix = f"kpilib-{os.getpid()}-"
        _Own.folder = tempfile.TemporaryDirectory(prefix=prefix, dir=scratch_root(), ignore_cleanup_errors=True)
    address = str(Path(_Own.folder.name) / "socket")
    if _Own.process is None:
        _Own.process = _start(address, kernel_environment(Path(_Own.folder.name)), idle=0)
    return address


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close a zygote's standard input, at which it ends; in the middle of its imports it is told otherwise."""
    assert process.stdin is not None
    process.stdin.close()
    for patience, end in ((_SOON, process.terminate), (_END, process.kill)):
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            end()
    process.wait()


def fork_kernel(
    argv: Sequence[str], environment: Mapping[str, str], *, folder: str, streams: tuple[int, int]
) -> ForkedProcess:
    """Return a new kernel's process.

    Parameters
    ----------
    argv
        the command that would start it.
    streams
        the file descriptors of its standard output and error.

    Raises
    ------
    Unavailable
        when no zygote can: none starts, the command is not ipykernel's, the folder has its own matplotlibrc or a module
        that would be imported from it, what is imported beforehand starts threads.
    """
    if not is_supported():
        raise Unavailable(f"on {sys.platform} no kernel can be forked")
    if list(argv[1:3]) != ["-m", "ipykernel_launcher"] or argv[0] != sys.executable:
        raise Unavailable("it is not this Python's own")
    if (Path(folder) / "matplotlibrc").exists():
        raise Unavailable(f"{folder} has its own matplotlibrc")
    key = _key(environment)
    if key in _Offered.refusing:
        raise Unavailable(_Offered.refusing[key])
    import importlib.util

    launcher = importlib.util.find_spec("ipykernel_launcher")
    request = {
        "argv": [launcher.origin if launcher else argv[2], *argv[3:]],
        "orig_argv": list(argv),
        "env": dict(environment),
        "cwd": folder,
        "umask": _umask(),
        "processors": sorted(os.sched_getaffinity(0)),
    }
    for _ in range(3):
        answer, connection = _ask(request, environment, streams)
        if answer is not None and "pid" in answer:
            return ForkedProcess(answer["pid"], connection, answer["failed"])
        connection.close()
        if answer is not None and "refused" in answer:
            raise Unavailable(answer["refused"])
        if answer is not None:
            _forget(environment)  # its modules were edited
        _Offered.address = None
    _Offered.refusing[key] = "what forks kernels does not come up"
    raise Unavailable(_Offered.refusing[key])


def _umask() -> int:
    """Return this process's umask; to ask the system for it is to change it, for other threads too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
    return int(next(line for line in lines if line.startswith("Umask:")).split()[1], 8)


def _ask(
    request: Mapping[str, Any], environment: Mapping[str, str], streams: tuple[int, int]
) -> tuple[dict[str, Any] | None, socket.socket]:
    """Return a zygote's answer, None if there is none, and the connection on which it tells of the kernel's end."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with suppress(OSError, ValueError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        connection.connect(_Offered.address or _shared(environment))
        socket.send_fds(connection, [json.dumps(request).encode()], list(streams))
        connection.settimeout(_PATIENCE)
        answer: dict[str, Any] = json.loads(connection.recv(4096))
        return answer, connection
    return None, connection


def _shared(environment: Mapping[str, str]) -> str:
    """Return the address of the zygote that a user's processes share; start it if there is none."""
    import fcntl

    folder = _runtime_folder()
    address = folder / f"{_key(environment)}.socket"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _answers(address):
            address.unlink(missing_ok=True)
            _start(str(address), environment, idle=_IDLE)
    return str(address)


def start_shared(environment: Mapping[str, str]) -> None:
    """Start the zygote that a user's processes share, if it is not there: a first kernel then waits less for it."""
    if is_supported() and _key(environment) not in _Offered.refusing:
        with suppress(OSError, Unavailable):
            _shared(environment)


def _answers(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        try:
            probe.connect(str(address))
        except OSError:
            return False
        return True


def _forget(environment: Mapping[str, str]) -> None:
    """Give up a zygote whose modules were edited; it ends by itself, or with its owner."""
    if _Offered.address is None:
        (_runtime_folder() / f"{_key(environment)}.socket").unlink(missing_ok=True)
    _Offered.address = None


def _runtime_folder() -> Path:
    """Return a folder that nobody else on the machine can enter."""
    folder = scratch_root() / f"kpilib-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    held = folder.lstat()
    if not stat.S_ISDIR(held.st_mode) or held.st_uid != os.getuid() or held.st_mode & 0o077:
        raise Unavailable(f"{folder} is not a folder that you alone can enter")
    return folder


def _key(environment: Mapping[str, str]) -> str:
    import resource

    limits = {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")}
    # Of other folders the zygote watches the files that it has loaded; a script may lie where it writes its results.
    installed = [path for path in sys.path if path.startswith((sys.base_prefix, sys.prefix)) and Path(path).is_dir()]
    packages = {path: Path(path).stat().st_mtime_ns for path in installed}
    inherited = [_at_start(environment), limits, os.getpriority(os.PRIO_PROCESS, 0)]
    text = json.dumps([sys.executable, _modules(), inherited, packages], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that a zygote is started with: all that its modules may read while they are imported."""
    if "KPILIB_PRELOAD" in os.environ:
        return {name: value for name, value in environment.items() if name not in _PASSING}
    return {name: value for name, value in environment.items() if name.startswith(_AT_START)}


def _modules() -> list[str]:
    asked = os.environ.get("KPILIB_PRELOAD")
    return list(MODULES) if asked is None else [name.strip() for name in asked.split(",") if name.strip()]


def _start(address: str, environment: Mapping[str, str], *, idle: int) -> subprocess.Popen[bytes]:
    """Start a zygote that listens at an address; it takes connections from now on, and serves after its imports."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(128)
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "kpilib.execute.zygote", str(listener.fileno()), str(idle), *_modules()],
            stdin=subprocess.DEVNULL if idle else subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**_AS_IN_A_KERNEL, **_at_start(environment), **QUIET},
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    if idle:
        process.returncode = 0  # it outlives this process, which will not wait for it
    return process
