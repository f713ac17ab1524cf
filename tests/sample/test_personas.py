"""Each persona's story must be seen in the figures of the latest quarter, 2026Q3, of the usual sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from scipy.stats import binomtest

from kpilib.sample import write_sample
from kpilib.sample.personas import PERSONAS, STORIES, persona_of

NOW, YEAR_AGO = "2026Q3", "2025Q3"
FOUR = ["2025Q4", "2026Q1", "2026Q2", "2026Q3"]
"""The four quarters that end with the latest."""


def partner(playing: str) -> str:
    return next(partner_id for partner_id, persona in PERSONAS.items() if persona == playing)


def closed(good: SimpleNamespace, partner_id: str, *quarters: str, outcome: str = "") -> pd.DataFrame:
    table = good.opportunities
    table = table[(table.partner_id == partner_id) & table.quarter.isin(quarters)]
    return table[table.outcome == outcome] if outcome else table


def win_rate(rows: pd.DataFrame) -> float:
    return float((rows.outcome == "won").mean())


def test_every_persona_has_a_story_and_every_story_a_partner() -> None:
    assert {*PERSONAS.values(), "steady"} == set(STORIES)
    assert persona_of("P030") == persona_of("P4711") == "steady"


def test_rich_has_enough_of_everything(good: SimpleNamespace) -> None:
    mine = partner("rich")
    assert len(closed(good, mine, NOW, outcome="won")) >= 40
    assert len(closed(good, mine, NOW, outcome="lost")) >= 30
    assert (good.leads[good.leads.quarter == NOW].partner_id == mine).sum() >= 150
    assert {"open", "done"} <= set(good.actions[good.actions.partner_id == mine].status)


def test_growing_has_more_deals_than_a_year_ago_beyond_chance(good: SimpleNamespace) -> None:
    now, before = (len(closed(good, partner("growing"), quarter, outcome="won")) for quarter in (NOW, YEAR_AGO))
    assert now > before
    # Far below 5 %, since Holm's correction divides that by the number of tests in a pack.
    assert binomtest(now, now + before).pvalue < 0.002


def test_stalling_has_fewer_deals_than_a_year_ago_beyond_chance(good: SimpleNamespace) -> None:
    now, before = (len(closed(good, partner("stalling"), quarter, outcome="won")) for quarter in (NOW, YEAR_AGO))
    assert now < before
    assert binomtest(now, now + before).pvalue < 0.005


def test_losing_loses_to_one_competitor(good: SimpleNamespace) -> None:
    lost = closed(good, partner("losing"), NOW, outcome="lost")
    assert (lost.lost_to == "Kestrion").sum() >= 5
    assert (lost.lost_to == "Kestrion").mean() > 0.5
    assert (closed(good, partner("losing"), YEAR_AGO, outcome="lost").lost_to == "Kestrion").mean() < 0.3
    assert set(good.opportunities[good.opportunities.lost_to != ""].lost_reason) == {"Competitor"}


def test_burning_paid_gets_less_out_of_paid_media_than_it_puts_in(good: SimpleNamespace) -> None:
    mine = partner("burning_paid")
    leads = good.leads[(good.leads.partner_id == mine) & good.leads.quarter.isin(FOUR)]
    paid = good.leads[(good.leads.partner_id == mine) & (good.leads.segment == "paid")]
    won = closed(good, mine, *FOUR, outcome="won")
    deals = won[won.opportunity_id.isin(paid.opportunity_id)]
    spend = good.spend[(good.spend.partner_id == mine) & (good.spend.month >= "2025-10-01")]
    cost = spend[spend.channel.isin(paid.channel)].dollars.sum()
    assert (leads.segment == "paid").sum() >= 20
    assert len(deals) >= 5
    assert (deals.dollars.sum() - cost) / cost < 0
    won_of = leads.opportunity_id.isin(won.opportunity_id)
    rate = won_of.groupby(leads.segment == "paid").mean()
    assert rate[True] < rate[False] / 3


def test_steady_partners_earn_more_with_paid_media_than_it_costs(good: SimpleNamespace) -> None:
    """Over all of them, revenue of paid leads is at least twice the spend."""
    steady = [partner_id for partner_id in good.partners.partner_id if persona_of(partner_id) == "steady"]
    paid = good.leads[(good.leads.segment == "paid") & good.leads.partner_id.isin(steady)]
    won = good.opportunities[(good.opportunities.outcome == "won") & good.opportunities.quarter.isin(FOUR)]
    revenue = won[won.opportunity_id.isin(paid.opportunity_id)].dollars.sum()
    spend = good.spend[good.spend.partner_id.isin(steady) & (good.spend.month >= "2025-10-01")]
    assert revenue > 2 * spend[spend.channel.isin(paid.channel)].dollars.sum()


def test_no_targets_has_none_and_the_others_have(good: SimpleNamespace) -> None:
    without = set(good.partners.partner_id) - set(good.targets[good.targets.quarter == NOW].partner_id)
    assert without == {partner("no_targets"), partner("inactive"), partner("joined_last_month")}
    assert partner("no_targets") not in set(good.targets.partner_id)


def test_weak_loses_four_of_five_in_every_year(good: SimpleNamespace) -> None:
    mine = closed(good, partner("weak"), *(f"{year}Q{n}" for year in (2024, 2025, 2026) for n in (1, 2, 3, 4)))
    rates = mine.groupby(mine.quarter.str[:4]).apply(win_rate, include_groups=False)
    assert rates.max() < 0.27
    assert len(closed(good, partner("weak"), NOW)) >= 20


def test_blank_amounts_lacks_the_value_of_more_than_a_tenth_of_its_pipeline(good: SimpleNamespace) -> None:
    table = good.opportunities[good.opportunities.outcome == "open"]
    valued = (table.amount != "").groupby(table.partner_id).mean()
    assert valued[partner("blank_amounts")] < 0.9
    assert (good.opportunities[good.opportunities.outcome == "won"].amount != "").all()


def test_the_korean_partners_have_korean_names_and_locale(good: SimpleNamespace) -> None:
    korean = good.partners[good.partners.locale == "ko"]
    assert korean.partner_id.tolist() == ["P011", "P012"]
    assert korean.name.str.contains("[가-힣]").all()
    assert korean.contact_name.str.fullmatch("[가-힣]+").all()
    assert good.actions[good.actions.partner_id.isin(["P011", "P012"])].text.str.contains("[가-힣]").all()
    assert set(good.opportunities[good.opportunities.partner_id == "P011"].currency) >= {"KRW"}


def test_inactive_has_left_before_the_last_two_quarters(good: SimpleNamespace) -> None:
    mine = partner("inactive")
    assert good.partners[good.partners.active == "false"].partner_id.tolist() == [mine]
    rows = good.opportunities[good.opportunities.partner_id == mine]
    assert set(rows.outcome) == {"won", "lost"}
    assert rows.closed_on.max() < pd.Timestamp("2026-04-01")
    assert good.leads[good.leads.partner_id == mine].created_on.max() < pd.Timestamp("2026-04-01")
    assert good.spend[good.spend.partner_id == mine].month.max() < pd.Timestamp("2026-04-01")


@pytest.fixture(scope="module", params=[7, 8, 9])
def seeded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, good_of: Callable[[Path], SimpleNamespace]
) -> SimpleNamespace:
    """Samples of several seeds: what is told of single opportunities must not hang on luck."""
    report = write_sample(tmp_path_factory.mktemp("seeded"), partners=12, seed=request.param)
    return good_of(report.folder)


def test_empty_quarter_has_no_decision_but_a_pipeline(seeded: SimpleNamespace) -> None:
    mine = partner("empty_quarter")
    assert len(closed(seeded, mine, NOW)) == 0
    assert len(closed(seeded, mine, "2026Q2")) > 0
    table = seeded.opportunities[(seeded.opportunities.partner_id == mine) & (seeded.opportunities.outcome == "open")]
    assert len(table) >= 10
    assert table.dollars.sum() > 100_000


def test_joined_last_month_has_only_data_of_september(seeded: SimpleNamespace) -> None:
    mine = partner("joined_last_month")
    for table, column in (("opportunities", "created_on"), ("leads", "created_on"), ("spend", "month")):
        rows = getattr(seeded, table)
        rows = rows[rows.partner_id == mine]
        assert len(rows) > 0, table
        assert rows[column].min() >= pd.Timestamp("2026-09-01"), table
    assert set(seeded.targets[seeded.targets.partner_id == mine].quarter) == {"2026Q4"}
    assert mine not in set(seeded.actions.partner_id)


def test_two_large_deals_bring_most_of_the_money(seeded: SimpleNamespace) -> None:
    won = closed(seeded, partner("two_large_deals"), NOW, outcome="won")
    assert won.dollars.nlargest(2).sum() > won.dollars.sum() * 0.6
    assert won.dollars.nlargest(2).min() > 5 * won.dollars.median() or len(won) <= 3


def test_enough_partners_work_for_medians_of_others(good: SimpleNamespace) -> None:
    """At least 28 active ones with work in the quarter; no single one holds most of the money won."""
    active = good.partners[good.partners.active == "true"].partner_id
    won = good.opportunities[(good.opportunities.quarter == NOW) & (good.opportunities.outcome == "won")]
    sums = won.groupby("partner_id").dollars.sum()
    assert len(active) == 29
    assert len(sums) >= 27
    assert sums.max() < 0.6 * (sums.sum() - sums.max())


def test_a_sample_of_one_year_tells_the_same_stories(
    tmp_path: Path, good_of: Callable[[Path], SimpleNamespace]
) -> None:
    short = good_of(write_sample(tmp_path, partners=10, years=1).folder)
    assert len(closed(short, partner("empty_quarter"), NOW)) == 0
    assert (closed(short, partner("losing"), NOW, outcome="lost").lost_to == "Kestrion").sum() >= 5
    assert short.opportunities.created_on.min() >= pd.Timestamp("2025-10-01")
