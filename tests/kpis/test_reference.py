"""A second implementation, written from the definitions alone, row by row and slowly: the two must agree exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from random import Random
from statistics import median
from typing import Any

import pytest

from kpilib.kpis import Kpi, evaluate
from kpilib.quarter import Quarter
from kpilib.slice import Slice

Row = dict[str, Any]


class Naive:
    """The definitions over raw rows (with all that happened after D), one partner, reporting currency USD."""

    def __init__(self, tables: dict[str, list[Row]], quarter: Quarter, day: date, channels: dict[str, str]) -> None:
        self.tables, self.quarter, self.day, self.channels = tables, quarter, day, channels
        self.opportunities = sorted(tables["opportunities"], key=lambda row: row["opportunity_id"])
        self.leads = sorted(tables["leads"], key=lambda row: row["lead_id"])
        self.by_id = {row["opportunity_id"]: row for row in self.opportunities}

    # money and state

    def cents(self, amount: str | None, currency: str | None, on: date) -> int:
        if amount is None:
            return 0
        rate = Decimal(1)
        if currency not in (None, "USD"):
            valid = [row for row in self.tables["fx"] if row["currency"] == currency and row["valid_from"] <= str(on)]
            rate = Decimal(max(valid, key=lambda row: row["valid_from"])["rate"])
        return int((Decimal(amount) * rate * 100).to_integral_value(ROUND_HALF_EVEN))

    def state(self, row: Row, on: date) -> str | None:
        if row["created_on"] > str(on):
            return None
        return row["outcome"] if row["outcome"] != "open" and row["closed_on"] <= str(on) else "open"

    def history(self, row: Row, on: date, column: str) -> list[Any]:
        """The values of the history's rows up to a day, latest last; those of one day as they stand."""
        rows = [
            change
            for change in self.tables.get("stage_history", [])
            if change["opportunity_id"] == row["opportunity_id"] and change["changed_on"] <= str(on)
        ]
        rows.sort(key=lambda change: change["changed_on"])
        return [change[column] for change in rows]

    def raw_amount(self, row: Row, on: date) -> str | None:
        changes = self.history(row, on, "amount")
        known = [amount for amount in changes if amount is not None]
        if known:
            return str(known[-1])
        return None if changes and self.state(row, on) == "open" else row["amount"]

    def worth(self, row: Row, on: date) -> int:
        rate_day = on if self.state(row, on) == "open" else date.fromisoformat(row["closed_on"])
        return self.cents(self.raw_amount(row, on), row["currency"], rate_day)

    def stage(self, row: Row, on: date) -> str | None:
        known = [stage for stage in self.history(row, on, "stage") if stage is not None]
        if known:
            return str(known[-1])
        return row["stage"] if row["outcome"] == "open" else None

    def closed(self, outcome: str, start: date, on: date) -> list[Row]:
        return [
            row
            for row in self.opportunities
            if row["outcome"] == outcome and str(start) <= row["closed_on"] <= str(on) and row["created_on"] <= str(on)
        ]

    def open(self, on: date) -> list[Row]:
        return [row for row in self.opportunities if self.state(row, on) == "open"]

    def worked(self, start: date, on: date) -> list[Row]:
        return [
            row
            for row in self.opportunities
            if row["created_on"] <= str(on) and (self.state(row, on) == "open" or row["closed_on"] >= str(start))
        ]

    # the formulas

    def read(self, quarter: Quarter) -> tuple[date, date]:
        return quarter.start, min(quarter.end, self.day)

    def like(self, back: int) -> tuple[date, date]:
        """An earlier quarter at the same number of days after its start, at most its end."""
        other = self.quarter.shift(-back)
        if self.day == self.quarter.end:
            return other.start, other.end
        return other.start, min(other.end, other.start + (self.day - self.quarter.start))

    def won_sum(self, start: date, on: date) -> int:
        return sum(self.worth(row, on) for row in self.closed("won", start, on))

    def average_deal_size(self, start: date, on: date) -> Fraction | None:
        won = self.closed("won", start, on)
        return Fraction(self.won_sum(start, on), 100 * len(won)) if won else None

    def deal_count(self, start: date, on: date) -> Fraction:
        return Fraction(len(self.closed("won", start, on)))

    def opportunity_pipeline(self, start: date, on: date) -> Fraction:
        return Fraction(sum(self.worth(row, on) for row in self.open(on)), 100)

    def deal_success(self, start: date, on: date) -> Fraction | None:
        won, lost = len(self.closed("won", start, on)), len(self.closed("lost", start, on))
        return Fraction(won, won + lost) if won + lost else None

    def cycles(self, start: date, on: date) -> list[int]:
        return [
            max(1, (date.fromisoformat(row["closed_on"]) - date.fromisoformat(row["created_on"])).days)
            for row in self.closed("won", start, on)
        ]

    def deal_velocity(self, start: date, on: date) -> Fraction | None:
        cycles = self.cycles(start, on)
        if not cycles:
            return None
        size, success = self.average_deal_size(start, on), self.deal_success(start, on)
        assert size is not None
        assert success is not None
        return len(self.worked(start, on)) * success * size / Fraction(sum(cycles), len(cycles))

    def leads_in(self, start: date, on: date) -> list[Row]:
        return [lead for lead in self.leads if str(start) <= lead["created_on"] <= str(on)]

    def converts(self, lead: Row, on: date) -> bool:
        row = self.by_id.get(lead["opportunity_id"])
        return row is not None and self.state(row, on) == "won"

    def close_rate(self, start: date, on: date) -> Fraction | None:
        leads = self.leads_in(start, on)
        return Fraction(sum(self.converts(lead, on) for lead in leads), len(leads)) if leads else None

    def source(self, row: Row, on: date) -> Row | None:
        naming = [
            lead
            for lead in self.leads
            if lead["opportunity_id"] == row["opportunity_id"] and lead["created_on"] <= str(on)
        ]
        return min(naming, key=lambda lead: (lead["created_on"], lead["lead_id"]), default=None)

    def segment(self, lead: Row) -> str:
        return str(lead["segment"] or self.channels.get(lead["channel"], "unassigned"))

    def spend_rows(self, start: date, on: date) -> list[tuple[str, int]]:
        return [
            (row["channel"], self.cents(row["amount"], row["currency"], date.fromisoformat(row["month"])))
            for row in self.tables["spend"]
            if str(start) <= row["month"] <= str(on)
        ]

    def marketing_channels(self, start: date, on: date) -> Fraction | None:
        revenue = sum(self.worth(row, on) for row in self.closed("won", start, on) if self.source(row, on))
        spend = sum(cents for _, cents in self.spend_rows(start, on))
        return Fraction(revenue - spend, spend) if spend else None

    # the companions

    def weighted(self, on: date) -> Fraction:
        chances = {row["stage"]: row["probability"] for row in self.tables["stages"]}
        usual = self.deal_success(self.quarter.shift(-3).start, on)
        total = Fraction(0)
        for row in self.open(on):
            chance = chances.get(self.stage(row, on))
            weight = Fraction(1, 2) if usual is None else usual
            total += self.worth(row, on) * (weight if chance is None else Fraction(str(chance)))
        return total / 100

    def month(self, first: date, last: date) -> dict[str, int]:
        """A bridge's month, opportunity by opportunity, in cents."""
        before = first - timedelta(days=1)
        sums = dict.fromkeys(("opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing"), 0)
        for row in self.opportunities:
            enters = None
            if self.state(row, before) == "open":
                enters = self.worth(row, before)
                sums["opening"] += enters
            elif str(first) <= row["created_on"] <= str(last):
                enters = self.worth(row, date.fromisoformat(row["created_on"]))
                sums["created"] += enters
            if enters is None:
                continue
            state = self.state(row, last)
            leaves = self.worth(row, last if state == "open" else self.day)
            name = {"open": "closing", "won": "won"}.get(str(state)) or (
                "lost_to_competitor" if row["lost_to"] else "lost"
            )
            sums[name] += leaves
            sums["revaluation"] += leaves - enters
        return sums

    def own_past(self) -> float | None:
        past = [self.read(self.quarter.shift(-back)) for back in (1, 2, 3, 4)]
        past = [window for window in past if self.worked(*window)]
        if len(past) < 2:
            return None
        deals = Fraction(sum(len(self.closed("won", *window)) for window in past), len(past))
        amount = Fraction(sum(self.won_sum(*window) for window in past), len(past))
        if not deals or not amount:
            return None
        now = self.read(self.quarter)
        return 100 * math.sqrt(self.deal_count(*now) / deals * Fraction(self.won_sum(*now)) / amount)

    def maturity(self, back: int, later: int) -> float | None:
        cohort = self.quarter.shift(-back)
        end = cohort.shift(later).end
        leads = self.leads_in(cohort.start, min(cohort.end, self.day))
        if end > self.day or not leads:
            return None
        return sum(self.converts(lead, end) for lead in leads) / len(leads)


