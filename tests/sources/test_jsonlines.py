"""JSON lines, and a JSON list."""

# ruff: noqa: E501 - the lines of made files and of messages stay whole
from __future__ import annotations

import pytest

from kpilib.errors import SourceError
from kpilib.sources.files import File
from kpilib.sources.jsonlines import JsonReader

OPPORTUNITIES = "opportunity_id,partner_id,created_on,outcome,amount\n"


def test_json_lines(write, read, rows, broken):
    lines = ['{"partner_id": 1, "name": "Acme"}', "", "{broken", '{"partner_id": "2", "name": null, "tier": "Gold"}', "[1]", '{"name": "한국", "active": true}']
    write(partners__jsonl="\n".join(lines), opportunities__csv=OPPORTUNITIES)
    table = read().tables["partners"]
    assert rows(table) == [
        {"#": 1, "partner_id": "1", "name": "Acme", "tier": None, "active": None},
        {"#": 4, "partner_id": "2", "name": None, "tier": "Gold", "active": None},
        {"#": 6, "partner_id": None, "name": "한국", "tier": None, "active": "true"},
    ]
    assert broken(table) == [(3, "{broken", "not_json"), (5, "[1]", "not_json")]
    assert table.described == {"data/partners.jsonl": "JSON lines"}


def test_amounts_keep_their_digits(write, read, rows, partners):
    write(
        partners__csv=partners,
        opportunities__ndjson='{"opportunity_id": "1", "partner_id": "P1", "created_on": "2026-01-01", "outcome": "won", "amount": 12345678901234567.89}\n',
    )
    assert rows(read().tables["opportunities"])[0]["amount"] == "12345678901234567.89"


def test_objects_in_objects_have_names_with_points(write, read, rows):
    write(deals__json='[{"id": "1", "partner": {"id": "P1", "name": "Acme"}}, 7]', opportunities__csv=OPPORTUNITIES)
    table = read({"partners": {"file": "deals.json", "partner_id": "partner.id", "name": "partner.name"}}).tables["partners"]
    assert rows(table) == [{"#": 1, "partner_id": "P1", "name": "Acme"}]
    assert table.described == {"data/deals.json": "one JSON list"}


def test_a_name_that_turns_up_after_the_sample_is_not_dropped(tmp_path):
    (tmp_path / "deals.jsonl").write_text('{"a": 1}\n{"a": 2}\n{"a": 3, "b": 4}\n')
    file = File("deals.jsonl", str(tmp_path / "deals.jsonl"))
    assert JsonReader(file).names == ["a", "b"]
    with pytest.raises(SourceError) as caught:
        list(JsonReader(file, 2).read([0]))
    assert str(caught.value) == (
        "deals.jsonl: row 3 is the first with 'b'. A file of this size must name all columns in its first 2 rows; "
        "write 'b' there too, as null."
    )


@pytest.mark.parametrize("text", ["nothing", "[1, 2]", "", "{}"])
def test_no_object_at_all(write, read, text):
    write(partners__jsonl=text, opportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError, match=r"^data/partners.jsonl holds no JSON object. Expected is an object per line"):
        read()


def test_a_damaged_list(write, read):
    write(partners__json='[{"partner_id": 1}, {"par', opportunities__csv=OPPORTUNITIES)
    with pytest.raises(SourceError, match=r"^data/partners.json is not JSON: Unterminated string .* JSON lines could\.$"):
        read()
