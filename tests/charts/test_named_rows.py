"""Charts of named rows: the pipeline by stage and age, reasons of loss, competitors, rates with intervals."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from kpilib.charts import (
    draw_close_rate,
    draw_deal_success,
    draw_loss_reasons,
    draw_lost_to,
    draw_pipeline_by_age,
    draw_pipeline_by_stage,
)


def stages():
    return {
        "stage": pd.Series(["Qualified", "Offer", None], dtype="str"),
        "count": [9, 1, 2],
        "amount": [Decimal(210_000), Decimal(80_000), Decimal(1_000)],
        "probability": [0.1, 0.5, np.nan],
        "weighted": [Decimal(21_000), Decimal(40_000), Decimal(400)],
    }


def test_stages_are_bars_with_their_weighted_part_dark(kpi, look, said):
    chart = draw_pipeline_by_stage(kpi("opportunity_pipeline", "money", Decimal(291_000), by_stage=stages()), look)
    whole, dark = look.bars()[:3], look.bars()[3:]
    assert [width for _, _, width, _ in whole] == [210_000, 80_000, 1_000]
    assert [width for _, _, width, _ in dark] == [21_000, 40_000, 400]
    # the first stage lies at the head: the scale down the panel is in points from there
    assert look.axes[0].get_ylim()[1] == 0
    assert [foot for _, foot, _, _ in whole] == sorted(foot for _, foot, _, _ in whole)
    assert look.texts == ["Qualified", "Offer", "unknown stage", "210", "9 open", "80", "1 open", "1", "2 open"]
    assert chart.subtitle.replace("\u00a0", " ") == "k USD; dark: weighted by its chance"
    assert said(chart) == (
        "Bar chart of the open opportunities by stage: Qualified 210 k USD in 9 opportunities, weighted 21 k USD, "
        "Offer 80 k USD in 1 opportunity, weighted 40 k USD and unknown stage 1 k USD in 2 opportunities, "
        "weighted 400 USD."
    )


def ages():
    return {
        "bucket": ["0-30", "31-60", "61-90", "91-180", "over-180"],
        "count": [8, 0, 1, 5, 4],
        "amount": [Decimal(value) * 1000 for value in (200, 0, 90, 110, 62)],
    }


@pytest.mark.parametrize(
    ("limit", "coloured"), [(None, 0), (200.0, 0), (180.0, 1), (114.0, 1), (90.0, 2), (60.5, 3), (30.0, 4)]
)
def test_ages_beyond_the_stale_limit_are_in_colour(kpi, look, limit, coloured):
    chart = draw_pipeline_by_age(
        kpi("opportunity_pipeline", "money", Decimal(462_000), by_age=ages(), stale_limit=limit), look
    )
    strong = [patch for patch in look.axes[0].patches if to_hex(patch.get_facecolor()) == look.palette.accent]
    assert len(strong) == coloured
    assert ("stale" in chart.subtitle) is bool(coloured)


def test_ages_in_words(kpi, look, said):
    chart = draw_pipeline_by_age(
        kpi("opportunity_pipeline", "money", Decimal(1), by_age=ages(), stale_limit=114.0), look
    )
    assert look.texts[:5] == ["0–30 days", "31–60 days", "61–90 days", "91–180 days", "over 180 days"]
    assert chart.subtitle.replace("\u00a0", " ") == "k USD · dark: stale, over 114 days"
    assert said(chart) == (
        "Bar chart of the open opportunities by age: 0–30 days 200 k USD in 8 opportunities, 31–60 days 0 USD in 0 "
        "opportunities, 61–90 days 90 k USD in 1 opportunity, 91–180 days 110 k USD in 5 opportunities and over 180 "
        "days 62 k USD in 4 opportunities."
    )


def test_nothing_open_gives_no_ages(kpi, look):
    empty = {**ages(), "count": [0] * 5, "amount": [Decimal(0)] * 5}
    assert draw_pipeline_by_age(kpi("opportunity_pipeline", "money", Decimal(0), by_age=empty), look) is None


def losses(name, *labels):
    counts = range(len(labels), 0, -1)
    return {
        name: pd.Series(list(labels), dtype="str"),
        "count": list(counts),
        "amount": [Decimal(count * 10_000) for count in counts],
    }


def test_reasons_of_loss(kpi, look, said):
    chart = draw_loss_reasons(kpi("deal_success", "rate", 0.5, reasons=losses("reason", "Price", None)), look)
    assert [width for _, _, width, _ in look.bars()] == [2, 1]
    assert look.texts == ["Price", "not stated", "2", "20 k USD", "1", "10 k USD"]
    assert said(chart) == (
        "Bar chart of the reasons of loss: Price 2 opportunities of 20 k USD and not stated 1 opportunity of 10 k USD."
    )


def test_competitors(kpi, look, said):
    chart = draw_lost_to(kpi("deal_success", "rate", 0.5, lost_to=losses("competitor", "Veld GmbH")), look)
    assert chart.title == "To whom opportunities were lost"
    assert said(chart) == "Bar chart of the competitors that won instead: Veld GmbH 1 opportunity of 10 k USD."


def test_more_rows_than_the_page_holds_are_counted(kpi, look, said):
    chart = draw_lost_to(
        kpi("x", "rate", 0.5, lost_to=losses("competitor", *(f"Rival {at}" for at in range(20)))), look
    )
    assert len(look.bars()) == 12
    assert look.texts[-1] == "and 8 more"
    assert "Rival 19 1 opportunity of 10 k USD" in said(chart), "the alternative text leaves nothing out"


def rates(column, first, second):
    """Search: 2 of 20; referral: 8 of 20; a third without any."""
    return {
        column: ["search", "none", "referral"],
        first: [2, 0, 8],
        second: [20, 0, 20] if second == "leads" else [18, 0, 12],
        "rate": [0.1, np.nan, 0.4],
        "low": [0.03, np.nan, 0.22],
        "high": [0.3, np.nan, 0.61],
    }


@pytest.mark.parametrize(
    ("draw", "key", "columns", "of"),
    [
        (draw_close_rate, "close_rate", ("channel", "conversions", "leads"), "of 20 leads"),
        (draw_deal_success, "deal_success", ("product", "won", "lost"), "of 20"),
    ],
)
def test_rates_are_dots_on_the_line_of_their_interval(kpi, look, said, draw, key, columns, of):
    chart = draw(kpi(key, "rate", 0.25, **{f"by_{columns[0]}": rates(*columns)}), look)
    lines, dots = look.axes[0].collections
    assert [(a[0], b[0]) for a, b in lines.get_segments()] == [(0.03, 0.3), (0.22, 0.61)]
    assert [x for x, _ in dots.get_offsets()] == [0.1, 0.4]
    assert [y for _, y in dots.get_offsets()] == [a[1] for a, _ in lines.get_segments()]
    assert look.texts == ["search", "referral", "all 25 %", "10 %", of, "40 %", of]
    assert said(chart) == (
        f"Dot chart of the {key.replace('_', ' ')} by {columns[0]}, with 95 % intervals: "
        f"search 10.0 % {of} (3.0 % to 30.0 %) and referral 40.0 % {of} (22.0 % to 61.0 %). Over all it is 25.0 %."
    )


def test_the_line_of_all_stands_at_the_kpis_value(kpi, look):
    draw_close_rate(kpi("close_rate", "rate", 0.25, by_channel=rates("channel", "conversions", "leads")), look)
    (dashed,) = (line for line in look.drawn.figure.artists if line.is_dashed())
    x, _ = look.axes[0].transData.transform((0.25, 0))
    assert dashed.get_xdata() == pytest.approx([x, x])


def test_other_cuts_of_the_same_rates(kpi, look):
    chart = draw_close_rate(
        kpi("close_rate", "rate", 0.25, by_region=rates("region", "conversions", "leads")), look, by="region"
    )
    assert chart.title == "Close rate by region"
    reached = rates("stage", "won", "lost")
    chart = draw_deal_success(kpi("deal_success", "rate", 0.25, by_stage_reached=reached), look, by="stage")
    assert chart.title == "Deal success by stage reached"
    assert draw_deal_success(kpi("deal_success", "rate", 0.25, by_stage_reached=None), look, by="stage") is None
