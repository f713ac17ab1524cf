"""The analyst's frames: one row a thing, plain units, and the same amounts as the KPIs."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from kpilib.errors import RenderError
from kpilib.review import Review
from kpilib.slice import Slice


def test_opportunities_in_plain_units(make_review: Any, make_opportunity: Any) -> None:
    from datetime import date

    rows = [
        make_opportunity("O2", "open", date(2026, 9, 20), date(2026, 12, 24), None, currency="EUR"),
        make_opportunity("O1", "won", date(2026, 7, 1), date(2026, 7, 31), "100.10", currency="EUR"),
    ]
    fx = [{"currency": "EUR", "valid_from": "2026-01-01", "rate": "1.105"}]
    frame = make_review({"opportunities": rows, "fx": fx, "leads": [], "stages": []}).opportunities
    assert frame[["opportunity_id", "outcome", "amount", "days"]].to_dict("records") == [
        {"opportunity_id": "O1", "outcome": "won", "amount": 110.61, "days": 30},
        {"opportunity_id": "O2", "outcome": "open", "amount": 0.0, "days": 10},
    ]
    # an open row's date is a guess, not a closing
    assert frame["closed_on"].isna().tolist() == [False, True]


def test_frames_agree_with_the_kpis(nordlicht_review: Review) -> None:
    review = nordlicht_review
    won = review.opportunities.query("outcome == 'won' and closed_on >= '2026-07-01'")
    assert won["amount"].sum() == float(review.kpis["deal_count"].companions["won_amount"])
    leads = review.leads.query("created_on >= '2026-07-01'")
    assert (len(leads), int(leads["won"].sum())) == (25, 0)
    assert review.spend.groupby("month")["amount"].sum()[pd.Timestamp(2026, 7, 1)] == 61_000.0


def test_quarters_are_the_fiscal_ones(make_review: Any, make_opportunity: Any) -> None:
    """July to September is 2026Q3; in a year from February on, July ends 2027Q2, August begins 2027Q3."""
    from datetime import date

    rows = [
        make_opportunity("O1", "won", date(2026, 7, 31), date(2026, 8, 1), "1"),
        make_opportunity("O2", "open", date(2026, 9, 30), None, "1"),
    ]
    lead = {"lead_id": "L1", "partner_id": "P001", "created_on": "2026-07-31", "channel": "Web"}
    spend = {"partner_id": "P001", "month": "2026-08-01", "channel": "Web", "amount": "1"}
    review = make_review({"opportunities": rows, "leads": [lead], "spend": [spend]})
    frame = review.opportunities
    assert frame["created_quarter"].tolist() == ["2026Q3", "2026Q3"]
    assert frame["closed_quarter"].fillna("").tolist() == ["2026Q3", ""]
    assert (review.leads["created_quarter"].tolist(), review.spend["quarter"].tolist()) == (["2026Q3"], ["2026Q3"])
    content = {**review.slice.content, "settings": {**review.slice.content["settings"], "fiscal_year_start": 2}}
    frame = Review(Slice({**content, "quarter": "2027Q2"})).opportunities
    assert frame["created_quarter"].tolist() == ["2027Q2", "2027Q3"]
    assert frame["closed_quarter"].fillna("").tolist() == ["2027Q3", ""]


def test_targets_and_actions(nordlicht_review: Review) -> None:
    assert nordlicht_review.targets.to_dict("records")[0] == {
        "quarter": "2026Q3", "metric": "won_amount", "value": 423_000.0,
    }  # fmt: skip
    assert nordlicht_review.actions.query("overdue")["action_id"].tolist() == ["A2"]


@pytest.mark.parametrize("name", ["opportunities", "leads", "spend", "targets", "actions"])
def test_every_column_is_documented_and_without_rows_it_is_there_too(make_review: Any, name: str) -> None:
    documented = getattr(Review, name).__doc__
    for review in (make_review(), make_review(without=("leads", "spend", "targets", "actions"))):
        frame: pd.DataFrame = getattr(review, name)
        missing = [column for column in frame.columns if not re.search(rf"\b{column}\b", documented)]
        assert missing == []
        assert ">>>" in documented


def test_a_new_frame_each_time(nordlicht_review: Review) -> None:
    frame = nordlicht_review.opportunities
    frame["amount"] = 0.0
    assert nordlicht_review.opportunities["amount"].sum() > 0


def test_a_figure_of_one_s_own_becomes_a_chart(nordlicht_review: Review) -> None:
    from matplotlib.figure import Figure

    with nordlicht_review.theme.applied():
        figure = Figure(figsize=(3, 2))
        figure.subplots().bar(["a", "b"], [1, 2])
    chart = nordlicht_review.chart(figure, alt="Two bars.", title="Bars", width="half")
    assert (chart.alt, chart.title, chart.width) == ("Two bars.", "Bars", "half")
    assert chart.svg.startswith("<svg")
    assert chart.svg == nordlicht_review.chart(figure, alt="Two bars.", title="Bars").svg


@pytest.mark.parametrize(("alt", "title", "lacks"), [(" ", "Bars", "alt text"), ("Two bars.", "", "title")])
def test_a_chart_without_words_is_refused(nordlicht_review: Review, alt: str, title: str, lacks: str) -> None:
    from matplotlib.figure import Figure

    with pytest.raises(RenderError) as caught:
        nordlicht_review.chart(Figure(), alt=alt, title=title)
    assert str(caught.value) == (
        f"A chart without {lacks} cannot go into a pack. Say in it what the chart shows: "
        'review.chart(figure, alt="…", title="…").'
    )
