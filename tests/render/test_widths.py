"""Columns in print: figures keep their line, words share what is left."""

from __future__ import annotations

from typing import Any

from kpilib.render.widths import column_widths


def table(labels: str, *rows: list[Any], right: int = 1) -> dict[str, Any]:
    columns = [
        {"label": label, "align": "left" if place < right else "right"} for place, label in enumerate(labels.split("|"))
    ]
    return {"columns": columns, "rows": [{"cells": row} for row in rows]}


def test_with_room_to_spare_columns_share_it_by_their_texts() -> None:
    # "Stage" 5 letters, its cells up to 9: 9 + 5; "Open" 4 x 0.94 = 3.76 + 5, at least 9
    assert column_widths(table("Stage|Open", ["Qualified", "9"])) == [{"share": 14}, {"share": 9}]


def test_without_room_figures_get_what_they_need_and_words_the_rest() -> None:
    held = table("Opportunity|Amount, USD", ["a" * 60, "1,234,567.89"])

    # 12 figures x 0.535; the longer text at most 46
    assert column_widths(held) == [{"share": 46}, {"em": 6.42}]


def test_a_long_label_takes_two_lines_a_short_one_keeps_its_own() -> None:
    held = table("a|Rate (95 % interval of Wilson)|Won amount", ["b" * 60, "1", "2"])

    assert column_widths(held)[1:] == [{"em": round(30 / 2 * 0.94 * 0.535, 3)}, {"em": round(10 * 0.94 * 0.535, 3)}]


def test_some_column_always_takes_the_rest() -> None:
    held = table("|".join("abcdef"), ["1" * 20] * 6, right=0)

    assert column_widths(held)[0] == {"share": 1.0}


def test_a_heat_map_has_columns_of_one_width() -> None:
    held = table("Leads of|+1|+2", ["2025 Q1", {"text": "8 %", "shade": 0.4}, "9 %"])

    assert column_widths(held) == [{"share": 1.7}, {"share": 1.0}, {"share": 1.0}]


def test_a_syllable_is_nearly_two_letters_wide() -> None:
    assert column_widths(table("달|a", ["한빛시스템즈한빛", "1"])) == [{"share": 20.2}, {"share": 9}]


def test_a_labelled_column_without_a_text_is_to_be_written_in() -> None:
    columns = [{"label": label, "align": "left"} for label in ("What", "Owner", "By")]
    rows = [{"cells": ["Call the customer", "", ""]}, {"cells": ["Send the list", "", ""]}]

    found = column_widths({"columns": columns, "rows": rows})

    assert [width.get("blank", False) for width in found] == [False, True, True]
    assert not any("blank" in width for width in column_widths({"columns": columns, "rows": []}))
