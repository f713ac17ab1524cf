"""The frozen cohort: once a quarter's first pack is approved, its later builds show the same figures of the others.

Otherwise one corrected cent of one partner would make every pack stale, and the difference between two editions
would tell each reader what changed for another.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kpilib.build.write import ASIDE, put_file
from kpilib.errors import SettingsError
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.cohort import Cohort
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["Choice", "choose_cohort", "cohort_path", "find_drift", "freeze_cohort", "read_frozen"]

TREND = 8
Choice = Literal["frozen", "refreshed", "computed"]


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
    from kpilib.cohort import Cohort

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


def choose_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date, choice: Choice = "frozen") -> Cohort:
    """Return the cohort that a build shows.

    Parameters
    ----------
    choice
        ``frozen``: the frozen one where there is one of the same day (a partner's own figures are still those of
        today), else as computed, with earlier quarters as the quarter that was frozen last scored them;
        ``refreshed``: computed so, and frozen anew where one was frozen; ``computed``: as the data say now.
    """
    from kpilib.cohort import Cohort

    computed = Cohort.compute(store, settings, quarter, as_of)
    if choice == "computed":
        return computed
    before = _read_before(settings, quarter)
    if before is not None:
        computed = computed.with_past(before)
    if choice == "frozen":
        frozen = read_frozen(settings, quarter)
        if frozen is not None and frozen.as_of == as_of:
            return frozen.with_own(computed)
    if choice == "refreshed" and cohort_path(settings, quarter).exists():
        freeze_cohort(settings, computed)
    return computed


def _read_before(settings: Settings, quarter: Quarter) -> Cohort | None:
    """Return the frozen cohort of the latest quarter before that has one and shares a quarter's score with it."""
    before = (read_frozen(settings, quarter.shift(-back)) for back in range(1, TREND))
    return next((cohort for cohort in before if cohort is not None), None)


def freeze_cohort(settings: Settings, cohort: Cohort) -> None:
    """Freeze a cohort for all later builds of its quarter."""
    path = cohort_path(settings, cohort.quarter)
    put_file(path, cohort.to_json().encode(), aside=path.parent / ASIDE)


def find_drift(
    store: Store, settings: Settings, quarter: Quarter, as_of: date
) -> dict[str, tuple[float | None, float | None]]:
    """Return by KPI how a frozen cohort's median differs from today's: (frozen, now); nothing where none is frozen."""
    from kpilib.cohort import Cohort

    frozen = read_frozen(settings, quarter)
    if frozen is None or frozen.as_of != as_of:
        return {}
    return frozen.drift(Cohort.compute(store, settings, quarter, as_of))
