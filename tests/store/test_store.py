from __future__ import annotations

import fcntl
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from threading import Thread

import pandas as pd
import pytest

from kpilib.contract.tables import TABLES
from kpilib.errors import PartnerError, QuarterError, SettingsError, SourceError
from kpilib.quarter import Quarter
from kpilib.settings import Settings
from kpilib.slice import Slice
from kpilib.store import Store

MakeWorkspace = Callable[..., Settings]

DRAWN = {
    "partners": """
        partner_id | name  | contact_email | active
        P2         | Beta  |               | no
        P1         | Alpha | a@a.example   |
        """,
    "opportunities": """
        opportunity_id | partner_id | created_on | closed_on  | outcome | amount | currency
        B              | P1         | 2026-02-01 |            | open    |        | EUR
        A              | P1         | 2026-01-01 | 2026-03-31 | won     | 10.50  |
        C              | P2         | 2026-02-01 | 2026-02-01 | lost    | 3      |
        D              | P2         | 2026-01-05 | 2026-01-04 | won     | 3      |
        """,
    "stage_history": """
        opportunity_id | changed_on | stage | amount
        B              | 2026-02-01 | Offer | 7.0
        C              | 2026-02-01 | Offer | 9
        """,
    "fx": "currency | valid_from | rate\nEUR | 2026-01-01 | 1.10",
    "stages": "stage | order | probability\nWon | 2 |\nOffer | 1 | 0.5",
    "leads": "lead_id | partner_id | created_on | channel",
}


@pytest.fixture(scope="module")
def store(module_workspace: MakeWorkspace) -> Store:
    return Store.check(module_workspace(**DRAWN))


def test_rows_are_one_partner_s_as_plain_values_by_the_table_s_key(store: Store) -> None:
    assert store.rows("opportunities", "P1") == {
        "opportunity_id": ["A", "B"],
        "partner_id": ["P1", "P1"],
        "created_on": ["2026-01-01", "2026-02-01"],
        "closed_on": ["2026-03-31", None],
        "outcome": ["won", "open"],
        "amount": ["10.5", None],
        "currency": [None, "EUR"],
        "expected_on": [None, None],
    }
    assert store.rows("opportunities", "P2")["opportunity_id"] == ["C"]


def test_a_partner_without_rows_has_empty_columns(store: Store) -> None:
    assert store.rows("stage_history", "P9") == {"opportunity_id": [], "changed_on": [], "stage": [], "amount": []}
    assert store.rows("leads", "P1") == {"lead_id": [], "partner_id": [], "created_on": [], "channel": []}


def test_stages_and_rates_are_everybody_s_and_history_follows_its_opportunity(store: Store) -> None:
    assert store.rows("stages", "P1") == store.rows("stages", "P2")
    assert store.rows("stages", "P1")["stage"] == ["Offer", "Won"]
    assert store.rows("stages", "P1")["probability"] == [0.5, None]
    assert store.rows("fx", "P1") == {"currency": ["EUR"], "valid_from": ["2026-01-01"], "rate": ["1.1"]}
    assert store.rows("stage_history", "P2")["amount"] == ["9"]


def test_what_the_source_has_and_what_it_has_not(store: Store) -> None:
    assert set(store.tables) == set(DRAWN)
    assert {"actions", "spend", "targets", "opportunities.lost_to", "leads.segment"} <= set(store.absent)
    assert not {"leads", "opportunities.currency", "opportunities.expected_on", "spend.amount"} & set(store.absent)


def test_partners_and_their_row(store: Store) -> None:
    assert store.partner_ids(active_only=False) == ["P1", "P2"]
    assert store.partner_ids(active_only=True) == ["P1"]
    assert store.partner("P1") == {
        "partner_id": "P1", "name": "Alpha", "contact_email": "a@a.example", "active": "true",
    }  # fmt: skip
    with pytest.raises(PartnerError) as caught:
        store.partner("P11")
    assert str(caught.value) == "No partner 'P11' in the table partners. Did you mean: P1?"


