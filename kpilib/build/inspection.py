"""The last look at finished pages, before they are put where packs are sent from; and again when partners changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from kpilib.build.job import Made
from kpilib.build.manifest import MANIFEST, Manifest
from kpilib.build.write import ASIDE, put_file
from kpilib.digest import read_files
from kpilib.errors import ExecutionError, KpilibError, LeakError

if TYPE_CHECKING:
    from pathlib import Path

    from kpilib.build.round import Round
    from kpilib.pack import Pack
    from kpilib.render.leaks import Watchlist
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["Inspection", "look_again", "texts_of_the_workspace", "watched_hash"]

_FEW = 20
_WATCHED = ("partner_id", "name", "contact_name", "contact_email")


class Inspection:
    """What the packs of a round are held against: one watch list of all partners, made while the first pack is."""

    def __init__(self, around: Round) -> None:
        self._around = around
        self._watchlist: Future[Watchlist] | None = None
        self.watched = ""
        if around.audience == "partner":
            self.watched = watched_hash(around.store, around.settings)
            aside = ThreadPoolExecutor(1)
            self._watchlist = aside.submit(self._make_watchlist)
            aside.shutdown(wait=False)

    def inspect(self, pack: Pack, made: Made) -> None:
        """Look for what belongs to another partner; a pack for the channel team may hold it.

        Raises
        ------
        LeakError
            with the ``findings`` and the ``files`` that were held back.
        ExecutionError
            when it cannot be looked at, which holds it back as well.
        """
        if self._watchlist is None:
            return
        try:
            findings = [str(finding) for finding in self._watchlist.result().find_leaks(pack.partner_id, made.passages)]
        except Exception as error:
            raise _cannot_look(pack, error) from error
        if findings:
            more = [f"  … and {len(findings) - _FEW} more"] if len(findings) > _FEW else []
            raise LeakError(
                "\n".join(
                    [
                        f"{pack}: the finished pages hold what belongs to another partner, and were held back:",
                        *(f"  {finding}" for finding in findings[:_FEW]),
                        *more,
                        'What is no leak can be allowed, with the reason: [leaks.allow] "the text" = "why"',
                    ]
                ),
                findings=findings,
                files=dict(made.files),
            )

    def _make_watchlist(self) -> Watchlist:
        from kpilib.render.leaks import Records, Watchlist

        store, settings = self._around.store, self._around.settings
        partners = [store.partner(partner_id) for partner_id in store.partner_ids(active_only=False)]
        return Watchlist(partners, settings.leaks.allow, list(texts_of_the_workspace(settings)), Records.of(store))


def _cannot_look(pack: Pack, error: Exception) -> ExecutionError:
    said = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    return ExecutionError(
        f"{pack}: the finished pages could not be searched for what belongs to another partner, and were held back: "
        f"{said}. Build again.",
        kind="inspection",
        findings=[f"it could not be searched for what belongs to another partner ({said})"],
    )


def watched_hash(store: Store, settings: Settings) -> str:
    """Return a hash of what finished packs are held against: who the partners are, and what any page may hold.

    The ids of opportunities and leads are left out: those that come later stand in no page from before.
    """
    partners = map(store.partner, store.partner_ids(active_only=False))
    rows = [[row.get(column) for column in _WATCHED] for row in partners]
    held = [rows, sorted(settings.leaks.allow), sorted(texts_of_the_workspace(settings))]
    return hashlib.sha256(json.dumps(held).encode()).hexdigest()


def look_again(around: Round, packs: Iterable[Pack], *, note: bool) -> dict[Pack, KpilibError]:
    """Return which finished packs hold what belongs to another partner by now: one who joined, or was renamed.

    Each error has ``findings``. Packs that were held against the same partners already are not opened.

    Parameters
    ----------
    note
        whether a pack's manifest is to say that it was looked at; whoever writes it holds the reports folder.
    """
    now, inspection = watched_hash(around.store, around.settings), None
    found: dict[Pack, KpilibError] = {}
    for pack in packs:
        folder = pack.folder(around.settings.reports)
        manifest = Manifest.read(folder)
        if manifest is None or manifest.watched == now or not manifest.is_whole(folder):
            continue  # not whole: neither fresh nor to be sent
        inspection = inspection or Inspection(around)
        try:
            inspection.inspect(pack, _read_back(pack, folder))
        except (LeakError, ExecutionError) as error:
            found[pack] = error
            continue
        if note:
            aside = around.settings.reports / str(around.quarter) / ASIDE
            put_file(folder / MANIFEST, replace(manifest, watched=now).to_bytes(), aside=aside)
    return found


def _read_back(pack: Pack, folder: Path) -> Made:
    """Return a finished pack with the texts of its files."""
    from kpilib.render import readback

    try:
        files = read_files(folder)
        return Made(files, (), 0.0, tuple(readback.read_files(files)))
    except Exception as error:
        raise _cannot_look(pack, error) from error


def texts_of_the_workspace(settings: Settings) -> Iterator[str]:
    """Yield the texts of the settings that any page may hold: the workspace's own names and addresses.

    Settings that name partners (their domains, their notebooks) are none.
    """
    brand, email = settings.brand, settings.email
    yield from (brand.name, brand.footer, email.sender_name, email.sender, email.reply_to, *email.cc)
    for manager, address in email.managers.items():
        yield from (manager, address)
    for rule in email.cc_by.values():
        yield from (address for addresses in rule.values() for address in addresses)
    yield from settings.channels
