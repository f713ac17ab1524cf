"""Slices from a few rows, and random rows of one partner."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from kpilib.contract.tables import TABLES
from kpilib.kpis.definition import Period
from kpilib.quarter import Quarter
from kpilib.slice import Slice
from kpilib.slicing import _as_seen_on

Tables = dict[str, list[dict[str, Any]]]


def _make_slice(
    tables: Tables | None = None,
    quarter: str = "2026Q3",
    as_of: str | None = None,
    *,
    first_month: int = 1,
    currency: str = "USD",
    channels: dict[str, str] | None = None,
    cohort: dict[str, Any] | None = None,
    status: dict[str, float] | None = None,
    exported_later: bool = False,
    partner_id: str = "P001",
) -> Slice:
    """Return the slice of some rows; columns that no row names are absent, as are tables not given."""
    parsed = Quarter.parse(quarter, first_month)
    day = parsed.read_as_of(date.fromisoformat(as_of) if as_of else parsed.end)
    columns: dict[str, dict[str, list[Any]]] = {}
    absent = []
    for name, table in TABLES.items():
        if name == "partners":
            continue
        rows = (tables or {}).get(name)
        if rows is None:
            absent.append(name)
            continue
        named = {key for row in rows for key in row} | {c.name for c in table.columns if c.required}
        columns[name] = {key: [row.get(key) for row in rows] for key in sorted(named)}
        absent += [f"{name}.{column}" for column in table.names if column not in named]
    return Slice(
        {
            "version": 1,
            "partner": {"partner_id": partner_id, "name": "Example Ltd"},
            "quarter": str(parsed),
            "as_of": day.isoformat(),
            "exported_later": exported_later,
            "audience": "internal",
            "language": "en",
            "settings": {
                "currency": currency,
                "fiscal_year_start": first_month,
                "channels": channels or {},
                "status": status or {"act_below_target": 0.8, "good_from_target": 1.0},
                "brand": {},
                "paper": "a4",
            },
            "tables": _as_seen_on(columns, parsed, day),
            "absent": sorted(absent),
            "quality": [],
            "cohort": cohort or {"medians": {}, "scores": [], "deal_success": None, "prior": {}},
            "comment": None,
            "issued": None,
        }
    )


@pytest.fixture(scope="session")
def make_slice() -> Callable[..., Slice]:
    return _make_slice


def _opportunity(key: str, outcome: str, created: str, closed: str | None, amount: str | None, **more: Any) -> Any:
    return {
        "opportunity_id": key,
        "partner_id": "P001",
        "created_on": created,
        "closed_on": closed,
        "outcome": outcome,
        "amount": amount,
        **more,
    }


@pytest.fixture(scope="session")
def opportunity() -> Callable[..., dict[str, Any]]:
    return _opportunity


def _lead(key: str, created: str, channel: str = "web", opportunity_id: str | None = None, **more: Any) -> Any:
    return {
        "lead_id": key,
        "partner_id": "P001",
        "created_on": created,
        "channel": channel,
        "opportunity_id": opportunity_id,
        **more,
    }


@pytest.fixture(scope="session")
def lead() -> Callable[..., dict[str, Any]]:
    return _lead


def _read(slice_: Slice, quarter: str | None = None, day: str | None = None) -> Period:
    """Return the period in which a slice is read, or another one of it."""
    parsed = slice_.quarter if quarter is None else Quarter.parse(quarter, slice_.quarter.first_month)
    if day is not None:
        return Period(parsed, date.fromisoformat(day))
    return Period(parsed, min(parsed.end, slice_.as_of))


@pytest.fixture(scope="session")
def read() -> Callable[..., Period]:
    return _read


STAGES = [
    {"stage": "Contact", "order": 1.0, "probability": 0.1},
    {"stage": "Offer", "order": 2.0, "probability": None},
    {"stage": "Contract", "order": 3.0, "probability": 0.85},
]
CURRENCIES = ("USD", None, "EUR", "KRW")


def _random_tables(random: Random, *, size: int = 40, history: bool = False, partner_id: str = "P001") -> Tables:
    """Return random rows of one partner between 2024-07-01 and 2026-12-31, with boundary days more often than not."""
    first, last = date(2024, 7, 1), date(2026, 12, 31)
    edges = [Quarter(year, number).start for year in (2025, 2026) for number in (1, 2, 3, 4)]
    edges += [edge - timedelta(days=1) for edge in edges]

    def a_day(start: date) -> date:
        later = [edge for edge in edges if edge >= start]
        if later and random.random() < 0.3:
            return random.choice(later)
        return start + timedelta(days=random.randrange((last - start).days + 1))

    def money() -> str:
        return f"{random.choice((0, 5, 120, 2500, 99999))}.{random.choice(('', '5', '25', '125', '005'))}".rstrip(".")

    opportunities, changes, leads = [], [], []
    for number in range(random.randrange(size + 1)):
        created = a_day(first)
        outcome = random.choice(("open", "won", "won", "lost"))
        closed = None if outcome == "open" else random.choice((created, a_day(created)))
        row = _opportunity(
            f"{partner_id}-O{number:03d}",
            outcome,
            created.isoformat(),
            None if closed is None else closed.isoformat(),
            None if outcome != "won" and random.random() < 0.2 else money(),
            currency=random.choice(CURRENCIES),
            stage=random.choice(("Contact", "Offer", "Contract", "Elsewhere", None)),
            rep=random.choice(("Ann", "Bo", None)),
            product=random.choice(("Alpha", "Beta", None)),
            lost_reason=random.choice(("Price", None)) if outcome == "lost" else None,
            lost_to=random.choice(("Rival", None)) if outcome == "lost" else None,
        )
        row["partner_id"] = partner_id
        opportunities.append(row)
        if history and random.random() < 0.8:
            day = created
            for stage in ("Contact", "Offer", "Contract")[: random.randrange(1, 4)]:
                changes.append(
                    {
                        "opportunity_id": row["opportunity_id"],
                        "changed_on": day.isoformat(),
                        "stage": random.choice((stage, stage, None)),
                        "amount": random.choice((money(), None)),
                    }
                )
                day = min(last, day + timedelta(days=random.randrange(60)))
    for number in range(random.randrange(size + 1)):
        named = random.choice(opportunities)["opportunity_id"] if opportunities and random.random() < 0.6 else None
        row = _lead(
            f"{partner_id}-L{number:03d}",
            a_day(first).isoformat(),
            random.choice(("search", "blog", "fair", "other")),
            named,
            segment=random.choice(("paid", None)),
            region=random.choice(("North", "South", None)),
        )
        row["partner_id"] = partner_id
        leads.append(row)
    spend = [
        {
            "partner_id": partner_id,
            "channel": channel,
            "month": date(2025 + month // 12, month % 12 + 1, 1).isoformat(),
            "amount": money(),
            "currency": random.choice(CURRENCIES),
        }
        for month in range(24)
        for channel in ("search", "fair", "print")
        if random.random() < 0.5
    ]
    targets = [
        {"partner_id": partner_id, "quarter": quarter, "metric": metric, "value": value}
        for quarter in ("2026Q3", "2026Q4")
        for metric, value in (("won_amount", "2500.00"), ("deal_count", "3"), ("close_rate", "0.25"))
        if random.random() < 0.5
    ]
    rates = [
        {"currency": code, "valid_from": day, "rate": rate}
        for code, rows in {
            "EUR": (("2024-01-01", "1.10"), ("2025-10-01", "1.0825"), ("2026-08-17", "1.2")),
            "KRW": (("2024-01-01", "0.00075"), ("2026-07-01", "0.0007123")),
        }.items()
        for day, rate in rows
    ]
    tables: Tables = {
        "opportunities": opportunities,
        "leads": leads,
        "spend": spend,
        "targets": targets,
        "stages": STAGES,
        "fx": rates,
    }
    if history:
        tables["stage_history"] = changes
    return tables


@pytest.fixture(scope="session")
def random_tables() -> Callable[..., Tables]:
    return _random_tables
