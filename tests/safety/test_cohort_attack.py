"""Nobody can prove another's figure to within a tenth from what it is handed out, whatever the cohort looks like."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from statistics import median

import pytest

from kpilib.build.frozen import choose_cohort, find_drift, freeze_cohort
from kpilib.cohort import Cohort
from kpilib.cohort.cohort import FIGURES
from kpilib.cohort.others import Others
from kpilib.cohort.scoring import Scoring
from kpilib.quarter import Quarter
from kpilib.rounding import to_two_digits
from kpilib.settings import Settings
from kpilib.store import Store
from tests.safety.attack import known_score, prove

QUARTER = Quarter(2026, 3)
World = dict[str, tuple[int, int]]  # partner → deals, won amount in cents


def cohort_of(world: World) -> Cohort:
    deals, amounts = ({key: pair[place] for key, pair in world.items()} for place in (0, 1))
    scoring = Scoring("2026Q3", "2026-09-30", deals, amounts)
    sizes = {key: amount / count / 100 for key, (count, amount) in world.items() if count}
    counts = {key: float(count) for key, count in deals.items()}
    nothing = Others({}, {})
    figures = {
        **dict.fromkeys(FIGURES, nothing),
        "average_deal_size": Others(sizes, {key: counts[key] for key in sizes}),
        "deal_count": Others(counts, counts),
    }
    return Cohort(QUARTER, QUARTER.end, 5, 0.6, figures, (scoring,), nothing, (scoring,), None)


def breaches(
    world: World, *, readers: list[str] | None = None, careless: bool = False, corrections: int = 0
) -> list[str]:
    """Who proves what about whom.

    ``careless``: handed out by the rules for every other figure alone; ``corrections``: how often the reader's own
    figures were corrected after the quarter was approved, and its pack sent again.
    """
    cohort, found = cohort_of(world), []
    for reader in readers or world:
        own = world[reader]
        handed = cohort.hand_out(reader, "partner")
        score = known_score(handed, "2026Q3")
        shown = {key: handed["medians"][key]["median"] for key in ("deal_count", "average_deal_size", "quality_score")}
        if careless:
            others = cohort.scorings[0].scores
            if others.withheld(reader, minimum=5, largest_share=0.6) is None:
                score = round(others.values[reader])
                shown["quality_score"] = to_two_digits(others.median(reader))
        if not score or not own[0]:
            continue  # a score of nothing says nothing of the others
        known = {key: value or 0.0 for key, value in shown.items()}
        known["average_deal_size"] *= 100
        editions = [(score, own), *corrected(cohort, world, reader, corrections)]
        bounds = prove(known, editions, len(world) - 1)
        for name, pair in world.items():
            true = (*pair, cohort.scorings[0].scores.values[name])
            for what, bound, value in zip(("deals", "amount", "score"), vars(bounds).values(), true, strict=True):
                if name != reader and bound <= 1.1 * value:
                    found.append(f"{reader} proves that {name} has at most {bound:.4g} {what}: it has {value:.4g}")
    return found


def corrected(cohort: Cohort, world: World, reader: str, times: int) -> list[tuple[int, tuple[int, int]]]:
    """What a reader's further editions say: its own figures, a deal and some money more each time, and its score."""
    deals, amount = world[reader]
    found = []
    for time in range(1, times + 1):
        own = (deals + time, amount + 731 * time)
        edition = cohort.with_own(cohort_of({**world, reader: own}))
        found.append((known_score(edition.hand_out(reader, "partner"), "2026Q3") or 0, own))
    return found


def shares(*parts: float, deals: int = 1000, amount: int = 100_000_000) -> World:
    return {f"P{n}": (round(deals * part), round(amount * part)) for n, part in enumerate(parts)}


