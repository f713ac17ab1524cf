"""The notebooks in a plain Jupyter kernel that starts beside them, as `make lab` starts it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from kpilib.parts import MIME
from kpilib.sample import write_sample

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    shutil.copy(ROOT / "kpilib.toml", root)
    write_sample(root / "data" / "sample", partners=8, years=2, until=date(2026, 9, 30), seed=7)
    return root


@pytest.mark.parametrize("name", ["partner_review", "partner_digest"])
def test_the_default_partner_works_in_jupyter(desk: Path, name: str) -> None:
    node = nbformat.read(desk / "notebooks" / f"{name}.ipynb", as_version=4)
    NotebookClient(node, kernel_name="python3", resources={"metadata": {"path": str(desk / "notebooks")}}).execute()
    outputs = [output for cell in node.cells for output in cell.get("outputs", ())]
    assert {output.output_type for output in outputs} <= {"execute_result", "display_data"}
    kinds = [output.data[MIME]["kind"] for output in outputs]
    assert kinds[0] == "page_one"
    assert kinds.count("section") >= 2
    assert all("text/html" in output.data for output in outputs)


def test_tab_in_jupyter(desk: Path) -> None:
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(desk / "notebooks"))
    try:
        code = 'from kpilib import Review\nreview = Review.open("P001", "2026Q3")'
        client.execute_interactive(code, timeout=60, output_hook=lambda _: None)
        found = client.complete("review.deal_", reply=True, timeout=30)["content"]["matches"]
        assert [name.rpartition(".")[2] for name in found] == ["deal_count", "deal_success", "deal_velocity"]
        found = client.complete("review.", reply=True, timeout=30)["content"]["matches"]
        assert all(not name.rpartition(".")[2].startswith("_") for name in found)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
