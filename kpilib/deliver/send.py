"""Sending a quarter: what was approved, unchanged, to whom the partners table names, once."""

from __future__ import annotations

import fcntl
import hashlib
import smtplib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from kpilib.deliver.compose import Letter, compose
from kpilib.deliver.issued import keep_issue, read_issued, stage_issue
from kpilib.deliver.recipients import Recipients, find_recipients, problem_of
from kpilib.deliver.transport import InDoubt, Result, Temporary, connect, hand_over
from kpilib.digest import digest_of, read_files
from kpilib.errors import DeliveryError, SettingsError
from kpilib.ledger import Ledger, Message
from kpilib.pack import Pack
from kpilib.settings import Email, Settings
from kpilib.store import Store

__all__ = ["Clock", "Line", "Outgoing", "plan_sending", "resolve", "send_all", "sending", "write_outbox"]

Status = Literal["ready", "reissue", "sent", "not_built", "not_approved", "changed", "refused", "in_doubt", "failed"]


@dataclass(frozen=True)
class Line:
    """One row of the table of who gets what."""

    partner_id: str
    name: str
    recipients: tuple[str, ...]
    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Outgoing:
    """A pack that may go out now: its row, its message, and the bytes that were approved."""

    line: Line
    pack: Pack
    digest: str
    message_id: str
    recipients: Recipients
    letter: Letter
    files: dict[str, bytes]


@dataclass(frozen=True)
class Clock:
    """What sending asks of time; the tests bring their own."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


@contextmanager
def sending(reports: Path) -> Iterator[None]:
    """Hold the one right to send from a reports folder; a second run is told so."""
    reports.mkdir(parents=True, exist_ok=True)
    with (reports / ".sending").open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeliveryError(f"Another `kpilib send` works on {reports}. Wait until it has ended.") from None
        yield


def plan_sending(
    settings: Settings, store: Store, ledger: Ledger, packs: Iterable[Pack], *, test_to: str | None = None
) -> tuple[list[Line], list[Outgoing]]:
    """Return the table of who gets what, and what may go out now.

    Parameters
    ----------
    test_to
        an address that gets all of it, marked as a test; nothing of a test counts as sent.
    """
    if not settings.email.sender or (problem := problem_of(settings.email.sender)):
        found = f": {problem}" if settings.email.sender else " is not set"
        raise SettingsError(f'[email] sender{found}. Set it: sender = "partners@your-company.example"')
    if test_to is not None and (problem := problem_of(test_to)):
        raise SettingsError(f"--test-to: {problem}.")
    lines, outgoing = [], []
    for pack in packs:
        line, ready = _look(settings, store, ledger, pack, test_to)
        lines.append(line)
        if ready is not None:
            outgoing.append(ready)
    return lines, outgoing


def send_all(
    settings: Settings,
    ledger: Ledger,
    outgoing: Sequence[Outgoing],
    *,
    clock: Clock,
    test_to: str | None = None,
    done: Callable[[Line], None] = lambda _line: None,
) -> list[Line]:
    """Send what may go out, one message after the other, and return how each ended.

    A message that is put off is tried again with growing pauses, ``[email] attempts`` times in all; one whose
    fate is unknown is left for a person and the next one goes on. A server that refuses the login ends the run.
    """
    email, reports = settings.email, settings.reports
    _finish_issues(ledger, reports, outgoing)
    lines, earliest = [], clock.monotonic()
    with ExitStack() as stack:
        link = _Link(email, stack)
        for item in outgoing:
            clock.sleep(max(earliest - clock.monotonic(), 0.0))
            earliest = clock.monotonic() + 60.0 / email.per_minute
            if test_to is not None:
                line = _send_test(link, email, item, test_to, clock)
            else:
                line = _send_one(link, ledger, email, reports, item, clock)
            lines.append(line)
            done(line)
    return lines


def write_outbox(folder: Path, outgoing: Sequence[Outgoing]) -> list[Path]:
    """Write the messages as ``.eml`` files, for a person to open, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.eml"):
        old.unlink()
    paths = []
    for item in outgoing:
        path = folder / f"{item.pack.folder(Path()).name}.eml"
        path.write_bytes(item.letter.as_bytes())
        paths.append(path)
    return paths


