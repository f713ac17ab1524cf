"""A mail server that puts off, refuses, drops, hangs: each message once, or left to a person."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable

import pytest

from kpilib.deliver.send import resolve
from kpilib.enclosures import read_issued
from kpilib.errors import SettingsError
from kpilib.settings import Settings
from tests.deliver.conftest import NOW, PARTNERS, QUARTER, Desk, Hours, MailServer, run, statuses


def with_patience(desk: Desk, seconds: float) -> Settings:
    email = desk.settings.email.model_copy(update={"timeout": seconds})
    return desk.settings.model_copy(update={"email": email})


@pytest.mark.parametrize("step", ["451 try later", "421 closing", "452 full"])
def test_what_is_put_off_is_tried_again_with_growing_pauses(desk: Desk, mail_server: MailServer, step: str) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = [step, step]
    hours = Hours()
    assert statuses(run(desk, hours)) == ["sent"]
    assert len(mail_server.arrived) == 1
    waits = [pause for pause in hours.pauses if pause]
    assert waits == [5.0, 10.0]


def test_what_is_put_off_for_too_long_is_left_for_the_next_run(desk: Desk, mail_server: MailServer) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = ["451 try later"] * 4
    (line,) = run(desk)
    assert (line.status, line.detail) == (
        "failed", "The server put the message off: 451 try later. The next run tries again.",
    )  # fmt: skip
    assert statuses(run(desk)) == ["sent"]
    assert len(mail_server.arrived) == 1


def test_a_permanent_refusal_is_recorded_and_not_repeated(desk: Desk, mail_server: MailServer) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = ["554 no"]
    said = "ana@norvane.example: 554 no; sales@norvane.example: 554 no. Mend it, then: --again"
    assert [(line.status, line.detail) for line in run(desk)] == [("failed", said)]
    assert [(line.status, line.detail) for line in run(desk)] == [("failed", said)]
    assert mail_server.arrived == []
    for _ in range(2):
        assert statuses(run(desk, again=True)) == ["sent"]
    assert len(mail_server.arrived) == 1


def test_a_refused_sender_ends_the_run_and_counts_against_nobody(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    mail_server.refuse = {"reviews@vendor.example": "550 5.7.1 not yours"}
    with pytest.raises(SettingsError) as caught:
        run(desk)
    assert str(caught.value) == (
        "The server refuses the sender reviews@vendor.example: 550 5.7.1 not yours. Check [email] sender."
    )
    mail_server.refuse = {}
    assert statuses(run(desk)) == ["sent"] * 3


def test_one_refused_recipient_of_three_does_not_stop_the_others(
    make_desk: Callable[..., Desk], mail_server: MailServer
) -> None:
    desk = make_desk(mail_server.port, partners=PARTNERS.replace("sales@", "office@norvane.example;sales@"))
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.refuse = {"office@norvane.example": "550 unknown here"}
    (line,) = run(desk)
    assert (line.status, line.recipients) == ("sent", ("ana@norvane.example", "sales@norvane.example"))
    assert line.detail == "office@norvane.example: 550 unknown here. Mend it, then: --again"
    run(desk)
    assert [to for to, _ in mail_server.arrived] == [["ana@norvane.example", "sales@norvane.example"]]


def test_an_address_that_was_mended_gets_it_and_nobody_twice(
    make_desk: Callable[..., Desk], mail_server: MailServer
) -> None:
    desk = make_desk(mail_server.port)
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.refuse = {"sales@norvane.example": "550 unknown here"}
    run(desk)
    desk.store = make_desk(mail_server.port, partners=PARTNERS.replace("sales@", "office@")).store
    assert statuses(run(desk)) == ["sent"]
    (line,) = run(desk, again=True)
    assert (line.status, line.recipients) == ("sent", ("ana@norvane.example", "office@norvane.example"))
    assert [to for to, _ in mail_server.arrived] == [["ana@norvane.example"], ["office@norvane.example"]]
    run(desk, again=True)
    assert len(mail_server.arrived) == 2


def test_greylisting_of_one_recipient_sends_to_it_later_and_to_the_other_once(
    desk: Desk, mail_server: MailServer
) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.refuse = {"sales@norvane.example": "once 450 greylisted"}
    assert statuses(run(desk)) == ["sent"]
    assert [to for to, _ in mail_server.arrived] == [["ana@norvane.example"], ["sales@norvane.example"]]


@pytest.mark.parametrize("step", ["take and drop", "drop"])
def test_a_connection_lost_after_the_last_byte_is_left_to_a_person(
    desk: Desk, mail_server: MailServer, step: str
) -> None:
    desk.packs = desk.packs[:2]
    desk.approve()
    mail_server.script = [step]
    lines = run(desk)
    assert statuses(lines) == ["in_doubt", "sent"]
    before = len(mail_server.arrived)
    assert statuses(run(desk)) == ["in_doubt", "sent"]
    assert len(mail_server.arrived) == before
    with desk.ledger() as ledger:
        (message,) = ledger.in_doubt()
        resolve(ledger, message.message_id, was_sent=step == "take and drop", reports=desk.reports, by="mara", at=NOW)
    assert statuses(run(desk)) == ["sent", "sent"]
    assert sum(to == ["ana@norvane.example", "sales@norvane.example"] for to, _ in mail_server.arrived) == 1
    assert read_issued(desk.settings, QUARTER, "P001") is not None


def test_a_server_that_hangs_after_the_last_byte_is_left_to_a_person(
    make_desk: Callable[..., Desk], mail_server: MailServer
) -> None:
    desk = make_desk(mail_server.port)
    desk.settings = with_patience(desk, 0.5)
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = ["take and hang"]
    assert statuses(run(desk)) == ["in_doubt"]


def test_a_server_that_hangs_before_the_last_byte_loses_nothing(
    make_desk: Callable[..., Desk], mail_server: MailServer
) -> None:
    """One that never greets, one that never answers to a recipient: not handed over, so the next run goes on."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        desk = make_desk(silent.getsockname()[1], email="attempts = 1")
        desk.settings = with_patience(desk, 0.3)
        desk.approve()
        details = [line.detail for line in run(desk)]
        assert details[0].endswith(" cannot be reached: timed out. The next run tries again.")
        assert details[1] == "Not tried: no server. The next run tries again."
    desk = make_desk(mail_server.port, email="attempts = 1")
    desk.settings, desk.packs = with_patience(desk, 0.3), desk.packs[:1]
    mail_server.refuse = {"ana@norvane.example": "hang"}
    (line,) = run(desk)
    assert (line.status, line.detail) == (
        "failed", "The connection broke before the message was handed over: timed out. The next run tries again.",
    )  # fmt: skip
    mail_server.refuse = {}
    assert statuses(run(desk)) == ["sent"]
    assert len(mail_server.arrived) == 1


