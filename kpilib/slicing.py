"""Cutting slices: one partner's rows out of the store, as one day saw them.

An export knows what became of an opportunity later; a slice must not. Whatever is dated after D is taken out
here, once, so that nothing built on a slice can look ahead: rows that began later go; what was decided later
is undone (an opportunity closed later is open, with its stage and the reasons of its loss unknown). And a slice
for a partner names no other one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import date
from functools import lru_cache
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal

from kpilib.errors import PartnerError, SettingsError, did_you_mean
from kpilib.folding import fold, loosen
from kpilib.language import Words, fallback_language, own_catalogue
from kpilib.own_kpis import read_own_kpis
from kpilib.quarter import Quarter
from kpilib.slice import VERSION, Slice

if TYPE_CHECKING:
    from kpilib.cohort import Cohort
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["Audience", "cut_slice"]

Audience = Literal["partner", "internal"]
Columns = dict[str, list[Any]]


def cut_slice(  # noqa: PLR0913 - a slice is made of all of these
    store: Store,
    cohort: Cohort,
    settings: Settings,
    *,
    partner_id: str,
    quarter: Quarter,
    as_of: date,
    audience: Audience = "partner",
    language: str | None = None,
    comment: str | None = None,
    issued: Mapping[str, Any] | None = None,
) -> Slice:
    """Return what a pack of this partner, quarter and audience may know on a day.

    Parameters
    ----------
    cohort
        of the same quarter and day.
    as_of
        the as-of date; what counts is D, at most the quarter's end.
    language
        default: the settings' language, else the partner's locale, else English.
    comment, issued
        the channel manager's text; the kpis.json that was issued for the quarter before.

    Raises
    ------
    PartnerError
        when the data hold no such partner.
    QuarterError
        when the as-of date lies before the quarter's start.
    """
    known = store.partner_ids(active_only=False)
    if partner_id not in known:
        raise PartnerError(
            f"No partner {partner_id!r} in the table partners.{did_you_mean(partner_id, known)}",
            partner_id=partner_id,
        )
    day = quarter.read_as_of(as_of)
    partner = store.partner(partner_id)
    chosen = language or settings.packs.language or partner.get("locale") or "en"
    tables = {name: store.rows(name, partner_id) for name in sorted(store.tables) if name != "partners"}
    catalogue = own_catalogue(chosen)
    seen = _as_seen_on(tables, quarter, day)
    if audience == "partner":
        _mask_rivals(seen, partner, _partners_by_name(store), fallback_language(chosen))
    return Slice(
        {
            "version": VERSION,
            "partner": partner,
            "quarter": str(quarter),
            "as_of": day.isoformat(),
            "exported_later": store.exported_on > day,
            "audience": audience,
            "language": chosen,
            "settings": {
                "currency": settings.money.currency,
                "fiscal_year_start": settings.calendar.fiscal_year_start,
                "channels": dict(sorted(settings.channels.items())),
                "status": settings.status.model_dump(),
                "brand": _brand(settings),
                "paper": settings.packs.paper,
            },
            "tables": seen,
            "absent": sorted(store.absent),
            "quality": store.quality(partner_id),
            "cohort": cohort.hand_out(partner_id, audience),
            "comment": comment,
            "issued": issued,
            "kpis": read_own_kpis(settings).enclose(partner_id, day, known),
            **({} if catalogue is None else {"catalogue": catalogue}),
        }
    )


def _as_seen_on(tables: Mapping[str, Columns], quarter: Quarter, day: date) -> dict[str, Columns]:
    """Return the tables without what is dated after a day."""
    last = day.isoformat()
    seen = {name: dict(columns) for name, columns in tables.items()}
    for name, column in _BEGINS.items():
        if name in seen:
            seen[name] = _keep(seen[name], [began <= last for began in seen[name][column]])
    if "opportunities" in seen:
        _undo_closing(seen["opportunities"], last)
    existing = set(seen.get("opportunities", {}).get("opportunity_id", ()))
    if "stage_history" in seen:
        history = seen["stage_history"]
        seen["stage_history"] = _keep(history, [key in existing for key in history["opportunity_id"]])
    if "opportunity_id" in seen.get("leads", {}):
        links = seen["leads"]["opportunity_id"]
        seen["leads"]["opportunity_id"] = [key if key in existing else None for key in links]
    for name in ("opportunities", "leads"):
        if "modified_on" in seen.get(name, {}):
            modified_on = seen[name]["modified_on"]
            seen[name]["modified_on"] = [None if day is None or day > last else day for day in modified_on]
    if "targets" in seen:
        seen["targets"] = _keep_quarters(seen["targets"], quarter.shift(1))
    if "actions" in seen:
        seen["actions"] = _keep_quarters(seen["actions"], quarter)
        _undo_action(seen["actions"], last)
    return seen


_BEGINS = {
    "opportunities": "created_on",
    "stage_history": "changed_on",
    "leads": "created_on",
    "spend": "month",
    "fx": "valid_from",
}
_KNOWN_AT_CLOSING = ("closed_on", "stage", "lost_reason", "lost_to")


def _undo_closing(opportunities: Columns, last: str) -> None:
    """Open again, in place, what was won or lost after a day: how it stood then is not known."""
    closed_on = opportunities.get("closed_on", [])
    for row, closed in enumerate(closed_on):
        if opportunities["outcome"][row] != "open" and closed is not None and closed > last:
            opportunities["outcome"][row] = "open"
            for column in _KNOWN_AT_CLOSING:
                if column in opportunities:
                    opportunities[column][row] = None


def _undo_action(actions: Columns, last: str) -> None:
    """Open again, in place, what was done after a day, or has no day on which it was done."""
    if "status" not in actions:
        return
    done_on = actions.get("done_on", [None] * len(actions["status"]))
    for row, status in enumerate(actions["status"]):
        if status == "done" and (done_on[row] is None or done_on[row] > last):
            actions["status"][row] = "open"
    actions["done_on"] = [None if day is None or day > last else day for day in done_on]


def _mask_rivals(
    tables: Mapping[str, Columns], partner: Mapping[str, str | None], partners: Collection[str], language: str
) -> None:
    """Name, in place, no other partner among those to whom deals were lost: a rival may be one of us."""
    rivals = tables.get("opportunities", {}).get("lost_to")
    if rivals is None:
        return
    own = {_folded(partner["name"]), _folded(partner["partner_id"])}
    masked = Words(language)("slice.another_partner")
    for row, rival in enumerate(rivals):
        if rival is not None and (name := _folded(rival)) in partners and name not in own:
            rivals[row] = masked


@lru_cache(maxsize=2)
def _partners_by_name(store: Store) -> frozenset[str]:
    """Return the names and ids of all partners, as they are compared."""
    rows = map(store.partner, store.partner_ids(active_only=False))
    return frozenset(_folded(row[column]) for row in rows for column in ("name", "partner_id"))


def _folded(name: str | None) -> str:
    return loosen(fold(name or ""))


def _keep_quarters(columns: Columns, last: Quarter) -> Columns:
    quarters = [Quarter.parse(text, last.first_month) for text in columns["quarter"]]
    return _keep(columns, [quarter <= last for quarter in quarters])


def _keep(columns: Columns, wanted: list[bool]) -> Columns:
    return {name: list(compress(values, wanted)) for name, values in columns.items()}


def _brand(settings: Settings) -> dict[str, Any]:
    """Return the brand with its logo's bytes: a pack is made where the workspace's files are not."""
    brand = settings.brand.model_dump()
    if settings.brand.logo is not None:
        path = settings.root / settings.brand.logo
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"[brand] logo: {settings.brand.logo} cannot be read ({error.strerror}). "
                "Name an SVG or PNG file of the workspace."
            ) from None
        brand["logo"] = {"name": f"logo{path.suffix.lower()}", "base64": b64encode(data).decode()}
    return brand
