"""The frozen cohort: once a quarter's first pack is approved, its later builds show the same figures of the others.

Otherwise one corrected cent of one partner would make every pack stale, and the difference between two editions
would tell each reader what changed for another. What freezes it is `kpilib.build.frozen`; here it is read, so that
a notebook at the desk shows what a build shows.
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


def cohort_path(settings: Settings, quarter: Quarter) -> Path:
    """Return where a quarter's frozen cohort lies."""
    return settings.reports / str(quarter) / "cohort.json"


def read_frozen(settings: Settings, quarter: Quarter) -> Cohort | None:
    """Return a quarter's frozen cohort, or None while it is not frozen.

    Raises
    ------
    SettingsError
        when the file cannot be used.
    """
    path = cohort_path(settings, quarter)
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


def compute_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date) -> Cohort:
    """Return the cohort of today's rows, its earlier quarters as the quarter that was frozen last scored them."""
    computed, before = todays_cohort(store, settings, quarter, as_of), _read_before(settings, quarter)
    return computed if before is None else computed.with_past(before)


def shown_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date) -> Cohort:
    """Return the cohort that packs show: the frozen one where there is one of the same day, else as computed.

    A partner's own figures are those of today in both.
    """
    computed, frozen = compute_cohort(store, settings, quarter, as_of), read_frozen(settings, quarter)
    return frozen.with_own(computed) if frozen is not None and frozen.as_of == as_of else computed


def find_drift(
    store: Store, settings: Settings, quarter: Quarter, as_of: date
) -> dict[str, tuple[float | None, float | None]]:
    """Return by KPI how a frozen cohort's median differs from today's: (frozen, now); nothing where none is frozen."""
    frozen = read_frozen(settings, quarter)
    if frozen is None or frozen.as_of != as_of:
        return {}
    return frozen.drift(todays_cohort(store, settings, quarter, as_of))


def _read_before(settings: Settings, quarter: Quarter) -> Cohort | None:
    """Return the frozen cohort of the latest quarter before that has one and shares a quarter's score with it."""
    before = (read_frozen(settings, quarter.shift(-back)) for back in range(1, TREND))
    return next((cohort for cohort in before if cohort is not None), None)
