"""How each pack stands: what a plan says of it, what the ledger says of its approval and its sending."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kpilib.build.frozen import find_drift
from kpilib.build.manifest import Failure
from kpilib.build.plan import Planned
from kpilib.build.round import Round
from kpilib.formats import Formats
from kpilib.kpis import KPIS
from kpilib.language import Words
from kpilib.ledger import Ledger
from kpilib.pack import Pack

__all__ = ["Standing", "say_drift", "stand"]


@dataclass(frozen=True)
class Standing:
    """One pack in words; empty where there is nothing to say."""

    pack: str
    approved: str
    sent: str


def stand(around: Round, planned: Iterable[Planned]) -> Iterator[tuple[Planned, Standing]]:
    """Yield each planned pack with how it stands."""
    reports = around.settings.reports
    path = reports / "ledger.sqlite"
    if not path.exists():
        yield from ((each, Standing(_say(around, each), "", "")) for each in planned)
        return
    with Ledger(path) as ledger:
        for each in planned:
            yield each, Standing(_say(around, each), _approved(ledger, each.pack, reports), _sent(ledger, each.pack))


def say_drift(around: Round) -> list[str]:
    """Return in words where the frozen cohort's medians differ from what the data say now; nothing if they do not."""
    words, formats = Words("en"), Formats("en", around.settings.money.currency)
    drift = find_drift(around.store, around.settings, around.quarter, around.as_of)
    return [
        f"{words(f'kpi.{key}.name')}: frozen {_show(key, then, formats)}, now {_show(key, now, formats)}"
        for key, (then, now) in drift.items()
    ]


def _show(key: str, value: float | None, formats: Formats) -> str:
    unit = KPIS[key].unit
    if unit in {"money", "money_per_day"}:
        return formats.money(value)
    return formats.rate(value) if unit == "rate" else formats.number(value, 1)


def _approved(ledger: Ledger, pack: Pack, reports: Path) -> str:
    approval, lost = ledger.standing(pack, reports)
    if approval is None:
        return ""
    if lost:
        return f"lost: {lost}"
    note = f": {approval.note}" if approval.note else ""
    return f"by {approval.approved_by}, {approval.approved_at}{note}"


def _sent(ledger: Ledger, pack: Pack) -> str:
    """Return what became of the pack's latest message."""
    messages = ledger.messages(str(pack.quarter), pack.partner_id)
    if not messages:
        return ""
    last = messages[-1]
    if last.state == "sent":
        again = ", corrected" if sum(each.state == "sent" for each in messages) > 1 else ""
        approval = ledger.approval(str(pack.quarter), pack.partner_id)
        if approval is not None and approval.digest != last.digest:
            again = ", as it was before"
        return f"{last.settled_at} to {', '.join(last.addresses('accepted'))}{again}"
    return {"intended": "not yet: the next run goes on", "handing_over": "fate unknown: kpilib send --resolve"}.get(
        last.state, f"failed: {last.reply}"
    )


def _say(around: Round, planned: Planned) -> str:
    if planned.fresh:
        return "fresh"
    failure = Failure.read(planned.pack.failed_folder(around.settings.reports))
    if failure is not None:
        return f"failed: {failure.message.splitlines()[0]}"
    if planned.reasons == ("new",):
        return "not built"
    return f"stale: {', '.join(planned.reasons)}"
