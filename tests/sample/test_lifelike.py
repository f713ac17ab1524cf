"""The sample's numbers are of the size, and in the relation, that a channel business knows."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from kpilib.sample.personas import persona_of

YEAR = ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]


@pytest.fixture(scope="module")
def won(good: SimpleNamespace) -> pd.DataFrame:
    rows: pd.DataFrame = good.opportunities[good.opportunities.outcome == "won"]
    return rows


def steady(table: pd.DataFrame) -> pd.DataFrame:
    return table[table.partner_id.map(persona_of) == "steady"]


def test_deals_are_worth_thousands_to_tens_of_thousands_of_dollars(won: pd.DataFrame) -> None:
    middle = won.dollars.quantile([0.05, 0.5, 0.95]).tolist()
    assert 1_500 < middle[0] < middle[1] < middle[2] < 80_000
    assert 8_000 < middle[1] < 15_000


def test_partners_win_a_third_to_two_thirds_of_what_is_decided(good: SimpleNamespace) -> None:
    decided = steady(good.opportunities[good.opportunities.outcome != "open"])
    rates = (decided.outcome == "won").groupby(decided.partner_id).mean()
    assert rates.between(0.35, 0.62).all()


def test_deals_take_one_to_three_months(won: pd.DataFrame) -> None:
    days = steady(won).groupby("partner_id").days.mean()
    assert days.between(30, 90).all()
    assert won.days.min() == 0  # a few are sold on the day


def test_one_lead_in_twelve_to_five_becomes_a_deal_in_the_end(good: SimpleNamespace, won: pd.DataFrame) -> None:
    old = steady(good.leads[good.leads.created_on.between("2024-07-01", "2025-09-30")])
    rates = old.opportunity_id.isin(won.opportunity_id).groupby(old.partner_id).mean()
    assert 0.12 < old.opportunity_id.isin(won.opportunity_id).mean() < 0.2
    assert rates.between(0.08, 0.25).all()


def test_most_of_these_deals_come_after_the_quarter_of_the_lead(good: SimpleNamespace, won: pd.DataFrame) -> None:
    cohort = good.leads[good.leads.quarter == "2025Q1"].merge(won, on="opportunity_id")
    at_once = (cohort.quarter_y == "2025Q1").mean()
    within = (cohort.quarter_y <= "2025Q3").mean()
    assert 0.1 < at_once < 0.5
    assert 0.85 < within < 1


def test_referrals_convert_better_than_paid_media(good: SimpleNamespace, won: pd.DataFrame) -> None:
    rate = good.leads.opportunity_id.isin(won.opportunity_id).groupby(good.leads.channel).mean()
    assert rate["Referral"] > rate["Website"] > rate["Paid social"] > 0.03


def test_autumn_is_busier_than_summer(good: SimpleNamespace) -> None:
    created = good.opportunities[good.opportunities.created_on.between("2023-10-01", "2026-09-30")].created_on
    by_month = created.dt.month.value_counts()
    assert by_month[[10, 11]].min() > 1.15 * by_month[[1, 7, 8]].max()


def test_what_goes_further_is_won_more_often(good: SimpleNamespace) -> None:
    """By the last stage reached, as the history tells it: the stages table does not say anything for nothing."""
    reached = good.stage_history.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id").stage
    decided = good.opportunities[good.opportunities.outcome != "open"]
    rate = (decided.outcome == "won").groupby(decided.opportunity_id.map(reached)).mean()
    assert rate["Commitment"] > 0.85
    assert rate["Qualified"] < 0.1


def test_all_three_currencies_are_used_and_amounts_fit_them(good: SimpleNamespace) -> None:
    table = good.opportunities
    assert set(table.currency) == {"", "USD", "EUR", "KRW"}
    assert not table[table.currency == "KRW"].amount.str.contains(r"\.").any()
    assert table[(table.currency == "EUR") & (table.amount != "")].amount.str.fullmatch(r"\d+\.\d\d").all()


def test_the_latest_history_is_what_the_open_row_shows(good: SimpleNamespace) -> None:
    table = good.opportunities[(good.opportunities.outcome == "open") & ~good.opportunities.amount.str.startswith("$")]
    latest = good.stage_history.groupby("opportunity_id").last()
    known = latest.loc[table.opportunity_id]
    assert known.stage.tolist() == table.stage.tolist()
    assert known.amount.tolist() == table.amount.tolist()


def test_history_begins_on_the_first_day_and_has_one_stage_a_day(good: SimpleNamespace) -> None:
    history = good.stage_history
    first = history.groupby("opportunity_id").changed_on.min()
    created = good.opportunities.set_index("opportunity_id").created_on.dt.strftime("%Y-%m-%d")
    assert first.sort_index().equals(created.sort_index().rename("changed_on"))
    assert not history.duplicated(["opportunity_id", "changed_on"]).any()


def test_nothing_begins_at_the_weekend(good: SimpleNamespace) -> None:
    days = good.opportunities.created_on
    assert (days.dt.day_of_week < 5).all()
    assert (good.opportunities.closed_on.dropna().dt.day_of_week < 5).all()


def test_leads_come_before_their_opportunity_and_few_share_one(good: SimpleNamespace) -> None:
    linked = good.leads[good.leads.opportunity_id != ""].merge(good.opportunities, on="opportunity_id")
    wait = (linked.created_on_y - linked.created_on_x).dt.days
    assert wait.min() == 0
    assert wait.max() <= 30
    assert 0.01 < linked.duplicated("opportunity_id").mean() < 0.05


def test_some_deals_have_no_lead_and_some_leads_no_segment(good: SimpleNamespace, won: pd.DataFrame) -> None:
    assert 0.1 < (~won.opportunity_id.isin(good.leads.opportunity_id)).mean() < 0.35
    assert set(good.leads.segment) == {"paid", "earned", "owned", "", "tbc"}
    assert set(good.leads[good.leads.segment == ""].channel) == {"Other"}


def test_every_currency_has_a_rate_before_the_first_row(good: SimpleNamespace) -> None:
    first = good.fx.groupby("currency").valid_from.min()
    assert set(first.index) == {"EUR", "KRW"}
    assert (pd.to_datetime(first) <= good.opportunities.created_on.min()).all()
    rates = good.fx.assign(rate=good.fx.rate.astype(float)).groupby("currency").rate
    assert (rates.max() / rates.min() < 1.4).all()
    assert 0.8 < rates.mean()["EUR"] < 1.4


def test_who_works_for_one_partner_works_for_no_other(good: SimpleNamespace) -> None:
    """A rep's name on two partners' pages would look like a leak."""
    assert not good.opportunities[["rep", "partner_id"]].drop_duplicates().duplicated("rep").any()
    assert not set(good.opportunities.rep) & set(good.partners.contact_name)


def test_thirty_partners_in_four_regions_and_three_tiers(good: SimpleNamespace) -> None:
    assert len(good.partners) == 30
    assert set(good.partners.region) == {"Americas", "Northern Europe", "Southern Europe", "Asia Pacific"}
    assert set(good.partners.tier) == {"Platinum", "Gold", "Silver"}
    assert good.partners.contact_email.str.fullmatch(r"[a-z.\-]+@[a-z\-]+\.example(;sales@[a-z\-]+\.example)?").all()
    assert good.partners.name.is_unique
