"""The warm engine against plain Papermill, cell by cell, on notebooks that are meant to tell the two apart."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import papermill
import psutil
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.exceptions import PapermillExecutionError

from kpilib.execute.forkserver import address_for_workers, is_supported, kernel_server

pytestmark = pytest.mark.skipif(not is_supported(), reason="kernels are forked on Linux only")

TEXT = (Path(__file__).parent / "nasty.txt").read_text(encoding="utf-8")
CELLS = [cell.partition("\n") for cell in re.split(r"^%% ", TEXT, flags=re.MULTILINE)[1:]]
NASTY = {heading.removesuffix(" !"): (source.strip("\n"), heading.endswith(" !")) for heading, _, source in CELLS}


def nasty_notebook() -> Any:
    cells = [new_markdown_cell("# Nasty", id="title")]
    for place, (name, (source, raises)) in enumerate(NASTY.items()):
        tags = ["raises-exception"] if raises else [name]
        cells.append(new_code_cell(source, id=f"cell-{place}", metadata={"tags": tags}))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def execute(notebook: Any, engine: str | None, folder: Path, **options: Any) -> Any:
    folder.mkdir()
    papermill.execute_notebook(
        notebook, str(folder / "out.ipynb"), engine_name=engine, progress_bar=False, cwd=folder,
        request_save_on_cell_execute=False, **options,
    )  # fmt: skip
    return nbformat.read(folder / "out.ipynb", as_version=4)


def joined(outputs: list[Any]) -> list[dict[str, Any]]:
    """Join neighbouring texts of one stream: where they are cut is a matter of time."""
    found: list[dict[str, Any]] = []
    for output in outputs:
        last = found[-1] if found else {}
        if output.output_type == "stream" and last.get("output_type") == "stream" and last["name"] == output.name:
            last["text"] += output.text
        else:
            found.append(dict(output))
    return found


def plain(notebook: Any, folder: Path) -> list[dict[str, Any]]:
    """Return the cells as plain data, without what differs between any two runs: times, addresses, processes."""
    cells = [{**cell, "outputs": joined(cell.get("outputs", []))} for cell in notebook.cells]
    text = json.dumps(cells)
    text = text.replace(str(folder), "FOLDER")
    for pattern, word in (
        (r'"(?:start_time|end_time|duration|iopub[.\w]*|shell[.\w]*)": (?:"[^"]*"|[\d.e-]+|null)', '"time": 0'),
        (r"<dc:date>[^<]*</dc:date>", "<dc:date/>"),
        (r"0x[0-9a-f]{6,}", "0xADDRESS"),
        (r"ipykernel_\d+", "ipykernel_PID"),
        (r"kernel-[0-9a-f-]{36}\.json", "kernel.json"),
    ):
        text = re.sub(pattern, word, text)
    return list(json.loads(text))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The nasty notebook as plain Papermill and as the warm engine execute it."""
    root = tmp_path_factory.mktemp("nasty")
    found = []
    for name, engine in (("plain", None), ("warm", "kpilib-warm")):
        folder = root / name
        with pytest.raises(PapermillExecutionError):  # Papermill reports allowed errors at the end
            execute(nasty_notebook(), engine, folder)
        cells = plain(nbformat.read(folder / "out.ipynb", as_version=4), folder)
        found.append([cell for cell in cells if cell["id"].startswith("cell-")])
    return found[0], found[1]


@pytest.mark.parametrize("place", range(len(NASTY)), ids=list(NASTY))
def test_cell_by_cell(both: tuple[list[dict[str, Any]], list[dict[str, Any]]], place: int) -> None:
    cold, warm = both
    assert len(cold) == len(warm) == len(NASTY)
    assert warm[place] == cold[place]


def notebook_of(*sources: str) -> Any:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [new_code_cell(source, id=f"cell-{place}") for place, source in enumerate(sources)]
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def text_of(notebook: Any, place: int) -> str:
    output = notebook.cells[place].outputs[0]
    return str(output.text if output.output_type == "stream" else output.data["text/plain"])


PARENT = "open(f'/proc/{os.getppid()}/cmdline').read().split(chr(0))[1:3]"


def test_the_kernel_was_forked_and_each_is_fresh(tmp_path: Path) -> None:
    """What one notebook does to its process no other sees."""
    spoil = (
        "import os, sys, random, pandas as pd, matplotlib.pyplot as plt",
        "os.environ['SPOILT'] = '1'; os.chdir('/'); sys.path.insert(0, '/spoilt'); random.seed(1); spoilt = 1",
        "pd.set_option('display.max_columns', 2); plt.rcParams['figure.dpi'] = 7; plt.figure()",
    )
    execute(notebook_of(*spoil), "kpilib-warm", tmp_path / "first")
    found = execute(
        notebook_of(
            f"import os, sys, random\n{PARENT}",
            "import pandas as pd, matplotlib.pyplot as plt\n"
            "('SPOILT' in os.environ, os.getcwd() == '/', '/spoilt' in sys.path, 'spoilt' in dir(), "
            "pd.get_option('display.max_columns'), plt.rcParams['figure.dpi'], plt.get_fignums())",
            "random.random()",
            "from kpilib import Review\nproducing = {'papermill', 'nbconvert', 'nbclient', 'smtplib', 'typst'}\n"
            "sorted(producing & {name.split('.')[0] for name in sys.modules})",
        ),
        "kpilib-warm",
        tmp_path / "second",
    )
    assert text_of(found, 0) == "['-m', 'kpilib.execute.zygote']"
    assert text_of(found, 1) == "(False, False, False, False, 20, 100.0, [])"
    assert text_of(found, 3) == "[]"
    again = execute(notebook_of("import random\nrandom.random()"), "kpilib-warm", tmp_path / "third")
    assert text_of(again, 0) != text_of(found, 2)


