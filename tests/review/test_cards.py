from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from kpilib.parts import Card, StatusMark, TargetBar
from kpilib.review import Review


def cards(review: Review) -> dict[str, Card]:
    return {card.key: card for card in review.page_one.cards}


def plain(text: object) -> str:
    return str(text).replace("\u00a0", " ")


def test_there_are_eight_in_the_order_of_the_kpis(nordlicht_review: Review) -> None:
    assert list(cards(nordlicht_review)) == [
        "average_deal_size", "deal_count", "opportunity_pipeline", "marketing_channels", "close_rate", "deal_velocity",
        "quality_score", "deal_success",
    ]  # fmt: skip


NORMAL = "within normal variation"
PAST = "140 against its own past (= 100)"
SLOTS = [
    # key, value, unit, change, previous, cohort
    ("average_deal_size", "31.1", "k USD · 14 deals", f"+56 % on 2025 Q3, {NORMAL}", "2026 Q2: 20 k USD", "26 k USD"),
    ("deal_count", "14", "won 436 k USD", f"+1 on 2025 Q3, {NORMAL}", "2026 Q2: 15", "11"),
    ("opportunity_pipeline", "300", "k USD · 6 open", "+50 k USD on 2025 Q3", "2026 Q2: 398 k USD", "340 k USD"),
    ("marketing_channels", "+5.0", "ROI on 61 k USD", "+4.0 on 2026 Q2 · cut: paid media", "", "+1.2"),
    ("close_rate", "0", "% of 25 leads", "24 % in 2026 Q2", "", "9.8 %"),
    ("quality_score", "131", "points; mean partner: 100", f"+4 on 2025 Q3 · {PAST}", "2026 Q2: 130", "74"),
    ("deal_success", "56", "% of 25 decided", f"57 % in 2025 Q3, {NORMAL}", "2026 Q2: 60 %", "48 %"),
]


@pytest.mark.parametrize("slots", SLOTS, ids=[slots[0] for slots in SLOTS])
def test_the_slots_of_a_card(nordlicht_review: Review, slots: tuple[str, ...]) -> None:
    key, *texts, cohort = slots
    card = cards(nordlicht_review)[key]
    found = [plain(text) for text in (card.value, card.unit, card.change, card.previous, card.cohort)]
    assert found == [*texts, f"partners' median {cohort}"]


def test_targets(nordlicht_review: Review, make_review: Any) -> None:
    held = cards(nordlicht_review)
    share = pytest.approx(436 / 423)
    assert held["deal_count"].target == TargetBar("103\u00a0% of 423\u00a0k\u00a0USD", share, reached=True)
    assert held["opportunity_pipeline"].target == TargetBar("0.6\u00a0× next target", 0.6, reached=False)
    assert held["close_rate"].target is None
    running = cards(make_review(as_of=date(2026, 8, 15)))["deal_count"].target
    # by then 120,000, 100,000 and five of 18,000
    assert plain(running.text) == "73 % of 423 k USD · day 46 of 92"
    assert not running.reached


def test_a_quarter_under_way_is_compared_to_the_same_day(make_review: Any) -> None:
    held = cards(make_review(as_of=date(2026, 8, 15)))
    assert plain(held["deal_count"].change) == "−2 on 2025 Q3 to 15 Aug, within normal variation"  # 7 and 9


def test_the_trend_is_said_in_words(nordlicht_review: Review) -> None:
    spark = cards(nordlicht_review)["deal_count"].spark
    assert spark.values == (11, 9, 12, 13, 10, 12, 15, 14)
    assert spark.year_ago == 3
    assert plain(spark.alt) == "Deal count, 2024 Q4 to 2026 Q3: 11, 9, 12, 13, 10, 12, 15 and 14."


def test_an_undefined_value_is_an_en_dash_with_its_reason(make_review: Any) -> None:
    card = cards(make_review({"opportunities": [], "leads": [], "spend": []}))["average_deal_size"]
    assert (card.value, card.unit, card.status) == ("–", "", StatusMark("none", "no status"))
    assert card.change == "No deal was won in this quarter."
    assert card.previous == ""


def test_money_back_is_said_where_no_segment_is_to_be_cut(make_review: Any) -> None:
    # So few leads that no verdict is given.
    card = cards(make_review({"leads": []}))["marketing_channels"]
    assert (card.value, plain(card.change)) == ("−1.0", "0.0 on 2026 Q2")


def test_a_single_known_quarter_is_no_trend(make_review: Any, make_opportunity: Any) -> None:
    opened = make_opportunity("open", "open", date(2026, 9, 2), None, "52000")
    page = make_review({"opportunities": [opened], "leads": [], "spend": []}).page_one
    assert {card.spark for card in page.cards} == {None}
    assert page.legend == ""


def test_without_the_table_the_card_says_so(make_review: Any) -> None:
    held = cards(make_review(without=("leads", "spend")))
    assert held["close_rate"].change == "The data hold no leads."
    assert held["marketing_channels"].change == "The data hold no spend."


def test_a_withheld_median_is_named_and_explained_once(make_review: Any) -> None:
    page = make_review(medians=dict.fromkeys(("deal_count", "close_rate"), None)).page_one
    held = {card.key: card.cohort for card in page.cards}
    assert held["deal_count"] == held["close_rate"] == "partners' median withheld"
    assert [note for note in page.notes if "withheld" in note] == [
        "A median of the other partners is withheld where fewer than five can be compared or one outweighs the rest."
    ]


def test_a_withheld_score_stands_against_the_own_past_alone(make_review: Any) -> None:
    review = make_review(medians={"quality_score": None}, cohort_scores="none")
    card = cards(review)["quality_score"]
    assert card.value == "–"
    assert plain(card.change) == (
        "Too few partners can be compared without giving one of them away · 140 against its own past (= 100)"
    )


def test_where_few_amounts_are_known_the_count_leads(make_review: Any, make_opportunity: Any) -> None:
    opened = [
        make_opportunity(f"open-{number}", "open", date(2026, 8, 1), None, "9000" if number else None)
        for number in range(3)
    ]
    review = make_review({"opportunities": opened})
    card = cards(review)["opportunity_pipeline"]
    assert (card.value, plain(card.unit)) == ("3", "open · 18 k USD known")
    assert review.opportunity_pipeline.headline == "3 open opportunities"
    assert plain(review.opportunity_pipeline.answer).startswith(
        "3 opportunities are open. Only 67 % have an amount (18 k USD together), so read the count."
    )
    assert review.page_one.notes == (
        "Fewer than nine in ten open opportunities have an amount: read the pipeline by its count.",
        "There are no figures of a year ago yet; where the quarter before is compared, season is not separated.",
    )


def test_a_faster_cycle_is_said_where_its_own_test_claims(make_review: Any, make_opportunity: Any) -> None:
    rows = []
    for quarter, month, cycle in (("2025Q3", 2025, 64), ("2026Q3", 2026, 30)):
        for number in range(30):
            closed = date(month, 8, 1 + number)
            created = date.fromordinal(closed.toordinal() - cycle - number % 3)
            rows.append(make_opportunity(f"{quarter}-{number:02d}", "won", created, closed, "1000"))
    card = cards(make_review({"opportunities": rows}))["deal_velocity"]
    assert plain(card.change) == "faster: cycle 31 days, was 65 days in 2025 Q3"
