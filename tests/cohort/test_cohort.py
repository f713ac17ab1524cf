from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from kpilib.cohort import Cohort
from kpilib.cohort.remembered import todays_cohort
from kpilib.errors import QuarterError
from kpilib.kpis import KPIS, evaluate
from kpilib.quarter import Quarter
from kpilib.sample import write_sample
from kpilib.settings import Settings, load_settings
from kpilib.slicing import cut_slice
from kpilib.store import Store

Q3 = Quarter(2026, 3)
MakeWorkspace = Callable[..., Settings]

# Deals of 2026Q3 per partner: number and amount of each. P007 has only lost something, P008 did nothing in the quarter.
DEALS = {"P001": (4, 200), "P002": (1, 100), "P003": (2, 100), "P004": (3, 100), "P005": (1, 300), "P006": (1, 400)}


def _workspace(make: MakeWorkspace, deals: dict[str, tuple[int, int]] = DEALS) -> tuple[Store, Settings]:
    rows = [
        f"{partner}-{n} | {partner} | 2026-07-01 | 2026-07-{11 + n} | won | {amount}"
        for partner, (count, amount) in deals.items()
        for n in range(count)
    ]
    rows.append("L | P007 | 2026-07-01 | 2026-07-31 | lost | 50")
    rows.append("M | P008 | 2026-01-01 | 2026-02-01 | won | 70")
    partners = [f"P00{n} | Partner {n} | {'false' if n == 6 else 'true'}" for n in range(1, 10)]
    settings = make(
        partners="\n".join(["partner_id | name | active", *partners]),
        opportunities="\n".join(["opportunity_id|partner_id|created_on|closed_on|outcome|amount", *rows]),
    )
    return Store.open(settings), settings


@pytest.fixture(scope="module")
def small(module_workspace: MakeWorkspace) -> tuple[Store, Settings]:
    return _workspace(module_workspace)


def test_scores_by_hand(small: tuple[Store, Settings]) -> None:
    """The cohort: P001 to P006 (P006, though not active) and P007, which only lost; not P008 and P009.

    c̄ = 12 ÷ 7, ā = (800 + 100 + 200 + 300 + 300 + 400) ÷ 7 = 300.
    P001: 100 × √((4 ÷ 12/7) × (800 ÷ 300)) = 100 × √(28/12 × 8/3) = 249.44…
    """
    cohort = Cohort.compute(*small, Q3, date(2026, 9, 30))
    expected = {
        "P001": 100 * math.sqrt(4 * 7 / 12 * 800 / 300),
        "P002": 100 * math.sqrt(1 * 7 / 12 * 100 / 300),
        "P007": 0.0,
        "P008": 0.0,
    }
    for partner, value in expected.items():
        for audience, shown in (("internal", pytest.approx(value)), ("partner", round(value))):
            entry = cohort.hand_out(partner, audience)["scores"][-1]  # type: ignore[arg-type]
            assert entry == {"quarter": "2026Q3", "as_of": "2026-09-30", "score": shown}


def test_medians_by_hand(small: tuple[Store, Settings]) -> None:
    """Of the others of P001: deal counts 1, 2, 3, 1, 1 and 0 of P007, median 1; sizes 100, 100, 100, 300, 400."""
    medians = Cohort.compute(*small, Q3, date(2026, 9, 30)).hand_out("P001", "partner")["medians"]
    assert list(medians) == list(KPIS)
    assert medians["deal_count"] == {"median": 1.0, "others": 6, "reason": None}
    assert medians["average_deal_size"] == {"median": 100.0, "others": 5, "reason": None}
    # W = n, success 1, cycles of 10, 10.5, 11 days: 10 | 19.05 | 27.27 | 30 | 40, rounded to two digits.
    assert medians["deal_velocity"] == {"median": 27.0, "others": 5, "reason": None}
    assert medians["close_rate"] == {"median": None, "others": None, "reason": "too_few"}
    # To P002 the sizes of five others, to P007, which has none, those of six: 100, 100, 200, 300, 400 and P002's.
    others = Cohort.compute(*small, Q3, date(2026, 9, 30)).hand_out("P007", "partner")["medians"]
    assert others["average_deal_size"] == {"median": 150.0, "others": 6, "reason": None}


def test_a_slice_is_told_no_other_figure(small: tuple[Store, Settings]) -> None:
    cohort = Cohort.compute(*small, Q3, date(2026, 9, 30))
    handed = cohort.hand_out("P001", "partner")
    assert sorted(handed) == ["deal_success", "medians", "prior", "scores"]
    assert "P00" not in str(handed)
    # 12 of 13 decided (P008 is no member), to two digits.
    assert handed["deal_success"] == 0.92
    assert cohort.hand_out("P001", "internal")["deal_success"] == 12 / 13