def resolve(ledger: Ledger, message_id: str, *, was_sent: bool, reports: Path, by: str, at: datetime) -> None:
    """Record what a person found out about a message whose fate was unknown.

    Raises
    ------
    DeliveryError
        when no such message is in doubt.
    """
    found = [message for message in ledger.in_doubt() if message.message_id == message_id]
    if not found:
        raise DeliveryError(f"No message {message_id} is in doubt.")
    if was_sent:
        ledger.settle(message_id, "sent", "resolved by a person", at=at.isoformat(timespec="seconds"), by=by)
        keep_issue(reports, found[0].quarter, found[0].partner_id, found[0].digest)
    else:
        ledger.take_back(message_id, "resolved by a person: not sent")


class _Link:
    """The connection of a run: opened when it is needed, and anew after it broke."""

    def __init__(self, email: Email, stack: ExitStack) -> None:
        self._email = email
        self._held = stack.enter_context(ExitStack())
        self._server: smtplib.SMTP | None = None

    def hand_over(
        self, recipients: Sequence[str], data: bytes, before_last: Callable[[list[str]], None]
    ) -> Result:
        if self._server is None:
            self._server = self._held.enter_context(connect(self._email))
        try:
            return hand_over(self._server, self._email.sender, recipients, data, before_last=before_last)
        except (Temporary, InDoubt):
            self._server = None
            self._held.close()
            raise


def _look(
    settings: Settings, store: Store, ledger: Ledger, pack: Pack, test_to: str | None
) -> tuple[Line, Outgoing | None]:
    """Return a pack's row and, if it may go out, what goes."""
    partner = store.partner(pack.partner_id)
    recipients = find_recipients(partner, settings.email)
    line = Line(pack.partner_id, str(partner["name"]), tuple(recipients.all), "ready")
    folder, quarter = pack.folder(settings.reports), str(pack.quarter)
    approval, stands = ledger.standing(pack, settings.reports)
    if approval is None:
        return replace(line, status="not_approved" if folder.is_dir() else "not_built"), None
    if not stands:
        return replace(line, status="changed", detail=f"approved by {approval.approved_by}, changed since"), None
    messages = ledger.messages(quarter, pack.partner_id)
    if test_to is None:
        ended = _ended(line, messages, approval.digest)
        if ended is not None:
            return ended, None
    if recipients.problems:
        return replace(line, status="refused", detail="; ".join(recipients.problems)), None
    issued = [message for message in messages if message.state == "sent" and message.digest != approval.digest]
    files = read_files(folder)
    if digest_of(files) != approval.digest:
        return replace(line, status="changed", detail="changed while it was read"), None
    message_id = _message_id(settings.email, pack, approval.digest, test_to)
    letter = compose(
        settings, partner, recipients, files,
        before=read_issued(settings.reports, quarter, pack.partner_id) if issued else None,
        message_id=message_id, test_to=test_to,
    )  # fmt: skip
    status: Status = "reissue" if issued else "ready"
    return replace(line, status=status), Outgoing(
        replace(line, status=status), pack, approval.digest, message_id, recipients, letter, files
    )


def _ended(line: Line, messages: Sequence[Message], digest: str) -> Line | None:
    """Return the row of a pack whose message has an end or an unknown fate, None while it may go out."""
    doubtful = [message for message in messages if message.state == "handing_over"]
    if doubtful:
        return replace(line, status="in_doubt", detail=f"kpilib send --resolve: {doubtful[0].message_id}")
    for message in messages:
        if message.digest != digest:
            continue
        if message.state == "sent":
            got, missed = message.addresses("accepted"), _refusals(message)
            detail = "; ".join([message.settled_at or "", *missed])
            return replace(line, status="sent", recipients=tuple(got), detail=detail)
        # Refused for good: tried again only when the partners table names somebody else.
        if message.state == "failed" and set(message.recipients) == set(line.recipients):
            return replace(line, status="failed", detail=message.reply)
    return None


