"""Freezing the cohort of a quarter, and which cohort a build shows; how it is read back is `kpilib.cohort.frozen`."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from kpilib.build.write import ASIDE, put_file
from kpilib.cohort.frozen import cohort_path, compute_cohort, find_drift, read_frozen, shown_cohort
from kpilib.cohort.remembered import todays_cohort
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.cohort import Cohort
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = [
    "Choice",
    "choose_cohort",
    "cohort_path",
    "find_drift",
    "freeze_cohort",
    "read_frozen",
    "refreeze_cohort",
    "thaw_cohort",
]

Choice = Literal["frozen", "refreshed", "computed"]


def choose_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date, choice: Choice = "frozen") -> Cohort:
    """Return the cohort that a build shows.

    Parameters
    ----------
    choice
        ``frozen``: the one that packs show; ``refreshed``: that of today's rows, to take the frozen one's place;
        ``computed``: as the data say now, whatever was frozen before.
    """
    if choice == "computed":
        return todays_cohort(store, settings, quarter, as_of)
    if choice == "frozen":
        return shown_cohort(store, settings, quarter, as_of)
    return compute_cohort(store, settings, quarter, as_of)


def refreeze_cohort(settings: Settings, cohort: Cohort) -> None:
    """Freeze a cohort in place of the frozen one of its day; where none is frozen, none is then."""
    if cohort_path(settings, cohort.quarter, cohort.as_of).exists():
        freeze_cohort(settings, cohort)


def freeze_cohort(settings: Settings, cohort: Cohort) -> None:
    """Freeze a cohort for all later builds of its quarter as of its day."""
    path = cohort_path(settings, cohort.quarter, cohort.as_of)
    put_file(path, cohort.to_json().encode(), aside=path.parent / ASIDE)


def thaw_cohort(settings: Settings, cohort: Cohort) -> None:
    """Take back that a cohort was frozen."""
    cohort_path(settings, cohort.quarter, cohort.as_of).unlink(missing_ok=True)
