"""Holes in pages, and what a PDF lacks for a screen reader."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest
from sample_packs import META, TEMPLATES, notebook, parts

from kpilib.render.checks import find_gaps, find_tag_faults
from kpilib.render.pages import render_pack
from kpilib.render.readback import Passage


@pytest.mark.parametrize(
    "text",
    [
        *("grew by nan %", "NaN", "NaT", "<NA>", "a\nNone\nb", "None USD", "None %", "is undefined"),
        *("{{ page.title }}", "{% if %}", "[object Object]", "Traceback (most recent call last)"),
    ],
)
def test_holes_are_found(text: str) -> None:
    assert find_gaps([Passage("review.html, text", text)]) != []


@pytest.mark.parametrize(
    "text", ["None of the leads was won.", "Nantes and Nancy", "banana", "information", "a { b }", "null and void", "–"]
)
def test_words_are_no_holes(text: str) -> None:
    assert find_gaps([Passage("x", text)]) == []


def test_what_stands_so_in_the_data_is_no_hole() -> None:
    passages = [Passage("x", "Partner {{ 7*7 }} Ltd, NaN Industries")]

    assert find_gaps(passages, own=["Partner {{ 7*7 }} Ltd", "NaN Industries"]) == []
    assert [finding.text for finding in find_gaps(passages, own=["NaN Industries"])] == ["{{", "}}"]


def test_a_finding_says_where() -> None:
    (finding,) = find_gaps([Passage("review.pdf, page 2", "nan")])

    assert str(finding) == "review.pdf, page 2: 'nan' is a value that is missing, or a template unfilled"


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_pack(notebook(*parts("rich"), **META), templates=TEMPLATES).pdf


def spoil(pdf: bytes, how: str) -> bytes:
    with pikepdf.open(BytesIO(pdf)) as document:
        figures = [
            thing
            for thing in document.objects
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/Figure"
        ]
        heads = [
            thing for thing in document.objects if isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/TH"
        ]
        headings = [
            thing for thing in document.objects if isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/H2"
        ]
        if how == "alt":
            del figures[0]["/Alt"]
        elif how == "headers":
            for head in heads:
                head["/S"] = pikepdf.Name("/TD")
        elif how == "level":
            headings[0]["/S"] = pikepdf.Name("/H4")
        elif how == "language":
            del document.Root["/Lang"]
        elif how == "title":
            del document.docinfo["/Title"]
        elif how == "tags":
            del document.Root["/StructTreeRoot"]
        elif how == "bookmarks":
            del document.Root["/Outlines"]
        elif how == "attachment":
            document.attachments["data.csv"] = b"other partner"
        written = BytesIO()
        document.save(written)
    return written.getvalue()


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("alt", "Figure"),
        ("headers", "Table"),
        ("level", "H4"),
        ("language", "with a language"),
        ("title", "with a title"),
        ("tags", "tagged"),
        ("bookmarks", "with bookmarks"),
        ("attachment", "without attachments"),
    ],
)
def test_each_fault_of_a_pdf_is_found(pdf: bytes, how: str, fault: str) -> None:
    assert find_tag_faults(pdf) == []
    assert fault in [finding.text for finding in find_tag_faults(spoil(pdf, how))]
