"""Foreign outputs: each appears in both formats, in its richest form that a page can hold, or its cell is named."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from sample_packs import META, MIME, TEMPLATES, bars, markdown, notebook, shows

from kpilib.errors import RenderError
from kpilib.render import foreign
from kpilib.render.checks import find_tag_faults
from kpilib.render.document import Document, read_document
from kpilib.render.pages import render_pack

NOTE = {"kind": "note", "text": "ours"}
FRAME = """<div><style scoped>.dataframe {color: red}</style><table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th>deals</th><th>product</th></tr></thead><tbody>
<tr><th>0</th><td>1.5</td><td>Core</td></tr>
<tr><th>1</th><td>-2</td><td>Field &amp; Mobile</td></tr></tbody></table></div>"""


def png(width: int, height: int) -> str:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\x0b\x5c\xad" * width) * height)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(data).decode()


def read(*cells: Any, **options: Any) -> Document:
    return read_document(notebook(*cells, **META), **options)


def test_a_data_frame_is_a_table_with_its_numbers_to_the_right() -> None:
    (table,) = read(shows({"text/html": FRAME, "text/plain": "frame"})).parts

    assert table["columns"] == [
        {"label": "", "align": "right"},
        {"label": "deals", "align": "right"},
        {"label": "product", "align": "left"},
    ]
    assert [row["cells"] for row in table["rows"]] == [["0", "1.5", "Core"], ["1", "-2", "Field & Mobile"]]


def test_markdown_keeps_its_structure_and_headings_never_skip_a_level() -> None:
    (prose,) = read(NOTE, markdown("### Deep\n\nA *b* **c** `d`\n\n- e\n- f\n\n3. g\n\n> h\n\n---\n\n## Next")).parts[
        1:
    ]

    assert prose["blocks"] == [
        {"type": "heading", "level": 2, "runs": [{"text": "Deep"}]},
        {
            "type": "paragraph",
            "runs": [
                {"text": "A "},
                {"text": "b", "emph": True},
                {"text": " "},
                {"text": "c", "strong": True},
                {"text": " "},
                {"text": "d", "code": True},
            ],
        },
        {
            "type": "list",
            "ordered": False,
            "start": 1,
            "items": [[{"type": "paragraph", "runs": [{"text": text}]}] for text in "ef"],
        },
        {"type": "list", "ordered": True, "start": 3, "items": [[{"type": "paragraph", "runs": [{"text": "g"}]}]]},
        {"type": "quote", "blocks": [{"type": "paragraph", "runs": [{"text": "h"}]}]},
        {"type": "rule"},
        {"type": "heading", "level": 2, "runs": [{"text": "Next"}]},
    ]


def test_one_pandoc_call_a_notebook_and_none_for_what_is_known(monkeypatch) -> None:
    calls = []
    ask = foreign._read
    monkeypatch.setattr(foreign, "_read", lambda fragments: calls.append(len(fragments)) or ask(fragments))
    book = [markdown("counted once"), shows({"text/html": FRAME + "<p>counted</p>"}), markdown("counted twice")]

    read(NOTE)
    read(*book)
    read(*book, markdown("counted later"))

    assert calls == [3, 1]


def test_text_streams_and_errors_of_any_notebook_are_shown_and_stderr_is_not() -> None:
    outputs = [
        new_output("stream", name="stdout", text="printed\n  indented\n"),
        new_output("stream", name="stderr", text="Warning!"),
        new_output("execute_result", data={"text/plain": "[1, 2]"}, execution_count=1),
        new_output("error", ename="ValueError", evalue="\x1b[31mno such stage", traceback=["secret frame"]),
    ]

    parts = read(new_code_cell("x", outputs=outputs)).parts

    assert [(part["text"], part["failed"]) for part in parts] == [
        ("printed\n  indented", False),
        ("[1, 2]", False),
        ("ValueError: no such stage", True),
    ]


def test_richest_form_wins_and_ours_before_all() -> None:
    bundles: list[dict[str, Any]] = [
        {MIME: NOTE, "text/html": "<p>no</p>", "text/plain": "no"},
        {"text/html": "<p>yes</p>", "image/png": png(2, 2), "text/plain": "no"},
        {"text/markdown": "*yes*", "text/plain": "no"},
        {"image/svg+xml": bars([1], ["a"], 90, 60), "image/png": png(2, 2), "text/plain": "no"},
        {"text/latex": "$yes$", "text/plain": "no"},
    ]

    parts = read(*[shows(bundle) for bundle in bundles]).parts

    assert [part["kind"] for part in parts] == ["note", "prose", "prose", "picture", "output"]
    assert parts[3]["svg"].startswith("<svg")
    assert "'no'" not in str([part for part in parts if part["kind"] != "picture"])


PLOTLY = {"application/vnd.plotly.v1+json": {"data": []}, "text/html": "<div id='x'></div><script>draw()</script>"}


def test_what_only_a_script_draws_falls_back_to_its_picture() -> None:
    (picture,) = read(shows({**PLOTLY, "image/png": png(4, 2)}, alt="A line.")).parts

    assert (picture["kind"], picture["alt"]) == ("picture", "A line.")


@pytest.mark.parametrize(
    "bundle",
    [
        PLOTLY,
        {"application/javascript": "draw()", "text/plain": "<Javascript>"},
        {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Slider()"},
        {"text/html": "<script src='https://x.example/bokeh.js'></script>"},
    ],
)
def test_without_a_picture_the_cell_is_named(bundle: dict[str, Any]) -> None:
    told = (
        "Only a script can draw the output of cell 2, and pages run none. Let the library write a picture beside it "
        "(plotly: renderer 'png'), or tag the cell `desk` to leave it out."
    )

    with pytest.raises(RenderError) as caught:
        read(NOTE, shows(bundle), strict=True)
    lenient = read(NOTE, shows(bundle))

    assert (caught.value.message, caught.value.parts) == (told, {"cells": ["cell 2"]})
    assert lenient.warnings == [told]
    assert [part["kind"] for part in lenient.parts] == ["note"]


def test_a_picture_without_alternative_text_stops_a_build_and_costs_others_the_claim() -> None:
    cells = [NOTE, shows({"image/png": png(4, 2)}), shows({"image/png": png(4, 2)})]

    with pytest.raises(RenderError) as caught:
        read(*cells, strict=True)
    rendered = render_pack(notebook(*cells, **META), templates=TEMPLATES, strict=False)

    assert caught.value.message == (
        "The picture in cell 2, cell 3 has no alternative text, so that some readers cannot know what it shows. "
        'Show it by review.chart(figure, alt="…"), or write "alt" into the cell\'s metadata.'
    )
    (warning,) = rendered.warnings
    assert warning == (
        "The picture in cell 2, cell 3 has no alternative text: the PDF does not claim PDF/UA. "
        'Write "alt" into the cell\'s metadata.'
    )
    assert "claiming PDF/UA-1" in [finding.text for finding in find_tag_faults(rendered.pdf)]


def test_a_chart_of_ours_without_alternative_text_is_no_exception() -> None:
    chart = {"kind": "chart", "svg": bars([1], ["a"], 90, 60), "alt": " ", "title": "T"}

    with pytest.raises(RenderError, match="The picture in cell 1 has no alternative text"):
        read(chart, strict=True)


@pytest.mark.parametrize(
    ("output", "cell"),
    [({"alt": "Said."}, {}), ({"image/png": {"alt": "Said."}}, {}), ({}, {"alt": "Said."}), ({}, {"alt": ["Said."]})],
)
def test_alternative_text_may_stand_in_the_cells_or_the_outputs_metadata(output: Any, cell: Any) -> None:
    document = read(shows({"image/png": png(4, 2)}, output=output, **cell), strict=True)

    assert document.parts[0]["alt"] == "Said."
    rendered = render_pack(
        notebook(shows({"image/png": png(4, 2)}, output=output, **cell), **META), templates=TEMPLATES
    )
    assert find_tag_faults(rendered.pdf) == []


def test_pictures_attached_to_markdown_are_shown_and_those_elsewhere_are_not_fetched() -> None:
    cell = new_markdown_cell("![A blue field](attachment:a.png)\n\n![Away](https://x.example/a.png)")
    cell.attachments = {"a.png": {"image/png": png(4, 2)}}

    document = read(cell)

    assert [(part["kind"], part["alt"]) for part in document.parts] == [("picture", "A blue field")]
    assert document.warnings == ["cell 1: a picture from another address is not shown, since pages load nothing."]


def test_a_broken_picture_or_part_names_its_cell() -> None:
    broken = [
        shows({"image/png": "AAAA"}, alt="x"),
        shows({"image/svg+xml": "<svg><g></svg>"}, alt="x"),
        {"kind": "tabel"},
        {"kind": "note"},
    ]

    with pytest.raises(RenderError) as caught:
        read(NOTE, *broken)

    assert caught.value.message.splitlines() == [
        "cell 2: A picture cannot be read: it is neither PNG nor JPEG nor GIF.",
        "cell 3: A picture is not well-formed SVG: mismatched tag: line 1, column 45.",
        "cell 4 cannot be drawn: 'tabel' is no kind of part. Did you mean: table?",
        "cell 5, note cannot be drawn: it lacks text.",
    ]


def test_a_notebook_that_is_not_ours_takes_its_first_heading_as_title() -> None:
    mine = read_document(notebook(markdown("# Churn in spring\n\nText.")), name="untitled1")
    bare = read_document(notebook(NOTE), name="analysis")

    assert (mine.page.heading, mine.page.title) == ("Churn in spring", "Churn in spring")
    assert mine.parts[0]["blocks"] == [{"type": "paragraph", "runs": [{"text": "Text."}]}]
    assert bare.page.title == "analysis"


def test_the_notebook_is_not_changed() -> None:
    book = notebook(NOTE, markdown("a"), shows({"image/png": png(4, 2)}), **META)
    before = str(book)

    read_document(book)

    assert str(book) == before
