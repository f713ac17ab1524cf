"""The portfolio: dots and bars of all partners."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kpilib.charts import Standing, draw_quadrant, draw_ranking


def standings():
    return [
        Standing("Nordlicht", 100_000, 1.0, 131.0, (100, 120, 131)),
        Standing("Hafenbau", 10_000, -0.5, 60.0, (None, 70, 60)),
        Standing("Alpenland", 1_000_000, 0.0, 262.4, ()),
        Standing("New", 5_000, None, 20.0),
        Standing("Silent", 0, -1.0, None),
    ]


def test_value_and_growth_are_drawn_as_powers(look, said):
    """Doubled is 1, unchanged 0, halved −1; who has no last year or no deal now is left out."""
    chart = draw_quadrant(standings(), look)
    growing, falling = (np.asarray(dots.get_offsets()).tolist() for dots in look.axes[0].collections)
    assert growing == [pytest.approx([6, 0]), pytest.approx([5, 1])]
    assert falling == [pytest.approx([4, -1])]
    assert {"doubled", "unchanged", "halved", "median 100 k USD", "Nordlicht", "Hafenbau", "Alpenland"} <= set(
        look.texts
    )
    assert said(chart) == (
        "Scatter plot of won amount against growth for 3 partners: 2 grew or held, 1 fell, 0 of those above the median "
        "of 100 k USD. The largest is Alpenland with 1 m USD (0 %)."
    )


def test_growth_beyond_fourfold_lies_at_the_edge(look):
    draw_quadrant([Standing("Rocket", 10, 50.0, 1.0), Standing("Stone", 20, -0.999, 1.0)], look)
    heights = [float(y) for dots in look.axes[0].collections for _, y in dots.get_offsets()]
    assert heights == [2, -2]


def test_names_give_way_and_the_largest_keep_theirs(look):
    """Six partners on one spot: names find room right, left, above and below it; two find none."""
    ends = [Standing("x", 10, 0.3, 1.0), Standing("y", 100_000, 0.3, 1.0)]
    draw_quadrant([*(Standing(f"Partner {at}", 1000, 0.1, 1.0) for at in range(6)), *ends], look)
    assert [text for text in look.texts if text.startswith("Partner")] == [f"Partner {at}" for at in range(4)]


def test_ranking_is_by_score_with_the_trend_beside(look, said):
    chart = draw_ranking(standings(), look)
    assert [width for _, _, width, _ in look.bars()] == [262.4, 131, 60, 20]
    assert [text for text in look.texts if text.isalpha()][:4] == ["Alpenland", "Nordlicht", "Hafenbau", "New"]
    assert {"262", "131", "60", "20", "+100 %", "−50 %"} <= set(look.texts)
    first, second = (line.get_data() for line in look.axes[1].lines)
    assert list(first[0]) == [0, 1, 2]
    assert list(second[0]) == [1, 2], "the quarter without a score is a gap"
    # a line goes from its own lowest score, 4 points below the row's middle, to its highest, 4 above
    assert first[1][0] - first[1][2] == pytest.approx(8)
    assert (
        said(chart) == "Ranking of 4 partners by quality score: Alpenland 262, Nordlicht 131, Hafenbau 60 and New 20."
    )


def test_a_long_ranking_says_how_many_are_left_out(look):
    many = [Standing(f"Partner {at}", 1, None, float(at)) for at in range(40)]
    draw_ranking(many, look, most=10)
    assert len(look.bars()) == 10
    assert look.texts[-1] == "and 30 more"


def test_the_median_of_an_even_number_lies_between(look):
    draw_quadrant([Standing("a", 100, 0.1, 1.0), Standing("b", 10_000, 0.1, 1.0)], look)
    assert f"median {math.isqrt(1_000_000):,} USD".replace("1,000 USD", "1 k USD") in look.texts
