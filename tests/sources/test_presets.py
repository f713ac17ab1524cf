"""Each preset reads a file of its CRM's shape, which the test makes."""

# ruff: noqa: E501, DTZ001 - the lines of made files and of messages stay whole; a workbook's dates have no zone
from __future__ import annotations

import io
from datetime import datetime

import openpyxl
import pytest

from kpilib.errors import SettingsError, SourceError
from kpilib.sources.presets import load_preset, preset_names
from kpilib.sources.rules import read_mapping

SALESFORCE_REPORT = """"Opportunity ID","Opportunity Name","Partner Account","Stage","Amount Currency","Amount","Created Date","Close Date","Opportunity Owner","Lead Source","Probability (%)"
"0061","Acme, big","Norvane","Closed Won","USD","1,200.50","1/2/2026","3/31/2026","Ann","Web","100%"
"0062","Beta","Norvane","Closed Lost","EUR","900","1/15/2026","2/1/2026","Bob","",""
"0063","Gamma","","Prospecting","USD","","2/2/2026","5/1/2026","Ann","Web","10%"
"","","","","","2,100.50","","","","",""
"Total","","","","","2,100.50","","","","",""


"Grand Totals (3 records)"

"Confidential Information - Do Not Distribute"
"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."
"""


def test_every_preset_can_be_read():
    assert preset_names() == ("dynamics365", "hubspot", "pipedrive", "salesforce", "zoho")
    for name in preset_names():
        preset = load_preset(name)
        assert preset["about"]
        mappings = read_mapping(preset["mapping"])
        assert {"partners", "opportunities"} <= set(mappings)
        assert all(mapping.recognise for of_table in mappings.values() for mapping in of_table)


