"""A notebook drawn as text: cells between lines of dashes, each may begin with its kind and tags."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib.lint import lint_notebook
from kpilib.render.leaks import Watchlist

WATCHLIST = Watchlist(
    [
        {"partner_id": "P001", "name": "Alder Ltd", "contact_name": "Ann Archer", "contact_email": "ann@alder.example"},
        {"partner_id": "P002", "name": "Quillmark", "contact_email": "q@quillmark.example"},
    ]
)
HEAD = '''\
code: parameters
partner: str = "P001"
quarter: str = "2026Q3"
as_of: str = ""
audience: str = "partner"
language: str = ""
---
from kpilib import Review
review = Review.open(partner, quarter, as_of=as_of, audience=audience, language=language)
'''
"""Cells 1 and 2 of a notebook without findings."""


def draw(text: str) -> bytes:
    """Return a notebook; a cell's first line may be ``code: TAGS`` or ``markdown: TAGS``."""
    cells = []
    for number, drawn in enumerate(text.split("\n---\n")):
        head = re.match(r"(code|markdown):([^\n]*)(?:\n|$)", drawn)
        kind, tags = (head[1], head[2].split()) if head else ("code", [])
        source = drawn[head.end() :] if head else drawn
        cell = {"cell_type": kind, "id": f"c{number}", "metadata": {"tags": tags}, "source": source}
        cells.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.fixture
def lint(tmp_path: Path) -> Callable[[str | bytes], list[str]]:
    """Return the findings of a drawn notebook."""

    def run(drawn: str | bytes) -> list[str]:
        path = tmp_path / "mine.ipynb"
        path.write_bytes(draw(drawn) if isinstance(drawn, str) else drawn)
        found = lint_notebook(path, name="n", watchlist=WATCHLIST)
        return [str(each).removeprefix("n: ") for each in found]

    return run


@pytest.fixture
def body(lint: Callable[[str | bytes], list[str]]) -> Callable[[str], list[str]]:
    """Return the findings of cells that stand below the first two, which have none."""
    return lambda drawn: lint(f"{HEAD}---\n{drawn}")
