"""The charts of a pack: each takes a KPI and a `Look`, and gives a `kpilib.parts.Chart`, or None without data.

A chart is an SVG of exact size whose texts are texts, an alternative text that says its numbers, a title (the
caller's message, or the chart's plain name) and a subtitle with unit and window. A chart finds all that it shows in the
KPI's companions; it computes nothing but places.
"""

from __future__ import annotations

from kpilib.charts.bridge import draw_bridge, draw_bridge_by_month
from kpilib.charts.canvas import Canvas, Look, Panel, figure_svg
from kpilib.charts.channels import draw_channels
from kpilib.charts.deals import draw_deal_sizes, draw_deals_by_month
from kpilib.charts.losses import draw_loss_reasons, draw_lost_to
from kpilib.charts.maturity import draw_maturity
from kpilib.charts.pipeline import draw_pipeline_by_age, draw_pipeline_by_stage
from kpilib.charts.portfolio import Standing, draw_quadrant, draw_ranking
from kpilib.charts.rates import draw_close_rate, draw_deal_success
from kpilib.charts.series import draw_outlook, draw_quality_history, draw_trend
from kpilib.charts.velocity import draw_velocity_factors

__all__ = [
    "Canvas",
    "Look",
    "Panel",
    "Standing",
    "draw_bridge",
    "draw_bridge_by_month",
    "draw_channels",
    "draw_close_rate",
    "draw_deal_sizes",
    "draw_deal_success",
    "draw_deals_by_month",
    "draw_loss_reasons",
    "draw_lost_to",
    "draw_maturity",
    "draw_outlook",
    "draw_pipeline_by_age",
    "draw_pipeline_by_stage",
    "draw_quadrant",
    "draw_quality_history",
    "draw_ranking",
    "draw_trend",
    "draw_velocity_factors",
    "figure_svg",
]
