"""Who gets what: for each pack whether it may go out now, to whom, and as which issue."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from kpilib.build.manifest import Manifest
from kpilib.deliver.compose import Letter, compose
from kpilib.deliver.issued import read_before
from kpilib.deliver.recipients import Recipients, contacts_of, find_recipients, problem_of
from kpilib.digest import digest_of, read_files
from kpilib.errors import DeliveryError, SettingsError
from kpilib.ledger import Ledger, Message
from kpilib.pack import Pack
from kpilib.settings import Email, Settings
from kpilib.store import Store

__all__ = ["Line", "Outgoing", "find_left_out", "join", "plan_sending", "say_refused", "write_outbox"]

_FEW = 3

Status = Literal[
    "ready", "reissue", "sent", "not_built", "not_approved", "changed", "refused", "in_doubt", "failed", "inactive"
]


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
    """A pack that may go out now; its bytes are read when its turn comes, and must still be those approved."""

    line: Line
    pack: Pack
    digest: str
    message_id: str
    recipients: Recipients

    def compose(
        self, settings: Settings, store: Store, *, test_to: str | None = None
    ) -> tuple[dict[str, bytes], Letter]:
        """Return the approved files and the message.

        Raises
        ------
        DeliveryError
            when the files are no longer those that were approved, or a template cannot be used.
        """
        files = read_files(self.pack.folder(settings.reports))
        if digest_of(files) != self.digest:
            raise DeliveryError(f"{self.pack} was changed while it was read. Nothing of it was sent.")
        reissue = self.line.status == "reissue"
        before = read_before(settings, self.pack)[0] if reissue else None
        letter = compose(
            settings,
            store.partner(self.pack.partner_id),
            self.recipients,
            files,
            message_id=self.message_id,
            reissue=reissue,
            before=before,
            test_to=test_to,
        )
        return files, letter


def plan_sending(
    settings: Settings,
    store: Store,
    ledger: Ledger,
    packs: Sequence[Pack],
    *,
    test_to: str | None = None,
    again: bool = False,
    stale: Mapping[str, str] | None = None,
    leaking: Mapping[str, Sequence[str]] | None = None,
) -> tuple[list[Line], list[Outgoing]]:
    """Return the table of who gets what, and what may go out now.

    Parameters
    ----------
    again
        whether what a server refused for good is tried again.
    stale
        by partner, why a pack is not what would be built now: it goes out as it was approved, and its line says so.
    leaking
        by partner, what a pack holds of another partner, who may have joined after it was approved: it is refused.
    test_to
        an address that gets all of it, marked as a test; nothing of a test counts as sent.

    Raises
    ------
    SettingsError
        when there is no server or sender, or an address of the settings is none.
    """
    _check(settings.email, test_to)
    contacts, stale, leaking = _contacts(store), stale or {}, leaking or {}
    lines, outgoing = [], []
    for pack in packs:
        said = stale.get(pack.partner_id, "")
        line, ready = _look(settings, store, ledger, pack, contacts, test_to=test_to, again=again, stale=said)
        if ready is not None and (leaks := leaking.get(pack.partner_id)):
            line, ready = replace(line, status="refused", detail=join(*leaks[:_FEW])), None
        lines.append(line)
        outgoing += [] if ready is None else [ready]
    return lines, outgoing


def find_left_out(store: Store, ledger: Ledger, quarter: str, partners: Iterable[str]) -> list[Line]:
    """Return the approved packs of partners that are not among those to send to: they left, or are not active."""
    known, lines = set(store.partner_ids(active_only=False)), []
    for partner_id in sorted(set(ledger.approved(quarter)) - set(partners)):
        if any(message.state == "sent" for message in ledger.messages(quarter, partner_id)):
            continue
        if partner_id in known:
            name = store.partner(partner_id)["name"] or ""
            detail = f"approved, but the partner is not active. Send it all the same: --partner {partner_id}"
        else:
            name, detail = "", "approved, but the partner is no longer in the table partners"
        lines.append(Line(partner_id, name, (), "inactive", detail))
    return lines


def write_outbox(folder: Path, outgoing: Iterable[Outgoing], settings: Settings, store: Store) -> list[Path]:
    """Write the messages as ``.eml`` files, for a person to open, and return their paths.

    Raises
    ------
    DeliveryError
        when they cannot be written, or a template cannot be used.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.eml"):
            old.unlink()
        for item in outgoing:
            path = folder / f"{item.pack.folder(Path()).name}.eml"
            path.write_bytes(item.compose(settings, store)[1].as_bytes())
            paths.append(path)
    except OSError as error:
        raise DeliveryError(f"{folder} cannot be written to: {error.strerror}. Nothing was sent.") from None
    return paths


def join(*said: str) -> str:
    """Return the words of a line's detail as one text."""
    return "; ".join(filter(None, said))


def say_refused(refusals: Sequence[str]) -> str:
    """Return who was refused for good and what to do about it; nothing when nobody was."""
    return f"{'; '.join(refusals)}. Mend it, then: --again" if refusals else ""


