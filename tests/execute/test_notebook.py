"""Real kernels: what a pack's notebook sees, and each way in which it can stop."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable

import nbformat
import pytest

from kpilib.errors import ExecutionError
from kpilib.execute.notebook import Limits, execute_notebook
from kpilib.execute.tidy import keep_styles_once
from kpilib.pack import Pack

Write = Callable[..., bytes]


def test_the_kernel_sees_its_slice_alone_and_twice_the_same(
    pack: Pack, write_notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KPILIB_SOURCE__URL", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    notebook = write_notebook(
        "import json, os, warnings",
        "print(sorted(os.listdir()), open('slice.json').read(), 'secret' in str(dict(os.environ)))",
        "warnings.warn('the file of this cell has a number of the process in its name')",
        "partner, quarter, as_of, audience, language, list({'a', 'b', 'c', 'd', 'e'})",
    )
    first, second = (execute_notebook(pack, b'{"rows": 1}', notebook) for _ in range(2))
    assert first.cells[4].outputs[0].text == "['slice.json'] {\"rows\": 1} False\n"
    assert first.cells[6].outputs[0].data["text/plain"].startswith("('P001', '2026Q3', '2026-09-30', 'partner', 'en', ")
    assert nbformat.writes(first) == nbformat.writes(second)
    kept = nbformat.writes(first)
    assert first.metadata.papermill == {"parameters": pack.parameters()}
    for trace in ("input_path", "duration", "start_time", "iopub", "/tmp"):
        assert trace not in kept
    assert [cell.execution_count for cell in first.cells[1:]] == [1, 2, 3, 4, 5, 6]
    assert first.cells[2].id == "injected-parameters"


def fail(pack: Pack, notebook: bytes, limits: Limits | None = None) -> ExecutionError:
    with pytest.raises(ExecutionError) as caught:
        execute_notebook(pack, b"{}", notebook, name="mine.ipynb", limits=limits or Limits())
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert error.parts == caught.value.parts
    assert (error.parts["partner_id"], error.parts["quarter"]) == ("P001", "2026Q3")
    return error


def test_a_cell_that_raises(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("print('before')", "figure = 1 / 0", "print('never')"))
    assert str(error) == (
        "P001 2026Q3: cell 4 of mine.ipynb (figure = 1 / 0) failed: ZeroDivisionError: division by zero."
    )
    assert (error.parts["kind"], error.parts["cell"]) == ("error", 4)
    kept = nbformat.reads(error.parts["notebook"], as_version=4)
    tags = [",".join(cell.metadata.get("tags", [])) for cell in kept.cells]
    assert tags == [
        "papermill-error-cell-tag",
        "",
        "parameters",
        "injected-parameters",
        "",
        "papermill-error-cell-tag",
        "",
        "",
    ]
    assert kept.cells[4].outputs[0].text == "before\n"
    assert kept.cells[6].outputs[0].ename == "ZeroDivisionError"
    assert kept.cells[7].outputs == []
    assert "duration" not in json.dumps(kept)


def test_a_cell_that_never_ends(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("while True: pass"), Limits(cell_timeout=0.5))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (while True: pass) failed: "
        "timeout: no end within 0.5 seconds ([packs] cell_timeout)."
    )
    kept = nbformat.reads(error.parts["notebook"], as_version=4)
    assert kept.cells[5].outputs[0].ename == "timeout"


def test_a_kernel_that_dies(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("import os\nos._exit(0)"))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (import os) failed: kernel died: "
        "the process ended in the middle of the cell (exit, crash, or killed for its memory)."
    )
    assert error.parts["kind"] == "death"


def test_a_notebook_that_ends_itself_is_no_whole_pack(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("raise SystemExit(0)", "print('never')"))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (raise SystemExit(0)) failed: SystemExit: "
        "the notebook ended itself here (0), and a pack is made of whole notebooks only."
    )


def test_a_cell_that_eats_memory(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("eaten = bytearray(2_400 << 20)"), Limits(memory=256))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (eaten = bytearray(2_400 << 20)) failed: "
        "MemoryError: more than 256 MiB were asked for ([packs] memory_limit)."
    )


def test_a_cell_that_writes_without_end(pack: Pack, write_notebook: Write) -> None:
    error = fail(pack, write_notebook("while True: print('x' * 10_000, flush=True)"), Limits(output=1_000_000))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (while True: print('x' * 10_000, flush=True)) failed: "
        "too much output: more than 1,000,000 characters."
    )
    assert len(error.parts["notebook"]) < 1_100_000


def test_an_output_that_no_notebook_can_hold(pack: Pack, write_notebook: Write) -> None:
    shown = "from IPython.display import display\ndisplay({'application/x': {'a': 1}}, raw=True)"
    error = fail(pack, write_notebook(shown))
    assert str(error) == (
        "P001 2026Q3: cell 3 of mine.ipynb (from IPython.display import display) failed: output that a notebook cannot "
        "hold: {'a': 1} is not valid under any of the given schemas."
    )
    assert error.parts["kind"] == "invalid"


def test_a_style_is_kept_once(pack: Pack, write_notebook: Write) -> None:
    show = "from IPython.display import HTML\nHTML('<style>p {}</style>\\n<p>%s</p>')"
    executed = execute_notebook(pack, b"{}", write_notebook(show % 1, show % 2, "print('<style>p {}</style>')"))
    kept = keep_styles_once(executed)
    shown = [cell.outputs[0] for cell in kept.cells if cell.get("outputs")]
    assert [each.data["text/html"] for each in shown[:2]] == ["<style>p {}</style>\n<p>1</p>", "<p>2</p>"]
    assert shown[2].text == "<style>p {}</style>\n"
