"""Finding what a portfolio review is made of: beside the notebook, or gathered from the workspace."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from kpilib.errors import PartnerError, SettingsError, did_you_mean
from kpilib.language import languages
from kpilib.portfolio.gathering import FILE, Gathering, gather
from kpilib.quarter import Quarter

__all__ = ["open_gathering"]


def open_gathering(quarter: str, *, as_of: str = "", language: str = "") -> Gathering:
    """Return the gathering that lies in the current folder, else the one of the nearest workspace.

    Raises
    ------
    SettingsError
        when a parameter is of the wrong type or value, or asks for another review than the one that lies there.
    PartnerError
        when the data hold no partner.
    """
    _check_texts(quarter=quarter, as_of=as_of, language=language)
    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise SettingsError(f"as_of = {as_of!r} is not a date. Write it like 2026-09-30, or leave it empty.") from None
    path = Path(FILE)
    if path.is_file():
        found = Gathering.read(path)
        _check_language(language)
        return _matching(found, Quarter.parse(quarter), day, language)
    return _gather(quarter, day, language)


def _check_texts(**parameters: Any) -> None:
    for name, value in parameters.items():
        if not isinstance(value, str):
            raise SettingsError(
                f"{name} = {value!r} is of type {type(value).__name__}, not text. Parameters are text: write it in "
                f"quotation marks, or with papermill `-r {name} …`.",
                parameter=name,
            )


def _check_language(language: str) -> None:
    if language and language not in languages():
        raise SettingsError(
            f"language = {language!r} has no catalogue: there are {', '.join(languages())}."
            f"{did_you_mean(language, languages())}"
        )


def _matching(found: Gathering, quarter: Quarter, as_of: date | None, language: str) -> Gathering:
    quarter = Quarter(quarter.year, quarter.number, found.quarter.first_month)
    wanted, held = {"quarter": str(quarter)}, {"quarter": str(found.quarter)}
    if as_of is not None:
        wanted["as_of"], held["as_of"] = str(quarter.read_as_of(as_of)), str(found.as_of)
    if language:
        wanted["language"], held["language"] = language, found.language
    wrong = [name for name in wanted if wanted[name] != held[name]]
    if wrong:
        asked = ", ".join(f"{name} = {wanted[name]!r}" for name in wrong)
        raise SettingsError(
            f"The {FILE} in this folder is not the one that is asked for: {asked}. "
            f"Open the notebook in a workspace, or remove the file.",
            wrong=wrong,
        )
    return found


def _gather(quarter: str, as_of: date | None, language: str) -> Gathering:
    from kpilib.cohort.frozen import shown_cohort
    from kpilib.settings import load_settings
    from kpilib.store import Store

    settings = load_settings()
    _check_language(language)
    named = Quarter.parse(quarter, settings.calendar.fiscal_year_start)
    chosen = as_of or (named.end if settings.packs.as_of == "quarter-end" else settings.packs.as_of)
    day = named.read_as_of(chosen)
    store = Store.open(settings)
    cohort = shown_cohort(store, settings, named, day)
    found = gather(store, cohort, settings, quarter=named, as_of=day, language=language)
    if found is None:
        raise PartnerError("The table partners is empty: there is no portfolio to review.")
    return found
