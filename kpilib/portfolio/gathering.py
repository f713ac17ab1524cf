"""Gathering the portfolio: every partner of a quarter's cohort, and every active one, in one plain document.

The document is to the portfolio what a slice is to a pack: all that its notebook knows, canonical bytes, hashed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilib.kpis.own import load_definition
from kpilib.language import fallback_language, learn, own_catalogue
from kpilib.portfolio.member import Member, describe_partner
from kpilib.quarter import Quarter
from kpilib.slice import Slice
from kpilib.slicing import cut_slice

if TYPE_CHECKING:
    from kpilib.cohort import Cohort
    from kpilib.kpis.definition import Definition
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["FILE", "Gathering", "cut_slices", "gather"]

FILE = "portfolio.json"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Gathering:
    """All that a portfolio review knows, as plain JSON values.

    Keys of ``content``: ``version``, ``quarter``, ``as_of`` (D), ``language``, ``settings`` (as in a slice),
    ``absent`` (tables and columns that the source lacks), ``members`` (by partner id), ``kpis`` (the files of the
    workspace's own KPIs, by key), ``catalogue`` (its own texts of the language, where it has any).
    """

    content: Mapping[str, Any]

    @classmethod
    def of(cls, slice_: Slice, members: Iterable[Member], *, language: str) -> Gathering:
        """Return the gathering of some partners.

        A partner that is neither active nor in the cohort has left, and is left out.

        Parameters
        ----------
        slice_
            any partner's internal slice of the quarter: what is not its partner's own, it has in common with all.
        """
        catalogue = own_catalogue(language)
        kept = [member.to_json() for member in members if member.active or member.in_cohort]
        return cls(
            {
                "version": VERSION,
                "quarter": str(slice_.quarter),
                "as_of": slice_.as_of.isoformat(),
                "language": language,
                "settings": slice_.content["settings"],
                "absent": slice_.content["absent"],
                "kpis": {key: held["code"] for key, held in slice_.content.get("kpis", {}).items()},
                "members": sorted(kept, key=lambda member: str(member["partner_id"])),
                **({} if catalogue is None else {"catalogue": catalogue}),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Gathering:
        """Return the gathering that some bytes hold; this process knows the texts that it brings from here on."""
        content = json.loads(data)
        learn(content["language"], content.get("catalogue"))
        return cls(content)

    @classmethod
    def read(cls, path: Path) -> Gathering:
        """Return the gathering of a file."""
        return cls.from_bytes(path.read_bytes())

    def to_bytes(self) -> bytes:
        """Return the canonical bytes: sorted keys, no blanks, UTF-8."""
        text = json.dumps(self.content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode()

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of the bytes, in hexadecimal."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @cached_property
    def members(self) -> tuple[Member, ...]:
        """The partners, by id."""
        return tuple(Member.from_json(held) for held in self.content["members"])

    @cached_property
    def quarter(self) -> Quarter:
        """The quarter under review."""
        return Quarter.parse(self.content["quarter"], self.content["settings"]["fiscal_year_start"])

    @cached_property
    def as_of(self) -> date:
        """D: the last day that counts."""
        return date.fromisoformat(self.content["as_of"])

    @cached_property
    def currency(self) -> str:
        """The reporting currency's ISO 4217 code."""
        return str(self.content["settings"]["currency"])

    @cached_property
    def language(self) -> str:
        """The language of the review."""
        return str(self.content["language"])

    @cached_property
    def own(self) -> Mapping[str, Definition]:
        """The KPIs of the workspace's own, by key."""
        return {key: load_definition(key, code) for key, code in self.content.get("kpis", {}).items()}

    def has(self, table: str) -> bool:
        """Say whether the source has a table."""
        return table not in self.content["absent"]


def cut_slices(store: Store, cohort: Cohort, settings: Settings, *, quarter: Quarter, as_of: date) -> Iterator[Slice]:
    """Yield every partner's internal slice, by partner id."""
    for partner_id in store.partner_ids(active_only=False):
        yield cut_slice(
            store, cohort, settings, partner_id=partner_id, quarter=quarter, as_of=as_of, audience="internal"
        )


def gather(
    store: Store, cohort: Cohort, settings: Settings, *, quarter: Quarter, as_of: date, language: str = ""
) -> Gathering | None:
    """Return the gathering of a quarter as of a day; None where the data hold no partner.

    Parameters
    ----------
    language
        default: the settings' language, else English.
    """
    slices = list(cut_slices(store, cohort, settings, quarter=quarter, as_of=as_of))
    if not slices:
        return None
    chosen = language or fallback_language(settings.packs.language)
    return Gathering.of(slices[0], map(describe_partner, slices), language=chosen)
