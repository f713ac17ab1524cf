"""What a mapping can say, and what it answers to a mistake."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest

from kpilib.errors import SettingsError, SourceError
from kpilib.sources.rules import overlay, read_mapping

DEALS = (
    "Deal,Account Id,Opened,Won,Stage,Value,Estimate,Kind\n"
    "1,A1,02.01.2026,05.02.2026,Closed Won,100,120,Partner deal\n"
    "2,A2,03.01.2026,,In talks,,250,partner DEAL\n"
    "3,A3,04.01.2026,06.02.2026,Closed Lost (price),0,300,Direct\n"
    "4,,05.01.2026,,,,,Partner deal\n"
)
ACCOUNTS = "Id,Reseller\nA1,R1\nA2,R1\nA3,R2\n"


def mapping(text: str) -> dict:
    return tomllib.loads(text, parse_float=Decimal)


@pytest.fixture
def deals(write, read, partners):
    def deals(rules: str, accounts: str = ACCOUNTS):
        write(partners__csv=partners, deals__csv=DEALS, accounts__csv=accounts)
        whole = f"""
            [opportunities]
            file = "deals.csv"
            opportunity_id = "deal"
            created_on = "Opened"
            {rules}
        """
        return read(mapping(whole)).tables["opportunities"]

    return deals


PLAIN = """
    partner_id = ["Reseller", "Account Id"]
    outcome = { column = "Stage", values = { "closed won" = "won", "closed lost*" = "lost", "" = "open", "*" = "open" } }
    amount = "Value"