def _check(email: Email, test_to: str | None) -> None:
    """Refuse settings with which nothing could be sent."""
    right = {"host": "smtp.your-company.example", "sender": "partners@your-company.example"}
    found = {name: " is not set" for name in right if not getattr(email, name)}
    if email.sender and (problem := problem_of(email.sender)):
        found["sender"] = f": {problem}"
    problems = [f'[email] {name}{said}. Set it: {name} = "{right[name]}"' for name, said in found.items()]
    if test_to is not None and (problem := problem_of(test_to)):
        problems.append(f"--test-to: {problem}.")
    if problems:
        raise SettingsError("\n".join(problems))


def _look(
    settings: Settings,
    store: Store,
    ledger: Ledger,
    pack: Pack,
    contacts: Mapping[str, Sequence[str]],
    *,
    test_to: str | None,
    again: bool,
    stale: str,
) -> tuple[Line, Outgoing | None]:
    """Return a pack's row and, if it may go out, what goes."""
    partner = store.partner(pack.partner_id)
    recipients = find_recipients(partner, settings.email)
    line = Line(pack.partner_id, partner["name"] or pack.partner_id, tuple(recipients.all), "ready")
    approval, lost = ledger.standing(pack, settings.reports)
    if approval is None:
        built = pack.folder(settings.reports).is_dir()
        return replace(line, status="not_approved" if built else "not_built"), None
    if lost:
        return replace(line, status="changed", detail=f"approved by {approval.approved_by}, {lost}"), None
    messages = ledger.messages(str(pack.quarter), pack.partner_id)
    issues = [message for message in messages if message.state == "sent" or message.addresses("accepted")]
    # What somebody already has, wholly or in part, under the same bytes is the same message; anything else is new.
    earlier = list(issues)
    while earlier and earlier[-1].digest == approval.digest:
        earlier.pop()
    key = _key(pack, approval.digest, len(earlier), test_to)
    # By the key alone: the sender's domain may be another by now. Ledgers from before hold a message once per domain.
    held = max((each for each in messages if each.key == key), key=lambda each: each.state == "sent", default=None)
    if test_to is None:
        ended = _ended(line, messages, held, again=again)
        if ended is not None:
            return ended, None
    problems = join(*recipients.problems, _other_name(pack, line.name, settings.reports))
    if problems:
        return replace(line, status="refused", detail=problems), None
    before = read_before(settings, pack)[1] if earlier else ""
    detail = join(f"stale: {stale}" if stale else "", _others(pack, recipients, contacts), before)
    line = replace(line, status="reissue" if earlier else "ready", detail=detail)
    if test_to is not None:
        line = replace(line, recipients=(test_to,))
    message_id = held.message_id if held is not None else f"<{key}@{settings.email.sender.rpartition('@')[2]}>"
    return line, Outgoing(line, pack, approval.digest, message_id, recipients)


def _contacts(store: Store) -> dict[str, list[str]]:
    """Return each address and the partners whose contact it is."""
    found: dict[str, list[str]] = {}
    for partner_id in store.partner_ids(active_only=False):
        for address in contacts_of(store.partner(partner_id)):
            found.setdefault(address.casefold(), []).append(partner_id)
    return found


def _others(pack: Pack, recipients: Recipients, contacts: Mapping[str, Sequence[str]]) -> str:
    """Say which contacts are other partners' too: a shared mailbox, or a slip."""
    said = []
    for address in recipients.to:
        others = [partner_id for partner_id in contacts[address.casefold()] if partner_id != pack.partner_id]
        if others:
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            said.append(f"{address} is a contact of {', '.join(others[:3])}{more} too")
    return "; ".join(said)


def _other_name(pack: Pack, name: str, reports: Path) -> str:
    """Say if a pack is in another name than its partner has by now: the email would have the one, the PDF the other."""
    manifest = Manifest.read(pack.folder(reports))
    if manifest is None or manifest.name == name:
        return ""
    return (
        f"the pack is in the name of {manifest.name!r}, the table partners says {name!r}. "
        f"Build and approve it again: kpilib build {pack.quarter} --partner {pack.partner_id}"
    )


def _ended(line: Line, messages: Sequence[Message], message: Message | None, *, again: bool) -> Line | None:
    """Return the row of a pack whose message has an end or an unknown fate, None while it may go out."""
    doubtful = [message for message in messages if message.state == "handing_over"]
    if doubtful:
        return replace(line, status="in_doubt", detail=f"kpilib send --resolve: {doubtful[0].message_id}")
    if message is None or (again and message.refusals):
        return None
    if message.state == "sent":
        detail = join(message.settled_at or "", say_refused(message.refusals))
        return replace(line, status="sent", recipients=tuple(message.addresses("accepted")), detail=detail)
    # Refused for good: tried again when the partners table names somebody else, or a person wants it.
    if message.state == "failed" and set(message.recipients) == set(line.recipients):
        return replace(line, status="failed", detail=say_refused(message.refusals))
    return None


def _key(pack: Pack, digest: str, issue: int, test_to: str | None) -> str:
    """Return what a message is recognised by."""
    told = "\0".join((pack.partner_id, str(pack.quarter), digest, str(issue), test_to or ""))
    return hashlib.sha256(told.encode()).hexdigest()[:40]
