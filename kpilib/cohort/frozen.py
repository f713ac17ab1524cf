"""The frozen cohort: once a quarter's first pack is approved, its later builds show the same figures of the others.

Otherwise one corrected cent of one partner would make every pack stale, and the difference between two editions
would tell each reader what changed for another. What freezes it is `kpilib.build.frozen`; here it is read, so that
a notebook at the desk shows what a build shows. Each as-of day of a quarter has a frozen cohort of its own.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kpilib.cohort.cohort import Cohort
from kpilib.cohort.remembered import todays_cohort
from kpilib.errors import SettingsError
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["cohort_path", "compute_cohort", "find_drift", "read_frozen", "shown_cohort"]

TREND = 8


def cohort_path(settings: Settings, quarter: Quarter, as_of: date) -> Path:
    """Return where the cohort lies that is frozen for an as-of day: the quarter's end names no day."""
    day = "" if as_of == quarter.end else f"-{as_of}"
    return settings.reports / str(quarter) / f"cohort{day}.json"


def read_frozen(settings: Settings, quarter: Quarter, as_of: date) -> Cohort | None:
    """Return the cohort that is frozen for an as-of day of a quarter, or None while it is not frozen.

    Raises
    ------
    SettingsError
        when the file cannot be used.
    """
    frozen = _read(cohort_path(settings, quarter, as_of), quarter)
    return frozen if frozen is not None and frozen.as_of == as_of else None


def compute_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date) -> Cohort:
    """Return the cohort of today's rows, its earlier quarters as the quarter that was frozen last scored them."""
    computed, before = todays_cohort(store, settings, quarter, as_of), _read_before(settings, quarter)
    return computed if before is None else computed.with_past(before)


def shown_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date) -> Cohort:
    """Return the cohort that packs show: the frozen one where there is one of the same day, else as computed.

    A partner's own figures are those of today in both.
    """
    computed, frozen = compute_cohort(store, settings, quarter, as_of), read_frozen(settings, quarter, as_of)
    return computed if frozen is None else frozen.with_own(computed)


def find_drift(
    store: Store, settings: Settings, quarter: Quarter, as_of: date
) -> dict[str, tuple[float | None, float | None]]:
    """Return by KPI how a frozen cohort's median differs from today's: (frozen, now); nothing where none is frozen."""
    frozen = read_frozen(settings, quarter, as_of)
    return {} if frozen is None else frozen.drift(todays_cohort(store, settings, quarter, as_of))


def _read_before(settings: Settings, quarter: Quarter) -> Cohort | None:
    """Return the frozen cohort of the latest quarter before that has one and shares a quarter's score with it."""
    before = (_read_latest(settings, quarter.shift(-back)) for back in range(1, TREND))
    return next((cohort for cohort in before if cohort is not None), None)


def _read_latest(settings: Settings, quarter: Quarter) -> Cohort | None:
    """Return the cohort that is frozen for a quarter's latest day."""
    # By name: the days come before the quarter's end, which names none.
    path = max(cohort_path(settings, quarter, quarter.end).parent.glob("cohort*.json"), default=None)
    return None if path is None else _read(path, quarter)


def _read(path: Path, quarter: Quarter) -> Cohort | None:
    try:
        return Cohort.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} cannot be used as the frozen cohort of {quarter}: {type(error).__name__}: {error}. "
            "Restore the file, or replace it: kpilib build --refresh-cohort.",
            path=str(path),
        ) from None