def test_an_unknown_preset():
    with pytest.raises(SettingsError) as caught:
        load_preset("salesfroce")
    assert str(caught.value) == (
        "[source] preset 'salesfroce': no such preset. Did you mean: salesforce? "
        "There are: dynamics365, hubspot, pipedrive, salesforce, zoho."
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_salesforce_report_with_its_footer(write, read, rows, broken, left_out, encoding):
    text = SALESFORCE_REPORT.replace('","', '"\t"') if encoding == "utf-16" else SALESFORCE_REPORT
    write(report1693__csv=text.encode(encoding))
    tables = read(preset="salesforce").tables
    assert list(tables) == ["partners", "opportunities"]
    assert [(row["#"], row["opportunity_id"], row["partner_id"], row["outcome"], row["amount"], row["currency"]) for row in rows(tables["opportunities"])] == [
        (2, "0061", "Norvane", "won", "1,200.50", "USD"),
        (3, "0062", "Norvane", "lost", "900", "EUR"),
        (4, "0063", None, "open", None, "USD"),
        (5, None, None, None, "2,100.50", None),  # a total without a word: the contract rejects it
    ]  # fmt: skip
    assert broken(tables["opportunities"]) == []
    assert left_out(tables["opportunities"]) == {"footer": 4}
    assert next(tables["opportunities"].batches()).formats["created_on"].date == "%m/%d/%Y"
    assert rows(tables["partners"]) == [{"#": 2, "partner_id": "Norvane", "name": "Norvane"}]


def test_salesforce_api_names(write, read, rows, left_out):
    write(
        Opportunity__csv="Id,Name,StageName,Amount,CloseDate,CreatedDate,AccountId,IsWon,IsClosed,IsDeleted,LeadSource\n"
            "006A,a,Signed,10.5,2026-02-01,2026-01-01T10:00:00.000Z,001A,true,true,false,Web\n"
            "006B,b,Gone,7,2026-02-02,2026-01-02T10:00:00.000Z,001B,false,true,false,\n"
            "006C,c,Talks,,2026-09-01,2026-01-03T10:00:00.000Z,001A,false,false,false,\n"
            "006D,d,Talks,,2026-09-01,2026-01-03T10:00:00.000Z,001A,false,false,true,\n", Lead__csv="Id,LeadSource,Status,CreatedDate,IsConverted,ConvertedOpportunityId,Partner__c\n"
            "00QA,Web,Qualified,2026-01-01,true,006A,001A\n"
    )
    tables = read(preset="Salesforce").tables
    assert [(row["opportunity_id"], row["outcome"], row["channel"]) for row in rows(tables["opportunities"])] == [
        ("006A", "won", "Web"), ("006B", "lost", None), ("006C", "open", None),
    ]  # fmt: skip
    assert left_out(tables["opportunities"]) == {"where IsDeleted is not true or 1": 1}
    assert rows(tables["leads"]) == [
        {"#": 2, "lead_id": "00QA", "partner_id": "001A", "created_on": "2026-01-01", "channel": "Web", "opportunity_id": "006A"}
    ]


def test_hubspot_deals_and_their_stages(write, read, rows):
    write(
        deals__csv="\ufeffRecord ID,Deal Name,Deal Stage,Amount,Close Date,Create Date,Deal owner,Associated Company (Primary),Closed Lost Reason\n"
        "11,a,Closed Won,100,2026-02-01 10:20,2026-01-01 09:00,ann,Norvane,\n"
        "12,b,Closed Lost,,2026-02-02 10:20,2026-01-02 09:00,bob,Norvane,Price\n"
        "13,c,Contract Sent,50,,2026-01-03 09:00,ann,Borealis,\n",
        **{"stage changes__csv": "Record ID,Deal Name,Deal Stage,Date entered stage,Date left stage,Amount,Deal owner\n11,a,Contract Sent,2026-01-10 09:00,,100,ann\n"},
    )
    tables = read(preset="hubspot").tables
    assert [(row["opportunity_id"], row["outcome"], row["lost_reason"], row["partner_id"]) for row in rows(tables["opportunities"])] == [
        ("11", "won", None, "Norvane"), ("12", "lost", "Price", "Norvane"), ("13", "open", None, "Borealis"),
    ]  # fmt: skip
    assert [row["partner_id"] for row in rows(tables["partners"])] == ["Norvane", "Borealis"]
    assert rows(tables["stage_history"]) == [
        {"#": 2, "opportunity_id": "11", "changed_on": "2026-01-10 09:00", "stage": "Contract Sent", "amount": "100"}
    ]


def test_stages_of_ones_own_are_read_by_their_word(write, read, rows):
    header = "Record ID,Deal Stage,Amount,Close Date,Create Date,Partner\n"
    stages = ["Lost - budget", "Won (signed)", "LOST", "Legal"]
    lines = (f"{number},{stage},1,2026-02-01,2026-01-01,Norvane\n" for number, stage in enumerate(stages))
    write(deals__csv=header + "".join(lines))
    found = rows(read(preset="hubspot").tables["opportunities"])
    assert [row["outcome"] for row in found] == ["lost", "won", "lost", "open"]


def test_a_dynamics_365_export_by_the_status_reason_alone(write, read, rows):
    header = "Topic,Account,Est. close date,Est. revenue,Created On,Status Reason\n"
    reasons = ["Won", "In Progress", "Canceled", "Out-Sold", "On ice"]
    lines = (f"{reason},Norvane,2026-02-01,1,2026-01-01,{reason}\n" for reason in reasons)
    write(deals__csv=header + "".join(lines))
    mapping = {"opportunities": {"opportunity_id": "Topic"}}
    found = rows(read(mapping, preset="dynamics365").tables["opportunities"])
    # A reason of one's own is neither open nor lost by itself: the contract rejects it as unknown_outcome.
    assert [row["outcome"] for row in found] == ["won", "open", "lost", "lost", "On ice"]


def test_a_dynamics_365_workbook(write, read, rows):
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["(Do Not Modify) Opportunity", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Topic", "Account", "Est. close date", "Est. revenue", "Created On", "Actual Revenue", "Status", "Status Reason", "Sales Stage"])
    sheet.append(["guid-1", "x", datetime(2026, 3, 1), "a", "Norvane", 46054, 100.0, 46023.5, 90.25, "Won", "Won", "Close"])
    sheet.append(["guid-2", "x", datetime(2026, 3, 1), "b", "Norvane", 46060, 50.0, 46024, 0, "Lost", "Price", "Propose"])
    sheet.append(["guid-3", "x", datetime(2026, 3, 1), "c", "Borealis", 46090, 70.0, 46025, None, "Open", "In Progress", "Develop"])
    stream = io.BytesIO()
    made.save(stream)
    write(**{"All Opportunities__xlsx": stream.getvalue()})
    tables = read(preset="dynamics365").tables
    found = rows(tables["opportunities"])
    assert [(row["opportunity_id"], row["outcome"], row["amount"], row["lost_reason"], row["created_on"]) for row in found] == [
        ("guid-1", "won", "90.25", None, 46023.5), ("guid-2", "lost", "50", "Price", 46024.0), ("guid-3", "open", "70", None, 46025.0),
    ]  # fmt: skip
    assert [row["partner_id"] for row in rows(tables["partners"])] == ["Norvane", "Borealis"]


def test_pipedrive_deals_of_a_partner_programme(write, read, rows, left_out):
    write(
        deals__csv="Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Stage,Deal - Status,Deal - Deal created,Deal - Won time,Deal - Lost time,Deal - Expected close date,Deal - Organization,Deal - Partner,Deal - Lost reason\n"
        "1,a,100,EUR,Demo,Won,2026-01-01 10:00:00,2026-02-01 10:00:00,,2026-03-01,Customer A,Norvane,\n"
        "2,b,50,EUR,Demo,lost,2026-01-02 10:00:00,,2026-02-02 10:00:00,,Customer B,Norvane,Price\n"
        "3,c,,EUR,Lead,Open,2026-01-03 10:00:00,,,2026-09-01,Customer C,Borealis,\n"
        "4,d,1,EUR,Lead,deleted,2026-01-03 10:00:00,,,,Customer C,Borealis,\n"
    )
    tables = read(preset="pipedrive").tables
    assert [(row["opportunity_id"], row["partner_id"], row["outcome"], row["closed_on"]) for row in rows(tables["opportunities"])] == [
        ("1", "Norvane", "won", "2026-02-01 10:00:00"), ("2", "Norvane", "lost", "2026-02-02 10:00:00"), ("3", "Borealis", "open", "2026-09-01"),
    ]  # fmt: skip
    assert left_out(tables["opportunities"]) == {"where Deal - Status is not deleted": 1}


def test_zoho_deals_and_leads(write, read, rows):
    write(
        Deals__csv="Record Id,Deal Owner.id,Deal Owner,Deal Name,Account Name.id,Account Name,Amount,Currency,Closing Date,Stage,Created Time,Modified Time,Reason For Loss\n"
        "zcrm_1,u1,Ann,a,zcrm_9,Norvane,100,USD,2026-02-01,Closed Won,2026-01-01 10:00:00,2026-02-01 10:00:00,\n"
        "zcrm_2,u1,Ann,b,zcrm_9,Norvane,50,USD,2026-02-02,Closed Lost to Competition,2026-01-02 10:00:00,2026-02-02 10:00:00,Price\n"
        "zcrm_3,u1,Ann,c,zcrm_8,Borealis,70,USD,2026-09-02,Qualification,2026-01-03 10:00:00,2026-01-03 10:00:00,\n",
        Leads__csv="Record Id,Lead Owner,Lead Source,Lead Status,Created Time,Partner,Converted Deal.id\nzcrm_5,Ann,Web,Contacted,2026-01-01 09:00:00,zcrm_9,zcrm_1\n",
    )
    tables = read(preset="zoho").tables
    assert [(row["opportunity_id"], row["partner_id"], row["outcome"]) for row in rows(tables["opportunities"])] == [
        ("zcrm_1", "zcrm_9", "won"), ("zcrm_2", "zcrm_9", "lost"), ("zcrm_3", "zcrm_8", "open"),
    ]  # fmt: skip
    assert rows(tables["partners"]) == [
        {"#": 2, "partner_id": "zcrm_9", "name": "Norvane"}, {"#": 4, "partner_id": "zcrm_8", "name": "Borealis"},
    ]  # fmt: skip
    assert rows(tables["leads"])[0]["opportunity_id"] == "zcrm_1"


def test_a_file_named_as_our_table_goes_before_the_preset(write, read, rows, partners):
    write(report__csv=SALESFORCE_REPORT, partners__csv=partners)
    tables = read(preset="salesforce").tables
    assert [row["name"] for row in rows(tables["partners"])] == ["Acme", "Borealis"]
    assert len(rows(tables["opportunities"])) == 4


def test_ones_own_rule_goes_before_the_presets(write, read, rows):
    write(report__csv=SALESFORCE_REPORT)
    tables = read({"opportunities": {"partner_id": "Opportunity Owner"}, "partners": {"partner_id": "Opportunity Owner", "name": "Opportunity Owner"}}, preset="salesforce").tables
    assert [row["partner_id"] for row in rows(tables["opportunities"])][:3] == ["Ann", "Bob", "Ann"]
    assert [row["name"] for row in rows(tables["partners"])] == ["Ann", "Bob"]


def test_an_export_without_a_created_date_is_refused(write, read):
    write(deals__csv="Id,Name,StageName,Amount,CloseDate,AccountId\n1,a,Won,1,2026-01-01,2\n")
    with pytest.raises(SourceError) as caught:
        read(preset="salesforce")
    assert str(caught.value) == (
        "data/deals.csv: no column for opportunities.created_on (looked for: Created Date, CreatedDate, Create Date).\n"
        "data/deals.csv has: Id, Name, StageName, Amount, CloseDate, AccountId. "
        "Name the column in [source.mapping.opportunities], or add it to the file."
    )


def test_a_folder_that_the_preset_does_not_know(write, read):
    write(deals__csv="a,b\n1,2\n")
    with pytest.raises(SourceError) as caught:
        read(preset="zoho")
    assert str(caught.value) == (
        "data has no file for partners and opportunities. It has: data/deals.csv. The preset zoho knows them by their "
        "columns (partners: Deal Name, Stage, Closing Date; opportunities: Deal Name, Stage, Closing Date)."
    )