FORMULAS = (
    "average_deal_size",
    "deal_count",
    "opportunity_pipeline",
    "marketing_channels",
    "close_rate",
    "deal_velocity",
    "deal_success",
)
CHANNELS = {"blog": "owned", "fair": "earned"}


def same(value: Any, expected: Fraction | float | None) -> bool:
    if value is None or expected is None:
        return value is None and expected is None
    if isinstance(value, Decimal):
        # To the cent and beyond: a quotient of money has 28 digits.
        return abs(Fraction(value) - Fraction(expected)) < Fraction(1, 10**9)
    return math.isclose(float(value), float(expected), rel_tol=1e-12, abs_tol=1e-12)


READINGS = (("2026Q3", None), ("2026Q3", "2026-08-20"), ("2026Q1", "2026-01-01"), ("2025Q4", None))
SEEDS = range(24)

Case = tuple[dict[str, Kpi], Naive]


@pytest.fixture(scope="module", params=[(seed, *READINGS[seed % 4]) for seed in SEEDS], ids=str)
def case(request: pytest.FixtureRequest, make_slice: Callable[..., Slice], random_tables: Callable[..., Any]) -> Case:
    seed, quarter, as_of = request.param
    tables = random_tables(Random(seed), size=90, history=seed % 3 == 2)
    slice_ = make_slice(tables, quarter, as_of, channels=CHANNELS)
    return evaluate(slice_), Naive(tables, slice_.quarter, slice_.as_of, CHANNELS)


