"""The status of a KPI: good, watch or act, by rules whose thresholds are settings.

*act*: below 80 % of the target, or distinguishably worse than a year ago; *good*: the target met, or without one
not distinguishably worse than a year ago and, where it is shown, not below the cohort's median; else *watch*. An
undefined value has none. A target gives no status before the quarter has ended; a withheld cohort is not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpilib.kpis.definition import Better, Measure
from kpilib.kpis.kpi import Change, CohortPosition, Status, Target
from kpilib.kpis.target import exact

__all__ = ["RULES", "judge_status"]

RULES = (
    "undefined",
    "far_below_target",
    "worse_than_year_ago",
    "target_met",
    "near_target",
    "below_cohort",
    "not_worse",
)
"""The rules that `Status.because` names, in the order in which they are asked."""


def judge_status(
    measured: Measure,
    *,
    better: Better,
    year_ago: Change | None,
    target: Target | None,
    cohort: CohortPosition | None,
    thresholds: Mapping[str, Any],
) -> Status:
    """Return the status of a measured KPI, and the rule that gave it."""
    if measured.value is None:
        return Status("none", "undefined")
    reached = target.attainment if target is not None and target.elapsed >= 1 else None
    if reached is not None and reached < thresholds["act_below_target"]:
        return Status("act", "far_below_target")
    if year_ago is not None and year_ago.claim == "worse":
        return Status("act", "worse_than_year_ago")
    if reached is not None:
        met = reached >= thresholds["good_from_target"]
        return Status("good", "target_met") if met else Status("watch", "near_target")
    if cohort is not None and cohort.median is not None:
        ahead = exact(measured.value) - exact(cohort.median)
        if ahead < 0 if better == "higher" else ahead > 0:
            return Status("watch", "below_cohort")
    return Status("good", "not_worse")
