"""The sending process killed by SIGKILL wherever it may be: each message arrives once, or a person is asked."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from kpilib.deliver.plan import Line, plan_sending
from kpilib.deliver.send import Clock, finish_issues, resolve, send_all, sending
from kpilib.ledger import Ledger
from kpilib.pack import Pack
from kpilib.settings import load_settings
from kpilib.store import Store
from tests.deliver.conftest import NOW, PARTNERS, Desk, free_port

# Forked from a process that has imported all and does nothing else: a fork of this one would take over the locks that
# its server's thread holds at that moment, and wait for them for ever.
PROCESSES = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
PROCESSES.set_forkserver_preload(["kpilib.deliver.send", "kpilib.store", "tests.deliver.conftest"])

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL")


class Killer:
    """A mail server that kills its client: at one recipient, with the message taken or not, or once it said so."""

    def __init__(self, rng: random.Random, *, share: float) -> None:
        self.rng, self.share = rng, share
        self.victim = 0
        self.arrived: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()

    def strike(self, where: str) -> bool:
        if self.victim and self.rng.random() < self.share:
            self.killed[where] += 1
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0
            return True
        return False

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        self.strike("at a recipient")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.strike("before it was taken"):
            server.transport.abort()
            return "451 lost"
        self.arrived.update(envelope.rcpt_tos)
        if not self.strike("taken, not yet said") and self.rng.random() < self.share:
            # Somewhere after the answer: before or after it is written down, or in the message after it.
            later = self.rng.choice([0, 0.0005, 0.001, 0.002, 0.004, 0.008])
            asyncio.get_running_loop().call_later(later, self.strike_now, "after the answer")
        return "250 taken"

    def strike_now(self, where: str) -> None:
        share, self.share = self.share, 1.0
        self.strike(where)
        self.share = share


def send_once(workspace: Path, packs: list[Pack]) -> None:
    """What `kpilib send --really` does, without its pauses."""
    settings = load_settings(workspace / "kpilib.toml")
    clock = Clock(lambda: datetime.now(NOW.tzinfo), time.monotonic, lambda _: None)
    with sending(settings.reports), Ledger(settings.reports / "ledger.sqlite") as ledger:
        store = Store.open(settings)
        finish_issues(ledger, settings.reports, "2026Q3")
        _, outgoing = plan_sending(settings, store, ledger, packs)
        send_all(settings, store, ledger, outgoing, clock=clock)


def send_in_a_process(desk: Desk, killer: Killer) -> bool:
    """Send in a process of its own; say whether it reached its end."""
    child = PROCESSES.Process(target=send_once, args=(desk.settings.root, desk.packs))
    child.start()
    killer.victim = child.pid or 0
    child.join()
    killer.victim = 0
    return child.exitcode == 0


def plan(desk: Desk) -> list[Line]:
    with desk.ledger() as ledger:
        return plan_sending(desk.settings, desk.store, ledger, desk.packs)[0]


def play(make_desk: Callable[..., Desk], packs: int, *, share: float, seed: int) -> tuple[Killer, int, int]:
    rows = "\n".join(f"P{n:03d},Partner {n},en,,p{n}@partner{n}.example,Ingrid" for n in range(1, packs + 1))
    killer = Killer(random.Random(seed), share=share)
    port = free_port()
    desk = make_desk(port, partners=PARTNERS.splitlines()[0] + "\n" + rows + "\n")
    desk.approve()
    plan(desk)
    controller = Controller(killer, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        runs = 1
        while not send_in_a_process(desk, killer):
            runs += 1
            assert runs < 20 * packs
        doubtful = 0
        for line in plan(desk):
            (address,) = [f"p{int(line.partner_id[1:])}@partner{int(line.partner_id[1:])}.example"]
            if line.status == "sent":
                assert killer.arrived[address] == 1
            else:
                assert line.status == "in_doubt"
                assert killer.arrived[address] <= 1
                doubtful += 1
        # A person looks into the server's log, and the rest goes out.
        with desk.ledger() as ledger:
            for message in ledger.in_doubt():
                arrived = bool(killer.arrived[message.addresses("handing_over")[0]])
                resolve(ledger, message.message_id, was_sent=arrived, reports=desk.reports, by="mara", at=NOW)
        killer.share = 0
        assert send_in_a_process(desk, killer)
        assert {line.status for line in plan(desk)} == {"sent"}
        assert set(killer.arrived.values()) == {1}
        assert len(killer.arrived) == packs
        issued = desk.reports / "issued" / "2026Q3"
        assert sorted(path.name for path in issued.iterdir()) == [".staged", *(pack.partner_id for pack in desk.packs)]
        assert list((issued / ".staged").iterdir()) == []
    finally:
        controller.stop()
    return killer, runs, doubtful


def test_killed_at_every_step_and_nothing_is_sent_twice_or_lost(make_desk: Callable[..., Desk]) -> None:
    killer, runs, doubtful = play(make_desk, 24, share=0.35, seed=1)
    assert set(killer.killed) == {"at a recipient", "before it was taken", "taken, not yet said", "after the answer"}
    assert runs > 12
    assert doubtful > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(3))
def test_two_hundred_messages_through_a_server_that_kills(make_desk: Callable[..., Desk], seed: int) -> None:
    killer, runs, _ = play(make_desk, 200, share=0.1, seed=seed)
    assert runs > 30
    assert len(killer.killed) == 4
