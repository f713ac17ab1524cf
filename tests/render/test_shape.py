"""Parts are made whole and clean before a template sees them, and narrow ones stand side by side."""

from __future__ import annotations

from typing import Any

import pytest

from kpilib.errors import RenderError
from kpilib.parts import (
    Card,
    Chart,
    Column,
    Group,
    Masthead,
    Note,
    PageOne,
    Row,
    Section,
    Spark,
    StatusMark,
    Table,
    Verdict,
)
from kpilib.render.shape import arrange, clean_text, shape_part


def table(columns: int = 2, rows: int = 3, title: str = "T") -> dict[str, Any]:
    return shape_part(
        {"kind": "table", "title": title, "columns": [{"label": "a", "align": "left"}] * columns,
         "rows": [{"cells": ["1"] * columns}] * rows}, "here")  # fmt: skip


def chart(width: str = "half") -> dict[str, Any]:
    return shape_part({"kind": "chart", "svg": "<svg/>", "alt": "a", "title": "C", "width": width}, "here")


NOTE = {"kind": "note", "text": "n", "tone": "info"}


def test_a_text_loses_what_steers_and_keeps_what_says() -> None:
    assert clean_text("e\u0301 a\tb\r\nc \u202ed\u2066\ufeff") == "é a b c d"
    assert clean_text("a\n\tb", lines=True) == "a\n        b"
    assert clean_text("\x00\ud800") == "\ufffd"


def test_missing_keys_are_filled() -> None:
    assert shape_part({"kind": "note", "text": "n"}, "cell 1") == NOTE
    section = shape_part({"kind": "section", "id": "a", "title": "A"}, "cell 1")
    assert {key: section[key] for key in ("question", "status", "value", "answer", "parts", "small")} == {
        "question": "", "status": None, "value": "", "answer": "", "parts": [], "small": [],
    }  # fmt: skip


def test_parts_as_the_library_writes_them_come_through_unchanged() -> None:
    card = Card(
        "k", "K", "1", "", StatusMark("good", "good"), "", "", Spark((1.0, None), None, "a"), target=None, cohort=""
    )
    page = PageOne(Masthead("k", "t", ("l",)), Verdict("a", "b"), (card,), "legend", Chart("<svg/>", "a", "t"))
    section = Section("s", "S", "Q?", "A", (Group((Table("t", (Column("c"),), (Row(("1",)),)), Note("n"))),))

    for part in (page, section):
        assert shape_part(part.data(), "cell 1") == part.data()


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"kind": "chrat"}, "cell 7 cannot be drawn: 'chrat' is no kind of part. Did you mean: chart?"),
        ("text", "cell 7 cannot be drawn: 'text' is no kind of part."),
        ({"kind": "chart", "svg": "<svg/>"}, "cell 7, chart cannot be drawn: it lacks alt."),
        (
            {"kind": "page_one", "masthead": "x", "verdict": {}, "cards": []},
            "cell 7, page_one, masthead cannot be drawn: found str where a table of values belongs.",
        ),
        (
            {"kind": "page_one", "masthead": {"title": "t"}, "verdict": {}, "cards": [{"name": "n"}]},
            "cell 7, card cannot be drawn: it lacks value.",
        ),
    ],
)
def test_what_cannot_be_drawn_says_where_and_why(part: Any, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        shape_part(part, "cell 7")

    assert caught.value.message == message


def kinds(parts: list[dict[str, Any]]) -> list[str]:
    return [
        f"{part['left']['kind']}+{part['right']['kind']}" if part["kind"] == "pair" else part["kind"] for part in parts
    ]


@pytest.mark.parametrize(
    ("parts", "arranged"),
    [
        ([chart(), chart()], ["chart+chart"]),
        ([chart(), chart(), chart()], ["chart+chart", "chart"]),
        ([chart("full"), chart()], ["chart", "chart"]),
        ([chart(), table()], ["chart+table"]),
        ([table(), chart()], ["table+chart"]),
        ([chart(), NOTE], ["chart+note"]),
        ([table(), table()], ["table+table"]),
        ([table(4), table(4)], ["table", "table"]),
        ([chart(), table(6)], ["chart", "table"]),
        ([chart(), table(2, 30)], ["chart", "table"]),
        ([chart(), table(title="")], ["chart", "table"]),
    ],
)
def test_narrow_neighbours_stand_side_by_side(parts: list[dict[str, Any]], arranged: list[str]) -> None:
    assert kinds(arrange(parts)) == arranged


def test_sections_and_groups_are_arranged_within() -> None:
    (section,) = arrange([{"kind": "section", "parts": [{"kind": "group", "parts": [chart(), chart()]}]}])

    assert kinds(section["parts"][0]["parts"]) == ["chart+chart"]
