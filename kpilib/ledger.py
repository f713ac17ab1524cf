"""The ledger: approvals, and the fate of every message, in one SQLite file.

A message is written down before a server is asked (``intended``), again just before its last byte is handed
over (``handing_over``), and with the server's answer (``sent`` or ``failed``). Each step is committed and synced
before the next begins: wherever a run is killed, the next one knows what certainly was not sent, what was, and
the one message of which only a person can find out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from kpilib.digest import pack_digest
from kpilib.errors import DeliveryError
from kpilib.pack import Pack

__all__ = ["Approval", "Ledger", "Message", "State"]

State = Literal["intended", "handing_over", "sent", "failed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS approvals (
    id INTEGER PRIMARY KEY, quarter TEXT NOT NULL, partner_id TEXT NOT NULL, digest TEXT NOT NULL,
    approved_by TEXT NOT NULL, approved_at TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    message_id TEXT PRIMARY KEY, quarter TEXT NOT NULL, partner_id TEXT NOT NULL, digest TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'handing_over', 'sent', 'failed')),
    intended_at TEXT NOT NULL, settled_at TEXT, reply TEXT NOT NULL DEFAULT '', resolved_by TEXT
);
CREATE TABLE IF NOT EXISTS recipients (
    message_id TEXT NOT NULL REFERENCES messages, address TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'handing_over', 'accepted', 'refused')),
    reply TEXT NOT NULL DEFAULT '', PRIMARY KEY (message_id, address)
);
CREATE INDEX IF NOT EXISTS messages_of_pack ON messages (quarter, partner_id);
"""

_RESTORE = "It records what was approved and sent: restore it from a backup rather than removing it."
_MAKE_ROOM = "Free some room on its disk; leave the file as it is."
_ADVICE = {
    sqlite3.SQLITE_CORRUPT: _RESTORE,
    sqlite3.SQLITE_NOTADB: _RESTORE,
    sqlite3.SQLITE_FULL: _MAKE_ROOM,
    sqlite3.SQLITE_IOERR: _MAKE_ROOM,
}

_COLUMNS = "message_id, quarter, partner_id, digest, state, intended_at, settled_at, reply"


@dataclass(frozen=True)
class Approval:
    """A person's word for exactly the bytes of a digest."""

    quarter: str
    partner_id: str
    digest: str
    approved_by: str
    approved_at: str
    note: str


@dataclass(frozen=True)
class Message:
    """A message and where it stands; ``recipients`` is address → (state, the server's reply)."""

    message_id: str
    quarter: str
    partner_id: str
    digest: str
    state: State
    intended_at: str
    settled_at: str | None
    reply: str
    recipients: Mapping[str, tuple[str, str]]

    @property
    def key(self) -> str:
        """What its id says beside the sender's domain: which pack's bytes it carries, as which issue."""
        return self.message_id.strip("<>").partition("@")[0]

    def addresses(self, state: str) -> list[str]:
        """Return the recipients in a state."""
        return [address for address, (held, _) in self.recipients.items() if held == state]

    @property
    def refusals(self) -> list[str]:
        """Whom the server refused for good, and how."""
        return [f"{address}: {reply}" for address, (held, reply) in self.recipients.items() if held == "refused"]


