"""`kpilib map FILE`: a mapping to read, complete and use."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kpilib.errors import SourceError
from kpilib.sources.propose import propose_mapping
from kpilib.sources.rules import read_mapping

PIPELINE = """opportunity_id,sales_agent,product,deal_stage,engage_date,close_date,close_value,notes
1,Ann,GTX,Won,10/20/2016,3/1/2017,"1,054",x
2,Bob,GTX,Lost,10/25/2016,3/11/2017,0,
3,Ann,MG,Engaging,11/3/2016,,,
"""


def test_a_file_by_its_names_and_values(tmp_path: Path, rows):
    path = tmp_path / "sales_pipeline.csv"
    path.write_text(PIPELINE)
    toml, why = propose_mapping(path)
    assert toml == f"""[source]
path = "{tmp_path}"

[source.mapping.opportunities]
file = "sales_pipeline.csv"
opportunity_id = "opportunity_id"
partner_id = "sales_agent"
created_on = "engage_date"   # dates as %m/%d/%Y
closed_on = "close_date"   # day or month first? set date_format in [source]
outcome = {{ column = "deal_stage", values = {{ "Won" = "won", "Lost" = "lost", "Engaging" = "open" }} }}
stage = "deal_stage"
amount = "close_value"
product = "product"

# The partners are those that occur; a file of their own (partners.csv) would have names and addresses.
[source.mapping.partners]
file = "sales_pipeline.csv"
once_per = "partner_id"
partner_id = "sales_agent"
name = "sales_agent"
"""
    assert why.split("\n") == [
        "sales_pipeline.csv looks like the table opportunities: no preset knows its columns, so they were found by name.",
        "  opportunity_id from opportunity_id",
        "  partner_id from sales_agent",
        "  created_on from engage_date (dates as %m/%d/%Y)",
        "  closed_on from close_date (day or month first? set date_format in [source])",
        "  outcome from deal_stage, its values judged by their words; check each",
        "  stage from deal_stage",
        "  amount from close_value",
        "  product from product",
        "  not used: notes",
    ]


def test_what_is_proposed_reads_the_file(tmp_path: Path, rows):
    from kpilib.settings import Settings
    from kpilib.sources import open_sources

    (tmp_path / "deals.csv").write_text(PIPELINE)
    settings = Settings(**{**tomllib.loads(propose_mapping(tmp_path / "deals.csv")[0]), "root": tmp_path})
    tables = open_sources(settings).tables
    assert [(row["partner_id"], row["outcome"]) for row in rows(tables["opportunities"])] == [
        ("Ann", "won"), ("Bob", "lost"), ("Ann", "open"),
    ]  # fmt: skip
    assert [row["name"] for row in rows(tables["partners"])] == ["Ann", "Bob"]


def test_a_preset_that_knows_the_columns(tmp_path: Path):
    path = tmp_path / "report.csv"
    path.write_text("Opportunity ID,Account Name,Stage,Amount,Close Date\n1,Acme,Closed Won,5,2026-01-01\n")
    toml, why = propose_mapping(path)
    assert toml == f"""[source]
path = "{path}"
preset = "salesforce"

[source.mapping.opportunities]
# created_on = "…"   # needed: the preset found no column for it
"""
    assert why.split("\n") == [
        "report.csv has the columns of the preset salesforce (opportunities, partners).",
        "  opportunities.opportunity_id from Opportunity ID",
        "  opportunities.partner_id from Account Name",
        "  opportunities.closed_on from Close Date",
        "  opportunities.outcome from Stage (*lost* → lost, *won* → won, * → open)",
        "  opportunities.stage from Stage",
        "  opportunities.amount from Amount",
        "  opportunities.created_on: no column found; name one, or add it",
        "  partners.partner_id from Account Name",
        "  partners.name from Account Name",
    ]


def test_what_is_not_found_is_left_to_a_person(tmp_path: Path):
    path = tmp_path / "leads.csv"
    path.write_text("code,when,origin\n1,x,Web\n")
    toml, why = propose_mapping(path)
    assert '# partner_id = "…"   # needed: which column?' in toml.split("\n")
    assert "  partner_id: no column found. Candidates: code, when" in why.split("\n")
    read_mapping(tomllib.loads(toml)["source"]["mapping"])


def test_a_pivot_and_nothing_at_all(tmp_path: Path):
    path = tmp_path / "deals.csv"
    path.write_text("stage,Won,,,,\n,1,2,3,4,5\n")
    with pytest.raises(SourceError, match=r"^deals.csv is not a table of rows: 4 of the 6 columns"):
        propose_mapping(path)
    with pytest.raises(SourceError) as caught:
        propose_mapping(tmp_path / "none.csv")
    assert str(caught.value) == f"There is no file {tmp_path / 'none.csv'}."
    (tmp_path / "notes.docx").write_text("x")
    with pytest.raises(SourceError, match=r"^notes.docx cannot be read: its ending is not one of \.csv, "):
        propose_mapping(tmp_path / "notes.docx")
