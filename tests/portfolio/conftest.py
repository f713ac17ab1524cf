"""Members made by hand, and a workspace of a few partners with real files beneath."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from kpilib.portfolio import Portfolio
from kpilib.portfolio.gathering import gather
from kpilib.portfolio.member import BRIDGE, Member, Reading, Test
from kpilib.portfolio.tally import Tally
from kpilib.quarter import Quarter
from kpilib.settings import Settings

UNITS = {
    "average_deal_size": "money",
    "deal_count": "count",
    "opportunity_pipeline": "money",
    "marketing_channels": "ratio",
    "close_rate": "rate",
    "deal_velocity": "money_per_day",
    "quality_score": "score",
    "deal_success": "rate",
}

# P1: 2 won (600), 1 lost; a year ago 1 won (300). P2: 1 won (100.50), 3 lost. P3: open only, no target. P4 left.
# P5 is active without work. The won amount of all: 700.50.
PARTNERS = """
partner_id | name           | region | tier   | manager | active
P1         | Alder & Sons   | North  | gold   | Ana     | true
P2         | Birch <b>Ltd   | North  | silver | Ben     | true
P3         | 느티나무        | South  | gold   | Ana     | true
P4         | Gone Away      | South  | gold   | Ana     | false
P5         | Elm            |        | silver | Ben     | true
"""
OPPORTUNITIES = """
opportunity_id | partner_id | created_on | closed_on  | outcome | amount
O1             | P1         | 2026-07-01 | 2026-07-15 | won     | 200.00
O2             | P1         | 2026-07-02 | 2026-07-16 | won     | 400.00
O3             | P1         | 2026-07-03 | 2026-08-01 | lost    | 50.00
O4             | P1         | 2025-07-03 | 2025-08-01 | won     | 300.00
O5             | P2         | 2026-07-03 | 2026-08-01 | won     | 100.50
O6             | P2         | 2026-07-03 | 2026-08-02 | lost    | 10
O7             | P2         | 2026-07-03 | 2026-08-03 | lost    | 10
O8             | P2         | 2025-08-03 | 2025-09-03 | lost    | 10
O9             | P3         | 2026-08-04 |            | open    | 300.25
O10            | P2         | 2026-07-03 | 2026-08-04 | lost    | 10
O11            | P4         | 2025-08-03 | 2025-09-03 | won     | 77
O12            | P5         | 2025-08-03 | 2025-09-03 | won     | 88
"""
LEADS = """
lead_id | partner_id | created_on | channel | segment | opportunity_id
L1      | P1         | 2026-07-01 | Search  | paid    | O1
L2      | P1         | 2026-07-01 | Search  | paid    |
L3      | P2         | 2026-07-02 | Press   | earned  | O5
L4      | P5         | 2026-07-02 | Press   | earned  |
"""
SPEND = """
partner_id | channel | month      | amount
P1         | Search  | 2026-07-01 | 40.00
P2         | Press   | 2026-08-01 | 10.50
"""
TARGETS = """
partner_id | quarter | metric     | value
P1         | 2026Q3  | won_amount | 500
P2         | 2026Q3  | won_amount | 201
P2         | 2026Q3  | deal_count | 2
"""
TABLES = {"partners": PARTNERS, "opportunities": OPPORTUNITIES, "leads": LEADS, "spend": SPEND, "targets": TARGETS}


def make_reading(key: str, value: Any = None, **more: Any) -> Reading:
    held = {"n": 0, "reason": None, "status": "good", "because": "not_worse", "trend": (None,) * 8, "target": None,
            "attainment": None, **more}  # fmt: skip
    return Reading(key, UNITS[key], value, **held)


def make_member(partner_id: str = "P1", quarters: Sequence[Tally] | None = None, **more: Any) -> Member:
    """Return a member; eight quarters, the last of which is now."""
    held = tuple(quarters) if quarters is not None else (Tally(),) * 8
    readings = {key: make_reading(key) for key in UNITS} | more.pop("kpis", {})
    values = {
        "name": f"Partner {partner_id}", "tier": "", "region": "", "manager": "", "active": True, "in_cohort": True,
        "new": False, "tests": (), "year_ago": None, "previous": None, "bridge": dict.fromkeys(BRIDGE, Decimal(0)),
        "segments": {}, "target": None, "next_target": None, "deals": (), "cycles": (), "overdue": 0, "left_out": 0,
        **more,
    }  # fmt: skip
    return Member(partner_id, kpis=readings, quarters=held, **values)


def make_test(name: str = "deal_count", p_value: float = 0.5, *, better: bool = False, **more: Any) -> Test:
    held = {"kpi": name, "quarter": "2025Q3", "as_of": "2025-09-30", "season_separated": True, "now": 1.0, "then": 9.0,
            "n": 1, **more}  # fmt: skip
    return Test(name, p_value=p_value, better=better, **held)


@pytest.fixture
def member() -> Callable[..., Member]:
    return make_member


@pytest.fixture
def reading() -> Callable[..., Reading]:
    return make_reading


@pytest.fixture
def change() -> Callable[..., Test]:
    """Make the test of a change: ``change("deal_count", 0.01, better=False)``."""
    return make_test


def open_portfolio(settings: Settings, language: str = "en") -> Portfolio:
    from kpilib.cohort import Cohort
    from kpilib.store import Store

    store, quarter = Store.open(settings), Quarter(2026, 3)
    cohort = Cohort.compute(store, settings, quarter, quarter.end)
    found = gather(store, cohort, settings, quarter=quarter, as_of=quarter.end, language=language)
    assert found is not None
    return Portfolio(found)


@pytest.fixture(scope="session")
def portfolio_of() -> Callable[..., Portfolio]:
    return open_portfolio


@pytest.fixture(scope="module")
def forest(module_workspace: Callable[..., Settings]) -> Settings:
    """The workspace of the tables above."""
    return module_workspace(**TABLES)