class Ledger:
    """The ledger of a reports folder; a context manager."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            # Without FULL a commit may be lost with the power, and a message be sent twice.
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise _unusable(path, "opened", error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._db.close()

    def approve(self, approval: Approval) -> None:
        """Record an approval; the latest one of a pack counts."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO approvals (quarter, partner_id, digest, approved_by, approved_at, note) "
                "VALUES (?,?,?,?,?,?)",
                (*vars(approval).values(),),
            )

    def approval(self, quarter: str, partner_id: str) -> Approval | None:
        """Return the latest approval of a pack."""
        rows = self._select(
            "SELECT quarter, partner_id, digest, approved_by, approved_at, note FROM approvals "
            "WHERE quarter = ? AND partner_id = ? ORDER BY id DESC LIMIT 1",
            quarter,
            partner_id,
        )
        return Approval(*rows[0]) if rows else None

    def approved(self, quarter: str) -> list[str]:
        """Return the partners of a quarter whose packs were approved."""
        rows = self._select("SELECT DISTINCT partner_id FROM approvals WHERE quarter = ? ORDER BY partner_id", quarter)
        return [row[0] for row in rows]

    def standing(self, pack: Pack, reports: Path) -> tuple[Approval | None, str]:
        """Return a pack's latest approval, and why it is not of the bytes that lie there now; empty if it is."""
        held = self.approval(str(pack.quarter), pack.partner_id)
        if held is None:
            return None, ""
        try:
            return held, "" if pack_digest(pack.folder(reports)) == held.digest else "changed since"
        except DeliveryError as error:
            return held, str(error.parts["problem"])

    def messages(self, quarter: str, partner_id: str) -> list[Message]:
        """Return a pack's messages, oldest first."""
        return self._messages("quarter = ? AND partner_id = ?", quarter, partner_id)

    def in_doubt(self) -> list[Message]:
        """Return the messages that were being handed over when a run ended: only a person can tell their fate."""
        return self._messages("state = 'handing_over'")

    def sent(self, quarter: str) -> list[Message]:
        """Return the messages of a quarter that were sent."""
        return self._messages("quarter = ? AND state = 'sent'", quarter)

    def intend(
        self, message_id: str, pack: tuple[str, str, str], recipients: Sequence[str], *, at: str
    ) -> None:
        """Record that a message is to be sent; one that was never handed over may be meant anew.

        Parameters
        ----------
        pack
            quarter, partner's id, digest.
        """
        with self._transaction():
            self._db.execute(
                "INSERT INTO messages (message_id, quarter, partner_id, digest, state, intended_at) "
                "VALUES (?,?,?,?,'intended',?) ON CONFLICT (message_id) DO UPDATE SET state = 'intended', reply = ''",
                (message_id, *pack, at),
            )
            self._db.execute(
                "DELETE FROM recipients WHERE message_id = ? AND state IN ('pending', 'refused')", (message_id,)
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO recipients (message_id, address, state) VALUES (?,?,'pending')",
                [(message_id, address) for address in recipients],
            )

    def refuse(self, message_id: str, address: str, reply: str) -> None:
        """Record that the server refuses a recipient for good."""
        self._set_recipients(message_id, [address], "refused", reply)

    def hand_over(self, message_id: str, addresses: Sequence[str]) -> None:
        """Record that the message's last byte is about to be handed over for these recipients."""
        with self._transaction():
            self._db.execute("UPDATE messages SET state = 'handing_over' WHERE message_id = ?", (message_id,))
            self._update_recipients(message_id, addresses, "handing_over", "")

    def take_back(self, message_id: str, reply: str, *, by: str | None = None) -> None:
        """Record that what was handed over was not accepted: the server, or a person, said so."""
        with self._transaction():
            self._db.execute(
                "UPDATE messages SET state = 'intended', reply = ?, resolved_by = coalesce(?, resolved_by) "
                "WHERE message_id = ?",
                (reply, by, message_id),
            )
            self._db.execute(
                "UPDATE recipients SET state = 'pending' WHERE message_id = ? AND state = 'handing_over'", (message_id,)
            )

    def accept(self, message_id: str, reply: str, *, by: str | None = None) -> None:
        """Record that the recipients for whom the message was handed over have it: the server, or a person, said so."""
        with self._transaction():
            self._db.execute(
                "UPDATE recipients SET state = 'accepted', reply = ? WHERE message_id = ? AND state = 'handing_over'",
                (reply, message_id),
            )
            self._db.execute(
                "UPDATE messages SET state = 'intended', resolved_by = coalesce(?, resolved_by) WHERE message_id = ?",
                (by, message_id),
            )

    def settle(self, message_id: str, state: Literal["sent", "failed"], reply: str, *, at: str) -> None:
        """Record a message's end: ``sent`` when a recipient has it, else ``failed``."""
        with self._transaction():
            self._db.execute(
                "UPDATE messages SET state = ?, reply = ?, settled_at = ? WHERE message_id = ?",
                (state, reply, at, message_id),
            )

    def _messages(self, condition: str, *values: str) -> list[Message]:
        rows = self._select(f"SELECT {_COLUMNS} FROM messages WHERE {condition} ORDER BY rowid", *values)  # noqa: S608
        names = _COLUMNS.split(", ")
        return [Message(**dict(zip(names, row, strict=True)), recipients=self._recipients(row[0])) for row in rows]

    def _recipients(self, message_id: str) -> dict[str, tuple[str, str]]:
        rows = self._select(
            "SELECT address, state, reply FROM recipients WHERE message_id = ? ORDER BY rowid", message_id
        )
        return {address: (state, reply) for address, state, reply in rows}

    def _select(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Raises
        ------
        DeliveryError
            when they cannot be read: a damaged file.
        """
        try:
            return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise _unusable(self.path, "read", error) from None

    def _set_recipients(self, message_id: str, addresses: Sequence[str], state: str, reply: str) -> None:
        with self._transaction():
            self._update_recipients(message_id, addresses, state, reply)

    def _update_recipients(self, message_id: str, addresses: Sequence[str], state: str, reply: str) -> None:
        self._db.execute(
            "UPDATE recipients SET state = ?, reply = ? WHERE message_id = ? "
            "AND address IN (SELECT value FROM json_each(?))",
            (state, reply, message_id, json.dumps(list(addresses))),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Do all of it or nothing.

        Raises
        ------
        DeliveryError
            when it cannot be written down: a full disk, a file that may only be read.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise DeliveryError(
                f"The ledger {self.path} cannot be written: {error}. Nothing goes out that cannot be recorded.",
                path=self.path,
            ) from None


def _unusable(path: Path, what: str, error: Exception) -> DeliveryError:
    """Return what is wrong with a ledger's file, and what to do about it: a backup helps a damaged one alone."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the code is its detail
    advice = _ADVICE.get(code, "See that it and its folder may be written to; leave the file as it is.")
    return DeliveryError(f"The ledger {path} cannot be {what}: {error}. {advice}", path=path)
