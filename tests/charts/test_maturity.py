"""The cohort-maturity heat map: what its cells hold."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex

from kpilib.charts import draw_maturity


def maturity():
    """2026 Q1 has ripened for two quarters, Q2 for one, Q3 for none; no lead came in 2025 Q4."""
    nan = np.nan
    return {
        "quarter": ["2025Q4", "2026Q1", "2026Q2", "2026Q3"],
        "leads": [0, 50, 1, 40],
        "q0": [nan, 0.1, 0.0, 0.2],
        "q1": [nan, 0.3, 0.0, nan],
        "q2": [nan, 0.4, nan, nan],
        "q3": [nan, nan, nan, nan],
    }


def test_cells_hold_the_rates_and_what_is_not_reached_is_blank(kpi, look, said):
    chart = draw_maturity(kpi("close_rate", "rate", 0.2, maturity=maturity()), look)
    (mesh,) = look.axes[0].collections
    cells = np.ma.filled(mesh.get_array().reshape(3, 4), np.nan)
    nan = np.nan
    np.testing.assert_array_equal(cells, [[0.1, 0.3, 0.4, nan], [0, 0, nan, nan], [0.2, nan, nan, nan]])
    assert look.texts == [
        "2026 Q1", "2026 Q2", "2026 Q3", "same", "+1", "+2", "+3",
        "50 leads", "10.0 %", "30.0 %", "40.0 %", "1 lead", "0.0 %", "0.0 %", "40 leads", "20.0 %",
    ]  # fmt: skip
    assert said(chart) == (
        "Heat map of the close rate of lead cohorts, by the end of their own quarter and the three after it: "
        "2026 Q1, 50 leads: 10.0 %, 30.0 % and 40.0 %; 2026 Q2, 1 lead: 0.0 % and 0.0 %; 2026 Q3, 40 leads: 20.0 %."
    )


def test_a_rate_stands_in_the_middle_of_its_cell(kpi, look):
    draw_maturity(kpi("close_rate", "rate", 0.2, maturity=maturity()), look)
    x, y = look.axes[0].transData.transform((2.5, 0.5))
    assert look.place("40.0 %") == pytest.approx((x, y), abs=0.8)


def test_the_highest_rate_is_darkest_and_can_still_be_read(kpi, look):
    draw_maturity(kpi("close_rate", "rate", 0.2, maturity=maturity()), look)
    (mesh,) = look.axes[0].collections
    assert to_hex(mesh.to_rgba(0.4)) == look.palette.deep
    assert to_hex(mesh.to_rgba(0.0)) == look.palette.tint("accent", 0.92)


def test_only_zeros_are_pale(kpi, look):
    zeros = {**maturity(), "q0": [np.nan, 0.0, 0.0, 0.0], "q1": [np.nan, 0.0, 0.0, np.nan], "q2": [np.nan] * 4}
    draw_maturity(kpi("close_rate", "rate", 0.0, maturity=zeros), look)
    (mesh,) = look.axes[0].collections
    assert to_hex(mesh.to_rgba(0.0)) == look.palette.tint("accent", 0.92)


def test_no_leads_give_no_table(kpi, look):
    none = {**maturity(), "leads": [0, 0, 0, 0]}
    assert draw_maturity(kpi("close_rate", "rate", None, maturity=none), look) is None