COHORTS = {
    # a dominant partner, and a reader beside it
    "dominant": {"me": (6, 90_000), **shares(0.8, 0.1, 0.05, 0.03, 0.01, 0.01)},
    "two that hold nearly all": {"me": (6, 90_000), **shares(0.599, 0.399, 0.0005, 0.0005, 0.0005, 0.0005)},
    "six": {"A": (3, 40_000), "B": (5, 90_000), "C": (2, 10_000), "D": (9, 80_000), "E": (4, 70_000), "F": (6, 60_000)},
    "six, one large": shares(0.3, 0.28, 0.12, 0.12, 0.1, 0.08),
    # the others as low as the medians allow: half of them at nothing, half at the median
    "flat": {"me": (4, 4_000), "X": (14, 14_000), "A": (5, 5_000), "B": (5, 5_000), "D": (0, 0), "E": (0, 0)},
    "flat, rich": {"me": (5, 5_000), "X": (5, 14_000), "A": (5, 5_000), "B": (5, 5_000), "D": (0, 0), "E": (0, 0)},
    "rich among many": {
        "me": (5, 500), "X": (5, 95_000),
        **{f"A{n}": (5, 500) for n in range(10)}, **{f"B{n}": (0, 0) for n in range(10)},
    },
    "only one won": {"me": (8, 8_000), **{f"A{n}": (0, 0) for n in range(6)}},
}  # fmt: skip


@pytest.mark.parametrize("name", COHORTS)
def test_nobody_proves_anothers_figure(name: str) -> None:
    assert breaches(COHORTS[name]) == []


@pytest.mark.parametrize("name", COHORTS)
def test_corrections_and_reissues_prove_no_more(name: str) -> None:
    """Forty more editions, each with another score: together they tell the product of both sums nearly exactly."""
    world = COHORTS[name]
    assert breaches(world, readers=[next(iter(world))], corrections=40) == []


def test_editions_narrow_what_is_known() -> None:
    """What makes the test above stronger than the one before it."""
    cohort, medians = cohort_of(COHORTS["six"]), {"deal_count": 4.0, "average_deal_size": 100.0, "quality_score": 80.0}
    score = known_score(cohort.hand_out("A", "partner"), "2026Q3")
    first = (score or 0, COHORTS["six"]["A"])
    further = corrected(cohort, COHORTS["six"], "A", 40)
    assert len({held for held, _ in further}) > 30
    assert prove(medians, [first, *further], 5).deals < prove(medians, [first], 5).deals


@pytest.mark.parametrize("name", ["flat", "rich among many"])
def test_the_attacker_would_succeed_without_the_rule_for_scores(name: str) -> None:
    """What makes the test above able to fail."""
    found = breaches(COHORTS[name], readers=["me"], careless=True)
    assert any("that X has at most" in text for text in found), found


def test_most_cohorts_are_shown_their_scores() -> None:
    """The rule is no blanket: in cohorts as they come nearly all see score and median; none can be attacked."""
    rng = random.Random(7)
    seen = asked = 0
    for place in range(40):
        world = {
            f"P{n}": (count, round(count * rng.lognormvariate(10, 0.6)))
            for n, count in enumerate(max(0, round(rng.lognormvariate(1.6, 0.7))) for _ in range(rng.randint(7, 14)))
        }
        cohort = cohort_of(world)
        handed = [cohort.hand_out(reader, "partner")["medians"]["quality_score"]["median"] for reader in world]
        seen, asked = seen + sum(value is not None for value in handed), asked + len(handed)
        if place < 6:
            assert breaches(world, readers=rng.sample(sorted(world), 2)) == []
    assert seen / asked > 0.9


def test_who_is_who_cannot_be_told_apart() -> None:
    """Names exchanged among the others, the reader is handed out the same: no lower bound has a name."""
    world = COHORTS["two that hold nearly all"]
    names = [name for name in world if name != "me"]
    handed = cohort_of(world).hand_out("me", "partner")
    for turn in range(1, len(names)):
        turned = {"me": world["me"], **{name: world[names[place - turn]] for place, name in enumerate(names)}}
        assert cohort_of(turned).hand_out("me", "partner") == handed


# A partner that leaves


