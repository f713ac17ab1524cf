from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from kpilib.sample.plans import _two_digits

METRICS = {"won_amount", "deal_count", "deal_success", "opportunity_pipeline", "average_deal_size"}


@pytest.mark.parametrize(("value", "plan"), [(1_043_900.0, 1_000_000), (98_700.0, 99_000), (996.0, 1_000), (7.4, 7)])
def test_plans_have_two_digits(value: float, plan: int) -> None:
    assert _two_digits(value) == plan


def test_targets_are_set_for_every_quarter_and_the_next(good: SimpleNamespace) -> None:
    mine = good.targets[good.targets.partner_id == "P001"]
    quarters = [f"{year}Q{n}" for year in range(2023, 2027) for n in range(1, 5)][3:]
    assert sorted(mine.quarter.unique()) == quarters  # 2023Q4 to 2026Q4: thirteen
    assert set(mine.metric) == METRICS
    assert not good.targets.duplicated(["partner_id", "quarter", "metric"]).any()


def test_targets_are_in_reach_of_some_and_out_of_reach_of_others(good: SimpleNamespace) -> None:
    won = good.opportunities[(good.opportunities.quarter == "2026Q3") & (good.opportunities.outcome == "won")]
    target = good.targets[(good.targets.quarter == "2026Q3") & (good.targets.metric == "won_amount")]
    share = won.groupby("partner_id").dollars.sum() / target.set_index("partner_id").value
    share = share.dropna()
    assert 0.2 < (share >= 1).mean() < 0.7
    assert (share < 0.8).any()
    assert share["P002"] > 1.2  # growing
    assert share["P003"] < 0.5  # stalling


def test_spend_is_a_share_of_the_revenue_in_the_currency_of_the_partner(good: SimpleNamespace) -> None:
    won = good.opportunities[good.opportunities.outcome == "won"].groupby("partner_id").dollars.sum()
    spend = good.spend.groupby("partner_id").dollars.sum()
    assert set(won.index) - set(spend.index) == {"P018", "P027"}  # who does not say what it spends
    share = (spend / won).drop("P007").dropna()
    assert share.drop("P005").drop("P014").between(0.03, 0.3).all()
    assert share["P005"] > 0.25  # burning_paid
    assert not good.spend[["partner_id", "currency"]].drop_duplicates().duplicated("partner_id").any()


def test_spend_has_one_row_per_channel_and_month(good: SimpleNamespace) -> None:
    assert not good.spend.duplicated(["partner_id", "channel", "month"]).any()
    assert good.spend.month.max() == pd.Timestamp("2026-09-01")
    assert set(good.spend.channel) < set(good.leads.channel)