def _send_one(link: _Link, ledger: Ledger, email: Email, reports: Path, item: Outgoing, clock: Clock) -> Line:
    """Send one message to those of its recipients who do not have it yet."""
    pack, key = item.pack, item.message_id
    stage_issue(reports, pack, item.files, item.digest)
    ledger.intend(key, (str(pack.quarter), pack.partner_id, item.digest), item.recipients.all, at=_stamp(clock))
    data = item.letter.as_bytes(clock.now())
    try:
        for attempt in _retrying(email, clock):
            with attempt:
                reply = _try_pending(link, ledger, item, data)
    except InDoubt as error:
        return replace(item.line, status="in_doubt", detail=f"{error} Find out, then: kpilib send --resolve")
    except Temporary as error:
        return replace(item.line, status="failed", detail=f"{error} The next run tries again.")
    return _settle(ledger, reports, item, reply, clock)


def _try_pending(link: _Link, ledger: Ledger, item: Outgoing, data: bytes) -> str:
    """Hand the message over for the recipients who wait for it, record what is said, and return it.

    Raises
    ------
    Temporary
        when some of them have to be tried again.
    """
    key, pending = item.message_id, _held(ledger, item).addresses("pending")
    if not pending:
        return ""
    try:
        result = link.hand_over(pending, data, lambda to: ledger.hand_over(key, to))
    except Temporary as error:
        ledger.take_back(key, str(error))
        raise
    for address, said in result.refused.items():
        ledger.refuse(key, address, said)
    if result.failed:
        for address in pending:
            ledger.refuse(key, address, result.refused.get(address, result.reply))
    elif result.accepted:
        ledger.accept(key, result.reply)
    if result.deferred:
        raise Temporary(next(iter(result.deferred.values())))
    return result.reply


def _settle(ledger: Ledger, reports: Path, item: Outgoing, reply: str, clock: Clock) -> Line:
    """Record a message that no recipient waits for any more."""
    message = _held(ledger, item)
    got = message.addresses("accepted")
    if not got:
        said = "; ".join(_refusals(message)) or reply
        ledger.settle(item.message_id, "failed", said, at=_stamp(clock))
        return replace(item.line, status="failed", detail=said)
    ledger.settle(item.message_id, "sent", reply, at=_stamp(clock))
    keep_issue(reports, str(item.pack.quarter), item.pack.partner_id, item.digest)
    return replace(item.line, status="sent", recipients=tuple(got), detail="; ".join(_refusals(message)))


def _refusals(message: Message) -> list[str]:
    return [f"{address}: {reply}" for address, (state, reply) in message.recipients.items() if state == "refused"]


def _send_test(link: _Link, email: Email, item: Outgoing, test_to: str, clock: Clock) -> Line:
    """Send one message to the tester alone; the ledger does not count it."""
    data, line = item.letter.as_bytes(clock.now()), replace(item.line, recipients=(test_to,))
    try:
        for attempt in _retrying(email, clock):
            with attempt:
                result = link.hand_over([test_to], data, lambda _: None)
                if result.deferred:
                    raise Temporary(next(iter(result.deferred.values())))
    except (Temporary, InDoubt) as error:
        return replace(line, status="failed", detail=str(error))
    return replace(line, status="sent" if result.accepted else "failed", detail=result.reply)


def _retrying(email: Email, clock: Clock) -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(Temporary),
        stop=stop_after_attempt(email.attempts),
        wait=wait_exponential(multiplier=email.pause, max=600),
        sleep=clock.sleep,
        reraise=True,
    )


def _held(ledger: Ledger, item: Outgoing) -> Message:
    """Return the message as the ledger holds it."""
    messages = ledger.messages(str(item.pack.quarter), item.pack.partner_id)
    return next(message for message in messages if message.message_id == item.message_id)


def _finish_issues(ledger: Ledger, reports: Path, outgoing: Sequence[Outgoing]) -> None:
    """Put in place what was sent by a run that was killed before it could."""
    for quarter in {str(item.pack.quarter) for item in outgoing}:
        for message in ledger.sent(quarter):
            keep_issue(reports, quarter, message.partner_id, message.digest)


def _message_id(email: Email, pack: Pack, digest: str, test_to: str | None) -> str:
    told = "\0".join((pack.partner_id, str(pack.quarter), digest, test_to or ""))
    return f"<{hashlib.sha256(told.encode()).hexdigest()[:40]}@{email.sender.rpartition('@')[2]}>"


def _stamp(clock: Clock) -> str:
    return clock.now().isoformat(timespec="seconds")
