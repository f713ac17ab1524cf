"""What stands side by side in a chart stays apart in grey print and for eyes that do not tell red from green.

The matrices are those of Machado, Oliveira and Fernandes (2009) for full deuteranopia and protanopia, on linear light;
grey is the light's luminance. Fills are read from what is drawn.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from kpilib.charts import draw_bridge, draw_channels, draw_pipeline_by_age, draw_pipeline_by_stage
from kpilib.theme import Palette, lightness

EYES = {
    "grey": [[0.2126, 0.7152, 0.0722]] * 3,
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
# L* of 100: far more than what two patches of print need to be told apart at a glance.
APART = 15


def seen(colour, eyes):
    """The colour as such eyes see it, or a printer without colours prints it."""
    light = np.asarray([c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)])
    light = np.clip(np.asarray(EYES[eyes]) @ light, 0, 1)
    return to_hex([c * 12.92 if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in light])


def fills(look):
    return [to_hex(patch.get_facecolor()) for patch in look.axes[0].patches]


def check_apart(colours, eyes):
    for one, other in colours:
        assert abs(lightness(seen(one, eyes)) - lightness(seen(other, eyes))) >= APART, (one, other)


def test_the_simulation_takes_red_and_green_for_one():
    red, green = seen("#b00000", "deuteranopia"), seen("#5f7a00", "deuteranopia")
    assert np.abs(np.subtract(to_rgb(red), to_rgb(green))).max() < 0.12
    assert seen("#ffffff", "protanopia") == seen("#ffffff", "grey") == "#ffffff"


@pytest.mark.parametrize("eyes", EYES)
def test_neighbours_in_the_waterfall(kpi, look, eyes):
    row = {"month": pd.Timestamp("2026-07-01"), "opening": Decimal(750), "created": Decimal(590), "won": Decimal(440),
           "lost": Decimal(150), "lost_to_competitor": Decimal(140), "revaluation": Decimal(-30),
           "closing": Decimal(580)}  # fmt: skip
    row |= {f"{name}_count": 5 for name in row if name not in {"month", "revaluation"}}
    draw_bridge(kpi("opportunity_pipeline", "money", Decimal(580), bridge_quarter=[row], bridge=[row]), look)
    assert len(fills(look)) == 7
    check_apart(pairwise(fills(look)), eyes)


@pytest.mark.parametrize("eyes", EYES)
def test_what_is_spent_and_what_it_brought(kpi, look, eyes):
    rows = {"segment": ["paid"], "verdict": ["hold"], "leads": [40], "deals": [6], "rate": [0.15],
            "revenue": [Decimal(70)], "spend": [Decimal(18)], "roi": [2.9]}  # fmt: skip
    draw_channels(kpi("marketing_channels", "ratio", 2.9, verdicts=rows), look)
    spent, brought = fills(look)
    check_apart([(spent, brought)], eyes)


@pytest.mark.parametrize("eyes", EYES)
def test_the_weighted_part_of_a_stage(kpi, look, eyes):
    stages = {"stage": ["Proposal"], "count": [3], "amount": [Decimal(90)], "probability": [0.4],
              "weighted": [Decimal(36)]}  # fmt: skip
    draw_pipeline_by_stage(kpi("opportunity_pipeline", "money", Decimal(90), by_stage=stages), look)
    whole, weighted = fills(look)
    check_apart([(whole, weighted)], eyes)


@pytest.mark.parametrize("eyes", EYES)
def test_what_is_stale_among_what_is_open(kpi, look, eyes):
    ages = {"bucket": ["0-30", "over_180"], "count": [3, 2], "amount": [Decimal(90), Decimal(30)]}
    draw_pipeline_by_age(
        kpi("opportunity_pipeline", "money", Decimal(120), by_age=ages, stale_limit=114.0, stale=None), look
    )
    fresh, stale = fills(look)
    check_apart([(fresh, stale)], eyes)


@pytest.mark.parametrize("eyes", EYES)
def test_ends_of_the_heat_map_and_of_a_ranking(eyes):
    palette = Palette()
    check_apart([(palette.tint("accent", 0.92), palette.deep), (palette.accent, palette.tint("accent", 0.5))], eyes)


@pytest.mark.parametrize("eyes", EYES)
def test_every_fill_shows_on_white(eyes):
    palette = Palette()
    used = [palette.accent, palette.act, palette.tint("act", 0.45), palette.tint("soft", 0.25), palette.ink,
            palette.tint("accent", 0.68)]  # fmt: skip
    check_apart([(colour, "#ffffff") for colour in used], eyes)
