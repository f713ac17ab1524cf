"""Every rule: what breaks it, with the finding's full text, and what comes near it and does not.

The cases are drawn in three files: cells, ``>>>``, the findings; cases between ``===``. Those of ``broken.txt`` and
``fine.txt`` stand below the two cells of a notebook without findings, so that their first is cell 3; those of
``parameters.txt`` are whole notebooks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib.errors import ExecutionError, SettingsError
from kpilib.lint import RULES, lint_notebook

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
Lint = Callable[[str | bytes], list[str]]
Body = Callable[[str], list[str]]


def cases(name: str) -> list[tuple[str, str]]:
    """Return the cases of a file: cells, findings."""
    text = (HERE / name).read_text(encoding="utf-8").removesuffix("\n")
    parts = (case.partition("\n>>>\n") for case in text.split("\n===\n"))
    return [(cells, findings) for cells, _, findings in parts]


def name_of(value: str) -> str:
    return re.sub(r"\s+", " ", value)[:40]


@pytest.mark.parametrize(("drawn", "finding"), cases("broken.txt"), ids=name_of)
def test_what_breaks_a_rule(body: Body, drawn: str, finding: str) -> None:
    found = body(drawn)
    assert finding in found
    assert len(found) <= 2


@pytest.mark.parametrize("drawn", [drawn for drawn, _ in cases("fine.txt")], ids=name_of)
def test_what_comes_near_and_breaks_none(body: Body, drawn: str) -> None:
    assert body(drawn) == []


@pytest.mark.parametrize(("drawn", "findings"), cases("parameters.txt"), ids=name_of)
def test_parameters(lint: Lint, drawn: str, findings: str) -> None:
    assert "\n".join(lint(drawn)) == findings


def test_what_a_run_left_in(lint: Lint) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "1"}
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": "", "execution_count": 4, "outputs": [output] * 2}
    executed = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert lint(executed)[1:] == [
        "cell 1: KL401 2 outputs are left in\n    Remove what runs left, here and elsewhere: nbstripout n",
        "cell 1: KL402 the execution count is left in\n    Remove what runs left, here and elsewhere: nbstripout n",
    ]


def test_an_alternative_text_may_stand_in_the_metadata(lint: Lint) -> None:
    source = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    cell = {"cell_type": "code", "id": "a", "metadata": {"alt": "It rises."}, "source": source}
    cell |= {"execution_count": None, "outputs": []}
    drawn = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()
    assert not any("KL601" in found for found in lint(drawn))


def test_every_rule_is_broken_somewhere_here() -> None:
    texts = " ".join(findings for name in ("broken.txt", "parameters.txt") for _, findings in cases(name))
    assert set(RULES) - set(re.findall(r"KL\d{3}", texts)) == {"KL401", "KL402"}


def test_a_secret_is_never_shown(body: Body) -> None:
    assert "hunter2" not in " ".join(body('password = "hunter2"'))


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.name)
def test_our_own_notebooks_have_no_findings(path: Path) -> None:
    assert lint_notebook(path) == []


def test_what_is_no_notebook(tmp_path: Path) -> None:
    path = tmp_path / "mine.ipynb"
    with pytest.raises(SettingsError) as missing:
        lint_notebook(path)
    assert str(missing.value) == f"The notebook {path} cannot be read: No such file or directory."
    path.write_text("[]")
    with pytest.raises(ExecutionError, match=f"^{re.escape(str(path))} is not a Jupyter notebook"):
        lint_notebook(path)