"""


def test_columns_candidates_and_values(deals, rows):
    table = deals(PLAIN)
    assert [(row["#"], row["opportunity_id"], row["partner_id"], row["outcome"]) for row in rows(table)] == [
        (2, "1", "A1", "won"), (3, "2", "A2", "open"), (4, "3", "A3", "lost"), (5, "4", None, "open"),
    ]  # fmt: skip
    assert table.columns == {
        "opportunity_id": "Deal",
        "partner_id": "Account Id",
        "created_on": "Opened [%d.%m.%Y]",
        "outcome": "Stage (closed won → won, closed lost* → lost, blank → open, * → open)",
        "stage": "Stage",
        "amount": "Value",
    }


def test_a_value_that_no_pattern_fits_stays(deals, rows):
    table = deals('partner_id = "Account Id"\namount = "Value"\noutcome = { column = "Stage", values = { "Closed Won" = "won" } }')
    assert [row["outcome"] for row in rows(table)] == ["won", "In talks", "Closed Lost (price)", None]


def test_the_first_that_is_not_blank(deals, rows):
    table = deals(PLAIN.replace('"Value"', '{ first_of = [{ column = "Value", values = { 0 = "" } }, "No such", "Estimate"] }'))
    assert [row["amount"] for row in rows(table)] == ["100", "250", "300", None]


def test_dates_of_two_spellings_become_one(write, read, rows, partners):
    write(partners__csv=partners, deals__csv="Id,P,Opened,Won,Due,S,V\n1,P1,2026-01-01,31.01.2026,,won,1\n2,P1,2026-01-01,,2026-03-04,open,\n3,P1,2026-01-01,no,,won,1\n")
    rules = """
        [opportunities]
        file = "deals.csv"
        opportunity_id = "Id"
        partner_id = "P"
        created_on = "Opened"
        closed_on = { first_of = ["Won", "Due"] }
        outcome = "S"
        amount = "V"
    """
    found = rows(read(mapping(rules)).tables["opportunities"])
    assert [row["closed_on"] for row in found] == ["2026-01-31 00:00:00", "2026-03-04 00:00:00", "no"]


def test_constants_and_templates(deals, rows):
    table = deals(PLAIN + 'currency = { constant = "EUR" }\nrep = { template = "{Kind} #{row}" }\nproduct = { template = "{Value}/{Estimate}" }')
    assert [(row["currency"], row["rep"], row["product"]) for row in rows(table)] == [
        ("EUR", "Partner deal #2", "100/120"), ("EUR", "partner DEAL #3", None),
        ("EUR", "Direct #4", "0/300"), ("EUR", "Partner deal #5", None),
    ]  # fmt: skip


def test_a_column_of_our_name_can_be_left_alone(deals):
    assert "stage" not in deals(PLAIN + "stage = false").columns


def test_filters_leave_rows_out_and_count_them(deals, rows, left_out):
    table = deals(PLAIN + 'where = { Kind = "partner*" }\nwhere_not = { "Account Id" = "" }')
    assert [row["opportunity_id"] for row in rows(table)] == ["1", "2"]
    assert left_out(table) == {"where Kind is partner*": 1, "where Account Id is not ": 1}


def test_a_joined_file(deals, rows):
    table = deals(PLAIN.replace('["Reseller", "Account Id"]', '"account.Reseller"') + 'join.account = { file = "accounts.csv", on = "Account Id", key = "Id" }')
    assert [row["partner_id"] for row in rows(table)] == ["R1", "R1", "R2", None]
    assert table.columns["partner_id"] == "account.Reseller"


def test_a_join_translates_its_key(deals, rows):
    table = deals(PLAIN + 'product = "account.Reseller"\njoin.account = { file = "accounts.csv", on = "Kind", key = "Id", values = { "Direct" = "A3" } }')
    assert [row["product"] for row in rows(table)] == [None, None, "R2", None]


def test_a_key_with_two_values_is_refused_unless_the_first_is_wanted(deals, rows):
    join = 'join.account = { file = "accounts.csv", on = "Account Id", key = "Id"%s }'
    plain = PLAIN.replace('["Reseller", "Account Id"]', '"account.Reseller"')
    with pytest.raises(SourceError) as caught:
        rows(deals(plain + join % "", ACCOUNTS + "A1,R9\nA2,R1\n"))
    assert str(caught.value) == (
        "data/accounts.csv cannot be joined by 'Id': 1 keys have more than one 'Reseller' (such as 'A1'), and either could "
        "be meant. Keep one row per key, or take the first: join.account.first = true."
    )
    table = deals(plain + join % ", first = true", ACCOUNTS + "A1,R9\n")
    assert [row["partner_id"] for row in rows(table)] == ["R1", "R1", "R2", None]


def test_a_joined_file_with_a_broken_line_is_refused(deals, rows):
    with pytest.raises(SourceError) as caught:
        rows(deals(PLAIN + 'product = "account.Reseller"\njoin.account = { file = "accounts.csv", on = "Account Id", key = "Id" }', ACCOUNTS + "A9\n"))
    assert str(caught.value) == (
        "data/accounts.csv cannot be joined: row 5 is no row (too_few_fields). Mend it: a row of the other file would lose "
        "what it looks up."
    )


def test_partners_made_from_the_opportunities(write, read, rows, left_out):
    write(deals__csv=DEALS)
    rules = """
        [partners]
        file = "deals.csv"
        once_per = "partner_id"
        partner_id = "Account Id"
        name = "Account Id"
        [opportunities]
        file = "deals.csv"
        opportunity_id = "Deal"
        partner_id = "Account Id"
        created_on = "Opened"
        outcome = "Stage"
        amount = "Value"
    """
    table = read(mapping(rules)).tables["partners"]
    assert [row["partner_id"] for row in rows(table)] == ["A1", "A2", "A3"]
    assert left_out(table) == {"one row per partner_id": 1}


def test_several_mappings_of_one_table(write, read, rows, partners):
    write(partners__csv=partners, won__csv="Id,P,C,A\n1,P1,2026-01-01,5\n", open__csv="Nr,P,C\n2,P1,2026-01-02\n")
    rules = """
        [[opportunities]]
        file = "won.csv"
        opportunity_id = "Id"
        partner_id = "P"
        created_on = "C"
        outcome = { constant = "won" }
        amount = "A"
        [[opportunities]]
        file = "open.csv"
        opportunity_id = "Nr"
        partner_id = "P"
        created_on = "C"
        outcome = { constant = "open" }
        amount = { constant = "" }
    """
    found = rows(read(mapping(rules)).tables["opportunities"])
    assert [(row["opportunity_id"], row["outcome"]) for row in found] == [("1", "won"), ("2", "open")]


def test_amounts_of_one_month_are_added_up(write, read, rows, left_out, partners):
    write(
        partners__csv=partners,
        opportunities__csv="opportunity_id,partner_id,created_on,outcome,amount\n",
        costs__csv="P,Type,Start,Cost\nP1,Fair,2026-01-10,$1.10K\nP1,Fair,2026-01-20,$0.05\nP1,Fair,2026-02-01,7\nP1,Fair,2026-01-05,?\nP1,Fair,2026-01-06,-1\nP1,Fair,2026-01-07,5 €\n",
    )
    rules = """
        [spend]
        file = "costs.csv"
        add_up = "amount"
        partner_id = "P"
        channel = "Type"
        month = "Start"
        amount = "Cost"
    """
    table = read(mapping(rules)).tables["spend"]
    assert [(row["#"], row["month"], row["amount"]) for row in rows(table)] == [
        (5, "2026-01-05", "?"), (6, "2026-01-06", "-1"), (2, "2026-01-01", "1100.05 $"), (4, "2026-02-01", "7"),
        (7, "2026-01-01", "5 €"),
    ]  # fmt: skip
    assert left_out(table) == {"added up into one amount": 1}


def test_a_missing_column_names_what_was_looked_for(deals):
    with pytest.raises(SourceError) as caught:
        deals(PLAIN.replace('"Value"', '["Vallue", "Worth"]'))
    assert str(caught.value) == (
        "data/deals.csv: no column for opportunities.amount (looked for: Vallue, Worth). Did you mean: Value?\n"
        "data/deals.csv has: Deal, Account Id, Opened, Won, Stage, Value, Estimate, Kind. "
        "Name the column in [source.mapping.opportunities], or add it to the file."
    )


def test_an_optional_column_that_is_named_must_be_there(deals):
    with pytest.raises(SourceError, match=r"^data/deals.csv: no column for opportunities.rep \(looked for: Seller\)\."):
        deals(PLAIN + 'rep = "Seller"')


def test_a_file_that_is_not_there(write, read, partners):
    write(partners__csv=partners)
    with pytest.raises(SourceError) as caught:
        read({"opportunities": {"file": "deals*.csv", "opportunity_id": "Id"}})
    assert str(caught.value) == (
        "[source.mapping.opportunities] file 'deals*.csv': there is no such file at 'data'. It has: data/partners.csv."
    )


def test_a_mapping_that_names_no_file(write, read, partners):
    write(partners__csv=partners, deals__csv=DEALS)
    with pytest.raises(SourceError) as caught:
        read({"opportunities": {"opportunity_id": "Deal"}})
    assert str(caught.value) == (
        '[source.mapping.opportunities] does not say which file it is for. Set file = "…"; '
        "data has: data/deals.csv, data/partners.csv."
    )


def test_a_single_file_needs_no_name(write, read, rows):
    write(deals__csv=DEALS)
    rules = """
        [partners]
        once_per = "partner_id"
        partner_id = "Account Id"
        name = "Account Id"
        [opportunities]
        opportunity_id = "Deal"
        partner_id = "Account Id"
        created_on = "Opened"
        outcome = "Stage"
        amount = "Value"
    """
    assert len(rows(read(mapping(rules), path="data/deals.csv").tables["opportunities"])) == 4


def test_every_mistake_in_a_mapping_is_named():
    with pytest.raises(SettingsError) as caught:
        read_mapping(
            mapping(
                """
                [oportunities]
                [leads]
                chanel = "Source"
                lead_id = 7
                region = { colum = "Region" }
                created_on = { column = "Created", date = "YYYY" }
                opportunity_id = { constant = "a", date = "%d.%m.%Y" }
                header = 0
                where = "x"
                join.deal = { file = "deals.csv" }
                join.other = { file = "o.csv", on = "Id", frist = true }
                once_per = "lead"
                [spend]
                add_up = "month"
                amount = { first_of = [] }
                channel = { column = "C", values = "x" }
                """
            )
        )
    assert str(caught.value).split("\n") == [
        "The mapping cannot be used:",
        "  [source.mapping.oportunities]: no such table. Did you mean: opportunities? Tables: partners, opportunities, stage_history, leads, spend, targets, stages, actions, fx.",
        "  [source.mapping.leads] chanel: no such column or rule. Did you mean: channel?",
        "  [source.mapping.leads] lead_id: neither a column's name nor a rule (found 7). For a fixed value: { constant = … }.",
        "  [source.mapping.leads] region.colum: no such rule. Did you mean: column?",
        "  [source.mapping.leads] region: say one of column, constant, template, first_of (found none).",
        "  [source.mapping.leads] created_on.date 'YYYY' does not say where day, month and year stand. Examples: \"%d.%m.%Y\", \"MM/DD/YYYY\".",
        "  [source.mapping.leads] opportunity_id: date: goes with column, not with constant.",
        "  [source.mapping.leads] header: not a row number (found 0). The first row is 1.",
        "  [source.mapping.leads] where: not a table such as { \"Record Type\" = \"Partner\" } (found 'x').",
        "  [source.mapping.leads] join.deal: needs file (the other file) and on (the column by which it is looked up).",
        "  [source.mapping.leads] join.other.frist: no such rule. Did you mean: first?",
        "  [source.mapping.leads] once_per: 'lead' is not one of lead_id, partner_id, created_on, channel, segment, opportunity_id, region, modified_on. Did you mean: lead_id?",
        "  [source.mapping.spend] amount.first_of: not a list of columns or rules (found []).",
        "  [source.mapping.spend] channel.values: not a table such as { \"Closed Won\" = \"won\" } (found 'x').",
        "  [source.mapping.spend] add_up: 'month' is not one of amount. Did you mean: amount?",
    ]


def test_ones_own_rules_lie_over_a_presets():
    merged = overlay({"leads": {"a": 1, "b": 2}, "spend": {"c": 3}}, {"leads": {"b": 9}, "fx": {"d": 4}})
    assert merged == {"leads": {"a": 1, "b": 9}, "spend": {"c": 3}, "fx": {"d": 4}}
