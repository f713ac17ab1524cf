"""The sections of a portfolio review, one question each."""

from __future__ import annotations

from kpilib.portfolio.sections.appendix import describe_appendix
from kpilib.portfolio.sections.concentration import describe_concentration
from kpilib.portfolio.sections.growth import describe_growth
from kpilib.portfolio.sections.low_success import describe_low_success
from kpilib.portfolio.sections.needs import describe_needs
from kpilib.portfolio.sections.own import describe_own
from kpilib.portfolio.sections.ranking import describe_ranking
from kpilib.portfolio.sections.segments import describe_segments
from kpilib.portfolio.sections.targets import describe_targets
from kpilib.portfolio.sections.versus import describe_versus

__all__ = [
    "describe_appendix",
    "describe_concentration",
    "describe_growth",
    "describe_low_success",
    "describe_needs",
    "describe_own",
    "describe_ranking",
    "describe_segments",
    "describe_targets",
    "describe_versus",
]
