"""Writing a sample: block after block of partners, so that its size is bounded by the disk alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from kpilib.errors import SettingsError
from kpilib.sample.actions import actions_table
from kpilib.sample.currencies import fx_table
from kpilib.sample.dirt import FLAWS, plant_dirt
from kpilib.sample.files import Ids, Table, TableFiles
from kpilib.sample.leads import leads_table, simulate_leads
from kpilib.sample.masters import partners_table, stages_table
from kpilib.sample.opportunities import history_table, opportunities_table
from kpilib.sample.plans import spend_table, targets_table
from kpilib.sample.profiles import Profile, make_profiles
from kpilib.sample.simulation import simulate_opportunities
from kpilib.sample.span import Span

__all__ = ["SampleReport", "write_sample"]

_BLOCK = 400_000
_SEED = 7


@dataclass(frozen=True)
class SampleReport:
    """What was written: rows per table, and of these the dirty ones per table and kind."""

    folder: Path
    rows: dict[str, int]
    planted: dict[str, dict[str, int]]


def write_sample(
    folder: Path,
    *,
    partners: int = 30,
    years: int = 3,
    until: date = date(2026, 9, 30),
    seed: int = _SEED,
    volume: float = 1.0,
) -> SampleReport:
    """Write a sample's tables as CSV files into a folder, which is made if need be.

    The same arguments give the same bytes. Files of the same names are replaced, all of them or none.

    Parameters
    ----------
    until
        the last day of the data, as if they had been exported that evening.
    volume
        how many times as many opportunities, leads and deals as usual.

    Raises
    ------
    SettingsError
        when an argument is out of range.
    """
    _check(partners=partners, years=years, until=until, volume=volume)
    span = Span.before(until, years)
    levels, rates, *seeds = np.random.SeedSequence(seed).spawn(2 + partners)
    profiles = make_profiles(partners, np.random.default_rng(levels))
    numbers, rows = _Numbers(), Counter[str]()
    planted = {name: Counter[str]() for name in FLAWS}
    whole = {
        "partners": partners_table(profiles),
        "stages": stages_table(),
        "fx": fx_table(span, np.random.default_rng(rates)),
    }
    with TableFiles(folder) as files:
        for name, table in whole.items():
            files.append(name, table)
            rows[name] = table.written
        for block, block_seed in zip(_blocks(profiles, span, volume), seeds, strict=False):
            for name, table in _tables(block, span, volume, numbers, np.random.default_rng(block_seed)):
                files.append(name, table)
                rows[name] += table.written
                if table.planted:
                    planted[name].update(table.planted)
    return SampleReport(folder, dict(rows), {name: dict(kinds) for name, kinds in planted.items() if kinds})


class _Numbers:
    """The numbers in ids, which go on from block to block."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def ids(self, prefix: str, count: int) -> Ids:
        first = self._given[prefix] + 1
        self._given[prefix] += count
        return Ids(prefix, np.arange(first, first + count))


def _tables(
    profiles: Sequence[Profile], span: Span, volume: float, numbers: _Numbers, rng: np.random.Generator
) -> Iterator[tuple[str, Table]]:
    """Yield the tables of a block of partners, dirt planted."""
    # Streams of their own: what one of these draws changes nothing of the others.
    of_spend, of_actions, of_dirt = rng.spawn(3)
    simulated = simulate_opportunities(profiles, span, volume, rng)
    known = simulated.until(span.last)
    leads = simulate_leads(simulated, profiles, span, rng)
    ids, lead_ids = numbers.ids("O", len(known)), numbers.ids("L", len(leads))
    for name, table in (
        ("opportunities", opportunities_table(known, ids, profiles, span, rng)),
        ("stage_history", history_table(known, ids, span)),
        ("leads", leads_table(leads, lead_ids, ids, profiles, span, rng)),
        ("spend", spend_table(profiles, span, volume, of_spend)),
        ("targets", targets_table(profiles, span, volume)),
        ("actions", actions_table(profiles, span, numbers.ids, of_actions)),
    ):
        plant_dirt(table, FLAWS.get(name, {}), of_dirt)
        yield name, table


def _blocks(profiles: Sequence[Profile], span: Span, volume: float) -> Iterator[Sequence[Profile]]:
    """Yield the partners in stretches of about 400,000 opportunities."""
    start, expected = 0, 0.0
    for place, profile in enumerate(profiles):
        expected += profile.rate * len(span.simulated) * volume
        if expected >= _BLOCK:
            yield profiles[start : place + 1]
            start, expected = place + 1, 0.0
    if start < len(profiles):
        yield profiles[start:]


def _check(*, partners: int, years: int, until: date, volume: float) -> None:
    """Name all arguments that are out of range."""
    problems = [
        f"{name} is {value}; choose {right}"
        for name, value, right, fits in (
            ("partners", partners, "1 or more", partners >= 1),
            ("years", years, "from 1 to 20", 1 <= years <= 20),
            ("until", until, "a day from 2000-01-01 to 2099-12-31", 2000 <= until.year <= 2099),
            ("volume", volume, "more than 0", 0 < volume < float("inf")),
        )
        if not fits
    ]
    if problems:
        raise SettingsError(f"The sample cannot be made: {'; '.join(problems)}.")