def test_quality_is_a_partner_s_own(store: Store) -> None:
    assert store.quality("P1") == [
        {"table": "opportunities", "action": "warned", "reason": "after_export", "rows": 1},
        {"table": "opportunities", "action": "warned", "reason": "amount_blank", "rows": 1},
    ]
    assert store.quality("P2") == [
        {"table": "opportunities", "action": "rejected", "reason": "closed_before_created", "rows": 1}
    ]
    assert store.quality("P9") == []


def test_the_latest_quarter_ends_by_the_latest_date(store: Store, workspace: MakeWorkspace) -> None:
    # The latest date is the closing of A on 2026-03-31, a quarter's last day.
    assert str(store.latest_quarter()) == "2026Q1"
    fiscal = workspace("[calendar]\nfiscal_year_start = 2\n", **DRAWN)
    assert str(Store.check(fiscal).latest_quarter()) == "2026Q4"
    # A date after the stated export date is a mistake and tells nothing.
    stated = workspace('[source]\npath = "data"\nexported_on = 2026-03-30\n', **DRAWN)
    assert str(Store.check(stated).latest_quarter()) == "2025Q4"


def test_an_expected_date_is_none_that_tells_the_quarter(workspace: MakeWorkspace) -> None:
    opportunities = """
        opportunity_id | partner_id | created_on | closed_on  | outcome | amount
        A              | P1         | 2026-02-01 | 2027-12-31 | open    | 1
        """
    store = Store.check(workspace(partners=DRAWN["partners"], opportunities=opportunities))
    assert str(store.exported_on) == "2026-02-01"
    assert str(store.latest_quarter()) == "2025Q4"


def test_tables_with_only_a_header_are_fine(workspace: MakeWorkspace) -> None:
    store = Store.open(workspace(**{name: drawn.strip().splitlines()[0] for name, drawn in DRAWN.items()}))
    assert store.partner_ids(active_only=False) == []
    assert {table.read for table in store.report.tables.values()} == {0}
    assert store.frame("opportunities").empty
    with pytest.raises(QuarterError) as caught:
        store.latest_quarter()
    assert str(caught.value) == (
        "The data hold no opportunity and no lead, so there is no latest quarter. Name one."
    )


@pytest.mark.parametrize("table", TABLES)
def test_a_frame_has_the_types_of_a_slice_s(store: Store, table: str) -> None:
    held = store.rows(table, "P1") if table in store.tables else {}
    of_slice = Slice({"tables": {table: held}}).frame(table)
    frame = store.frame(table)
    assert frame.dtypes.to_dict() == of_slice.dtypes.to_dict()
    if "partner_id" in frame:
        frame = frame[frame["partner_id"] == "P1"].reset_index(drop=True)
    if table != "stage_history":
        pd.testing.assert_frame_equal(frame, of_slice)


def test_decimals_are_exact_and_spelt_alike_everywhere(store: Store) -> None:
    amounts = store.frame("opportunities")["amount"].tolist()
    assert amounts == [Decimal("10.5"), None, Decimal(3)]
    assert [str(amount) for amount in amounts] == ["10.5", "None", "3"]


def test_a_connection_sees_every_table(store: Store) -> None:
    with store.connect() as connection:
        sums = connection.execute("SELECT partner_id, sum(amount) FROM opportunities GROUP BY 1 ORDER BY 1").fetchall()
        assert sums == [("P1", Decimal("10.5")), ("P2", Decimal(3))]
        assert connection.execute("SELECT partner_id FROM stage_history ORDER BY 1").fetchall() == [("P1",), ("P2",)]
        assert connection.execute("SELECT count(*) FROM actions").fetchall() == [(0,)]


def built(settings: Settings) -> str:
    return (settings.store / "current").read_text(encoding="utf-8")


