"""Finished files are read as a curious reader would: seen and unseen, each with its place."""

from __future__ import annotations

import json
from io import BytesIO

import pikepdf
import pytest
from sample_packs import META, TEMPLATES, notebook, parts

from kpilib.errors import RenderError
from kpilib.render.pages import render_pack
from kpilib.render.readback import read_files, read_html


def test_html_is_read_in_text_attributes_comments_and_code() -> None:
    page = (
        '<p title="a tip">Lind<b>qvist</b> &amp; Marlo</p><p>next</p><!-- a note --><img alt="a chart" src="x">'
        '<script>var a = "in code"</script><style>.x{c: "in style"}</style><svg><path d="M0"/><text>T</text></svg>'
    )

    read = {passage.place: passage.text for passage in read_html(page, "x.html")}

    assert "Lindqvist & Marlo\n\nnext" in read["x.html, text"]
    assert "T" in read["x.html, text"]
    del read["x.html, text"]
    assert read == {
        "x.html, p title": "a tip",
        "x.html, comment": " a note ",
        "x.html, img alt": "a chart",
        "x.html, img src": "x",
        "x.html, script": 'var a = "in code"',
        "x.html, style": '.x{c: "in style"}',
    }


def test_pdf_is_read_in_pages_bookmarks_metadata_alternative_texts_and_attachments() -> None:
    with pikepdf.open(BytesIO(render_pack(notebook(*parts("rich")[:2], **META), templates=TEMPLATES).pdf)) as document:
        document.attachments["hidden.txt"] = b"attached words"
        written = BytesIO()
        document.save(written)

    read = [(passage.place, passage.text) for passage in read_files({"a.pdf": written.getvalue()})]

    assert ("the file's name", "a.pdf") in read
    assert ("a.pdf, metadata /Title", "Partner review · 2026 Q3 – Nordlicht Systems") in read
    assert ("a.pdf, bookmark", "Average deal size Is each customer worth more over time?") in read
    assert ("a.pdf, alternative text", "Fourteen deals between 4 and 120 k USD.") in read
    assert ("a.pdf, attachment", "hidden.txt") in read
    assert ("a.pdf, attachment hidden.txt", "attached words") in read
    assert any(place == "a.pdf, page 2" and "Two deals carry the mean" in text for place, text in read)


def test_notebook_is_read_in_prose_outputs_and_markup_within_and_not_in_its_code() -> None:
    book = {
        "metadata": {"kpilib": {"partner": "in metadata"}},
        "cells": [
            {"cell_type": "code", "source": ["x = 'in source'\n", "y"], "outputs": [
                {"data": {"text/html": "<b>in</b> markup", "image/png": "AAAA", "text/plain": "plainly"}}]},
            {"cell_type": "markdown", "source": ["in prose, ", "over lines"]},
        ],
    }  # fmt: skip

    read = [(passage.place, passage.text) for passage in read_files({"a.ipynb": json.dumps(book).encode()})]
    by_place = {place: " ".join(text for other, text in read if other == place) for place, _ in read}

    assert "in metadata" in by_place["a.ipynb, metadata"]
    assert "in source" not in str(read)
    assert "in prose, over lines" in by_place["a.ipynb, cell 2"]
    assert "plainly" in by_place["a.ipynb, cell 1"]
    assert by_place["a.ipynb, cell 1, text"] == "in markup"
    assert "AAAA" not in str(read)


def test_html_that_is_broken_or_hides_its_words_is_read_all_the_same() -> None:
    text = "<p>one <b>two<!-- three --><![CDATA[four]]><?five?><template>six</template></i></table>seven\x00 eight"
    found = "\n".join(passage.text for passage in read_html(text, "x.html"))
    for word in ("one two", "three", "four", "five", "six", "seven", "eight"):
        assert word in found
    assert [passage.text.strip() for passage in read_html("", "x.html")] == [""]


def test_html_too_deep_to_be_read_to_its_end_says_so() -> None:
    with pytest.raises(RenderError, match=r"^x\.html cannot be read back as HTML: Excessive depth in document"):
        list(read_html("<div>" * 5000 + "a name", "x.html"))


def test_what_is_no_pdf_says_so() -> None:
    with pytest.raises(RenderError, match=r"^a\.pdf cannot be read back as a PDF: "):
        list(read_files({"a.pdf": b"not a pdf"}))
