"""Data that would be code in HTML, Jinja, Typst or a terminal stand on both pages as text, and nothing else happens."""

from __future__ import annotations

import html
import re
from typing import Any

import pypdfium2
import pytest
from sample_packs import META, TEMPLATES, markdown, notebook, parts, shows

from kpilib.render.checks import find_tag_faults
from kpilib.render.pages import Rendered, render_pack
from kpilib.render.readback import read_html

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "jinja": "{{ 7*7 }} {% raw %} {# no #}",
    "shell": "${HOME} `id` $(id)",
    "typst read": '#read("secret.txt")',
    "typst code": '#import "@preview/cetz:0.3.0"; #panic("x")',
    "typst math": "$x$ $ sum_1^2 $",
    "typst markup": "@ref <label> *not strong* _not emph_ = Heading",
    "backslashes": r"\ \\ \n \u{41} \" \' ~ -- ---",
    "quotes": "\"'`’“”«»",
    "formula": "=HYPERLINK(\"http://x.example\",1)",
    "path": "../../x",
    "css": "</style><style>*{display:none}",
    "comment": "<!-- --> ]]> &amp; &lt;",
    "hebrew": "חברה",
    "emoji": "Rocket 😀",
}  # fmt: skip


def poisoned(text: str) -> list[dict[str, Any]]:
    """The rich pack with the text in every slot that data reach."""
    page, section, *_ = parts("rich")
    page["masthead"].update(title=text, kicker=text, lines=[text])
    page["verdict"] = {"lead": text, "text": text}
    for card in page["cards"]:
        card.update(
            name=text, value=text, unit=text, change=[{"text": text, "strong": True}], previous=text, cohort=text
        )
        card["status"]["word"] = text
        card["target"] = {"text": text, "share": 0.5, "reached": False}
        card["spark"]["alt"] = text
    page["legend"] = text
    page["picture"].update(title=text, subtitle=text, alt=text)
    page["agreed"]["rows"] = [{"status": text, "word": text, "text": text, "owner": text, "due": text}]
    page["plan"]["items"] = [{"text": text, "evidence": text, "effect": text, "kpi": text, "owner": text, "due": text}]
    page["outlook"].update(
        title=text, text=text, alt=text, labels=dict.fromkeys(("low", "median", "high", "target"), text)
    )
    page["comment"] = {"title": text, "paragraphs": [[{"text": text, "emph": True}]], "author": text}
    page["notes"] = [text]
    section.update(id=text, title=text, question=text, value=text, answer=text, small=[text])
    section["parts"] = [
        {"kind": "note", "text": text, "tone": "warning"},
        {"kind": "table", "title": text, "note": text, "row_header": True,
         "columns": [{"label": text, "align": "left"}, {"label": text, "align": "right"}],
         "rows": [{"cells": [text, {"text": text, "shade": 0.5}], "strong": True}]},
    ]  # fmt: skip
    return [page, section]


def draw(text: str) -> Rendered:
    brand = {"footer": text, "name": text}
    foreign = [
        shows({"text/plain": text}),
        shows({"text/html": f"<table><tr><th>a</th></tr><tr><td>{html.escape(text)}</td></tr></table>"}),
    ]
    return render_pack(
        notebook(*poisoned(text), *foreign, **{**META, "footer": text, "brand": brand}), templates=TEMPLATES
    )


def printed(rendered: Rendered) -> str:
    with pypdfium2.PdfDocument(rendered.pdf) as document:
        return "".join(page.get_textpage().get_text_bounded() for page in document)


def squeezed(text: str) -> str:
    return re.sub("[\\s\x02\u200b-\u200f\u202a-\u202e]+", "", text)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_text_in_both_formats(name: str) -> None:
    text = HOSTILE[name]

    rendered = draw(text)

    page = rendered.html.decode()
    seen = next(read_html(page, "x")).text
    plain = printed(rendered)
    assert squeezed(seen).count(squeezed(text)) >= 60
    if name == "hebrew":  # a PDF's text may come in the order of the eye
        text = text if text in plain else text[::-1]
    assert squeezed(plain).count(squeezed(text)) >= 60
    assert "49" not in seen.replace("490", "")
    assert not re.search(r"<script|<img src=x|<!--|</style><style>", page)
    assert find_tag_faults(rendered.pdf) == []


def test_direction_overrides_and_control_signs_are_taken_out_and_marks_stay_harmless() -> None:
    rendered = draw("A\u202eB\u2066C\u200fD\x00E\x1b[31mF\ud800G")

    seen = next(read_html(rendered.html.decode(), "x")).text
    assert "ABC\u200fD" in seen
    assert not set(seen) & {"\u202e", "\u2066", "\x00", "\x1b"}
    assert "ABCD" in squeezed(printed(rendered))


def test_signs_that_no_face_has_are_shown_as_such_and_break_nothing() -> None:
    rendered = draw("Crab 🦀 inc")

    assert "Crab 🦀 inc" in rendered.html.decode()
    assert "Crab \ufffd inc" in printed(rendered)


@pytest.mark.parametrize("text", ["x" * 10_000, "wort " * 2_000, "한" * 10_000], ids=["one word", "words", "hangul"])
def test_ten_thousand_characters_are_all_there(text: str) -> None:
    page, section, *_ = parts("rich")
    page["masthead"]["title"] = text
    section["answer"] = text

    rendered = render_pack(notebook(page, section, **META), templates=TEMPLATES)

    whole = squeezed(text)
    assert squeezed(next(read_html(rendered.html.decode(), "x")).text).count(whole) == 3  # the footer shortens it
    plain = squeezed(printed(rendered))
    assert plain.count(whole[:1]) >= 2 * len(whole) / len(set(whole))


def test_markdown_and_html_of_an_analyst_run_nothing() -> None:
    text = (
        "Hello <script>alert(1)</script> <img src=x onerror=alert(1)> <iframe src='/etc/passwd'></iframe>\n\n"
        '```{=typst}\n#read("secret.txt")\n```\n\n`#read("x")`{=typst} $x$ [link](javascript:alert(1)) {{ 7*7 }}\n\n'
        "<div><p>unclosed <b>bold"
    )
    rendered = render_pack(
        notebook(
            markdown(text), markdown("after"), shows({"text/html": "<td>loose</td><svg onload=alert(1)></svg>"}), **META
        ),
        templates=TEMPLATES,
        strict=False,
    )

    page = rendered.html.decode()
    assert not re.search(r"<script|onerror|onload|href=\"javascript|root:|<iframe|<img", page)
    for said in ('#read("secret.txt")', "{{ 7*7 }}", "$x$", "unclosed", "after", "loose"):
        assert said in next(read_html(page, "x")).text
        assert squeezed(said) in squeezed(printed(rendered))
