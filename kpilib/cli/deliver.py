"""`kpilib approve` and `kpilib send`: a person's word for a quarter's packs, and their way to the partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from kpilib.cli.context import Context

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from kpilib.build.round import Round
    from kpilib.deliver.plan import Line
    from kpilib.ledger import Approval, Ledger
    from kpilib.pack import Pack

__all__ = ["approve", "send"]

Quarter = Annotated[str, typer.Argument(metavar="QUARTER", help="Like 2026Q3.")]
Partners = Annotated[
    Optional[list[str]],
    typer.Option("--partner", metavar="ID", help="A partner's id; may be repeated.", show_default="all active"),
]
_SAID = {
    "ready": "would be sent",
    "reissue": "would be sent again, corrected",
    "sent": "sent",
    "not_built": "not built",
    "not_approved": "not approved",
    "changed": "changed since it was approved",
    "refused": "refused",
    "in_doubt": "fate unknown",
    "failed": "failed",
    "inactive": "left out",
}
_TROUBLE = {"refused", "in_doubt", "failed", "inactive"}


def approve(
    context: typer.Context,
    quarter: Quarter,
    partner: Partners = None,
    all_but: Annotated[
        Optional[list[str]], typer.Option("--all-but", metavar="ID", help="All but this partner; may be repeated.")
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Kept with the approval.")] = "",
) -> None:
    """Record that you have looked at exactly these packs and that they may go out; freezes the quarter's cohort."""
    from kpilib.build.lock import hold
    from kpilib.build.round import Round
    from kpilib.cli.console import print_result

    given: Context = context.obj
    if partner and all_but:
        raise typer.BadParameter("--partner and --all-but exclude each other: name who, or who not.")
    with hold(given.settings.reports, say=given.say):
        around = Round.open(given.settings, quarter)
        left_out = set(around.partners(all_but)) if all_but else set()
        chosen = [name for name in around.partners(partner or ()) if name not in left_out]
        new = len(_approve(around, chosen, note))
        print_result(f"{around.quarter}: {new} approved, {len(chosen) - new} were approved already.")
        _write_index(around)


def _approve(around: Round, chosen: list[str], note: str) -> list[Approval]:
    """Return the new approvals: of what would be built now, as it lies there; the cohort that it shows is frozen."""
    from datetime import UTC, datetime

    from kpilib.build.frozen import freeze_cohort, read_frozen, thaw_cohort
    from kpilib.build.inspection import look_again
    from kpilib.build.plan import plan_packs
    from kpilib.deliver.approve import approve_packs
    from kpilib.errors import DeliveryError
    from kpilib.ledger import Ledger

    settings, planned = around.settings, plan_packs(around, chosen)
    stale = [each for each in planned if not each.fresh]
    if stale:
        lines = [f"  {each.pack.partner_id}: {', '.join(each.reasons)}" for each in stale[:20]]
        more = [f"  … and {len(stale) - 20} more"] if len(stale) > 20 else []
        raise DeliveryError(
            "\n".join(
                [
                    f"Nothing is approved: {len(stale)} of {len(chosen)} packs are not what would be built now.",
                    *lines,
                    *more,
                    f"Build them first: kpilib build {around.quarter}. Or leave them out: --all-but ID",
                ]
            )
        )
    packs = [each.pack for each in planned]
    leaking = look_again(around, packs, note=True)
    if leaking:
        raise DeliveryError("\n".join(["Nothing is approved.", *map(str, leaking.values())]))
    with Ledger(settings.reports / "ledger.sqlite") as ledger:
        held = [ledger.approval(str(pack.quarter), pack.partner_id) for pack in packs]
        # Frozen first: an approval without it would let the next build show other figures of the others.
        first = bool(packs) and read_frozen(settings, around.quarter, around.as_of) is None
        if first:
            freeze_cohort(settings, around.cohort)
        try:
            return approve_packs(ledger, packs, settings.reports, by=_user(), at=datetime.now(UTC), note=note)
        except DeliveryError:
            if first and held == [ledger.approval(str(pack.quarter), pack.partner_id) for pack in packs]:
                thaw_cohort(settings, around.cohort)
            raise


