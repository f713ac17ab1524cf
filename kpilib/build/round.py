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

from kpilib.build.fingerprint import Origin, environment_hash, kpilib_hash, slice_hashes
from kpilib.build.frozen import Choice, choose_cohort
from kpilib.build.job import Job
from kpilib.build.packed import PackedFolder, pack_folder
from kpilib.enclosures import read_comment, read_issued_before
from kpilib.errors import PartnerError, SettingsError, did_you_mean
from kpilib.execute.notebook import Limits
from kpilib.own_kpis import OwnKpis, read_own_kpis
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

    ``as_of`` is D, at most the quarter's end. ``language`` None: the settings', else each partner's own. ``notebook``
    None: for each partner the one that the settings name. ``refreshed``: a build freezes its cohort in place of the
    frozen one.
    """

    settings: Settings
    store: Store
    quarter: Quarter
    as_of: date
    cohort: Cohort
    audience: Audience = "partner"
    language: str | None = None
    notebook: Path | None = None
    refreshed: bool = False

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
        """Read the sources if they changed, and the cohort as it is frozen, else as it is now; freeze nothing.

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
        _check_partners(settings, store)
        read_own_kpis(settings).load()
        path = None if notebook is None else notebook.absolute()
        return cls(settings, store, chosen, as_of, figures, audience, language, path, cohort == "refreshed")

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
        return self.origin_of(slice_.partner_id, *slice_hashes(slice_))

    def origin_of(self, partner_id: str, fingerprint: str, parts: Mapping[str, str]) -> Origin:
        """Return the hashes of all that a partner's pack is made from, given those of its slice."""
        notebook = self._notebook_hash(self.notebook_of(partner_id))
        templates = self.packed_templates.digest
        return Origin(fingerprint, parts, notebook, templates, kpilib_hash(), environment_hash())

    def job(self, slice_: Slice) -> Job:
        """Return the job that makes the slice's pack."""
        packs = self.settings.packs
        notebook = self.notebook_of(slice_.partner_id)
        return Job(
            self.pack(slice_),
            slice_.to_bytes(),
            self._notebook(notebook),
            notebook.name,
            self.packed_templates,
            Limits(cell_timeout=packs.cell_timeout, memory=packs.memory_limit),
        )

    @cached_property
    def own_kpis(self) -> OwnKpis:
        """The KPIs of the workspace's own."""
        return read_own_kpis(self.settings)

    @cached_property
    def templates(self) -> Path:
        """The folder of the page's template: the workspace's own, else kpilib's."""
        from kpilib.render.environment import find_templates

        return find_templates("partner_review", self.settings.root, folder=self.settings.packs.templates)

    @cached_property
    def packed_templates(self) -> PackedFolder:
        """The files of that folder as they were when the first pack was planned: all are drawn with these."""
        return pack_folder(self.templates)

    def notebook_of(self, partner_id: str) -> Path:
        """Return the notebook of a partner's pack: the round's, the partner's own, its tier's, else everybody's."""
        if self.notebook is not None:
            return self.notebook
        packs = self.settings.packs
        tier = (self.store.partner(partner_id).get("tier") or "").casefold()
        of_tier = next((name for known, name in packs.tiers.items() if known.casefold() == tier), None)
        return self.settings.root / (packs.partners.get(partner_id) or of_tier or packs.notebook)

    def _notebook(self, path: Path) -> bytes:
        if path not in self._notebooks:
            try:
                self._notebooks[path] = path.read_bytes()
            except OSError as error:
                raise SettingsError(
                    f"The notebook {path} cannot be read: {error.strerror}. "
                    "Name one with --notebook, or in [packs] notebook.",
                    path=str(path),
                ) from None
        return self._notebooks[path]

    @cached_property
    def _notebooks(self) -> dict[Path, bytes]:
        return {}

    def _notebook_hash(self, path: Path) -> str:
        return hashlib.sha256(self._notebook(path)).hexdigest()


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


def _check_partners(settings: Settings, store: Store) -> None:
    """Refuse notebooks for partners and tiers that there are not, where a typing error is likely."""
    known = store.partner_ids(active_only=False)
    tiers = {str(tier) for tier in (store.partner(name).get("tier") for name in known) if tier}
    lines = [
        f"  [packs.partners] {name}: no such partner in the table partners.{did_you_mean(name, known)}"
        for name in settings.packs.partners
        if name not in set(known)
    ]
    folded = {tier.casefold() for tier in tiers}
    # A tier that nobody has now may have partners next quarter; one that is nearly another's name is a slip.
    lines += [
        f"  [packs.tiers] {name}: no partner has this tier.{near}"
        for name in settings.packs.tiers
        if name.casefold() not in folded and (near := did_you_mean(name, tiers))
    ]
    if lines:
        raise SettingsError("\n".join(["The notebooks of kpilib.toml cannot be given to partners:", *lines]))


def _check_language(language: str | None) -> None:
    from kpilib.language import Words

    if language is not None:
        Words(language)