@pytest.mark.parametrize(
    ("source", "error", "options"),
    [
        ("while True: pass", CellTimeoutError, {"execution_timeout": 1}),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", DeadKernelError, {}),
        ("import os\nos._exit(3)", DeadKernelError, {}),
        ("import os\nos.fork() or os._exit(0)\n1 / 0", PapermillExecutionError, {}),
    ],
)
def test_ways_to_stop_are_papermill_s_own(
    tmp_path: Path, source: str, error: type[Exception], options: dict[str, Any]
) -> None:
    started = time.monotonic()
    with pytest.raises(error):
        execute(notebook_of(source), "kpilib-warm", tmp_path / "run", **options)
    assert time.monotonic() - started < 20
    assert text_of(execute(notebook_of("'next'"), "kpilib-warm", tmp_path / "next"), 0) == "'next'"


def test_a_silent_exit_ends_the_notebook_as_papermill_does(tmp_path: Path) -> None:
    notebook = notebook_of("import sys\nsys.exit(0)", "'not reached'")
    cold, warm = (execute(notebook, engine, tmp_path / str(engine)) for engine in (None, "kpilib-warm"))
    assert plain(warm, tmp_path / "kpilib-warm") == plain(cold, tmp_path / "None")
    assert warm.cells[1].outputs == []


def test_imports_that_start_threads_or_are_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a thread a fork is not safe: the kernel starts as usual. An edited module is not served from memory."""
    (tmp_path / "edited.py").write_text("value = 'old'")
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(None, time.sleep, 'sleeper', (99,), daemon=True).start()"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("KPILIB_PRELOAD", "edited")
    ask = notebook_of("import edited, os\nedited.value", PARENT)
    first = execute(ask, "kpilib-warm", tmp_path / "first")
    assert (text_of(first, 0), text_of(first, 1)) == ("'old'", "['-m', 'kpilib.execute.zygote']")
    (tmp_path / "words.txt").write_text("new")
    (tmp_path / "edited.py").write_text(
        "from pathlib import Path\nREAD = (Path(__file__).with_name('words.txt'),)\nvalue = READ[0].read_text()"
    )
    for words in ("new", "newer still"):  # the module itself, then only what it read
        (tmp_path / "words.txt").write_text(words)
        second = execute(ask, "kpilib-warm", tmp_path / words)
        assert (text_of(second, 0), text_of(second, 1)) == (f"'{words}'", "['-m', 'kpilib.execute.zygote']")
    monkeypatch.setenv("KPILIB_PRELOAD", "threaded")
    caplog.set_level("WARNING", logger="papermill")
    third = execute(ask, "kpilib-warm", tmp_path / "third")
    assert "zygote" not in text_of(third, 1)
    assert "starts as usual: what is imported beforehand starts threads (sleeper)." in caplog.text


def test_a_replaced_server_lets_go_of_the_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads what a command prints would else wait until the old server ends, for a minute."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("KPILIB_PRELOAD", "edited")
    nbformat.write(notebook_of("import edited\nedited.value"), tmp_path / "in.ipynb")
    command = [str(Path(sys.executable).parent / "papermill"), "in.ipynb", "out.ipynb", "-k", "kpilib-warm"]
    for value in (1, 2):
        (tmp_path / "edited.py").write_text(f"value = {value}")
        reading, writing = os.pipe()
        subprocess.run(command, check=True, cwd=tmp_path, stdout=writing, stderr=writing)
        os.close(writing)
        os.set_blocking(reading, False)
        while os.read(reading, 1 << 16):  # which raises where somebody still holds the other end
            pass
        os.close(reading)
        assert text_of(nbformat.read(tmp_path / "out.ipynb", as_version=4), 0) == str(value)


def test_a_server_of_one_s_own_ends_with_its_owner_and_its_kernels_with_it(tmp_path: Path) -> None:
    """The owner is killed in the middle of a cell; neither the zygote nor the kernel outlives it."""
    notebook = tmp_path / "long.ipynb"
    mark = tmp_path / "mark"
    write = f"open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}')"
    nbformat.write(notebook_of(f"import os, time\n{write}\ntime.sleep(99)"), notebook)
    code = (
        "import sys, papermill\nfrom kpilib.execute.forkserver import address_for_workers, kernel_server, offer\n"
        "with kernel_server():\n    offer(address_for_workers())\n"
        "    papermill.execute_notebook(sys.argv[1], None, engine_name='kpilib-warm', progress_bar=False)"
    )
    owner = subprocess.Popen([sys.executable, "-c", code, str(notebook)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    for pid in map(int, mark.read_text().split()):
        while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_server_that_starts_at_once_serves_what_is_within_and_ends_amid_its_imports() -> None:
    before = psutil.Process().children()
    with kernel_server(at_once=True):
        address = address_for_workers()
        (zygote,) = (each for each in psutil.Process().children() if each not in before)
        with kernel_server():
            assert address_for_workers() == address
        assert zygote.is_running()
    assert not zygote.is_running()
    assert address_for_workers() is None


def test_the_kernel_spec_serves_plain_papermill(tmp_path: Path) -> None:
    nbformat.write(notebook_of(f"import os\n{PARENT}"), tmp_path / "in.ipynb")
    command = [str(Path(sys.executable).parent / "papermill"), "in.ipynb", "out.ipynb", "-k", "kpilib-warm"]
    subprocess.run([*command, "--no-progress-bar"], check=True, cwd=tmp_path, capture_output=True)
    assert text_of(nbformat.read(tmp_path / "out.ipynb", as_version=4), 0) == "['-m', 'kpilib.execute.zygote']"
