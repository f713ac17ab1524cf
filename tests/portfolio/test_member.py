"""One partner as the portfolio knows it, from its slice, and through JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from kpilib.portfolio import Portfolio
from kpilib.portfolio.gathering import Gathering
from kpilib.portfolio.member import Member
from kpilib.settings import Settings


@pytest.fixture(scope="module")
def portfolio(forest: Settings, portfolio_of: Callable[..., Portfolio]) -> Portfolio:
    return portfolio_of(forest)


def test_who_is_in_it(portfolio: Portfolio) -> None:
    """The active ones, and the cohort; who left and worked nothing is gone."""
    members = {one.partner_id: one for one in portfolio.members}
    assert list(members) == ["P1", "P2", "P3", "P5"]
    assert [one.in_cohort for one in members.values()] == [True, True, True, False]
    assert [one.new for one in members.values()] == [False, False, True, False]


def test_what_a_partner_did(portfolio: Portfolio) -> None:
    """P1: 200 + 400 won in 14 + 14 days, one lost; a year ago 300. Two leads, one of them O1; 40 spent."""
    one = portfolio.members[0]
    now = one.now
    assert (now.won, now.lost, now.amount, now.worked, now.cycle_days) == (2, 1, 60000, 3, 28)
    assert (now.leads, now.conversions, now.sourced, now.spend) == (2, 1, 20000, 4000)
    assert one.year_ago is not None
    assert (one.year_ago.amount, one.growth, one.target) == (30000, 1.0, Decimal(500))
    assert (one.deals, one.cycles) == ((20000, 40000), (14, 14))
    assert [test.name for test in one.tests] == ["deal_count", "deal_success"]


@pytest.mark.parametrize(
    ("key", "of"),
    [
        ("average_deal_size", lambda one, currency: one.now.average(currency)),
        ("deal_count", lambda one, _: one.now.won),
        ("opportunity_pipeline", lambda one, _: Decimal(one.now.pipeline) / 100),
        ("marketing_channels", lambda one, _: one.now.roi),
        ("close_rate", lambda one, _: one.now.close_rate),
        ("deal_velocity", lambda one, currency: one.now.velocity(currency)),
        ("deal_success", lambda one, _: one.now.deal_success),
    ],
)
def test_a_tally_gives_the_value_of_the_kpi(portfolio: Portfolio, key: str, of: Callable[..., Any]) -> None:
    """What is summed over partners is what their packs show."""
    for one in portfolio.members:
        value, held = of(one, "USD"), one.kpis[key].value
        assert value == held or float(value) == pytest.approx(float(held), rel=1e-12), one.partner_id  # type: ignore[arg-type]


def test_a_member_survives_json(portfolio: Portfolio) -> None:
    for one in portfolio.members:
        assert Member.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_a_gathering_is_its_bytes(portfolio: Portfolio) -> None:
    data = portfolio.gathering.to_bytes()
    again = Gathering.from_bytes(data)
    assert again.to_bytes() == data
    assert again.fingerprint == portfolio.gathering.fingerprint
    assert again.members == portfolio.members


def test_the_frames(portfolio: Portfolio) -> None:
    partners = portfolio.partners.set_index("partner_id")
    assert partners.loc["P2", "won_amount"] == 100.5
    assert partners["won_amount"].sum() == 700.5
    assert partners.loc["P5", ["region", "quality_score"]].isna().all()
    kpis = portfolio.kpis.pivot_table("value", "partner_id", "kpi")
    assert kpis.loc["P1", "deal_success"] == pytest.approx(2 / 3)
    quarters = portfolio.quarters
    assert len(quarters) == 4 * 8
    assert quarters.query("partner_id == 'P1' and quarter == '2025Q3'")["won_amount"].item() == 300.0
