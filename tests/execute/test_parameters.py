"""Parameters are refused before any kernel starts: these tests take milliseconds."""

from __future__ import annotations

from collections.abc import Callable

import nbformat
import pytest
from nbformat.v4 import new_notebook

from kpilib.errors import ExecutionError
from kpilib.execute.notebook import execute_notebook
from kpilib.pack import Pack

Write = Callable[..., bytes]


def test_a_parameter_that_is_not_declared(pack: Pack, write_notebook: Write) -> None:
    declared = 'partner = "P001"\nquater = "2026Q3"\nas_of = ""\naudience = ""\nlanguage = ""'
    with pytest.raises(ExecutionError) as caught:
        execute_notebook(pack, b"{}", write_notebook(declared=declared), name="mine.ipynb")
    assert str(caught.value) == (
        "P001 2026Q3: mine.ipynb does not take the parameters of a pack:\n"
        "  quarter: not declared in the cell tagged `parameters`. Did you mean: quater?"
    )
    assert caught.value.parts["kind"] == "parameters"
    assert caught.value.parts["notebook"] is None


def test_parameters_of_another_type_all_at_once(pack: Pack, write_notebook: Write) -> None:
    declared = 'partner: int = 1\nquarter = "2026Q3"\nas_of = 2026\naudience: "str" = ""\nlanguage: str | None = None'
    with pytest.raises(ExecutionError) as caught:
        execute_notebook(pack, b"{}", write_notebook(declared=declared), name="mine.ipynb")
    assert str(caught.value) == (
        "P001 2026Q3: mine.ipynb does not take the parameters of a pack:\n"
        '  partner: declared as int, but it is text. Write it like partner: str = "".\n'
        '  as_of: declared as int, but it is text. Write it like as_of: str = "".'
    )


def test_a_notebook_without_parameters(pack: Pack) -> None:
    with pytest.raises(ExecutionError) as caught:
        execute_notebook(pack, b"{}", nbformat.writes(new_notebook()).encode(), name="mine.ipynb")
    assert str(caught.value) == (
        "P001 2026Q3: mine.ipynb has no parameters: no cell is tagged `parameters`. "
        "Tag the cell that assigns partner, quarter, as_of, audience, language."
    )


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b"[]", b'{"nbformat": 4}'])
def test_a_file_that_is_no_notebook(pack: Pack, data: bytes) -> None:
    with pytest.raises(ExecutionError, match=r"mine\.ipynb is not a Jupyter notebook"):
        execute_notebook(pack, b"{}", data, name="mine.ipynb")


def test_a_notebook_in_another_language(pack: Pack) -> None:
    node = new_notebook(metadata={"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}})
    with pytest.raises(ExecutionError) as caught:
        execute_notebook(pack, b"{}", nbformat.writes(node).encode(), name="mine.ipynb")
    assert str(caught.value) == "P001 2026Q3: mine.ipynb is written in R; packs are made from Python notebooks."
