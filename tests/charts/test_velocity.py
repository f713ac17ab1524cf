"""The velocity's factors: bars are log changes that add up, texts are per cent."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from kpilib.charts import draw_velocity_factors
from kpilib.kpis.kpi import Change


def velocity(kpi, year_ago=(20.0, 0.5, 20_000.0, 40.0), previous=(40.0, 0.5, 10_000.0, 80.0)):
    """Now 40 opportunities × 0.5 × 20,000 ÷ 40 days = 10,000 a day; a year ago 5,000; last quarter 2,500.

    Since last year the opportunities doubled (+100 %), all else is equal; since last quarter deals doubled in size and
    the cycle halved.
    """
    now = (40.0, 0.5, 20_000.0, 40.0)

    def logs(then):
        if then is None:
            return [np.nan] * 4
        steps = [math.log(a / b) for a, b in zip(now, then, strict=True)]
        return [*steps[:-1], -steps[-1]]

    def change(quarter, value):
        return Change(quarter, date(2025, 9, 30), value, 10, None, None, "fact")

    blank = (np.nan,) * 4
    factors = {
        "factor": ["opportunities", "deal_success", "average_deal_size", "cycle"],
        "now": now,
        "year_ago": year_ago or blank,
        "previous": previous or blank,
        "log_year_ago": logs(year_ago),
        "log_previous": logs(previous),
    }
    return kpi("deal_velocity", "money_per_day", 10_000.0, factors=factors,
               year_ago=change("2025Q3", 5_000.0), previous=change("2026Q2", 2_500.0))  # fmt: skip


def widths(look, panel):
    return [width for _, _, width, _ in look.bars(panel)]


def test_bars_go_from_zero_and_add_up_to_the_velocity(kpi, look, said):
    chart = draw_velocity_factors(velocity(kpi), look)
    two = math.log(2)
    assert widths(look, 1) == pytest.approx([two, 0, 0, 0, two], abs=1e-6)
    assert widths(look, 2) == pytest.approx([0, 0, two, two, 2 * two], abs=1e-6)
    assert all(left == 0 for left, *_ in look.bars(1))
    assert look.axes[1].get_xlim() == look.axes[2].get_xlim() == pytest.approx((-2 * two, 2 * two))
    assert {"since 2025 Q3", "since 2026 Q2", "+100 %", "was 20", "10 k USD a day", "was 5 k USD"} <= set(look.texts)
    assert said(chart) == (
        "Bar chart of what moved the deal velocity. "
        "Since 2025 Q3 it changed by +100 %: opportunities worked +100 % (from 20 to 40), deal success 0 % (from 50 % "
        "to 50 %), average deal size 0 % (from 20 k USD to 20 k USD) and cycle 0 % (from 40 days to 40 days). "
        "Since 2026 Q2 it changed by +300 %: opportunities worked 0 % (from 40 to 40), deal success 0 % (from 50 % to "
        "50 %), average deal size +100 % (from 10 k USD to 20 k USD) and cycle +100 % (from 80 days to 40 days)."
    )


def test_texts_stand_where_the_bar_is_not(kpi, look):
    draw_velocity_factors(velocity(kpi, year_ago=(80.0, 0.5, 20_000.0, 20.0)), look)
    zero, _ = look.axes[1].transData.transform((0, 0))
    # opportunities halved: the bar goes left, the text stands right
    assert widths(look, 1)[0] < 0
    assert look.place("was 80")[0] > zero
    # unchanged ones stand left, like those that grew
    assert look.place("was 20 days")[0] > zero, "the cycle doubled: slower"


@pytest.mark.parametrize(("missing", "left"), [("year_ago", "since 2026 Q2"), ("previous", "since 2025 Q3")])
def test_a_comparison_that_is_undefined_is_left_out(kpi, look, said, missing, left):
    chart = draw_velocity_factors(velocity(kpi, **{missing: None}), look)
    assert [text for text in look.texts if text.startswith("since")] == [left]
    assert said(chart).count("it changed by") == 1


def test_no_comparison_gives_no_chart(kpi, look):
    assert draw_velocity_factors(velocity(kpi, year_ago=None, previous=None), look) is None
