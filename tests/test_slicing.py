"""A slice holds one partner's rows as one day saw them: nothing later, and nobody else's."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from kpilib.cohort import Cohort
from kpilib.errors import PartnerError, QuarterError, SettingsError
from kpilib.quarter import Quarter
from kpilib.sample import write_sample
from kpilib.settings import Brand, Settings, Source
from kpilib.slice import Slice
from kpilib.slicing import cut_slice
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]
Rows = list[dict[str, str]]

QUARTER = Quarter(2026, 2)
DAYS = (date(2026, 4, 1), date(2026, 5, 11), date(2026, 6, 30))


def cut(store: Store, settings: Settings, pid: str, quarter: Quarter, as_of: date) -> Slice:
    return cut_all(store, settings, [pid], quarter, as_of)[0]


def cut_all(store: Store, settings: Settings, pids: list[str], quarter: Quarter, as_of: date) -> list[Slice]:
    cohort = Cohort.compute(store, settings, quarter, as_of)
    return [cut_slice(store, cohort, settings, partner_id=pid, quarter=quarter, as_of=as_of) for pid in pids]


def read(folder: Path) -> dict[str, Rows]:
    tables = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


def write(folder: Path, tables: dict[str, Rows], names: dict[str, list[str]]) -> None:
    folder.mkdir(parents=True)
    for table, rows in tables.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names[table])
            writer.writeheader()
            writer.writerows(rows)


def forget(tables: dict[str, Rows], quarter: Quarter, day: date) -> dict[str, Rows]:
    """The files as an export on a day would have them; what only closing tells is then not known."""
    last = day.isoformat()
    for row in tables["spend"]:
        row["month"] = row["month"][:8] + "01"
    kept = {
        table: [row for row in rows if row[began] <= last]
        for table, began in {
            "opportunities": "created_on", "stage_history": "changed_on", "leads": "created_on",
            "spend": "month", "fx": "valid_from",
        }.items()
        for rows in [tables[table]]
    }  # fmt: skip
    kept |= {"partners": tables["partners"], "stages": tables["stages"]}
    for row in kept["opportunities"]:
        if row["outcome"] != "open" and row["closed_on"] > last:
            row |= {"outcome": "open", "closed_on": "", "stage": "", "lost_reason": "", "lost_to": ""}
    existing = {row["opportunity_id"] for row in kept["opportunities"]}
    for row in kept["leads"]:
        if row["opportunity_id"] not in existing:
            row["opportunity_id"] = ""
    for row in (*kept["opportunities"], *kept["leads"]):
        if row["modified_on"] > last:
            row["modified_on"] = ""
    upcoming = str(quarter.shift(1))
    kept["targets"] = [row for row in tables["targets"] if row["quarter"] <= upcoming]
    kept["actions"] = [row for row in tables["actions"] if row["quarter"] <= str(quarter)]
    for row in kept["actions"]:
        if row["done_on"] > last:
            row |= {"status": "open", "done_on": ""}
    return kept


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A sample without the rows that are rejected: what becomes of a row does then not depend on a later one."""
    root = tmp_path_factory.mktemp("workspace")
    write_sample(root / "dirty", partners=4, years=1, volume=0.25)
    Store.check(Settings(root=root, source=Source(path="dirty")))
    tables = read(root / "dirty")
    names = {table: list(rows[0]) for table, rows in tables.items()}
    for path in (root / ".kpilib" / "rejects").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rejected = {int(one["row"]) for one in csv.DictReader(file)}
        for row in rejected:
            tables[path.stem][row - 2].clear()
    write(root / "data", {table: [row for row in rows if row] for table, rows in tables.items()}, names)
    settings = Settings(root=root, source=Source(path="data"))
    assert not any(table.rejected for table in Store.check(settings).report.tables.values())
    return settings


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_forgetting_what_came_later_changes_nothing(sample: Settings, tmp_path: Path, day: date) -> None:
    tables = read(sample.root / "data")
    names = {table: list(rows[0]) for table, rows in tables.items()}
    write(tmp_path / "data", forget(tables, QUARTER, day), names)
    then = Settings(root=tmp_path, source=Source(path="data"))
    now_store, then_store = Store.open(sample), Store.open(then)
    pids = now_store.partner_ids(active_only=False)
    assert len(pids) == 4
    some = 0
    all_now = cut_all(now_store, sample, pids, QUARTER, day)
    for now, past in zip(all_now, cut_all(then_store, then, pids, QUARTER, day), strict=True):
        for part in ("tables", "partner", "cohort", "settings"):
            assert now.content[part] == past.content[part], part
        assert (now.content["exported_later"], past.content["exported_later"]) == (True, False)
        some += len(now.content["tables"]["opportunities"]["opportunity_id"])
    assert some > 50


