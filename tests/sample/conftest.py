from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from kpilib.sample import SampleReport, write_sample

DOLLARS = {"USD": 1.0, "EUR": 1 / 0.92, "KRW": 1 / 1_380}


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> SampleReport:
    """The sample that everybody gets without an argument."""
    return write_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def good_of() -> Callable[[Path], SimpleNamespace]:
    """Read a folder's tables without their dirt."""
    return lambda folder: clean(read(folder))


@pytest.fixture(scope="session")
def raw(report: SampleReport) -> SimpleNamespace:
    """The tables as they were written, as text."""
    return read(report.folder)


@pytest.fixture(scope="session")
def good(raw: SimpleNamespace) -> SimpleNamespace:
    """The tables without their dirt, typed as the tests need them."""
    return clean(raw)


def read(folder: Path) -> SimpleNamespace:
    return SimpleNamespace(
        **{path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(folder.glob("*.csv"))}
    )


def clean(raw: SimpleNamespace) -> SimpleNamespace:
    """Drop the rows put behind others (their ids end in X, and good rows come first) and type the rest."""
    opportunities = raw.opportunities[~raw.opportunities.opportunity_id.str.endswith("X")]
    opportunities = opportunities.drop_duplicates("opportunity_id").reset_index(drop=True)
    open_ = opportunities.outcome == "open"
    opportunities["expected_on"] = opportunities.closed_on.where(open_, "")
    opportunities["closed_on"] = pd.to_datetime(opportunities.closed_on.where(~open_, None))
    opportunities["created_on"] = pd.to_datetime(opportunities.created_on)
    opportunities["dollars"] = _dollars(opportunities)
    opportunities["quarter"] = opportunities.closed_on.dt.to_period("Q").astype(str)
    opportunities["days"] = (opportunities.closed_on - opportunities.created_on).dt.days

    history = raw.stage_history.drop_duplicates()
    history = history[~history.opportunity_id.str.endswith("X") & (history.changed_on != "0000-00-00")]

    leads = raw.leads[~raw.leads.lead_id.str.endswith("X")].drop_duplicates("lead_id")
    leads["created_on"] = pd.to_datetime(leads.created_on)
    leads["quarter"] = leads.created_on.dt.to_period("Q").astype(str)
    leads["opportunity_id"] = leads.opportunity_id.where(~leads.opportunity_id.str.endswith("Y"), "")
    of = leads.opportunity_id.map(opportunities.set_index("opportunity_id").partner_id)
    leads["opportunity_id"] = leads.opportunity_id.where(of == leads.partner_id, "")

    known = raw.partners.partner_id
    spend = raw.spend.drop_duplicates()
    spend = spend[
        spend.partner_id.isin(known) & ~spend.amount.str.startswith("-") & ~spend.month.str.contains("-13-")
    ].reset_index(drop=True)
    spend["month"] = pd.to_datetime(spend.month).dt.to_period("M").dt.to_timestamp()
    spend["dollars"] = _dollars(spend)

    targets = raw.targets.drop_duplicates()
    targets = targets[
        targets.partner_id.isin(known)
        & targets.quarter.str.contains("Q[1-4]$")
        & (targets.metric != "happiness")
        & (targets.value != "as agreed")
    ]
    return SimpleNamespace(
        partners=raw.partners,
        opportunities=opportunities,
        stage_history=history,
        leads=leads,
        spend=spend,
        targets=targets.assign(value=targets.value.astype(float)),
        actions=raw.actions,
        stages=raw.stages,
        fx=raw.fx,
    )


def _dollars(table: pd.DataFrame) -> pd.Series[float]:
    plain = pd.to_numeric(table.amount.str.replace(r"[$,]", "", regex=True))
    return plain * table.currency.replace("", "USD").map(DOLLARS)
