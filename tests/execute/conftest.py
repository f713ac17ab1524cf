"""A pack and small notebooks of our own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kpilib.pack import Pack
from kpilib.quarter import Quarter

DECLARED = """\
partner: str = "P001"  # whose review
quarter: str = "2026Q3"
as_of: str = ""
audience: str = "partner"
language: str = ""
"""


@pytest.fixture
def pack() -> Pack:
    return Pack("P001", Quarter(2026, 3), date(2026, 9, 30), language="en")


@pytest.fixture
def write_notebook() -> Callable[..., bytes]:
    """A notebook of a title, the parameters and some cells, as the bytes of its file."""

    def write(*sources: str, declared: str = DECLARED) -> bytes:
        parameters = new_code_cell(declared, metadata={"tags": ["parameters"]})
        cells = [new_markdown_cell("# Review"), parameters, *map(new_code_cell, sources)]
        return str(nbformat.writes(new_notebook(cells=cells))).encode()

    return write