def test_with_few_others_median_score_and_success_are_withheld(workspace: MakeWorkspace) -> None:
    """Six with work, five of them others; without P006 and P005 only four."""
    few = {key: value for key, value in DEALS.items() if key not in ("P005", "P006")}
    store, settings = _workspace(workspace, few)
    cohort = Cohort.compute(store, settings, Q3, date(2026, 9, 30))
    handed = cohort.hand_out("P001", "partner")
    assert handed["medians"]["quality_score"] == {"median": None, "others": None, "reason": "too_few"}
    assert [entry["score"] for entry in handed["scores"]] == [None] * 8
    assert handed["deal_success"] is None
    slice_ = cut_slice(store, cohort, settings, partner_id="P001", quarter=Q3, as_of=date(2026, 9, 30))
    score = evaluate(slice_)["quality_score"]
    assert (score.value, score.reason) == (None, "cohort_withheld")
    assert cohort.hand_out("P001", "internal")["medians"]["quality_score"]["others"] == 4


def test_one_that_dominates(workspace: MakeWorkspace) -> None:
    """P006 won 10,000 of the others' 10,900: their velocities would give it away, their counts would not."""
    store, settings = _workspace(workspace, {**DEALS, "P006": (1, 10_000)})
    medians = Cohort.compute(store, settings, Q3, date(2026, 9, 30)).hand_out("P001", "partner")["medians"]
    assert medians["deal_velocity"]["reason"] == "dominated"
    assert medians["deal_count"]["reason"] is None
    # A ratio is judged by its denominators, the deals.
    assert medians["average_deal_size"]["reason"] is None


def test_frozen_and_thawed(small: tuple[Store, Settings]) -> None:
    cohort = Cohort.compute(*small, Q3, date(2026, 8, 15))
    thawed = Cohort.from_json(cohort.to_json())
    assert thawed.to_json() == cohort.to_json()
    for partner in ("P001", "P008", "P009"):
        for audience in ("partner", "internal"):
            assert thawed.hand_out(partner, audience) == cohort.hand_out(partner, audience)  # type: ignore[arg-type]


def test_a_frozen_cohort_scores_a_partners_own_correction(workspace: MakeWorkspace) -> None:
    """P002 turns out to have won three deals: to P001 nothing changes, P002's own score is that of three."""
    frozen = Cohort.from_json(Cohort.compute(*_workspace(workspace), Q3, date(2026, 9, 30)).to_json())
    store, settings = _workspace(workspace, {**DEALS, "P002": (3, 100)})
    fresh = Cohort.compute(store, settings, Q3, date(2026, 9, 30))
    both = frozen.with_own(fresh)
    assert both.hand_out("P001", "partner") == frozen.hand_out("P001", "partner")
    scores = [cohort.hand_out("P002", "internal")["scores"][-1]["score"] for cohort in (frozen, both)]
    assert scores == [
        pytest.approx(100 * math.sqrt(1 * 7 / 12 * 100 / 300)),
        pytest.approx(100 * math.sqrt(3 * 7 / 12 * 300 / 300)),
    ]
    assert both.to_json() == frozen.to_json()
    assert frozen.drift(frozen) == {}
    # Success of all, and who has how many deals: 1, 1, 1, 2, 3, 4 and 0 → 1; then 1, 1, 2, 3, 3, 4 and 0 → 2.
    assert frozen.drift(fresh)["deal_count"] == (1.0, 2.0)


def test_blocks_of_partners_change_nothing(sample: tuple[Store, Settings]) -> None:
    store, settings = sample
    whole = Cohort.compute(store, settings, Q3, date(2026, 9, 30))
    for rows in (1, 700):
        assert Cohort.compute(store, settings, Q3, date(2026, 9, 30), rows_at_a_time=rows) == whole


def test_an_as_of_date_before_the_quarter(small: tuple[Store, Settings]) -> None:
    with pytest.raises(QuarterError):
        Cohort.compute(*small, Q3, date(2026, 6, 30))


def test_a_cohort_of_nobody(small: tuple[Store, Settings]) -> None:
    handed = Cohort.compute(*small, Quarter(2020, 1), date(2020, 3, 31)).hand_out("P001", "internal")
    assert handed["medians"]["deal_count"] == {"median": None, "others": None, "reason": "too_few"}
    assert {entry["score"] for entry in handed["scores"]} == {None}
    assert handed["deal_success"] is None


