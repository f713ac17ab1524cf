"""How each pack stands: what a plan says of it, what the ledger says of its approval and its sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kpilib.build.manifest import Failure
from kpilib.build.plan import Planned
from kpilib.build.round import Round

__all__ = ["Standing", "stand"]


@dataclass(frozen=True)
class Standing:
    """One pack in words; empty where there is nothing to say."""

    pack: str
    approved: str
    sent: str


def stand(around: Round, planned: Iterable[Planned]) -> Iterator[tuple[Planned, Standing]]:
    """Yield each planned pack with how it stands."""
    for each in planned:
        yield each, Standing(_say(around, each), "", "")


def _say(around: Round, planned: Planned) -> str:
    if planned.fresh:
        return "fresh"
    failure = Failure.read(planned.pack.failed_folder(around.settings.reports))
    if failure is not None:
        return f"failed: {failure.message.splitlines()[0]}"
    if planned.reasons == ("new",):
        return "not built"
    return f"stale: {', '.join(planned.reasons)}"
