"""The parts of a comparison: which cells differ, which numbers moved, which pages look different."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import typst
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from kpilib.compare.base import read_base
from kpilib.compare.cells import CellChange, changed_cells, changed_outputs
from kpilib.compare.figures import Move, find_moves, read_texts
from kpilib.compare.pictures import changed_pages
from kpilib.errors import SettingsError


def notebook(*cells: tuple[str, str]):  # type: ignore[no-untyped-def]
    return new_notebook(cells=[new_code_cell(source, id=key) for key, source in cells])


def test_cells() -> None:
    """``b`` is changed, ``c`` removed, ``n`` added; ``d`` only moved down by one, which changes nothing."""
    before = notebook(("a", "x = 1"), ("b", "review.page_one"), ("c", "old"), ("d", "last"))
    now = notebook(("a", "x = 1"), ("b", "review.page_one\nx"), ("n", "new\nlines"), ("m", "more"), ("d", "last"))
    assert changed_cells(before, now) == [
        CellChange("changed", 2, "review.page_one", ("@@ -1 +1,2 @@", " review.page_one", "+x")),
        CellChange("changed", 3, "new", ("@@ -1 +1,2 @@", "-old", "+new", "+lines")),
        CellChange("added", 4, "more", ("@@ -0,0 +1 @@", "+more")),
    ]
    assert changed_cells(before, before) == []


def test_a_cell_of_another_kind_or_with_another_tag_is_another_cell() -> None:
    before = new_notebook(cells=[new_code_cell("x", id="a")])
    now = new_notebook(cells=[new_markdown_cell("text", id="b")])
    assert [(cell.kind, cell.title) for cell in changed_cells(before, now)] == [("removed", "x"), ("added", "text")]
    tagged = new_notebook(cells=[new_code_cell("x", id="a", metadata={"tags": ["desk"]})])
    assert changed_cells(before, tagged)[0].lines[1:] == ("+[desk]", " x")


def test_outputs_of_the_same_code() -> None:
    def shown(text: str):  # type: ignore[no-untyped-def]
        first, second = (new_code_cell(source, outputs=[new_output("stream", text=text)]) for source in ("x", "y"))
        second.outputs[0].text = "always"
        return new_notebook(cells=[first, second])

    assert changed_outputs(shown("1"), shown("2")) == [(1, "x")]
    assert changed_outputs(shown("1"), shown("1")) == []


def test_numbers_by_where_they_stand() -> None:
    table = {
        "kind": "table", "title": "By rep", "note": "",
        "columns": [{"label": "Rep"}, {"label": "Won"}], "rows": [{"cells": ["Kim", "3"]}, {"cells": ["Kim", "4"]}],
    }  # fmt: skip
    section = {
        "kind": "section", "title": "Deal count", "value": "7", "status": {"word": "good"},
        "answer": [{"text": "Seven "}, {"text": "deals"}], "parts": [table], "small": [],
    }  # fmt: skip
    texts = read_texts([section])
    assert texts == {
        "Deal count": "7",
        "Deal count › status": "good",
        "Deal count › answer": "Seven deals",
        "Deal count › By rep › Kim › Won": "3",
        "Deal count › By rep › Kim › Won (2)": "4",
    }
    moves = find_moves(texts, {"Deal count": "8", "Deal count › status": "watch", "new": "1"})
    assert moves[:3] == [
        Move("Deal count", "7", "8"),
        Move("Deal count › status", "good", "watch"),
        Move("new", "", "1"),
    ]
    assert [move.in_numbers for move in moves[:3]] == [True, False, True]
    assert [move.now for move in moves[3:]] == ["", "", ""]


def pdf(*pages: str) -> bytes:
    source = "#set page(width: 100pt, height: 100pt, margin: 10pt)\n" + "\n#pagebreak()\n".join(pages)
    made = typst.compile(source.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


def test_pages_that_look_different() -> None:
    """Page 2 of 3 is changed, and one is added at the end; the first and the third look the same."""
    pairs, count = changed_pages(pdf("one", "two", "three"), pdf("one", "2", "three", "four"))
    assert count == 4
    assert [(pair.number, pair.before is not None, pair.now is not None) for pair in pairs] == [
        (2, True, True), (4, False, True),
    ]  # fmt: skip
    assert pairs[0].now is not None
    picture = Image.open(BytesIO(pairs[0].now)).convert("RGB")
    # What differs is framed.
    red, green, _ = np.moveaxis(np.asarray(picture).astype(int), 2, 0)
    assert ((red > 150) & (green < 100)).any()
    assert changed_pages(pdf("one"), pdf("one"))[0] == []
    # A page more is no difference of those before it, whose numbers say "1 of 2" now.
    numbered = [f"one #place(bottom + right, dy: 9pt, text(size: 3pt)[1 of {count}])" for count in (1, 2)]
    assert [pair.number for pair in changed_pages(pdf(numbered[0]), pdf(numbered[1], "two"))[0]] == [2]
    assert [pair.now for pair in changed_pages(pdf("one", "two"), pdf("one"))[0]] == [None]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    path = tmp_path / "notebooks" / "mine.ipynb"
    path.parent.mkdir()
    git("init", "--quiet")
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    for text in ("first", "second"):
        path.write_text(text)
        git("add", ".")
        git(*identity, "commit", "--quiet", "-m", text)
    path.write_text("third")
    return path


def test_the_base_is_the_last_commit_another_one_or_a_file(repository: Path) -> None:
    assert (read_base(repository).name, read_base(repository).data) == ("mine.ipynb of HEAD", b"second")
    assert read_base(repository, "HEAD~1").data == b"first"
    assert read_base(repository, str(repository)).data == b"third"


def test_a_base_that_there_is_not(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_base(repository, "nowhere")
    assert str(caught.value) == (
        "There is no mine.ipynb to compare with: neither a file 'nowhere', nor a revision that holds it "
        "(invalid object name 'nowhere'.). Name one with --base."
    )
    with pytest.raises(SettingsError) as caught:
        read_base(repository, "--output=x")
    assert str(caught.value) == "'--output=x' is no revision of Git."
