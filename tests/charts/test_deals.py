"""Deal sizes and deals by month: dots and bars read back."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from kpilib.charts import draw_deal_sizes, draw_deals_by_month


@pytest.fixture
def sizes(kpi):
    def make(*amounts):
        amounts = [Decimal(amount) for amount in amounts]
        deals = [{"opportunity_id": f"O{at:03}", "amount": amount} for at, amount in enumerate(amounts)]
        mean = sum(amounts) / len(amounts)
        furthest = sorted(deals, key=lambda deal: (-abs(deal["amount"] - mean), deal["opportunity_id"]))[:3]
        others = max(len(amounts) - 1, 1)
        influence = [{**deal, "mean_without": (sum(amounts) - deal["amount"]) / others} for deal in furthest]
        median = Decimal(str(np.median([float(amount) for amount in amounts])))
        return kpi("average_deal_size", "money", mean, median=median, deals=deals, influence=influence)

    return make


def dots(look):
    """The dots' columns and heights on the panel's scales, the plain ones and those in the accent colour."""
    return [np.asarray(collection.get_offsets()) for collection in look.axes[0].collections]


def test_each_deal_is_a_dot_at_its_amount(sizes, look, said):
    """Amounts 10, 20, 20, 50 k: mean 25 k, median 20 k; without the 50 k the mean is 16.7 k."""
    chart = draw_deal_sizes(sizes(10_000, 20_000, 20_000, 50_000), look)
    plain, marked = dots(look)
    everywhere = sorted([*plain[:, 0], *marked[:, 0]])
    assert everywhere == pytest.approx([10_000, 20_000, 20_000, 50_000])
    assert len(marked) == 3
    # the two of 20 k stand on each other
    heights = sorted(y for x, y in [*plain, *marked] if x == 20_000)
    assert heights[1] == pytest.approx(3 * heights[0])
    assert set(look.texts) == {"median 20 k USD", "mean 25 k USD", "smallest 10 k USD", "largest 50 k USD"}
    assert chart.subtitle.replace("\u00a0", " ") == (
        "each dot is a deal, by its amount · 2026 Q3 · dark: the 3 that move the mean most"
    )
    assert said(chart) == (
        "Dot plot of 4 deals by amount, from 10 k USD to 50 k USD. The median is 20 k USD, the mean 25 k USD. "
        "Without the deal that moves it most, of 50 k USD, the mean is 16.7 k USD."
    )


def test_one_deal_has_neither_mean_nor_median(sizes, look, said):
    chart = draw_deal_sizes(sizes(29_000), look)
    assert look.texts == ["29 k USD"]
    assert said(chart) == "Dot plot of the quarter's one deal: 29 k USD."


def test_equal_deals_have_one_label(sizes, look):
    draw_deal_sizes(sizes(*[25_000] * 5), look)
    assert look.texts == ["25 k USD"]
    assert len(dots(look)) == 1


def test_a_wide_range_is_drawn_on_a_logarithmic_scale_that_says_so(sizes, look):
    chart = draw_deal_sizes(sizes(100, 1000, 1000, 10_000, 1_000_000), look)
    assert chart.subtitle.endswith("logarithmic scale")
    assert look.axes[0].get_xlim() == pytest.approx((2, 6))
    chart = draw_deal_sizes(sizes(0, 1000, 1000, 10_000, 1_000_000), look)
    assert "logarithmic" not in chart.subtitle, "0 has no logarithm"


def test_labels_of_mean_and_median_keep_clear_of_each_others_lines(sizes, look):
    """Whatever the amounts: no line of the one runs through the label of the other."""
    seeds = np.random.default_rng(7)
    for _ in range(12):
        amounts = (Decimal(round(float(amount), 2)) for amount in seeds.lognormal(10, 0.9, seeds.integers(2, 9)))
        draw_deal_sizes(sizes(*amounts), look)
        labels = [box for box in look.drawn.boxes if box[4].startswith(("mean", "median"))]
        lines = [line for line in look.drawn.figure.artists if len(set(line.get_xdata())) == 1]
        for line in lines:
            x, head = line.get_xdata()[0], max(line.get_ydata())
            for left, foot, right, _, text in labels:
                assert not (left < x < right and head > foot + 1), text


def test_five_hundred_deals_are_drawn_within_the_height(sizes, look):
    amounts = np.random.default_rng(1).lognormal(10, 0.8, 500)
    kpi = sizes(*(Decimal(round(float(amount), 2)) for amount in amounts))
    draw_deal_sizes(kpi, look)
    plain, marked = dots(look)
    assert len(plain) + len(marked) == 500
    assert look.drawn.height < 130
    assert max(plain[:, 1]) <= look.axes[0].get_ylim()[1]


def months(**columns):
    starts = pd.to_datetime(["2026-07-01", "2026-08-01", "2026-09-01"])
    return [
        {"month": start, **{name: values[at] for name, values in columns.items()}} for at, start in enumerate(starts)
    ]


def test_months_are_bars_by_their_deals(kpi, look, said):
    rows = months(won=[3, 7, 1], lost=[1, 1, 1], amount=[Decimal(100_000), Decimal(240_000), Decimal(8_100)])
    chart = draw_deals_by_month(kpi("deal_count", "count", 11, by_month=rows), look)
    assert [height for *_, height in look.bars()] == [3, 7, 1]
    assert look.texts == ["100", "3", "July", "240", "7", "August", "8.1", "1", "September"]
    assert chart.width == "half"
    assert chart.subtitle.replace("\u00a0", " ") == "deals won, and their amount in k USD"
    assert said(chart) == (
        "Bar chart of the deals won by month: Jul 2026 3 deals of 100 k USD, Aug 2026 7 deals of 240 k USD "
        "and Sept 2026 1 deal of 8.1 k USD."
    )


def test_last_years_deals_stand_beside_where_they_are_known(kpi, look, said):
    rows = months(won=[3, 7, 0], lost=[1, 1, 1], amount=[Decimal(1)] * 3, won_year_ago=[5, 4, 0])
    chart = draw_deals_by_month(kpi("deal_count", "count", 10, by_month=rows), look)
    assert [height for *_, height in look.bars()] == [5, 4, 0, 3, 7, 0]
    assert chart.subtitle.replace("\u00a0", " ").endswith("grey: 2025 Q3")
    assert said(chart).endswith("In the same months of last year: 5, 4 and 0.")
