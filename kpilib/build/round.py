"""The round: one quarter's packs for one audience, and what all of them share.

It knows the workspace; what it hands to a worker (`kpilib.build.job`) no longer does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kpilib.build.fingerprint import Origin, environment_hash, kpilib_hash, slice_hashes, tree_hash
from kpilib.build.frozen import Choice, choose_cohort
from kpilib.build.job import Job
from kpilib.enclosures import read_comment, read_issued_before
from kpilib.errors import PartnerError, SettingsError, did_you_mean
from kpilib.execute.notebook import Limits
from kpilib.pack import Audience, Pack
from kpilib.quarter import Quarter
from kpilib.slicing import cut_slice

if TYPE_CHECKING:
    from kpilib.cohort import Cohort
    from kpilib.settings import Settings
    from kpilib.slice import Slice
    from kpilib.store import Store

__all__ = ["Round", "choose_quarter"]


@dataclass(frozen=True)
class Round:
    """A quarter's packs, read on one day, for one audience.

    ``as_of`` is D, at most the quarter's end. ``language`` None: the settings', else each partner's own.
    """

    settings: Settings
    store: Store
    quarter: Quarter
    as_of: date
    cohort: Cohort
    audience: Audience = "partner"
    language: str | None = None
    notebook: Path = Path()

    @classmethod
    def open(
        cls,
        settings: Settings,
        quarter: str | None = None,
        *,
        audience: Audience = "partner",
        language: str | None = None,
        notebook: Path | None = None,
        cohort: Choice = "frozen",
    ) -> Round:
        """Read the sources if they changed, and the cohort as it is frozen, else as it is now.

        Raises
        ------
        KpilibError
            when the settings, the sources or the quarter cannot be used.
        """
        from kpilib.store import Store

        _check_language(language)
        store = Store.open(settings)
        chosen = choose_quarter(settings, store, quarter)
        as_of = read_as_of(settings, chosen)
        figures = choose_cohort(store, settings, chosen, as_of, cohort)
        path = notebook if notebook is not None else settings.root / settings.packs.notebook
        return cls(settings, store, chosen, as_of, figures, audience, language, path.absolute())

    def partners(self, named: Iterable[str] = ()) -> list[str]:
        """Return the ids of the partners that get a pack: the active ones, or exactly those that are named.

        Raises
        ------
        PartnerError
            naming every id that the data do not hold.
        """
        wanted = sorted(set(named))
        if not wanted:
            return self.store.partner_ids(active_only=True)
        known = self.store.partner_ids(active_only=False)
        unknown = [name for name in wanted if name not in set(known)]
        if unknown:
            lines = [f"No partner {name!r} in the table partners.{did_you_mean(name, known)}" for name in unknown]
            raise PartnerError("\n".join(lines), partner_ids=unknown)
        return wanted

    def name(self, partner_id: str) -> str:
        """Return a partner's name."""
        return self.store.partner(partner_id).get("name") or partner_id

    def cut(self, partner_id: str) -> Slice:
        """Return all that a partner's pack may know."""
        return cut_slice(
            self.store,
            self.cohort,
            self.settings,
            partner_id=partner_id,
            quarter=self.quarter,
            as_of=self.as_of,
            audience=self.audience,
            language=self.language,
            comment=read_comment(self.settings, self.quarter, partner_id),
            issued=read_issued_before(self.settings, self.quarter, partner_id),
        )

    def pack(self, slice_: Slice) -> Pack:
        """Return the pack that is made from a slice."""
        return self.pack_of(slice_.partner_id, slice_.language)

    def pack_of(self, partner_id: str, language: str) -> Pack:
        """Return a partner's pack in a language."""
        return Pack(partner_id, self.quarter, self.as_of, self.audience, language)

    def origin(self, slice_: Slice) -> Origin:
        """Return the hashes of all that the slice's pack is made from."""
        return self.origin_of(*slice_hashes(slice_))

    def origin_of(self, fingerprint: str, parts: Mapping[str, str]) -> Origin:
        """Return the hashes of all that a pack is made from, given those of its slice."""
        return Origin(fingerprint, parts, self._notebook_hash, self._templates_hash, kpilib_hash(), environment_hash())

    def job(self, slice_: Slice) -> Job:
        """Return the job that makes the slice's pack."""
        packs = self.settings.packs
        return Job(
            self.pack(slice_),
            slice_.to_bytes(),
            self._notebook,
            self.notebook.name,
            self.templates,
            Limits(cell_timeout=packs.cell_timeout, memory=packs.memory_limit),
        )

    @cached_property
    def templates(self) -> Path:
        """The folder of the page's template: the workspace's own, else kpilib's."""
        from kpilib.render.environment import find_templates

        return find_templates("partner_review", self.settings.root, folder=self.settings.packs.templates)

    @cached_property
    def _notebook(self) -> bytes:
        try:
            return self.notebook.read_bytes()
        except OSError as error:
            raise SettingsError(
                f"The notebook {self.notebook} cannot be read: {error.strerror}. "
                "Name one with --notebook, or in [packs] notebook.",
                path=str(self.notebook),
            ) from None

    @cached_property
    def _notebook_hash(self) -> str:
        return hashlib.sha256(self._notebook).hexdigest()

    @cached_property
    def _templates_hash(self) -> str:
        return tree_hash(self.templates)


def choose_quarter(settings: Settings, store: Store, text: str | None) -> Quarter:
    """Return the quarter that a text names, into which the data must reach; else the latest that they complete."""
    if text is None:
        return store.latest_quarter()
    quarter = Quarter.parse(text, settings.calendar.fiscal_year_start)
    store.require(quarter)
    return quarter


def read_as_of(settings: Settings, quarter: Quarter) -> date:
    """Return D: the settings' as-of date, at most the quarter's end."""
    as_of = settings.packs.as_of
    return quarter.read_as_of(quarter.end if isinstance(as_of, str) else as_of)


def _check_language(language: str | None) -> None:
    from kpilib.language import Words

    if language is not None:
        Words(language)