def _user() -> str:
    """Return who is at the keyboard; a container's user may have no name."""
    import os
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def send(
    context: typer.Context,
    quarter: Quarter,
    partner: Partners = None,
    really: Annotated[bool, typer.Option("--really", help="Send. Without it nothing leaves this machine.")] = False,
    test_to: Annotated[
        Optional[str], typer.Option(metavar="ADDRESS", help="Send all of it to this address alone, marked as a test.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Try again what the server refused for good.")
    ] = False,
    resolve: Annotated[
        bool, typer.Option("--resolve", help="Ask about each message whose fate is unknown whether it arrived.")
    ] = False,
) -> None:
    """Email the approved packs to the partners. By default a dry run: .eml files and a table of who gets what."""
    from dataclasses import replace

    from kpilib.build.inspection import look_again
    from kpilib.build.round import Round
    from kpilib.deliver.plan import find_left_out, join, plan_sending, write_outbox
    from kpilib.deliver.send import finish_issues, send_all, sending
    from kpilib.errors import KpilibError
    from kpilib.ledger import Ledger
    from kpilib.pack import Pack

    given: Context = context.obj
    if really and test_to:
        raise typer.BadParameter("--really and --test-to exclude each other.")
    around = Round.open(given.settings, quarter)
    settings = given.settings
    packs = [Pack(name, around.quarter, around.as_of) for name in around.partners(partner or ())]
    with sending(settings.reports), Ledger(settings.reports / "ledger.sqlite") as ledger:
        if resolve:
            _resolve(ledger, around)
            _write_index(around)
            return
        late = finish_issues(ledger, settings.reports, str(around.quarter))
        leaking = look_again(around, packs, note=False)
        lines, outgoing = plan_sending(
            settings, around.store, ledger, packs, test_to=test_to, again=again,
            stale=_find_stale(around, packs, given),
            leaking={pack.partner_id: error.parts["findings"] for pack, error in leaking.items()},
        )  # fmt: skip
        if not partner:
            lines += find_left_out(around.store, ledger, str(around.quarter), (pack.partner_id for pack in packs))
        lines = [replace(line, detail=join(line.detail, late.get(line.partner_id, ""))) for line in lines]
        now: dict[str, Line] = {}
        stopped: KpilibError | None = None
        if really or test_to:
            from kpilib.cli.sending import watched

            try:
                with watched(len(outgoing), now, quiet=given.quiet or not outgoing) as (clock, done):
                    send_all(settings, around.store, ledger, outgoing, clock=clock, test_to=test_to, done=done)
            except KeyboardInterrupt:
                given.say("Stopped. What went out is recorded, and the next run goes on from there.")
                raise typer.Exit(130) from None
            except KpilibError as error:
                stopped = error  # said after what went out before it
            lines = [now.get(line.partner_id, line) for line in lines]
        else:
            folder = settings.reports / str(around.quarter) / "outbox"
            write_outbox(folder, outgoing, settings, around.store)
            given.say(_say_dry_run(len(outgoing), folder, lines, str(around.quarter)))
    _print_lines(lines, now=set(now), test=test_to is not None)
    if stopped is not None:
        raise stopped
    _write_index(around)
    if any(line.status in _TROUBLE for line in lines):
        raise typer.Exit(1)


def _find_stale(around: Round, packs: Iterable[Pack], given: Context) -> dict[str, str]:
    """Return why packs are not what would be built now, by partner; what was approved goes out all the same."""
    from kpilib.build.plan import plan_packs
    from kpilib.errors import KpilibError

    try:
        planned = plan_packs(around, [pack.partner_id for pack in packs])
    except KpilibError as error:
        given.say(f"Whether packs are stale cannot be told: {error}")
        return {}
    return {each.pack.partner_id: ", ".join(each.reasons) for each in planned}


def _say_dry_run(messages: int, folder: Path, lines: Iterable[Line], quarter: str) -> str:
    """Return what a dry run leads to, and the next step."""
    if messages:
        lie = "1 message lies" if messages == 1 else f"{messages} messages lie"
        return f"A dry run: {lie} in {folder}. Look at {'it' if messages == 1 else 'them'}, then: --really"
    approved = any(line.status not in {"not_built", "not_approved"} for line in lines)
    then = "" if approved else f" Look at the packs, then: kpilib approve {quarter}"
    return f"A dry run: no message would go out.{then}"


def _resolve(ledger: Ledger, around: Round) -> None:
    """Ask a person about each message whose fate is unknown."""
    from datetime import UTC, datetime

    from kpilib.cli.console import plain, print_result
    from kpilib.deliver.send import resolve

    doubtful = ledger.in_doubt()
    if not doubtful:
        print_result("No message is in doubt.")
    for message in doubtful:
        to = ", ".join(message.addresses("handing_over"))
        print_result(plain(f"{message.partner_id} {message.quarter}, meant at {message.intended_at}, to {to}"))
        print_result(plain(f"  Message-ID {message.message_id}: look for it in the server's log, or ask {to}."))
        answer = _ask("  Did it arrive? (yes/no/skip)", ("yes", "no", "skip"))
        if answer == "skip":
            print_result("  Left as it is: it is not sent again.")
            continue
        said = resolve(
            ledger, message.message_id, was_sent=answer == "yes", reports=around.settings.reports, by=_user(),
            at=datetime.now(UTC),
        )  # fmt: skip
        print_result("  Recorded as sent." if answer == "yes" else "  Recorded as not sent: the next run sends it.")
        if said:
            print_result(plain(f"  {said}."))


def _ask(question: str, answers: tuple[str, ...]) -> str:
    """Return the answer that a person means, asked until it is one; the last is meant by none."""
    while True:
        said = typer.prompt(question, default=answers[-1]).strip().lower()
        meant = [answer for answer in answers if said and answer.startswith(said)]
        if meant:
            return meant[0]


def _print_lines(lines: Iterable[Line], *, now: AbstractSet[str], test: bool) -> None:
    """Print who gets what; ``now``: the partners whose messages were tried in this run, the others' before it."""
    from kpilib.cli.console import plain, print_result, table

    shown = table("partner", "name", "to", "status", "detail")
    counts: dict[str, int] = {}
    for line in lines:
        said = _SAID[line.status]
        if line.status == "sent":
            said = "sent before" if line.partner_id not in now else "sent as a test" if test else said
        counts[said] = counts.get(said, 0) + 1
        cells = (line.partner_id, line.name, ", ".join(line.recipients), said, line.detail)
        shown.add_row(*(plain(cell) for cell in cells))
    print_result(shown)
    print_result(", ".join(f"{number} {said}" for said, number in counts.items()) or "No partner gets a pack.")


def _write_index(around: Round) -> None:
    from kpilib.build.index import write_index

    write_index(around)
