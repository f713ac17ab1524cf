"""Lines over eight quarters: trend, quality score, outlook."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from kpilib.charts import draw_outlook, draw_quality_history, draw_trend
from kpilib.kpis.kpi import CohortPosition, Target
from kpilib.outlook import Outlook


def runs(look):
    """The unbroken runs of the line, as lists of (quarter, value), and the single marks."""
    lines = [list(zip(*line.get_data(), strict=True)) for line in look.axes[0].lines]
    return [line for line in lines if len(line) > 1], [line[0] for line in lines if len(line) == 1]


def test_trend_breaks_where_a_quarter_is_undefined(kpi, look, said):
    values = (0.61, 0.66, None, 0.64, 0.63, 0.60, 0.59, 0.56)
    chart = draw_trend(kpi("deal_success", "rate", 0.56, trend=values), look)
    lines, marks = runs(look)
    assert lines == [[(0, 0.61), (1, 0.66)], [(3, 0.64), (4, 0.63), (5, 0.60), (6, 0.59), (7, 0.56)]]
    assert marks == [(3, 0.64), (7, 0.56)], "a year ago and now"
    assert look.texts == ["64 %", "2026 Q3", "2025 Q3", "2024 Q4", "56 %"]
    assert chart.subtitle == "share · eight quarters"
    assert said(chart) == (
        "Line chart of the last quarters: 2024 Q4 61 %, 2025 Q1 66 %, 2025 Q3 64 %, 2025 Q4 63 %, "
        "2026 Q1 60 %, 2026 Q2 59 % and 2026 Q3 56 %."
    )


def test_a_quarter_between_two_undefined_ones_is_a_mark(kpi, look):
    draw_trend(kpi("deal_count", "count", 5, trend=(None, 3, None, None, 4, 5, 5, None)), look)
    lines, marks = runs(look)
    assert lines == [[(4, 4), (5, 5), (6, 5)]]
    assert marks == [(1, 3)]


def test_the_target_is_a_line_of_its_own(kpi, look, said):
    kpi_ = kpi("deal_success", "rate", 0.56, trend=(0.5, 0.56), target=Target(Decimal("0.6"), 0.93))
    chart = draw_trend(kpi_, look)
    assert look.axes[0].get_ylim() == (0.5, 0.6)
    assert {"60 %", "target"} <= set(look.texts)
    assert said(chart).endswith("The target is 60 %.")


def test_a_peak_close_below_the_target_has_its_label_above_both(kpi, look):
    """Above the peak runs the target's line, below it the line itself falls to both sides."""
    values = (0.42, 0.41, 0.36, 0.44, 0.33, 0.22, 0.42, 0.40)
    draw_trend(kpi("deal_success", "rate", 0.40, trend=values, target=Target(Decimal("0.475"), 0.84)), look)
    target = look.place("47.5 %")[1]
    assert look.place("44 %")[1] > target + 4


@pytest.mark.parametrize(
    ("unit", "value", "text", "subtitle"),
    [
        ("money", 31_400.0, "31.4 k USD", "USD · eight quarters"),
        ("money_per_day", 5_900.0, "5.9 k USD", "USD a day · eight quarters"),
        ("count", 14, "14", "number · eight quarters"),
        ("ratio", 0.44, "+0.4", "ratio · eight quarters"),
        ("score", 131.4, "131", "score · eight quarters"),
    ],
)
def test_values_are_written_in_their_unit(kpi, look, unit, value, text, subtitle):
    chart = draw_trend(kpi("any", unit, value, trend=(value / 2, value)), look)
    assert text in look.texts
    assert chart.subtitle == subtitle


def score_history(*scores):
    return {"quarter": ["2026Q3"] * len(scores), "score": [np.nan if score is None else score for score in scores]}


def test_quality_score_stands_against_100_the_median_and_its_own_past(kpi, look, said):
    chart = draw_quality_history(
        kpi(
            "quality_score", "score", 131.0, cohort=CohortPosition(74.0, 12), own_past=112.0, own_past_quarters=4,
            history=score_history(104, 110, 109, 118, 116, 121, 125, 131),
        ),
        look,
    )  # fmt: skip
    (line,), marks = runs(look)
    assert [value for _, value in line] == [104, 110, 109, 118, 116, 121, 125, 131]
    assert marks == [(3, 118), (7, 131), (7.8, 112)]
    ends = {"131": "now", "112": "against own past", "100": "mean partner", "74": "partners' median"}
    heights = [look.place(value)[1] for value in ends]
    assert heights == sorted(heights, reverse=True)
    for value, note in ends.items():
        assert look.place(value)[1] == pytest.approx(look.place(note)[1], abs=0.6)
    assert said(chart) == (
        "Line chart of the quality score, where 100 is the mean partner: 2024 Q4 104, 2025 Q1 110, 2025 Q2 109, "
        "2025 Q3 118, 2025 Q4 116, 2026 Q1 121, 2026 Q2 125 and 2026 Q3 131. The other partners' median is 74. "
        "Against its own past year as 100, the partner stands at 112."
    )


def test_a_withheld_cohort_is_not_drawn(kpi, look, said):
    chart = draw_quality_history(
        kpi("quality_score", "score", 131.0, cohort=CohortPosition(None, None, "too_few"), own_past=None,
            history=score_history(None, None, 120, 131)),
        look,
    )  # fmt: skip
    assert "partners' median" not in look.texts
    assert "median" not in said(chart)
    assert "own past" not in said(chart)


def test_outlook_goes_on_from_the_past(look, said):
    ahead = Outlook("2026Q4", 370_000.0, 240_000.0, 520_000.0, 470_000.0, 0.2)
    chart = draw_outlook(ahead, [300_000.0, None, 280_000.0, 440_000.0], look)
    panel = look.axes[0]
    band = next(line for line in look.drawn.figure.artists if line.get_linewidth() == 12)
    low, high = (panel.transData.transform((4, value))[1] for value in (240_000, 520_000))
    assert band.get_ydata() == pytest.approx([low, high])
    heights = [look.place(f"{value} k USD")[1] for value in (520, 470, 370, 240)]
    assert heights == sorted(heights, reverse=True)
    assert {"high", "target", "most likely", "low", "2026 Q4"} <= set(look.texts)
    assert chart.title == "Outlook on 2026 Q4".replace(" Q", "\u00a0Q")
    assert said(chart) == (
        "Outlook chart: in 2026 Q4 a won amount of 370 k USD is most likely, and in four of five cases one between "
        "240 k USD and 520 k USD. The target is 470 k USD. Won until now: 2025 Q4 300 k USD, 2026 Q2 280 k USD and "
        "2026 Q3 440 k USD."
    )


def test_outlook_without_target_or_past(look, said):
    chart = draw_outlook(Outlook("2026Q4", 3.0, 2.0, 4.0), [], look)
    assert said(chart).endswith("one between 2 USD and 4 USD.")
    assert "target" not in look.texts


def test_labels_at_the_edge_are_moved_apart_and_keep_their_order(look):
    draw_outlook(Outlook("2026Q4", 100.0, 99.9, 100.1, 100.05), [50.0, 100.0], look)
    heights = [look.place(note)[1] for note in ("low", "most likely", "target", "high")]
    assert np.diff(heights).min() > 9.4
    assert heights[-1] < look.drawn.height