def test_no_date_of_a_fact_lies_after_the_day(sample: Settings) -> None:
    store = Store.open(sample)
    for one in cut_all(store, sample, store.partner_ids(active_only=False), QUARTER, DAYS[1]):
        tables = one.content["tables"]
        dated = ("created_on", "closed_on", "changed_on", "valid_from", "month", "modified_on", "done_on")
        dates = [day for table in tables.values() for column in dated for day in table.get(column, []) if day]
        assert max(dates) <= DAYS[1].isoformat()


def test_an_as_of_date_after_the_quarter_is_its_end(sample: Settings) -> None:
    store, pid = Store.open(sample), "P001"
    at_end = cut(store, sample, pid, QUARTER, QUARTER.end)
    later = cut(store, sample, pid, QUARTER, QUARTER.end + timedelta(days=40))
    assert later.to_bytes() == at_end.to_bytes()


def test_a_slice_names_nobody_else(sample: Settings) -> None:
    store = Store.open(sample)
    tables = {name: read(sample.root / "data")[name] for name in ("partners", "opportunities", "leads", "actions")}
    private = ("partner_id", "name", "contact_name", "opportunity_id", "lead_id", "action_id")
    words = {
        pid: {
            row[column] for rows in tables.values() for row in rows if row["partner_id"] == pid
            for column in private if row.get(column)
        }
        for pid in store.partner_ids(active_only=False)
    }  # fmt: skip
    slices = cut_all(store, sample, list(words), QUARTER, QUARTER.end)
    for (pid, own), one in zip(words.items(), slices, strict=True):
        data = one.to_bytes().decode()
        assert f'"{pid}"' in data
        others = set().union(*(words[other] for other in words if other != pid)) - own
        assert len(others) > 100
        assert not [word for word in others if f'"{word}"' in data or (len(word) > 6 and word in data)]


DRAWN = {
    "partners": "partner_id | name | locale\nP1 | Alpha | ko\nP2 | Beta |",
    "opportunities": """
        opportunity_id|partner_id|created_on|closed_on |outcome|stage|amount|lost_reason|lost_to|modified_on
        A             |P1        |2026-04-02|2026-07-01|lost   |Offer|5     |Price      |Rival  |2026-07-02
        B             |P1        |2026-04-02|2026-06-30|won    |Offer|7     |           |       |2026-06-30
        C             |P1        |2026-04-02|2026-12-24|open   |Offer|9     |           |       |
        D             |P1        |2026-07-01|          |open   |Offer|9     |           |       |
        X             |P2        |2026-04-02|          |open   |Offer|9     |           |       |
        """,
    "leads": """
        lead_id | partner_id | created_on | channel | opportunity_id
        L1      | P1         | 2026-04-01 | Web     | A
        L2      | P1         | 2026-04-01 | Web     | D
        L3      | P1         | 2026-04-01 | Web     | X
        """,
    "actions": """
        action_id | partner_id | quarter | text | status | done_on
        A1        | P1         | 2026Q1  | one  | done   | 2026-06-30
        A2        | P1         | 2026Q1  | two  | done   | 2026-07-01
        A3        | P1         | 2026Q2  | next | done   |
        A4        | P1         | 2026Q3  | far  | open   |
        """,
    "targets": "partner_id | quarter | metric | value\n"
               "P1 | 2026Q3 | won_amount | 1\nP1 | 2026Q4 | won_amount | 2\nP2 | 2026Q2 | won_amount | 3",
}  # fmt: skip