def test_values_comparisons_and_trend(case: Case) -> None:
    kpis, naive = case
    first = min((r["created_on"] for r in [*naive.opportunities, *naive.leads]), default="9999")
    for key in FORMULAS:
        kpi, formula = kpis[key], getattr(naive, key)
        assert same(kpi.value, formula(*naive.read(naive.quarter))), key
        for back, change in ((1, kpi.previous), (4, kpi.year_ago)):
            window = naive.like(back)
            if first > str(window[1]):
                assert change is None, key
            else:
                assert (change.as_of, same(change.value, formula(*window))) == (window[1], True), key
        for place in range(8):
            window = naive.read(naive.quarter.shift(place - 7))
            expected = formula(*window) if first <= str(window[1]) else None
            assert same(kpi.trend[place], expected), (key, place)


def test_companions(case: Case) -> None:
    kpis, naive = case
    start, day = naive.read(naive.quarter)
    pipeline = kpis["opportunity_pipeline"].companions
    assert same(pipeline["weighted"], naive.weighted(day))
    assert same(pipeline["by_stage"]["weighted"].sum() or Decimal(0), naive.weighted(day))
    assert pipeline["by_age"]["count"].sum() == len(naive.open(day)) == kpis["opportunity_pipeline"].n
    year = naive.cycles(naive.quarter.shift(-3).start, day)
    if len(year) < 5:
        assert pipeline["stale"] is None
    else:
        ages = {row["opportunity_id"]: (day - date.fromisoformat(row["created_on"])).days for row in naive.open(day)}
        old = {key for key, age in ages.items() if age > 2 * median(year)}
        assert set(pipeline["stale"]["opportunity_id"]) == old

    size = kpis["average_deal_size"].companions
    amounts = [naive.worth(row, day) for row in naive.closed("won", start, day)]
    assert same(size["median"], Fraction(median(map(Fraction, amounts))) / 100 if amounts else None)

    quality = kpis["quality_score"].companions
    assert same(quality["own_past"], naive.own_past())

    maturity = kpis["close_rate"].companions["maturity"]
    for place in range(8):
        for later in range(4):
            found = maturity[f"q{later}"][place]
            assert same(None if math.isnan(found) else found, naive.maturity(7 - place, later))


