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
            raise DeliveryError(
                f"The ledger {path} cannot be opened: {error}. It records what was approved and sent: "
                "restore it from a backup rather than removing it.",
                path=path,
            ) from None

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
        row = self._db.execute(
            "SELECT quarter, partner_id, digest, approved_by, approved_at, note FROM approvals "
            "WHERE quarter = ? AND partner_id = ? ORDER BY id DESC LIMIT 1",
            (quarter, partner_id),
        ).fetchone()
        return None if row is None else Approval(*row)

    def approved(self, quarter: str) -> list[str]:
        """Return the partners of a quarter whose packs were approved."""
        rows = self._db.execute(
            "SELECT DISTINCT partner_id FROM approvals WHERE quarter = ? ORDER BY partner_id", (quarter,)
        )
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
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE quarter = ? AND partner_id = ? ORDER BY rowid",  # noqa: S608
            (quarter, partner_id),
        ).fetchall()
        return self._messages(rows)

    def in_doubt(self) -> list[Message]:
        """Return the messages that were being handed over when a run ended: only a person can tell their fate."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE state = 'handing_over' ORDER BY rowid"  # noqa: S608
        ).fetchall()
        return self._messages(rows)

    def sent(self, quarter: str) -> list[Message]:
        """Return the messages of a quarter that were sent."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM messages WHERE quarter = ? AND state = 'sent' ORDER BY rowid",  # noqa: S608
            (quarter,),
        ).fetchall()
        return self._messages(rows)

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

    def _messages(self, rows: Sequence[tuple[Any, ...]]) -> list[Message]:
        names = _COLUMNS.split(", ")
        return [Message(**dict(zip(names, row, strict=True)), recipients=self._recipients(row[0])) for row in rows]

    def _recipients(self, message_id: str) -> dict[str, tuple[str, str]]:
        rows = self._db.execute(
            "SELECT address, state, reply FROM recipients WHERE message_id = ? ORDER BY rowid", (message_id,)
        )
        return {address: (state, reply) for address, state, reply in rows}

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