def test_amounts_as_their_history_knew_them(workspace: MakeWorkspace) -> None:
    """As of 09-30, of one partner:

    | id | outcome   | amount | history                          | worth |
    | A  | open      |     90 | 07-01 blank, 10-01 90            |     0 |
    | B  | open      |     90 | 07-01 40, 08-01 50, 08-02 blank  |    50 |
    | C  | won 08-01 |     30 | 07-01 blank                      |    30 |
    | D  | open      |      7 | none                             |     7 |
    | E  | won 10-02 |     60 | 10-01 60                         |    60 |
    """
    settings = workspace(
        partners="partner_id | name\nP001 | Partner 1",
        opportunities="""
            opportunity_id | partner_id | created_on | closed_on | outcome | amount
            A | P001 | 2026-07-01 | | open | 90
            B | P001 | 2026-07-01 | | open | 90
            C | P001 | 2026-07-01 | 2026-08-01 | won | 30
            D | P001 | 2026-07-01 | | open | 7
            E | P001 | 2026-07-01 | 2026-10-02 | won | 60
        """,
        stage_history="""
            opportunity_id | changed_on | stage | amount
            A | 2026-07-01 | Contact |
            A | 2026-10-01 | Offer | 90
            B | 2026-07-01 | Contact | 40
            B | 2026-08-01 | Offer | 50
            B | 2026-08-02 | Legal |
            C | 2026-07-01 | Contact |
            E | 2026-10-01 | Offer | 60
        """,
    )
    store, day = Store.open(settings), date(2026, 9, 30)
    cohort = Cohort.compute(store, settings, Q3, day)
    assert cohort.figures["opportunity_pipeline"].values == {"P001": 117.0}
    assert cohort.scorings[0].amounts == {"P001": 3000}
    slice_ = cut_slice(store, cohort, settings, partner_id="P001", quarter=Q3, as_of=day, audience="internal")
    kpis = evaluate(slice_)
    assert kpis["opportunity_pipeline"].value == 117
    assert kpis["deal_count"].companions["won_amount"] == 30
    assert kpis["quality_score"].value == 100.0


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Settings]:
    """Eight partners with several currencies, a stage history, shared leads and the dirt of a real export."""
    root = tmp_path_factory.mktemp("sample")
    write_sample(root / "data", partners=8, years=2, volume=0.5)
    (root / "kpilib.toml").write_text('[source]\npath = "data"\nmax_rejected_share = 0.2\n')
    settings = load_settings(Path(root / "kpilib.toml"))
    return Store.open(settings), settings


@pytest.mark.parametrize(("quarter", "day"), [(Q3, "2026-09-30"), (Quarter(2026, 2), "2026-05-17")])
def test_all_at_once_is_each_by_itself(sample: tuple[Store, Settings], quarter: Quarter, day: str) -> None:
    """The numbers of the cohort are those of the KPIs, partner by partner, and so are the scores of every quarter."""
    store, settings = sample
    as_of = date.fromisoformat(day)
    cohort = Cohort.compute(store, settings, quarter, as_of)
    slices = {
        partner: cut_slice(
            store, cohort, settings, partner_id=partner, quarter=quarter, as_of=as_of, audience="internal"
        )
        for partner in store.partner_ids(active_only=False)
    }
    every = {partner: evaluate(slice_) for partner, slice_ in slices.items()}
    members = cohort.scorings[0].deals
    assert len(members) >= 6
    for key, figures in cohort.figures.items():
        defined = {
            partner: float(kpis[key].value)  # type: ignore[arg-type]
            for partner, kpis in every.items()
            if partner in members and kpis[key].value is not None
        }
        assert dict(figures.values) == {partner: pytest.approx(value, rel=1e-12) for partner, value in defined.items()}
    for place in range(8):
        counts = {partner: kpis["deal_count"].trend[place] for partner, kpis in every.items()}
        quarter_ = str(quarter.shift(place - 7))
        scoring = next(one for one in cohort.scorings if one.quarter == quarter_ and (place == 7 or one.as_of != day))
        assert sum(scoring.deals.values()) == sum(count or 0 for count in counts.values())
    mean = sum(cohort.scorings[0].amounts.values()) / len(members)
    for kpis in every.values():
        won, amount = kpis["deal_count"].value, kpis["deal_count"].companions["won_amount"]
        mean_deals = sum(members.values()) / len(members)
        expected = 100 * math.sqrt(won / mean_deals * float(amount) * 100 / mean)  # type: ignore[operator]
        assert kpis["quality_score"].value == pytest.approx(expected)


def test_what_is_remembered_is_what_would_be_computed(workspace: MakeWorkspace) -> None:
    """Also what a partner's slice is handed, to the last digit; another limit, or another day, is another cohort."""
    store, settings = _workspace(workspace)
    computed = Cohort.compute(store, settings, Q3, date(2026, 9, 30))
    first, again = (todays_cohort(store, settings, Q3, date(2026, 9, 30)) for _ in range(2))
    assert first == again == computed
    for partner_id in store.partner_ids(active_only=False):
        for audience in ("partner", "internal"):
            assert json.dumps(again.hand_out(partner_id, audience)) == json.dumps(
                computed.hand_out(partner_id, audience)
            )
    (held,) = store.folder.glob("cohort-*.json")
    held.write_text(held.read_text().replace("0.", "0.9"))
    assert todays_cohort(store, settings, Q3, date(2026, 9, 30)) != computed  # it was the file that was read
    held.write_text("{")
    assert todays_cohort(store, settings, Q3, date(2026, 9, 30)) == computed
    assert todays_cohort(store, settings, Q3, date(2026, 8, 15)).as_of == date(2026, 8, 15)
    assert len(list(store.folder.glob("cohort-*"))) == 2
