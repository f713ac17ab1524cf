"""The marketing segments: spend against revenue, ROI and verdict."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from matplotlib.colors import to_hex

from kpilib.charts import draw_channels


def verdicts(**changes):
    return {
        "segment": ["paid", "earned", "unassigned"],
        "verdict": ["cut", "invest", "too_little"],
        "leads": [240, 120, 1],
        "deals": [6, 21, 1],
        "rate": [0.025, 0.175, np.nan],
        "revenue": [Decimal(7_000), Decimal(310_000), Decimal(9_000)],
        "spend": [Decimal(18_000), Decimal(100_000), Decimal(0)],
        "roi": [-0.611, 2.1, np.nan],
        **changes,
    }


def test_each_segment_has_a_bar_of_spend_over_one_of_revenue(kpi, look, said):
    chart = draw_channels(kpi("marketing_channels", "ratio", 0.4, verdicts=verdicts()), look)
    spend, revenue = look.bars()[:3], look.bars()[3:]
    assert [width for _, _, width, _ in spend] == [18_000, 100_000, 0]
    assert [width for _, _, width, _ in revenue] == [7_000, 310_000, 9_000]
    assert all(above[1] < below[1] for above, below in zip(spend, revenue, strict=True))
    assert look.texts == [
        "paid", "earned", "unassigned",
        "18 spent", "7 revenue", "−0.6", "cut", "240 leads · 2.5 % · 6 deals",
        "100 spent", "310 revenue", "+2.1", "invest", "120 leads · 17.5 % · 21 deals",
        "0 spent", "9 revenue", "–", "hold: too little evidence", "1 lead · 1 deal",
        "ROI", "verdict",
    ]  # fmt: skip
    assert chart.subtitle.replace("\u00a0", " ") == "k USD · four quarters to 2026 Q3"
    assert said(chart) == (
        "Bar chart of spend against revenue by marketing segment, over four quarters. "
        "paid: 18 k USD spent, 7 k USD revenue, ROI −0.6, 240 leads · 2.5 % · 6 deals; verdict: cut. "
        "earned: 100 k USD spent, 310 k USD revenue, ROI +2.1, 120 leads · 17.5 % · 21 deals; verdict: invest. "
        "unassigned: 9 k USD revenue, no spend, 1 lead · 1 deal; verdict: hold: too little evidence."
    )


def test_verdicts_have_the_colours_of_a_status_and_their_word(kpi, look):
    draw_channels(kpi("marketing_channels", "ratio", 0.4, verdicts=verdicts()), look)
    colours = {text.get_text(): to_hex(text.get_color()) for text in look.drawn.figure.texts}
    assert colours["cut"] == look.palette.act
    assert colours["invest"] == look.palette.good
    assert colours["hold: too little evidence"] == look.palette.ink


@pytest.mark.parametrize("spend", [[None] * 3, [Decimal(0)] * 3])
def test_without_spend_there_is_revenue_alone(kpi, look, said, spend):
    rows = verdicts(spend=spend, roi=[np.nan] * 3, verdict=["hold", "invest", "too_little"])
    chart = draw_channels(kpi("marketing_channels", "ratio", None, verdicts=rows), look)
    assert [width for _, _, width, _ in look.bars()] == [7_000, 310_000, 9_000]
    assert not {"ROI", "–"} & set(look.texts)
    assert "spent" not in said(chart)


def test_segments_with_nothing_are_left_out(kpi, look):
    nothing = {name: [0, 0, 0] for name in ("leads", "deals")}
    money = {name: [Decimal(0)] * 3 for name in ("revenue", "spend")}
    rows = verdicts(**nothing, **money, roi=[np.nan] * 3)
    assert draw_channels(kpi("marketing_channels", "ratio", None, verdicts=rows), look) is None
