"""The last look at finished pages, before they are put where packs are sent from."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from kpilib.errors import LeakError

if TYPE_CHECKING:
    from kpilib.build.job import Made
    from kpilib.build.round import Round
    from kpilib.pack import Pack
    from kpilib.render.leaks import Watchlist
    from kpilib.settings import Settings

__all__ = ["Inspection", "texts_of_the_workspace"]

_FEW = 20


class Inspection:
    """What the packs of a round are held against: one watch list of all partners, made while the first pack is."""

    def __init__(self, around: Round) -> None:
        self._around = around
        self._watchlist: Future[Watchlist] | None = None
        if around.audience == "partner":
            aside = ThreadPoolExecutor(1)
            self._watchlist = aside.submit(self._make_watchlist)
            aside.shutdown(wait=False)

    def inspect(self, pack: Pack, made: Made) -> None:
        """Look for what belongs to another partner; a pack for the channel team may hold it.

        Raises
        ------
        LeakError
            with the ``findings`` and the ``files`` that were held back.
        """
        if self._watchlist is None:
            return
        findings = [str(finding) for finding in self._watchlist.result().find_leaks(pack.partner_id, made.passages)]
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