def test_the_bridge_reconciles_and_each_of_its_parts_is_right(case: Case) -> None:
    kpis, naive = case
    companions = kpis["opportunity_pipeline"].companions
    start, day = naive.read(naive.quarter)
    for bridge in (companions["bridge"], companions["bridge_quarter"]):
        for row in bridge.to_dict("records"):
            flow = row["created"] - row["won"] - row["lost"] - row["lost_to_competitor"] + row["revaluation"]
            assert row["opening"] + flow == row["closing"]
            flow = row["created_count"] - row["won_count"] - row["lost_count"] - row["lost_to_competitor_count"]
            assert row["opening_count"] + flow == row["closing_count"]
    months = companions["bridge"].to_dict("records")
    assert [row["opening"] for row in months[1:]] == [row["closing"] for row in months[:-1]]
    assert months[-1]["closing"] == kpis["opportunity_pipeline"].value
    assert sum(row["won"] for row in months) == kpis["deal_count"].companions["won_amount"]
    for place, row in enumerate(months):
        following = months[place + 1]["month"].date() if place + 1 < len(months) else day + timedelta(days=1)
        expected = naive.month(row["month"].date(), following - timedelta(days=1))
        assert {name: int(row[name] * 100) for name in expected} == expected
    whole = companions["bridge_quarter"].to_dict("records")[0]
    assert whole["month"].date() == start
    assert {name: int(whole[name] * 100) for name in expected} == naive.month(start, day)


def test_channels(case: Case) -> None:
    kpis, naive = case
    start, day = naive.read(naive.quarter)
    companions = kpis["marketing_channels"].companions
    table = companions["by_channel"].set_index(["segment", "channel"]).to_dict("index")
    expected: dict[tuple[str, str], list[int]] = {}
    for lead in naive.leads_in(start, day):
        row = expected.setdefault((naive.segment(lead), lead["channel"]), [0, 0, 0])
        row[0] += 1
        row[1] += naive.converts(lead, day)
    for deal in naive.closed("won", start, day):
        source = naive.source(deal, day)
        if source is not None:
            key = (naive.segment(source), source["channel"])
            expected.setdefault(key, [0, 0, 0])[2] += naive.worth(deal, day)
    for key, row in table.items():
        found = [row["leads"], row["conversions"], int(row["revenue"] * 100)]
        assert found == expected.pop(key, [0, 0, 0])
        if row["leads"]:
            assert same(row["cost_per_lead"], Fraction(row["spend"]) / row["leads"])
        if row["spend"]:
            assert same(row["roi"], (Fraction(row["revenue"]) - Fraction(row["spend"])) / Fraction(row["spend"]))
        else:
            assert math.isnan(row["roi"])
    assert not expected
    spend = sum(cents for _, cents in naive.spend_rows(start, day))
    for name in ("by_segment", "by_channel"):
        assert companions[name]["spend"].sum() * 100 == spend
        assert companions[name]["revenue"].sum() == companions["revenue"]
        assert companions[name]["leads"].sum() == kpis["close_rate"].n
        assert companions[name]["conversions"].sum() == kpis["close_rate"].companions["conversions"]
