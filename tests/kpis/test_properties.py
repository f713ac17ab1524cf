"""What holds for every KPI of the registry, and which further laws each must obey."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpilib.facts import Facts
from kpilib.kpis import KPIS, Kpi, Period, document, evaluate
from kpilib.kpis.definition import REASONS
from kpilib.quarter import Quarter
from kpilib.slice import Slice

Make = Callable[..., Slice]
Tables = dict[str, list[dict[str, Any]]]
Draw = Callable[..., Tables]

SCALE_WITH_MONEY = {"average_deal_size", "opportunity_pipeline", "deal_velocity"}
INDIFFERENT_TO_MONEY = {"deal_count", "marketing_channels", "close_rate", "quality_score", "deal_success"}
SUM_OF_PARTS = {"deal_count", "opportunity_pipeline"}
BETWEEN_PARTS = {"average_deal_size", "close_rate", "deal_success"}
READ_ALIKE_LATER = set(KPIS) - {"quality_score"}
"""All but the score, which the cohort hands to a slice for certain quarters only."""
PARTS_DO_NOT_TELL = {"marketing_channels", "deal_velocity", "quality_score"}
"""Their parts share a cost, the work of all, or a cohort."""

seeds = st.integers(0, 10_000)
examples = settings(max_examples=8, deadline=None, derandomize=True)


def _figures(slice_: Slice) -> dict[str, Any]:
    kpis: dict[str, Any] = document(slice_, evaluate(slice_))["kpis"]
    return kpis


def test_every_kpi_is_in_the_lists() -> None:
    for laws in (SCALE_WITH_MONEY | INDIFFERENT_TO_MONEY, SUM_OF_PARTS | BETWEEN_PARTS | PARTS_DO_NOT_TELL):
        assert laws == set(KPIS)


@examples
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(make_slice: Make, random_tables: Draw, seed: int) -> None:
    random = Random(seed)
    tables = random_tables(random, history=True)
    shuffled = {
        # Of a history the order is a fact: that of the changes of one day.
        name: rows if name == "stage_history" else random.sample(rows, len(rows))
        for name, rows in tables.items()
    }
    assert _figures(make_slice(tables)) == _figures(make_slice(shuffled))


@examples
@given(seed=seeds)
def test_a_slice_is_not_changed(make_slice: Make, random_tables: Draw, seed: int) -> None:
    slice_ = make_slice(random_tables(Random(seed), history=True))
    before = deepcopy(slice_.content)
    first, second = _figures(slice_), _figures(slice_)
    assert first == second
    assert slice_.content == before


@examples
@given(seed=seeds, as_of=st.sampled_from(["2026-07-01", "2026-08-17", "2026-09-30"]))
def test_what_is_dated_later_changes_nothing(make_slice: Make, random_tables: Draw, seed: int, as_of: str) -> None:
    """Time travel: later rows come, later decisions turn out otherwise, later rates and changes are known."""
    random = Random(seed)
    tables = random_tables(random, history=seed % 2 == 0)
    later = deepcopy(tables)
    for row in later["opportunities"]:
        if row["outcome"] != "open" and row["closed_on"] > as_of:
            # What was not known then: how it ended, when, why, and at which stage.
            outcome = random.choice(("open", "won", "lost"))
            row.update(outcome=outcome, closed_on=None if outcome == "open" else "2026-12-30")
            row.update(stage=None, lost_reason=None, lost_to="Somebody" if outcome == "lost" else None)
        elif row["outcome"] == "open" and random.random() < 0.5 and not row["stage"]:
            row.update(outcome="won", closed_on="2026-12-30", amount=row["amount"])
    fresh = random_tables(random, history=seed % 2 == 0)
    for name, column in (("opportunities", "created_on"), ("leads", "created_on"), ("spend", "month")):
        for row in fresh[name]:
            if row[column] > as_of:
                renamed = {
                    key: f"X{value}" if key in ("opportunity_id", "lead_id") and value else value
                    for key, value in row.items()
                }
                later[name].append(renamed)
    later["leads"] += [
        {
            "lead_id": f"Y{n}",
            "partner_id": "P001",
            "created_on": "2026-12-01",
            "channel": "new",
            "segment": "owned",
            "opportunity_id": row["opportunity_id"],
            "region": None,
        }
        for n, row in enumerate(tables["opportunities"])
    ]
    later["fx"] += [{"currency": code, "valid_from": "2026-10-01", "rate": "9"} for code in ("EUR", "KRW")]
    later["targets"] += [{"partner_id": "P001", "quarter": "2027Q1", "metric": "won_amount", "value": "1"}]
    if "stage_history" in tables:
        later["stage_history"] += [
            {"opportunity_id": row["opportunity_id"], "changed_on": "2026-10-01", "stage": "Contract", "amount": "7"}
            for row in tables["opportunities"]
        ]
    assert _figures(make_slice(tables, as_of=as_of)) == _figures(make_slice(later, as_of=as_of))


@examples
@given(seed=seeds)
def test_a_later_slice_reads_an_earlier_quarter_alike(make_slice: Make, random_tables: Draw, seed: int) -> None:
    tables = random_tables(Random(seed), history=seed % 2 == 0)
    late = Facts(make_slice(tables, "2026Q4"))
    for name in ("2025Q3", "2026Q2"):
        quarter = Quarter.parse(name)
        early = Facts(make_slice(tables, name))
        period = Period(quarter, quarter.end)
        for key in READ_ALIKE_LATER:
            assert KPIS[key].measure(late, period) == KPIS[key].measure(early, period), key


@examples
@given(seed=seeds, factor=st.sampled_from([2, 10, 1000]))
def test_scaling_money(make_slice: Make, random_tables: Draw, seed: int, factor: int) -> None:
    tables = random_tables(Random(seed))
    for name in ("opportunities", "spend"):
        for row in tables[name]:
            row.update(currency=None, amount=row["amount"] and str(int(Decimal(row["amount"]))))
    scaled = deepcopy(tables)
    for name in ("opportunities", "spend"):
        for row in scaled[name]:
            row["amount"] = row["amount"] and str(int(row["amount"]) * factor)
    once, scaled_ = evaluate(make_slice(tables)), evaluate(make_slice(scaled))
    for key in SCALE_WITH_MONEY:
        assert _close(scaled_[key], None if once[key].value is None else Decimal(once[key].value) * factor), key
    for key in INDIFFERENT_TO_MONEY - {"marketing_channels"}:
        assert scaled_[key].value == once[key].value, key
    assert scaled_["marketing_channels"].value == pytest.approx(once["marketing_channels"].value)
    assert scaled_["quality_score"].companions["own_past"] == pytest.approx(
        once["quality_score"].companions["own_past"]
    )
    # Ranks and chances of a test do not know the unit.
    for key in ("average_deal_size", "deal_velocity"):
        assert [change and change.claim for change in (once[key].previous, once[key].year_ago)] == [
            change and change.claim for change in (scaled_[key].previous, scaled_[key].year_ago)
        ]


@examples
@given(seed=seeds)
def test_splitting_the_rows(make_slice: Make, random_tables: Draw, seed: int) -> None:
    """The opportunities of two halves, and the leads: sums add up, ratios lie between those of the halves."""
    tables = random_tables(Random(seed), size=60)
    halves = []
    for half in (0, 1):
        part = dict(tables)
        part["opportunities"] = [row for row in tables["opportunities"] if int(row["opportunity_id"][-1]) % 2 == half]
        ids = {row["opportunity_id"] for row in part["opportunities"]}
        part["leads"] = [
            row
            for row in tables["leads"]
            if (row["opportunity_id"] in ids if row["opportunity_id"] else int(row["lead_id"][-1]) % 2 == half)
        ]
        halves.append(evaluate(make_slice(part)))
    whole = evaluate(make_slice(tables))
    for key in SUM_OF_PARTS:
        assert whole[key].value == sum(half[key].value for half in halves if half[key].value is not None), key
        assert whole[key].n == sum(half[key].n for half in halves), key
    for key in BETWEEN_PARTS:
        parts = [half[key].value for half in halves if half[key].value is not None]
        if parts:
            tiny = type(parts[0])(1) / 10**12
            assert min(parts) - tiny <= whole[key].value <= max(parts) + tiny, key
        else:
            assert whole[key].value is None


def _close(kpi: Kpi, expected: Decimal | None) -> bool:
    if kpi.value is None or expected is None:
        return kpi.value is None and expected is None
    return abs(Decimal(kpi.value) - expected) <= abs(expected) * Decimal("1e-24")


@pytest.mark.parametrize("key", KPIS)
@pytest.mark.parametrize("tables", [{"opportunities": []}, {"opportunities": [], "leads": [], "spend": []}])
def test_empty(make_slice: Make, key: str, tables: Tables) -> None:
    kpi = evaluate(make_slice(tables))[key]
    assert kpi.n == 0
    assert (kpi.previous, kpi.year_ago, kpi.target, kpi.trend) == (None, None, None, (None,) * 8)
    if kpi.value is None:
        assert kpi.reason in REASONS
        assert kpi.status.key == "none"
    else:
        assert (kpi.value, kpi.reason) == (0, None)


@pytest.mark.parametrize("key", KPIS)
@pytest.mark.parametrize("outcome", ["open", "won", "lost"])
def test_one_row(make_slice: Make, opportunity: Callable[..., Any], key: str, outcome: str) -> None:
    """One opportunity of 7.00 from 07-01, decided on 07-03."""
    closed = None if outcome == "open" else "2026-07-03"
    kpi = evaluate(make_slice({"opportunities": [opportunity("A", outcome, "2026-07-01", closed, "7")]}))[key]
    expected = {
        # W × success × size ÷ cycle = 1 × 1 × 7 ÷ 2
        "won": {"average_deal_size": 7, "deal_count": 1, "opportunity_pipeline": 0, "deal_velocity": Decimal("3.5")},
        "lost": {"deal_count": 0, "opportunity_pipeline": 0, "deal_success": 0},
        "open": {"deal_count": 0, "opportunity_pipeline": 7},
    }[outcome]
    if outcome == "won":
        expected["deal_success"] = 1
    assert kpi.value == expected.get(key)