def test_unchanged_sources_are_not_read_again(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    first = built(settings)
    path = settings.root / "data" / "opportunities.csv"
    Store.check(settings)
    os.utime(path, ns=(1, 1))  # touched, same bytes
    Store.check(settings)
    raised = workspace('[source]\npath = "data"\nmax_rejected_share = 0.9\n', **DRAWN)
    os.utime(path, ns=(1, 1))
    Store.check(raised)
    assert built(settings) == first == "v000001"


def test_a_file_that_nobody_touched_is_not_even_opened(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    code = (
        "import sys; from kpilib.settings import load_settings; from kpilib.store import Store; opened = []; "
        "sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == 'open' else None); "
        "Store.check(load_settings()); print(*opened, sep='\\n')"
    )

    def opened() -> set[str]:
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, cwd=settings.root, stdout=subprocess.PIPE, text=True, check=True)
        return {line.rpartition("/")[2] for line in run.stdout.splitlines()}

    assert {"about.json", "opportunities.csv"} & opened() == {"about.json"}
    (settings.root / "data" / "opportunities.csv").touch()
    assert "opportunities.csv" in opened()


def test_another_content_of_the_same_size_and_time_is_noticed(workspace: MakeWorkspace) -> None:
    """As a tool leaves it that sets a file's time to that of its original."""
    settings = workspace(**DRAWN)
    Store.check(settings)
    path = settings.root / "data" / "opportunities.csv"
    stat = path.stat()
    path.write_text(path.read_text().replace("10.50", "10.51"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert Store.check(settings).rows("opportunities", "P1")["amount"] == ["10.51", None]


def test_a_manifest_without_the_time_of_change_is_made_anew(workspace: MakeWorkspace) -> None:
    """One of a kpilib before: the files are read for their hashes once, and the store stays."""
    settings = workspace(**DRAWN)
    manifest = Store.check(settings).folder / "manifest.json"
    whole = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**whole, **{key: [without(file) for file in whole[key]] for key in LISTS}}))
    Store.check(settings)
    assert json.loads(manifest.read_text()) == whole
    assert built(settings) == "v000001"


LISTS = ("files", "listed")


def without(file: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in file.items() if key != "ctime_ns"}


def test_a_file_beside_one_that_changed_is_not_read_again(workspace: MakeWorkspace) -> None:
    header = "opportunity_id | partner_id | created_on | closed_on | outcome | amount"
    early = f"{header}\nE | P1 | 2025-05-01 | | open | soon"
    settings = workspace(**{**DRAWN, "opportunities-2025": early})
    before = Store.check(settings)
    assert before.report.tables["opportunities"].reasons["rejected"] == {"closed_before_created": 1, "not_a_number": 1}
    # Nobody reads it for its rows: whoever did would find other ones than its stage says.
    (stage,) = (
        path for path in (settings.root / ".kpilib" / "staged").glob("*/about.json") if "soon" in path.read_text()
    )
    stage.write_text(stage.read_text().replace("soon", "later"))
    rest = {**DRAWN, "opportunities": DRAWN["opportunities"].replace("10.50", "10.51")}
    after = Store.check(workspace(**rest))
    assert built(settings) == "v000002"
    assert after.rows("opportunities", "P1")["amount"] == ["10.51", None]
    again = after.report.tables["opportunities"]
    assert again.reasons == before.report.tables["opportunities"].reasons
    assert again.examples["amount"] == ["later", "10.51", "3"]
    assert (again.read, again.files) == (5, ("data/opportunities-2025.csv", "data/opportunities.csv"))
    rejects = (settings.root / ".kpilib" / "rejects" / "opportunities.csv").read_text(encoding="utf-8-sig")
    assert [line.split(",")[1:4] for line in rejects.splitlines()[1:]] == [
        ["data/opportunities-2025.csv", "2", "amount"], ["data/opportunities.csv", "5", "closed_on"],
    ]  # fmt: skip


