"""Evaluating a slice: every member of the registry, measured and placed among what surrounds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from kpilib.errors import KpilibError
from kpilib.facts import Facts
from kpilib.kpis.comparison import Claims, compare, existed
from kpilib.kpis.definition import KPIS, Definition, Measure, Period
from kpilib.kpis.kpi import CohortPosition, Kpi
from kpilib.kpis.own import check_measure, definitions_of, explain_failure
from kpilib.kpis.status import judge_status
from kpilib.kpis.target import target_of
from kpilib.slice import Slice

__all__ = ["evaluate"]

QUARTERS = 8

T = TypeVar("T")


def evaluate(slice_: Slice, definitions: Mapping[str, Definition] | None = None) -> dict[str, Kpi]:
    """Return all KPIs of a slice: key → KPI, the eight in their order, then those of one's own.

    Parameters
    ----------
    definitions
        the KPIs; default: those of the registry, and those whose files the slice holds.

    Raises
    ------
    SettingsError
        when a KPI of one's own fails: its file, the line and the cause.
    """
    facts = Facts(slice_)
    now = Period(slice_.quarter, slice_.as_of)
    wanted = {
        key: definition if key in KPIS else _guarded(definition, slice_)
        for key, definition in (definitions_of(slice_) if definitions is None else definitions).items()
    }
    claims = Claims.test(facts, now, wanted.values())
    return {key: _evaluate(facts, definition, now, claims) for key, definition in wanted.items()}


def _guarded(definition: Definition, slice_: Slice) -> Definition:
    """Return a definition whose functions say which file failed, and whose values are checked."""

    def guard(function: Callable[..., T]) -> Callable[..., T]:
        def call(*arguments: Any) -> T:
            try:
                return function(*arguments)
            except KpilibError:
                raise
            except Exception as error:
                raise explain_failure(error, definition, slice_) from error

        return call

    def measure(facts: Facts, period: Period) -> Measure:
        return check_measure(definition, definition.measure(facts, period))

    return replace(
        definition,
        measure=guard(measure),
        companions=guard(definition.companions),
        interval=guard(definition.interval),
        test=None if definition.test is None else guard(definition.test),
    )


def _evaluate(facts: Facts, definition: Definition, now: Period, claims: Claims) -> Kpi:
    measured = definition.measure(facts, now)
    year_ago = compare(facts, definition, measured, now.shift(-4), claims, year=True)
    target = target_of(facts, now, definition.key, measured.value, better=definition.better)
    cohort = _cohort(facts, definition.key)
    companions = dict(definition.companions(facts, now))
    companions.update(
        {f"{name}_claim": claims.claim(name) for name in definition.claims_through if _is_of(name, definition)}
    )
    return Kpi(
        key=definition.key,
        unit=definition.unit,
        value=measured.value,
        n=measured.n,
        reason=measured.reason,
        interval=definition.interval(facts, now) if measured.value is not None else None,
        previous=compare(facts, definition, measured, now.shift(-1), claims, year=False),
        year_ago=year_ago,
        target=target,
        cohort=cohort,
        status=judge_status(
            measured,
            better=definition.better,
            year_ago=year_ago,
            target=target,
            cohort=cohort,
            thresholds=facts.slice.content["settings"]["status"],
        ),
        trend=tuple(_trend(facts, definition, now.whole(-back)) for back in range(QUARTERS - 1, -1, -1)),
        companions=companions,
    )


def _is_of(name: str, definition: Definition) -> bool:
    """Say whether a test is of a part of this KPI and of no KPI of its own."""
    return name != definition.key and name not in KPIS


def _trend(facts: Facts, definition: Definition, period: Period) -> float | None:
    if not existed(facts, period):
        return None
    value = definition.measure(facts, period).value
    return None if value is None else float(value)


def _cohort(facts: Facts, key: str) -> CohortPosition | None:
    held = facts.slice.content["cohort"]["medians"].get(key)
    return None if held is None else CohortPosition(held["median"], held["others"], held["reason"])
