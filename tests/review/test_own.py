"""A KPI of one's own in a review: its card, its section, its texts in each language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib import Review
from kpilib.errors import KpilibError, SettingsError
from kpilib.parts import plain_text

EXAMPLE = Path(__file__).parents[2] / "data" / "examples" / "certified_staff" / "kpis" / "certified_staff.py"
CODE = EXAMPLE.read_text(encoding="utf-8")
MakeReview = Callable[..., Review]
ROWS = [
    {"partner_id": "P", "valid_from": "2025-01-01", "valid_until": "", "person": person, "certificate": certificate}
    for person, certificate in [("A", ""), ("B", ""), ("A", "Sales")]
]


def kpis(code: str = CODE, rows: list[dict[str, str]] = ROWS) -> dict[str, object]:
    return {"certified_staff": {"code": code, "rows": rows}}


def test_it_has_the_ninth_card(make_review: MakeReview) -> None:
    """One of two people is certified: 50 %."""
    cards = make_review(kpis=kpis()).page_one.cards
    assert [card.key for card in cards][7:] == ["deal_success", "certified_staff"]
    card = cards[8]
    shown = (card.name, card.value, card.unit, card.status.word if card.status else "", card.cohort)
    assert shown == ("Certified staff", "50", "% of 2 people", "good", "")
    assert card.spark.alt.startswith("Certified staff, 2024\u00a0Q4 to 2026\u00a0Q3: ")


def test_it_has_a_section_with_its_chart_and_its_definition(make_review: MakeReview) -> None:
    review = make_review(kpis=kpis())
    section = review["certified_staff"]
    assert section is review.sections["certified_staff"] is review.own["certified_staff"]
    assert list(review.own) == ["certified_staff"]
    assert section.value == 0.5
    assert plain_text(section.answer).startswith(
        "50\u00a0% of the partner's people hold a certificate that is valid today."
    )
    assert section.chart is not None
    assert (section.chart.title, section.chart.alt) == ("Valid certificates", "People by certificate: Sales 1.")
    assert section.small[0] == "Certified staff = people with a valid certificate ÷ people named."
    assert section.small[1].startswith("n = 2\u00a0people;") or section.small[1].startswith("n = 2 people;")


def test_it_speaks_korean(make_review: MakeReview) -> None:
    review = make_review(kpis=kpis(), language="ko")
    assert review.page_one.cards[8].name == "인증 인력"
    assert review["certified_staff"].question == "판매하고 구축할 인력을 갖추었습니까?"


def test_without_a_chart_the_last_eight_quarters_are_drawn(make_review: MakeReview) -> None:
    section = make_review(kpis=kpis(CODE.replace("        chart=draw,\n", "")))["certified_staff"]
    assert section.chart is not None
    assert section.chart.title == "The last eight quarters"


def test_an_undefined_one_says_why(make_review: MakeReview) -> None:
    review = make_review(kpis=kpis(rows=[]))
    assert plain_text(review["certified_staff"].answer) == "No people are named."
    assert (review.page_one.cards[8].value, review.page_one.cards[8].change) == ("–", "No people are named.")


def test_a_review_without_any(make_review: MakeReview) -> None:
    review = make_review()
    assert len(review.own) == 0
    assert repr(review.own) == "<Sections: none>"
    assert list(review.sections) == list(review.kpis)
    assert review["deal_count"] is review.deal_count
    with pytest.raises(KpilibError) as caught:
        review["deal_cuont"]
    assert str(caught.value).startswith("No KPI 'deal_cuont': there are average_deal_size, ")
    assert str(caught.value).endswith(" Did you mean: deal_count?")


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("axes.nothing", "AttributeError: 'Axes' object has no attribute 'nothing' (line 60)"),
        ("axes.figure", "TypeError: its chart is Figure; return pack.chart(figure, alt=…, title=…), or None"),
    ],
)
def test_a_chart_that_fails_names_its_file(make_review: MakeReview, returned: str, message: str) -> None:
    before, _, after = CODE.partition("    return pack.chart(")
    code = f"{before}    return {returned}\n\n\n{after.partition(chr(10) * 3)[2]}"
    review = make_review(kpis=kpis(code))
    with pytest.raises(SettingsError) as caught:
        review["certified_staff"]
    assert str(caught.value) == f"{review.slice.partner_id} 2026Q3: kpis/certified_staff.py failed: {message}."