def test_a_server_that_cannot_be_reached_loses_nothing(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(1)
    desk.approve()
    lines = run(desk)
    assert statuses(lines) == ["failed"] * 3
    assert lines[0].detail == "127.0.0.1:1 cannot be reached: Connection refused. The next run tries again."


def test_a_test_ends_where_the_server_cannot_be_reached_too(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(1)
    desk.approve()
    hours = Hours()
    lines = run(desk, hours, test_to="me@vendor.example")
    assert [(line.status, line.recipients) for line in lines] == [("failed", ("me@vendor.example",))] * 3
    assert lines[0].detail == "127.0.0.1:1 cannot be reached: Connection refused. The next run tries again."
    assert lines[1].detail == "Not tried: no server. The next run tries again."
    assert [pause for pause in hours.pauses if pause] == [5.0, 10.0, 20.0]


@pytest.mark.parametrize("options", [{}, {"test_to": "me@vendor.example"}])
def test_without_a_host_nothing_begins(make_desk: Callable[..., Desk], options: dict[str, str]) -> None:
    desk = make_desk()
    desk.settings = desk.settings.model_copy(update={"email": desk.settings.email.model_copy(update={"host": ""})})
    desk.approve()
    with pytest.raises(SettingsError) as caught:
        run(desk, **options)
    assert str(caught.value) == '[email] host is not set. Set it: host = "smtp.your-company.example"'


@pytest.mark.parametrize("packs", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_a_server_that_fails_at_random_gets_every_message_once_or_it_is_flagged(
    make_desk: Callable[..., Desk], mail_server: MailServer, packs: int
) -> None:
    rows = "\n".join(f"P{n:03d},Partner {n},en,,p{n}@partner{n}.example,Ingrid" for n in range(1, packs + 1))
    desk = make_desk(mail_server.port, partners=PARTNERS.splitlines()[0] + "\n" + rows + "\n")
    desk.approve()
    rng = random.Random(4)
    mail_server.script = rng.choices(
        ["take", "451 later", "take and drop", "drop", "421 bye"], weights=[5, 2, 1, 1, 1], k=10 * packs
    )
    for _ in range(30):
        lines = run(desk)
        if all(line.status in {"sent", "in_doubt"} for line in lines):
            break
    arrived = [to for to, _ in mail_server.arrived]
    counts = {f"P{n:03d}": arrived.count([f"p{n}@partner{n}.example"]) for n in range(1, packs + 1)}
    for line in lines:
        assert counts[line.partner_id] == 1 if line.status == "sent" else counts[line.partner_id] <= 1
    assert {line.status for line in lines} == {"sent", "in_doubt"}


def test_who_was_put_off_still_gets_it_after_a_person_found_out_about_the_others(
    desk: Desk, mail_server: MailServer
) -> None:
    """Ana's fate is unknown, sales was greylisted before: resolved as arrived, sales alone gets it, once."""
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.refuse = {"sales@norvane.example": "once 450 greylisted"}
    mail_server.script = ["take and drop"]
    assert statuses(run(desk)) == ["in_doubt"]
    with desk.ledger() as ledger:
        (message,) = ledger.in_doubt()
        resolve(ledger, message.message_id, was_sent=True, reports=desk.reports, by="mara", at=NOW)
    assert [(line.status, line.recipients) for line in run(desk)] == [
        ("sent", ("ana@norvane.example", "sales@norvane.example"))
    ]
    assert [to for to, _ in mail_server.arrived] == [["ana@norvane.example"], ["sales@norvane.example"]]


@pytest.mark.parametrize(("said", "status"), [("299 fine", "sent"), ("354 what", "in_doubt"), ("999 what", "in_doubt")])
def test_what_is_neither_yes_nor_no_is_left_to_a_person(
    desk: Desk, mail_server: MailServer, said: str, status: str
) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = [said]
    assert statuses(run(desk)) == [status]
    assert statuses(run(desk)) == [status]


def test_a_server_that_cannot_be_reached_is_not_asked_for_every_pack(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(1)
    desk.approve()
    hours = Hours()
    details = [line.detail for line in run(desk, hours)]
    assert details[1:] == ["Not tried: no server. The next run tries again."] * 2
    assert [pause for pause in hours.pauses if pause] == [5.0, 10.0, 20.0]
