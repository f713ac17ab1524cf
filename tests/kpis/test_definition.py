from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from kpilib.errors import SettingsError
from kpilib.facts import Facts
from kpilib.kpis import KPIS, ChangeTest, Definition, Measure, Period, evaluate, register
from kpilib.quarter import Quarter
from kpilib.slice import Slice

EIGHT = (
    "average_deal_size",
    "deal_count",
    "opportunity_pipeline",
    "marketing_channels",
    "close_rate",
    "deal_velocity",
    "quality_score",
    "deal_success",
)


def test_the_eight_come_in_the_order_in_which_packs_show_them() -> None:
    assert tuple(KPIS) == EIGHT
    assert all(KPIS[key].key == key for key in EIGHT)


def test_every_definition_says_what_it_is() -> None:
    for definition in KPIS.values():
        assert definition.better == "higher"
        for text in (definition.formula, definition.numerator, definition.window, definition.empty, definition.why):
            assert text
            assert not text.endswith(" ")


def _measure(facts: Facts, period: Period) -> Measure:
    lost = len(facts.lost(period.start, period.day))
    return Measure(lost, lost)


def _test(facts: Facts, now: Period, then: Period) -> ChangeTest:
    return ChangeTest("lost_count", 0.001, _measure(facts, now).n - _measure(facts, then).n, "lower")


LOST_COUNT = Definition(
    key="lost_count",
    unit="count",
    better="lower",
    formula="number of opportunities lost",
    numerator="opportunities lost in the quarter",
    window="closed_on in [start, D]",
    empty="0 without one",
    why="How much is lost?",
    measure=_measure,
    companions=lambda facts, period: {"first": facts.opportunity_ids[0]},
    test=_test,
    claims_through=("lost_count",),
)


@pytest.fixture
def own_kpi() -> Iterator[Definition]:
    yield register(LOST_COUNT)
    KPIS.remove("lost_count")


def test_a_kpi_of_ones_own_is_placed_like_the_eight(
    own_kpi: Definition, make_slice: Callable[..., Slice], opportunity: Callable[..., dict[str, Any]]
) -> None:
    rows = [
        opportunity("A", "lost", "2025-07-01", "2025-07-09", "1"),
        opportunity("B", "lost", "2026-07-01", "2026-07-09", "1"),
        opportunity("C", "lost", "2026-07-01", "2026-07-09", "1"),
    ]
    targets = [{"partner_id": "P001", "quarter": "2026Q3", "metric": "lost_count", "value": "1"}]
    kpis = evaluate(make_slice({"opportunities": rows, "targets": targets}))
    assert tuple(kpis) == (*EIGHT, "lost_count")
    kpi = kpis["lost_count"]
    assert (kpi.value, kpi.n, kpi.companions) == (2, 2, {"first": "A"})
    assert kpi.year_ago is not None
    # More of what is better low is worse.
    assert (kpi.year_ago.difference, kpi.year_ago.claim, kpi.status.key) == (1, "worse", "act")
    assert kpi.target is not None
    assert kpi.target.attainment == 0.5  # 1 was agreed, and 2 were lost: where less is better, twice as much is half
    assert kpi.trend[-5:] == (1.0, 0.0, 0.0, 0.0, 2.0)
    assert kpi.cohort is None


def test_registering_again_changes_nothing(own_kpi: Definition) -> None:
    assert register(LOST_COUNT) is LOST_COUNT


def test_a_key_is_taken_once() -> None:
    with pytest.raises(SettingsError) as caught:
        register(replace(LOST_COUNT, key="deal_count"))
    assert str(caught.value) == (
        "The KPI 'deal_count' cannot be registered: another one has this key. Choose a key of its own."
    )


@pytest.mark.parametrize("key", ["", "Lost", "lost count", "2nd", "verlorene_gebühr"])
def test_a_key_is_a_name(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        register(replace(LOST_COUNT, key=key))
    assert str(caught.value) == (
        f"The KPI {key!r} cannot be registered: its key is no name. "
        "Write small letters, digits and underscores, like average_deal_size."
    )


def test_periods() -> None:
    period = Period(Quarter(2026, 3), date(2026, 8, 15))
    assert (period.days, period.elapsed) == (46, 0.5)
    assert period.shift(-1) == Period(Quarter(2026, 2), date(2026, 5, 16))
    assert period.whole(-1) == Period(Quarter(2026, 2), date(2026, 6, 30))
    assert period.whole(0) == period
    assert period.trailing_start == date(2025, 10, 1)
