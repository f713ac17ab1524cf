from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kpilib.parts import (
    MIME,
    Card,
    Cell,
    Chart,
    Column,
    Comment,
    Group,
    Masthead,
    Note,
    Outlook,
    OutlookLabels,
    PageOne,
    Part,
    Row,
    Run,
    Section,
    Spark,
    StatusMark,
    Table,
    TargetBar,
    Verdict,
    plain_text,
)

CHART = Chart(svg="<svg></svg>", alt="Two bars.", title="Bars")
TABLE = Table(
    "Deals",
    (Column("Deal"), Column("Amount", "right")),
    (Row(("A<b>", Cell("1,200", 0.5))), Row(("Sum", "1,200"), strong=True)),
    note="One more.",
)
NOTE = Note((Run("Well "), Run("done", strong=True)), "small")
GOOD = StatusMark("good", "good")
SECTION = Section("deal-count", "Deal count", "How many?", "Two.", (CHART, Group((TABLE, NOTE))), GOOD, "2", ("n = 2",))
CARD = Card(
    "deal_count", "Deal count", "2", "won", StatusMark("none", "no status"), "+1", "", Spark((1.0, None), None, "1, –"),
    TargetBar("50 %", 0.5, reached=False), "",
)  # fmt: skip
PAGE = PageOne(
    Masthead("Review", "Nordlicht", ("Gold",)), Verdict("Good.", "Two deals."), (CARD,), "Trend",
    outlook=Outlook("Next", (Run("370"),), 1.0, 2.0, 3.0, None, OutlookLabels("1", "2", "3"), "From 1 to 3"),
    comment=Comment("Words", ((Run("Hello", emph=True),),), "Mara"),
)  # fmt: skip
PARTS: list[Part] = [CHART, TABLE, NOTE, SECTION, PAGE, Group((NOTE,))]


def test_a_table_as_data() -> None:
    assert TABLE.data() == {
        "kind": "table",
        "title": "Deals",
        "columns": [{"label": "Deal", "align": "left"}, {"label": "Amount", "align": "right"}],
        "rows": [
            {"cells": ["A<b>", {"text": "1,200", "shade": 0.5}], "strong": False},
            {"cells": ["Sum", "1,200"], "strong": True},
        ],
        "note": "One more.",
        "row_header": True,
    }


def test_a_section_as_data() -> None:
    data = SECTION.data()
    assert {name: data[name] for name in ("kind", "id", "title", "question", "answer", "value", "small")} == {
        "kind": "section",
        "id": "deal-count",
        "title": "Deal count",
        "question": "How many?",
        "answer": "Two.",
        "value": "2",
        "small": ["n = 2"],
    }
    assert data["status"] == {"key": "good", "word": "good"}
    assert [part["kind"] for part in data["parts"]] == ["chart", "group"]
    assert data["parts"][1]["parts"][1] == {
        "kind": "note", "text": [{"text": "Well "}, {"text": "done", "strong": True}], "tone": "small",
    }  # fmt: skip
    assert "headline" not in data


def test_page_one_as_data() -> None:
    data = PAGE.data()
    assert data["cards"][0]["spark"] == {"values": [1.0, None], "year_ago": None, "alt": "1, –"}
    assert data["cards"][0]["target"] == {"text": "50 %", "share": 0.5, "reached": False}
    assert data["outlook"]["text"] == [{"text": "370"}]
    assert data["outlook"]["labels"] == {"low": "1", "median": "2", "high": "3", "target": ""}
    assert data["comment"]["paragraphs"] == [[{"text": "Hello", "emph": True}]]
    assert (data["agreed"], data["plan"], data["picture"]) == (None, None, None)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.kind)
def test_every_part_shows_itself_in_three_ways(part: Part) -> None:
    bundle: dict[str, Any] = part._repr_mimebundle_()
    assert sorted(bundle) == [MIME, "text/html", "text/plain"]
    assert json.loads(json.dumps(bundle[MIME], allow_nan=False)) == part.data()
    assert bundle["text/plain"] == part.text()
    assert bundle["text/html"].startswith("<style>/* The look of a pack's HTML.")


def test_data_are_only_ever_data_in_html() -> None:
    html = TABLE._repr_mimebundle_()["text/html"]
    assert "A&lt;b&gt;" in html
    assert "A<b>" not in html


def test_a_part_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="cannot assign to field 'title'"):
        TABLE.title = "Other"  # type: ignore[misc]


def test_plain_text_of_a_table_is_aligned() -> None:
    assert TABLE.text().splitlines() == ["Deals", "Deal  Amount", "A<b>   1,200", "Sum    1,200", "One more."]


def test_plain_text_of_a_section_holds_its_parts() -> None:
    assert re.split(r"\n\n", SECTION.text())[:4] == ["Deal count · 2 · good", "How many?", "Two.", "Bars\nTwo bars."]
    assert plain_text("as it is") == "as it is"
