"""The verdict, rule by rule. Nordlicht's figures are drawn in conftest.py."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kpilib.quarter import Quarter
from kpilib.review import Review

NOW = Quarter(2026, 3)


def verdict(review: Review) -> tuple[str, str]:
    found = review.page_one.verdict
    return found.lead.replace("\u00a0", " "), found.text.replace("\u00a0", " ")


@pytest.fixture
def rows(make_opportunity: Any) -> Any:
    """Opportunities by quarter: ``rows({"2025Q3": (deals, lost), …}, amount="1000", cycle=20)``."""

    def make(counts: dict[str, tuple[int, int]], *, amount: str = "1000", cycle: int = 20, **more: Any) -> list[Any]:
        made = []
        for name, numbers in counts.items():
            start = Quarter.parse(name).start
            for outcome, count in zip(("won", "lost"), numbers, strict=True):
                for number in range(count):
                    closed = start + timedelta(days=number % 80)
                    created, key = closed - timedelta(days=cycle), f"{name}-{outcome}-{number:03d}"
                    made.append(make_opportunity(key, outcome, created, closed, amount, **more))
        return made

    return make


def target(value: str, quarter: str = "2026Q3") -> dict[str, str]:
    return {"partner_id": "P001", "quarter": quarter, "metric": "won_amount", "value": value}


def test_the_target_met_on_two_large_deals_and_a_segment_that_burns_money(nordlicht_review: Review) -> None:
    # 220,000 of 436,000 are two deals; 436 / 423 = 103 %; paid: 4 × 60,000 spent, 6 × 20,000 brought.
    lead, text = verdict(nordlicht_review)
    assert lead == "The target is met, on two large deals."
    assert text == (
        "14 deals brought 436 k USD, 103 % of the target of 423 k USD. Without the two it would be 51 % of the target. "
        "Over four quarters paid media cost 240 k USD and brought 120 k USD."
    )


def test_one_deal_of_half_the_amount(make_review: Any, rows: Any, make_opportunity: Any) -> None:
    large = make_opportunity("large", "won", date(2026, 6, 1), date(2026, 8, 1), "3000")
    tables = {"opportunities": [*rows({"2026Q3": (3, 0), "2025Q3": (4, 0)}), large], "targets": [target("10000")]}
    lead, text = verdict(make_review(tables, without=("leads", "spend")))
    assert lead == "Well short of the target, and one deal makes up half of what was won."
    assert text == "4 deals brought 6 k USD, 60 % of the target of 10 k USD. Nothing is open at the moment."


@pytest.mark.parametrize(
    ("agreed", "lead"),
    [
        ("10000", "The target is met."),
        ("10001", "The target is nearly met."),
        ("12500", "The target is nearly met."),
        ("12501", "Well short of the target."),
    ],
)
def test_the_lead_follows_the_thresholds_of_the_settings(make_review: Any, rows: Any, agreed: str, lead: str) -> None:
    tables = {"opportunities": rows({"2026Q3": (10, 8), "2025Q3": (10, 8)}), "targets": [target(agreed)]}
    assert verdict(make_review(tables, without=("leads", "spend")))[0] == lead


def test_a_claim_of_worse_is_in_the_lead(make_review: Any, rows: Any) -> None:
    # 10 of 60 won, 40 of 60 a year ago.
    tables = {"opportunities": rows({"2025Q3": (40, 20), "2026Q3": (10, 50)}), "targets": [target("9000")]}
    assert verdict(make_review(tables, without=("leads", "spend")))[0] == (
        "The target is met, but a smaller share of decisions was won than a year ago."
    )


def test_a_claim_of_better_without_a_target(make_review: Any, rows: Any) -> None:
    tables = {"opportunities": rows({"2025Q3": (10, 50), "2026Q3": (40, 20)}), "targets": []}
    assert verdict(make_review(tables, without=("leads", "spend"))) == (
        "A quarter in which a larger share of decisions was won than a year ago.",
        "40 deals brought 40 k USD. Nothing is open at the moment.",
    )


def test_without_a_last_year_season_is_not_separated(make_review: Any, rows: Any) -> None:
    tables = {"opportunities": rows({"2026Q2": (40, 20), "2026Q3": (10, 50)}), "targets": []}
    assert verdict(make_review(tables, without=("leads", "spend")))[0] == (
        "A quarter in which a smaller share of decisions was won than in the quarter before, season not separated."
    )


def test_the_same_drop_in_a_small_sample_is_no_claim(make_review: Any, rows: Any) -> None:
    # 1 of 6 won, 4 of 6 a year ago.
    tables = {"opportunities": rows({"2025Q3": (4, 2), "2026Q3": (1, 5)}), "targets": []}
    assert verdict(make_review(tables, without=("leads", "spend")))[0] == (
        "The deals are within normal variation of a year ago."
    )


def test_a_quarter_without_deals_says_what_is_open(make_review: Any, rows: Any, make_opportunity: Any) -> None:
    opened = make_opportunity("open", "open", date(2026, 8, 1), None, "52000")
    tables = {"opportunities": [*rows({"2025Q3": (5, 5)}), opened], "targets": [target("180000")]}
    assert verdict(make_review(tables, without=("leads", "spend"))) == (
        "No deal was won in this quarter.",
        "The target was 180 k USD. 1 opportunity worth 52 k USD is open.",
    )


def test_a_partner_who_joined_in_the_quarter(make_review: Any, make_opportunity: Any) -> None:
    opened = make_opportunity("open", "open", date(2026, 9, 2), None, "52000")
    assert verdict(make_review({"opportunities": [opened], "targets": []}, without=("leads", "spend"))) == (
        "Welcome: this is your first review.",
        "1 opportunity worth 52 k USD is open.",
    )


def test_a_quarter_under_way_is_measured_in_days(make_review: Any, rows: Any) -> None:
    tables = {"opportunities": rows({"2025Q3": (20, 20), "2026Q3": (20, 20)}), "targets": [target("40000")]}
    assert verdict(make_review(tables, without=("leads", "spend"), as_of=date(2026, 8, 15))) == (
        "The quarter is under way.",
        "By day 46 of 92, 20 deals brought 20 k USD, 50 % of the target of 40 k USD. Nothing is open at the moment.",
    )


def test_losses_to_one_competitor(make_review: Any, rows: Any) -> None:
    lost = rows({"2026Q3": (0, 6)}, lost_to="Veld GmbH")
    tables = {"opportunities": [*rows({"2026Q3": (10, 0), "2025Q3": (10, 6)}), *lost], "targets": [target("10000")]}
    assert verdict(make_review(tables, without=("leads", "spend")))[1].endswith(
        "6 of 6 lost opportunities went to Veld GmbH."
    )


def test_a_thin_pipeline(make_review: Any, rows: Any, make_opportunity: Any) -> None:
    opened = make_opportunity("open", "open", date(2026, 6, 1), None, "5000")
    tables = {
        "opportunities": [*rows({"2026Q3": (10, 0), "2025Q3": (10, 0)}), opened],
        "targets": [target("10000"), target("20000", "2026Q4")],
    }
    text = verdict(make_review(tables, without=("leads", "spend")))[1]
    assert "5 k USD is open, 25 % of the next target." in text


@pytest.mark.parametrize(
    ("created", "amount", "sentence"),
    [
        # One of 100,000 open before the quarter and won in it, 10 × 1,000 created and won in it.
        (date(2026, 8, 1), "40000", "Less came in than went out: the pipeline went from 100 k USD to 40 k USD."),
        (date(2026, 8, 1), "240000", "More came in than went out: the pipeline went from 100 k USD to 240 k USD."),
        (date(2026, 8, 1), "95000", "1 opportunity worth 95 k USD is open."),  # less than a tenth
    ],
)
def test_what_the_pipeline_did(
    make_review: Any, rows: Any, make_opportunity: Any, created: date, amount: str, sentence: str
) -> None:
    before = make_opportunity("before", "lost", date(2026, 5, 1), date(2026, 7, 10), "100000")
    opened = make_opportunity("open", "open", created, None, amount)
    tables = {
        "opportunities": [*rows({"2026Q3": (10, 0), "2025Q3": (10, 0)}, cycle=0), before, opened],
        "targets": [target("10000")],
    }
    assert verdict(make_review(tables, without=("leads", "spend")))[1].endswith(sentence)


def test_the_verdict_in_korean(make_review: Any) -> None:
    lead, text = verdict(make_review(language="ko"))
    assert lead == "큰 계약 두 건으로 목표를 달성했습니다."
    assert text == (
        "계약 14건으로 목표 42.3만 USD의 103%인 43.6만 USD를 수주했습니다. 그 두 건을 빼면 목표의 51%입니다. "
        "지난 네 분기 동안 유료 매체에 24만 USD를 쓰고 12만 USD를 벌었습니다."
    )


def metric(name: str, value: str) -> dict[str, str]:
    return {"partner_id": "P001", "quarter": "2026Q3", "metric": name, "value": value}


@pytest.mark.parametrize(
    ("count", "size", "sentence"),
    [
        ("10", "1500", "As many deals were won as planned (10), but smaller ones: 1 k USD each instead of 1.5 k USD."),
        ("16", "900", "The deals are as large as planned (1 k USD each), but fewer: 10 instead of 16."),
        ("16", "1500", "Nothing is open at the moment."),  # both lack: neither is the one
    ],
)
def test_whether_number_or_size_of_the_deals_lacks(
    make_review: Any, rows: Any, count: str, size: str, sentence: str
) -> None:
    tables = {
        "opportunities": rows({"2026Q3": (10, 8), "2025Q3": (10, 8)}),
        "targets": [target("14000"), metric("deal_count", count), metric("average_deal_size", size)],
    }
    assert verdict(make_review(tables, without=("leads", "spend")))[1].endswith(sentence)


@pytest.mark.parametrize(("lost", "said"), [(10, True), (6, False)])
def test_few_of_the_decided_were_won(make_review: Any, rows: Any, lost: int, said: bool) -> None:
    # 5 of 15 is below 80 % of a target of 50 %, 5 of 11 is not.
    tables = {
        "opportunities": rows({"2026Q3": (5, lost), "2025Q3": (5, 10)}),
        "targets": [target("5000"), metric("deal_success", "0.5")],
    }
    text = verdict(make_review(tables, without=("leads", "spend")))[1]
    assert ("5 of 15 decided opportunities were won; the target is 50 %." in text) is said


def test_a_next_target_above_the_outlook_s_range_is_out_of_reach(make_review: Any, rows: Any) -> None:
    past = {f"{year}Q{quarter}": (10, 8) for year, quarter in ((2025, 3), (2025, 4), (2026, 1), (2026, 2), (2026, 3))}
    for next_target, said in (("90000", True), ("100", False)):
        tables = {"opportunities": rows(past), "targets": [target("10000"), target(next_target, "2026Q4")]}
        text = verdict(make_review(tables, without=("leads", "spend")))[1]
        assert ("the next target of 90 k USD is out of reach" in text) is said


def test_without_a_deal_old_opportunities_are_named(make_review: Any, rows: Any, make_opportunity: Any) -> None:
    opened = [make_opportunity(f"open-{n}", "open", date(2026, 3, 1), None, "9000") for n in range(3)]
    tables = {"opportunities": [*rows({"2026Q2": (6, 0)}), *opened], "targets": []}
    assert verdict(make_review(tables, without=("leads", "spend")))[1] == (
        "3 opportunities worth 27 k USD are open. 3 of them, worth 27 k USD, have been open for over 40 days."
    )