def drawn(left: str = "", corrected: str = "") -> dict[str, str]:
    """Eight partners, two quarters: partner n wins n + 2 deals a quarter; one may have left, or counted wrongly."""
    rows = ["opportunity_id|partner_id|created_on|closed_on|outcome|amount"]
    for number in range(8):
        for month in ("05", "08"):
            for deal in range(number + 2 + (3 if f"P{number}" == corrected else 0)):
                day = f"2026-{month}-{deal + 1:02d}"
                rows.append(f"O{number}{month}{deal}|P{number}|{day}|{day}|won|{100 + 7 * number + deal}")
    kept = [row for row in rows if f"|{left}|" not in row] if left else rows
    partners = ["partner_id|name", *(f"P{n}|Name {n}" for n in range(8) if f"P{n}" != left)]
    return {"partners": "\n".join(partners), "opportunities": "\n".join(kept)}


def handed_out(settings: Settings, quarter: Quarter, choice: str = "frozen") -> dict[str, dict]:
    store = Store.check(settings)
    cohort = choose_cohort(store, settings, quarter, quarter.end, choice)  # type: ignore[arg-type]
    return {name: cohort.hand_out(name, "partner") for name in store.partner_ids(active_only=False)}


def approve(settings: Settings, quarter: Quarter) -> None:
    freeze_cohort(settings, choose_cohort(Store.check(settings), settings, quarter, quarter.end))


def test_a_partner_that_leaves_between_builds_is_not_the_difference(workspace: Callable[..., Settings]) -> None:
    """P7 leaves after the packs of Q2 were approved: neither the same quarter's nor the next one's packs tell."""
    settings = workspace(**drawn())
    issued = handed_out(settings, Quarter(2026, 2))
    approve(settings, Quarter(2026, 2))
    workspace(**drawn(left="P7"))
    again, fresh = handed_out(settings, Quarter(2026, 2)), handed_out(settings, Quarter(2026, 2), "computed")
    next_quarter = handed_out(settings, QUARTER)
    assert set(again) == {f"P{number}" for number in range(7)}
    for name, handed in again.items():
        assert handed == issued[name]
        assert fresh[name] != issued[name]  # what the difference would have told
        assert known_score(next_quarter[name], "2026Q2") == known_score(issued[name], "2026Q2")
        assert known_score(fresh[name], "2026Q2") != known_score(issued[name], "2026Q2")
    # The quarter after has no frozen cohort of its own, and still keeps to what was issued once.
    approve(settings, QUARTER)
    workspace(**drawn(left="P6"))
    later = handed_out(settings, Quarter(2026, 4))
    for quarter in ("2026Q2", "2026Q3"):
        assert known_score(later["P0"], quarter) == known_score(next_quarter["P0"], quarter)


def test_a_correction_changes_ones_own_score_alone(workspace: Callable[..., Settings]) -> None:
    settings = workspace(**drawn())
    issued = handed_out(settings, QUARTER)
    approve(settings, QUARTER)
    workspace(**drawn(corrected="P3"))
    again = handed_out(settings, QUARTER)
    assert [name for name in again if again[name] != issued[name]] == ["P3"]
    assert again["P3"]["medians"] == issued["P3"]["medians"]


def test_the_drift_is_told_to_the_channel_team(workspace: Callable[..., Settings]) -> None:
    settings = workspace(**drawn())
    approve(settings, QUARTER)
    assert find_drift(Store.check(settings), settings, QUARTER, QUARTER.end) == {}
    workspace(**drawn(left="P7"))
    drift = find_drift(Store.check(settings), settings, QUARTER, QUARTER.end)
    assert drift["deal_count"] == (median(range(2, 10)), median(range(2, 9)))
    assert find_drift(Store.check(settings), settings, QUARTER, date(2026, 9, 1)) == {}


def test_a_cohort_frozen_as_of_another_day_is_not_used(workspace: Callable[..., Settings]) -> None:
    settings = workspace(**drawn())
    store = Store.check(settings)
    early = choose_cohort(store, settings, QUARTER, date(2026, 8, 5))
    freeze_cohort(settings, early)
    at_end = choose_cohort(store, settings, QUARTER, QUARTER.end)
    assert replace(at_end, own=()) == replace(Cohort.compute(store, settings, QUARTER, QUARTER.end), own=())
