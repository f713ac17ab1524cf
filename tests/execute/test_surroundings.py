"""A forked kernel has the surroundings of whoever asked for it, and shares no fate with its neighbours."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kpilib.execute import forkserver
from kpilib.execute.forkserver import ForkedProcess, Unavailable, fork_kernel, is_supported, kernel_server

pytestmark = pytest.mark.skipif(not is_supported(), reason="kernels are forked on Linux only")

PAPERMILL = [str(Path(sys.executable).parent / "papermill"), "--no-progress-bar", "in.ipynb", "out.ipynb"]
FORKED = "'zygote' in open(f'/proc/{os.getppid()}/cmdline').read()"


def write_notebook(folder: Path, *sources: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "in.ipynb")


def run(folder: Path, environment: dict[str, str], *options: str) -> tuple[list[str], str]:
    """Run papermill as a command; return what each cell printed or showed, and what the command said."""
    command, variables = [*PAPERMILL, *options], {**os.environ, **environment}
    ended = subprocess.run(command, check=False, cwd=folder, env=variables, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    outputs = [cell.outputs[0] for cell in nbformat.read(folder / "out.ipynb", as_version=4).cells]
    return [each.text if each.output_type == "stream" else each.data["text/plain"] for each in outputs], ended.stderr


FACTS = """
import os, resource, sys, threading
import babel.dates, late, matplotlib.pyplot as plt, packed, pandas as pd
old = os.umask(0); os.umask(old)
limits = [resource.getrlimit(each) for each in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_AS)]
print(old, os.nice(0), os.sched_getaffinity(0), limits)
print(plt.get_backend(), plt.rcParams['figure.dpi'], 'mine' in plt.style.available, pd.Series(['a']).dtype)
print(babel.dates.LOCALTZ, threading.main_thread().native_id == os.getpid(), late.value, packed.value)
"""
LIMITED = ("sh", "-c", 'umask 027; ulimit -n 512; ulimit -c 0; exec nice -n 3 "$@"', "sh")


def test_surroundings_are_those_of_a_started_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zygote is there before the files that the notebook reads are, or before they are what they are."""
    config = tmp_path / "config" / "matplotlib"
    config.mkdir(parents=True)
    archive = tmp_path / "packed.zip"
    environment = {
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": f"{tmp_path / 'late'}:{archive}",
        "MPLBACKEND": "agg",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PANDAS_FUTURE_INFER_STRING": "0",
        "TZ": "Asia/Seoul",
    }
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed.py", "value = 1")
    monkeypatch.setattr(sys.modules[__name__], "PAPERMILL", [*LIMITED, "taskset", "-c", "0", *PAPERMILL])
    write_notebook(tmp_path, f"import os, packed\n{FORKED}")
    assert run(tmp_path, environment, "--engine", "kpilib-warm")[0] == ["True"]
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "late.py").write_text("value = 'late'")
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("another.py", "value = 0\n" * 99)
        packed.writestr("packed.py", "value = 2")
    (config / "matplotlibrc").write_text("figure.dpi: 44")
    (config / "stylelib").mkdir()
    (config / "stylelib" / "mine.mplstyle").write_text("lines.linewidth: 9")
    write_notebook(tmp_path, FACTS)
    plain, warm = run(tmp_path, environment)[0], run(tmp_path, environment, "--engine", "kpilib-warm")[0]
    assert warm == plain
    assert "23 3 {0} [(512, 512), (0, 0)" in plain[0]
    assert "agg 44.0 True object\nAsia/Seoul True late 2" in plain[0]