@pytest.fixture(scope="module")
def drawn(module_workspace: MakeWorkspace) -> Settings:
    return module_workspace(**DRAWN)


def test_what_was_decided_later_is_undone(drawn: Settings) -> None:
    content = cut(Store.check(drawn), drawn, "P1", QUARTER, QUARTER.end).content
    assert content["tables"]["opportunities"] == {
        "opportunity_id": ["A", "B", "C"],
        "partner_id": ["P1"] * 3,
        "created_on": ["2026-04-02"] * 3,
        "closed_on": [None, "2026-06-30", None],
        "outcome": ["open", "won", "open"],
        "stage": [None, "Offer", "Offer"],
        "amount": ["5", "7", "9"],
        "lost_reason": [None] * 3,
        "lost_to": [None] * 3,
        "modified_on": [None, "2026-06-30", None],
        "expected_on": [None, None, "2026-12-24"],
    }
    assert content["tables"]["leads"]["opportunity_id"] == ["A", None, None]
    assert content["tables"]["actions"]["action_id"] == ["A1", "A2", "A3"]
    assert content["tables"]["actions"]["status"] == ["done", "open", "open"]
    assert content["tables"]["actions"]["done_on"] == ["2026-06-30", None, None]
    assert content["tables"]["targets"]["quarter"] == ["2026Q3"]
    assert content["exported_later"] is True


def test_a_link_to_another_partner_s_opportunity_is_nowhere_in_the_slice(drawn: Settings) -> None:
    data = cut(Store.check(drawn), drawn, "P1", QUARTER, QUARTER.end).to_bytes()
    assert b'"X"' not in data
    assert b"P2" not in data
    assert b"Beta" not in data


def test_the_language_is_the_request_s_else_the_workspace_s_else_the_partner_s(drawn: Settings) -> None:
    store = Store.check(drawn)
    assert cut(store, drawn, "P1", QUARTER, QUARTER.end).language == "ko"
    assert cut(store, drawn, "P2", QUARTER, QUARTER.end).language == "en"
    cohort = Cohort.compute(store, drawn, QUARTER, QUARTER.end)
    asked = cut_slice(store, cohort, drawn, partner_id="P1", quarter=QUARTER, as_of=QUARTER.end, language="en")
    assert asked.language == "en"


def test_who_and_when_must_exist(drawn: Settings) -> None:
    store = Store.check(drawn)
    with pytest.raises(PartnerError) as unknown:
        cut(store, drawn, "P10", QUARTER, QUARTER.end)
    assert str(unknown.value) == "No partner 'P10' in the table partners. Did you mean: P1?"
    with pytest.raises(QuarterError, match="The as-of date 2026-03-31 lies before 2026Q2, which starts on 2026-04-01"):
        cut_slice(
            store, Cohort.compute(store, drawn, QUARTER, QUARTER.end), drawn,
            partner_id="P1", quarter=QUARTER, as_of=date(2026, 3, 31),
        )  # fmt: skip


def test_the_logo_travels_in_the_slice(drawn: Settings) -> None:
    (drawn.root / "our logo.SVG").write_bytes(b"<svg/>")
    branded = drawn.model_copy(update={"brand": Brand(logo="our logo.SVG")})
    brand = cut(Store.check(drawn), branded, "P1", QUARTER, QUARTER.end).content["settings"]["brand"]
    assert brand["logo"] == {"name": "logo.svg", "base64": "PHN2Zy8+"}
    missing = drawn.model_copy(update={"brand": Brand(logo="gone.svg")})
    with pytest.raises(SettingsError) as caught:
        cut(Store.check(drawn), missing, "P1", QUARTER, QUARTER.end)
    assert str(caught.value) == (
        "[brand] logo: gone.svg cannot be read (No such file or directory). Name an SVG or PNG file of the workspace."
    )