def test_only_the_stages_in_use_are_kept(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    folder = settings.root / ".kpilib" / "staged"
    first = {path.name for path in folder.iterdir()}
    Store.check(workspace(**{**DRAWN, "opportunities": DRAWN["opportunities"].replace("10.50", "10.51")}))
    second = {path.name for path in folder.iterdir()}
    assert len(first) == len(second) == len(DRAWN)
    assert len(first - second) == 1


def test_who_finds_nothing_changed_loads_no_reader(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    code = (
        "import sys; from kpilib.settings import load_settings; from kpilib.store import Store; "
        "print(Store.check(load_settings()).partner_ids(active_only=True)); "
        "print([name for name in ('pandas', 'sqlalchemy', 'duckdb', 'kpilib.sources.opening') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=settings.root, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["['P1']", "[]"]


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ("", {"opportunities": DRAWN["opportunities"].replace("10.50", "10.51")}),
        ("", {"targets": "partner_id | quarter | metric | value"}),
        ('[money]\ncurrency = "EUR"\n', {}),
        ('[source]\npath = "data"\nexported_on = 2026-09-30\n', {}),
    ],
    ids=["a cent", "a table more", "the currency", "the export date"],
)
def test_what_changes_the_accepted_rows_is_noticed(
    workspace: MakeWorkspace, settings: str, changed: dict[str, str]
) -> None:
    before = workspace(**DRAWN)
    Store.check(before)
    after = workspace(settings, **{**DRAWN, **changed})
    Store.check(after)
    assert built(after) == "v000002"
    assert [path.name for path in after.store.glob("v*")] == ["v000002"]


def test_a_store_in_use_stays_whole_when_it_is_replaced(workspace: MakeWorkspace) -> None:
    old = Store.check(workspace(**DRAWN))
    new = Store.check(workspace(**{**DRAWN, "opportunities": DRAWN["opportunities"].replace("10.50", "11")}))
    assert old.rows("opportunities", "P1")["amount"] == ["10.5", None]
    assert new.rows("opportunities", "P1")["amount"] == ["11", None]


def test_a_store_in_use_is_not_removed(workspace: MakeWorkspace) -> None:
    """Two hold the first store, one of them another process, which is killed; the third store finds nobody there."""
    settings = workspace(**DRAWN)
    code = (
        "import time; from kpilib.settings import load_settings; from kpilib.store import Store; "
        "store = Store.check(load_settings()); print(store.folder.name, flush=True); time.sleep(600)"
    )
    old = Store.check(settings)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=settings.root, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "v000001\n"
        made = [name_of(Store.check(workspace(**with_amount("11"))))]
        with old.connect() as connection:
            assert connection.execute("SELECT sum(amount) FROM opportunities").fetchall() == [(Decimal("13.5"),)]
        del old
        made.append(name_of(Store.check(workspace(**with_amount("12")))))
        assert versions(settings) == ["v000001", made[1]]
        holder.kill()
    made.append(name_of(Store.check(workspace(**with_amount("13")))))
    assert versions(settings) == made[2:] == ["v000004"]


def name_of(store: Store) -> str:
    return store.folder.name


def with_amount(amount: str) -> dict[str, str]:
    return {**DRAWN, "opportunities": DRAWN["opportunities"].replace("10.50", amount)}


def versions(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.store.glob("v*"))


def test_what_breaks_off_leaves_the_store_before(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    with pytest.raises(SourceError):
        Store.check(workspace(**{**DRAWN, "opportunities": "opportunity_id | partner_id"}))
    assert built(settings) == "v000001"
    assert sorted(path.name for path in settings.store.iterdir()) == ["current", "v000001"]


def test_a_damaged_store_is_built_again(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    Store.check(settings)
    (settings.store / "v000001" / "about.json").unlink()
    assert Store.check(settings).rows("opportunities", "P2")["opportunity_id"] == ["C"]
    (settings.store / "v000002" / "manifest.json").write_text("{", encoding="utf-8")
    Store.check(settings)
    assert built(settings) == "v000003"


def test_equal_sources_give_equal_bytes(workspace: MakeWorkspace) -> None:
    made = []
    for name in ("one", "other"):
        settings = workspace(folder=name, **DRAWN)
        Store.check(settings)
        folder = settings.store / "v000001"
        made.append({path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"})
    assert made[0] == made[1]


def test_a_workspace_that_cannot_be_written_is_said(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    (settings.root / ".kpilib").write_text("in the way", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        Store.check(settings)
    assert str(caught.value) == (
        f"{settings.store} cannot be written: Not a directory. kpilib keeps the accepted rows there."
    )


def test_one_process_builds_and_the_others_wait(workspace: MakeWorkspace) -> None:
    settings = workspace(**DRAWN)
    settings.store.mkdir(parents=True)
    opened: list[Store] = []
    other = Thread(target=lambda: opened.append(Store.check(settings)))
    with (settings.store.parent / "store.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        other.start()
        other.join(0.2)
        assert other.is_alive()
        assert not (settings.store / "current").exists()
    other.join()
    assert opened[0].partner_ids(active_only=False) == ["P1", "P2"]


def test_what_cannot_be_written_is_said_in_a_line(workspace: MakeWorkspace) -> None:
    settings = workspace(**{**DRAWN, "targets": "partner_id | quarter | metric | value\nP9 | 2026Q1 | won_amount | 1"})
    # A folder lies where the file of rejected rows is to be written.
    (settings.root / ".kpilib" / "rejects" / "opportunities.bare").mkdir(parents=True)
    with pytest.raises(SettingsError) as caught:
        Store.check(settings)
    assert str(caught.value).startswith(f"The accepted rows could not be written to {settings.store}: IO Error: ")
    assert len(str(caught.value).splitlines()) == 1


def test_large_tables_are_read_by_row_groups(workspace: MakeWorkspace) -> None:
    # 45,000 rows lie in three row groups; the partners' rows begin and end inside them.
    lines = "\n".join(f"O{n:05d}|P{n % 7}|2026-01-01||open|{n}" for n in range(45_000))
    partners = "partner_id | name\n" + "\n".join(f"P{n} | Partner {n}" for n in range(7))
    header = "opportunity_id|partner_id|created_on|closed_on|outcome|amount"
    store = Store.open(workspace(partners=partners, opportunities=f"{header}\n{lines}"))
    for n in range(7):
        held = store.rows("opportunities", f"P{n}")
        assert held["opportunity_id"] == [f"O{k:05d}" for k in range(n, 45_000, 7)]
        assert set(held["partner_id"]) == {f"P{n}"}
        assert held["amount"][:2] == [str(n), str(n + 7)]


def test_the_report_is_plain_data(store: Store) -> None:
    assert pickle.loads(pickle.dumps(store.report)) == store.report


def test_a_quarter_into_which_the_data_do_not_reach(workspace: MakeWorkspace) -> None:
    """Created on 2025-11-03 and 2026-05-20, won on 2026-08-02: the data hold 2025Q4 to 2026Q3."""
    store = Store.open(
        workspace(
            partners="partner_id | name\nP1 | Alder",
            opportunities="""
                opportunity_id | partner_id | created_on | closed_on  | outcome | amount
                O1             | P1         | 2025-11-03 |            | open    | 5
                O2             | P1         | 2026-05-20 | 2026-08-02 | won     | 5
            """,
        )
    )
    for held in ("2025Q4", "2026Q1", "2026Q3"):
        store.require(Quarter.parse(held))
    with pytest.raises(QuarterError) as after:
        store.require(Quarter.parse("2026Q4"))
    assert str(after.value) == (
        "2026Q4 starts on 2026-10-01, and the data end on 2026-08-02. The latest quarter that they complete: 2026Q2."
    )
    with pytest.raises(QuarterError) as before:
        store.require(Quarter.parse("2025Q3"))
    assert str(before.value) == (
        "2025Q3 ends on 2025-09-30, and the data begin on 2025-11-03. The latest quarter that they complete: 2026Q2."
    )