def test_modules_of_one_s_own_see_the_variables_and_keep_what_they_made(tmp_path: Path) -> None:
    """What a module made while it was imported is there for each kernel, not only until the first one ends."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "owning.py").write_text(
        "import atexit, os, shutil, tempfile\n"
        "folder, other = tempfile.mkdtemp(), tempfile.TemporaryDirectory()\n"
        "atexit.register(shutil.rmtree, folder)\nstage = os.environ['STAGE']\n"
    )
    shows = f"(os.listdir(owning.folder), os.listdir(owning.other.name), owning.stage, {FORKED})"
    write_notebook(tmp_path, f"import os, owning\n{shows}")
    environment = {"PYTHONPATH": str(tmp_path / "library"), "KPILIB_PRELOAD": "owning,no_such_module"}
    for stage in ("staging", "staging", "production"):
        shown, said = run(tmp_path, {**environment, "STAGE": stage}, "--engine", "kpilib-warm")
        assert shown == [f"([], [], '{stage}', True)"]
        assert "kpilib-warm: not imported beforehand: no_such_module (ModuleNotFoundError" in said


def test_a_kernel_that_would_import_something_else_starts_as_usual_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "babel.py").write_text("value = 'mine'")
    write_notebook(tmp_path, f"import os, babel\nbabel.value, {FORKED}")
    shown, said = run(tmp_path, {}, "--engine", "kpilib-warm")
    assert shown == ["('mine', False)"]
    assert f"starts as usual: {tmp_path} has its own babel, another of which is imported beforehand." in said


def test_a_kernel_spec_s_own_provisioner_starts_its_kernel(tmp_path: Path) -> None:
    folder = tmp_path / "jupyter" / "kernels" / "theirs"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    metadata = {"kernel_provisioner": {"provisioner_name": "local-provisioner"}}
    spec = {"argv": argv, "display_name": "Theirs", "language": "python", "metadata": metadata}
    (folder / "kernel.json").write_text(json.dumps(spec))
    write_notebook(tmp_path, f"import os\n{FORKED}")
    environment = {"JUPYTER_PATH": str(tmp_path / "jupyter")}
    assert run(tmp_path, environment, "--engine", "kpilib-warm", "-k", "theirs")[0] == ["False"]


def test_a_kernel_that_does_not_end_is_asked_again(tmp_path: Path) -> None:
    """jupyter_client sends SIGTERM after half of its patience."""
    write_notebook(
        tmp_path,
        "import atexit, pathlib, signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: pathlib.Path('told').touch())\n"
        "atexit.register(time.sleep, 99)\n1",
    )
    assert run(tmp_path, {}, "--engine", "kpilib-warm")[0] == ["1"]
    assert (tmp_path / "told").exists()


Forking = Callable[..., ForkedProcess]


@pytest.fixture
def forking(tmp_path: Path) -> Iterator[Forking]:
    """A function that forks a kernel from a zygote of this test's own."""
    with kernel_server():
        address = forkserver.address_for_workers()
        forkserver.offer(address)
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", str(tmp_path / "kernel.json")]
        forked = []
        with (tmp_path / "log").open("wb") as log:

            def fork(**more: str) -> ForkedProcess:
                streams = (log.fileno(), log.fileno())
                forked.append(fork_kernel(argv, {**os.environ, **more}, folder=str(tmp_path), streams=streams))
                return forked[-1]

            yield fork
        for each in forked:
            each.kill()
            each.wait()
        forkserver.offer(None)


def zygote() -> psutil.Process:
    return next(each for each in psutil.Process().children() if "kpilib.execute.zygote" in each.cmdline())


def test_who_leaves_while_a_kernel_is_being_forked_takes_no_other_along(forking: Forking) -> None:
    first = forking()
    zygote().suspend()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(str(forkserver.address_for_workers()))
        request = {"argv": ["x"], "orig_argv": ["x"], "env": {}, "cwd": "/", "umask": 0, "processors": [0]}
        socket.send_fds(connection, [json.dumps(request).encode()], [1, 2])
    zygote().resume()
    second = forking()
    assert (first.poll(), second.poll()) == (None, None)
    deadline = time.monotonic() + 30
    while len(zygote().children()) > 2:  # the one that nobody waits for ends
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (first.poll(), second.poll()) == (None, None)


def test_variables_that_are_too_long_are_refused_and_no_other_kernel_ends(forking: Forking) -> None:
    first = forking()
    with pytest.raises(Unavailable, match="its variables are too long"):
        forking(**{f"LONG_{place}": "x" * 120_000 for place in range(9)})
    assert first.poll() is None
    assert forking().poll() is None


def test_a_zygote_that_nobody_asks_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forkserver, "_IDLE", 1)
    monkeypatch.setenv("LC_UNASKED", str(tmp_path))
    before = set(forkserver._runtime_folder().glob("*.socket"))
    forkserver.start_shared(dict(os.environ))
    (address,) = set(forkserver._runtime_folder().glob("*.socket")) - before
    deadline = time.monotonic() + 60
    while address.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
