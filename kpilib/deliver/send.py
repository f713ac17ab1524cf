"""Sending a quarter: each message once, through a server that may fail at any point, by a run that may be killed."""

from __future__ import annotations

import fcntl
import smtplib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from kpilib.deliver.issued import drop_issue, keep_issues, stage_issue
from kpilib.deliver.plan import Line, Outgoing, join, say_refused
from kpilib.deliver.transport import InDoubt, Result, Temporary, Unreachable, connect, hand_over
from kpilib.errors import DeliveryError
from kpilib.ledger import Ledger, Message
from kpilib.settings import Email, Settings
from kpilib.store import Store

__all__ = ["Clock", "finish_issues", "resolve", "send_all", "sending"]


@dataclass(frozen=True)
class Clock:
    """What sending asks of time; the tests bring their own."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


@contextmanager
def sending(reports: Path) -> Iterator[None]:
    """Hold the one right to send from a reports folder; a second run is told so.

    Raises
    ------
    DeliveryError
        when another run has it, or the folder cannot be written to.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
        file = (reports / ".sending").open("a+b")
    except OSError as error:
        raise DeliveryError(f"{reports} cannot be written to: {error.strerror}. Nothing was sent.") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeliveryError(f"Another `kpilib send` works on {reports}. Wait until it has ended.") from None
        yield


def send_all(
    settings: Settings,
    store: Store,
    ledger: Ledger,
    outgoing: Sequence[Outgoing],
    *,
    clock: Clock,
    test_to: str | None = None,
    done: Callable[[Line], None] = lambda _line: None,
) -> list[Line]:
    """Send what may go out, one message after the other, and return how each ended.

    A message that is put off is tried again with growing pauses, ``[email] attempts`` times in all; one whose
    fate is unknown is left for a person and the next one goes on. A server that cannot be reached, or refuses the
    login, ends the run.
    """
    email = settings.email
    lines: list[Line] = []
    earliest = clock.monotonic()
    unreachable = False
    with ExitStack() as stack:
        link = _Link(email, stack)
        for item in outgoing:
            if unreachable:
                line = replace(item.line, status="failed", detail="Not tried: no server. The next run tries again.")
            else:
                clock.sleep(max(earliest - clock.monotonic(), 0.0))
                earliest = clock.monotonic() + 60.0 / email.per_minute
                try:
                    line = _send_item(link, settings, store, ledger, item, clock, test_to)
                except Unreachable as error:
                    unreachable = True
                    line = replace(item.line, status="failed", detail=f"{error} The next run tries again.")
            lines.append(line)
            done(line)
    return lines


def finish_issues(ledger: Ledger, reports: Path, quarter: str) -> dict[str, str]:
    """Put in place what was sent by a run that could not; return what is to be said of it, by partner."""
    return keep_issues(reports, ledger.sent(quarter))


def resolve(ledger: Ledger, message_id: str, *, was_sent: bool, reports: Path, by: str, at: datetime) -> str:
    """Record what a person found out about a message whose fate was unknown; return what else is to be said.

    Recipients for whom it had not been handed over still wait for it: the next run sends it to them.

    Raises
    ------
    DeliveryError
        when no such message is in doubt.
    """
    found = next((message for message in ledger.in_doubt() if message.message_id == message_id), None)
    if found is None:
        raise DeliveryError(f"No message {message_id} is in doubt.")
    if not was_sent:
        ledger.take_back(message_id, "resolved by a person: not sent", by=by)
        return ""
    said = "resolved by a person: sent"
    ledger.accept(message_id, said, by=by)
    if found.addresses("pending"):
        return ""
    ledger.settle(message_id, "sent", said, at=at.isoformat(timespec="seconds"))
    return _keep(ledger, reports, found.quarter, found.partner_id)


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
        except BaseException:
            # Whatever it waits for, the server gets no further word: a polite one would count as the message's.
            self._server.close()
            self._server = None
            self._held.close()
            raise


def _send_item(
    link: _Link,
    settings: Settings,
    store: Store,
    ledger: Ledger,
    item: Outgoing,
    clock: Clock,
    test_to: str | None,
) -> Line:
    """Send one message to those of its recipients who do not have it yet."""
    pack, key = item.pack, item.message_id
    try:
        files, letter = item.compose(settings, store, test_to=test_to)
        if test_to is None:
            stage_issue(settings.reports, pack, files, item.digest)
    except DeliveryError as error:
        return replace(item.line, status="failed", detail=str(error))
    data = letter.as_bytes(clock.now())
    if test_to is not None:
        return _send_test(link, settings.email, item, test_to, data, clock)
    ledger.intend(key, (str(pack.quarter), pack.partner_id, item.digest), item.recipients.all, at=_stamp(clock))
    try:
        for attempt in _retrying(settings.email, clock):
            with attempt:
                reply = _try_pending(link, ledger, item, data)
    except InDoubt as error:
        return replace(item.line, status="in_doubt", detail=f"{error} Find out, then: kpilib send --resolve")
    except Unreachable:
        raise
    except Temporary as error:
        return replace(item.line, status="failed", detail=f"{error} The next run tries again.")
    return _settle(ledger, settings.reports, item, reply, clock)


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
    if result.deferred and not result.failed:
        raise Temporary(next(iter(result.deferred.values())))
    return result.reply


def _settle(ledger: Ledger, reports: Path, item: Outgoing, reply: str, clock: Clock) -> Line:
    """Record a message that no recipient waits for any more."""
    message = _held(ledger, item)
    got = message.addresses("accepted")
    if not got:
        ledger.settle(item.message_id, "failed", "; ".join(message.refusals) or reply, at=_stamp(clock))
        drop_issue(reports, item.pack, item.digest)
        return replace(item.line, status="failed", detail=say_refused(message.refusals))
    ledger.settle(item.message_id, "sent", reply, at=_stamp(clock))
    kept = _keep(ledger, reports, message.quarter, message.partner_id)
    detail = join(item.line.detail, say_refused(message.refusals), kept)
    return replace(item.line, status="sent", recipients=tuple(got), detail=detail)


def _keep(ledger: Ledger, reports: Path, quarter: str, partner_id: str) -> str:
    """Put in place what was sent to a partner, after what an earlier run could not; return what is to be said."""
    sent = [message for message in ledger.messages(quarter, partner_id) if message.state == "sent"]
    return keep_issues(reports, sent).get(partner_id, "")


def _send_test(link: _Link, email: Email, item: Outgoing, test_to: str, data: bytes, clock: Clock) -> Line:
    """Send one message to the tester alone; the ledger does not count it."""
    try:
        for attempt in _retrying(email, clock):
            with attempt:
                result = link.hand_over([test_to], data, lambda _: None)
                if result.deferred:
                    raise Temporary(next(iter(result.deferred.values())))
    except Unreachable:
        raise
    except (Temporary, InDoubt) as error:
        return replace(item.line, status="failed", detail=str(error))
    detail = join(item.line.detail, result.reply)
    return replace(item.line, status="sent" if result.accepted else "failed", detail=detail)


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


def _stamp(clock: Clock) -> str:
    return clock.now().isoformat(timespec="seconds")
