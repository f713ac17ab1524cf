"""Finding the slice of a review: beside the notebook, or cut out of the workspace."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, get_args

from kpilib.errors import SettingsError, did_you_mean
from kpilib.language import languages
from kpilib.quarter import Quarter
from kpilib.slice import Slice
from kpilib.slicing import Audience, cut_slice

__all__ = ["open_slice"]

FILE = "slice.json"
_EXAMPLES = {
    "partner": "00123",
    "quarter": "2026Q3",
    "as_of": "2026-09-30",
    "audience": "partner",
    "language": "ko",
}
_AUDIENCES: tuple[str, ...] = get_args(Audience)


def open_slice(partner: str, quarter: str, *, as_of: str = "", audience: str = "partner", language: str = "") -> Slice:
    """Return the slice that lies in the current folder, else the one cut out of the nearest workspace.

    Raises
    ------
    SettingsError
        when a parameter is of the wrong type or value, or asks for another slice than the one that lies there.
    """
    _check_texts(partner=partner, quarter=quarter, as_of=as_of, audience=audience, language=language)
    if audience not in _AUDIENCES:
        raise SettingsError(
            f"audience = {audience!r} is neither partner nor internal.{did_you_mean(audience, _AUDIENCES)}"
        )
    day = _read_day(as_of)
    path = Path(FILE)
    if path.is_file():
        found = Slice.read(path)
        check_language(language)
        return _matching(found, partner, Quarter.parse(quarter), day, audience, language)
    return _cut(partner, quarter, day, audience, language)


def check_language(language: str) -> None:
    """Refuse a language that has no catalogue, once the workspace's own are known."""
    if language and language not in languages():
        raise SettingsError(
            f"language = {language!r} has no catalogue: there are {', '.join(languages())}."
            f"{did_you_mean(language, languages())}"
        )


def _check_texts(**parameters: Any) -> None:
    for name, value in parameters.items():
        if not isinstance(value, str):
            raise SettingsError(
                f"{name} = {value!r} is of type {type(value).__name__}, not text. Parameters are text: write it in "
                f'quotation marks, or with papermill `-r {name} {_EXAMPLES[name]}` ("-p" turns 00123 into a number).',
                parameter=name,
            )


def _read_day(as_of: str) -> date | None:
    try:
        return date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise SettingsError(f"as_of = {as_of!r} is not a date. Write it like 2026-09-30, or leave it empty.") from None


def _matching(
    found: Slice, partner: str, quarter: Quarter, as_of: date | None, audience: str, language: str
) -> Slice:
    """Return the slice that lies beside the notebook when it is the one that is asked for."""
    quarter = Quarter(quarter.year, quarter.number, found.quarter.first_month)
    wanted = {"partner": partner, "quarter": str(quarter), "audience": audience}
    held = {"partner": found.partner_id, "quarter": str(found.quarter), "audience": found.audience}
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


def _cut(partner: str, quarter: str, as_of: date | None, audience: str, language: str) -> Slice:
    from kpilib.cohort.frozen import shown_cohort
    from kpilib.enclosures import read_comment, read_issued_before
    from kpilib.settings import load_settings
    from kpilib.store import Store

    settings = load_settings()
    check_language(language)
    named = Quarter.parse(quarter, settings.calendar.fiscal_year_start)
    chosen = as_of or (named.end if settings.packs.as_of == "quarter-end" else settings.packs.as_of)
    day = named.read_as_of(chosen)
    store = Store.open(settings)
    return cut_slice(
        store,
        shown_cohort(store, settings, named, day),
        settings,
        partner_id=partner,
        quarter=named,
        as_of=day,
        audience="internal" if audience == "internal" else "partner",
        language=language or None,
        comment=read_comment(settings, named, partner),
        issued=read_issued_before(settings, named, partner),
    )
