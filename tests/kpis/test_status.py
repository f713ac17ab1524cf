from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from kpilib.kpis import Change, CohortPosition, Measure, Status, Target
from kpilib.kpis.status import RULES, judge_status

THRESHOLDS = {"act_below_target": 0.8, "good_from_target": 1.0}


def _year_ago(claim: Any) -> Change:
    return Change("2025Q3", date(2025, 9, 30), 1.0, 9, 1.0, 1.0, claim)


def _judge(value: Any = Decimal(50), **around: Any) -> Status:
    given = {"better": "higher", "year_ago": None, "target": None, "cohort": None, "thresholds": THRESHOLDS, **around}
    return judge_status(Measure(value, 9), **given)


CASES = [
    ({"value": None, "target": Target(Decimal(1), None)}, "none", "undefined"),
    ({"target": Target(Decimal(100), 0.79)}, "act", "far_below_target"),
    ({"target": Target(Decimal(100), 0.8)}, "watch", "near_target"),
    ({"target": Target(Decimal(100), 0.99)}, "watch", "near_target"),
    ({"target": Target(Decimal(100), 1.0)}, "good", "target_met"),
    # Worse than a year ago is asked before whether the target is met.
    ({"target": Target(Decimal(100), 1.2), "year_ago": _year_ago("worse")}, "act", "worse_than_year_ago"),
    ({"year_ago": _year_ago("worse")}, "act", "worse_than_year_ago"),
    ({"year_ago": _year_ago("normal")}, "good", "not_worse"),
    ({"year_ago": _year_ago("fact")}, "good", "not_worse"),
    ({"cohort": CohortPosition(51.0, 9)}, "watch", "below_cohort"),
    ({"cohort": CohortPosition(50.0, 9)}, "good", "not_worse"),
    # A met target stands whatever the others do; a withheld cohort is not used.
    ({"target": Target(Decimal(100), 1.0), "cohort": CohortPosition(99.0, 9)}, "good", "target_met"),
    ({"cohort": CohortPosition(None, None, "too_few")}, "good", "not_worse"),
    # A target of a quarter that goes on gives no status.
    ({"target": Target(Decimal(100), 0.1, 0.5)}, "good", "not_worse"),
    ({"target": Target(Decimal(100), 1.5, 0.5), "cohort": CohortPosition(51.0, 9)}, "watch", "below_cohort"),
    ({"better": "lower", "cohort": CohortPosition(49.0, 9)}, "watch", "below_cohort"),
    # A target of 0 has no attainment.
    ({"target": Target(Decimal(0), None)}, "good", "not_worse"),
]


@pytest.mark.parametrize(("around", "key", "because"), CASES)
def test_status(around: dict[str, Any], key: str, because: str) -> None:
    assert _judge(**around) == Status(key, because)  # type: ignore[arg-type]


def test_every_rule_has_a_case() -> None:
    assert {because for _, _, because in CASES} == set(RULES)


def test_thresholds_are_settings() -> None:
    strict = {"act_below_target": 0.95, "good_from_target": 1.1}
    assert _judge(target=Target(Decimal(100), 0.9), thresholds=strict).key == "act"
    assert _judge(target=Target(Decimal(100), 1.05), thresholds=strict).key == "watch"
