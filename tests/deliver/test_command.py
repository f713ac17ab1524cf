"""`kpilib build`, `approve`, `send` and `status` as a person types them, over a server that wants TLS and a login."""

from __future__ import annotations

import email
import email.policy
import io
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib.deliver.transport import connect, hand_over
from kpilib.errors import SettingsError
from kpilib.settings import Email
from tests.deliver.conftest import PASSWORD, ROOT, USER, Desk, MailServer, Server
from tests.faults.conftest import start, wait_for

PARTNERS = """\
partner_id,name,locale,contact_name,contact_email,manager
P1,Norvane Systems,en,Ana Bell,ana@norvane.example;sales@norvane.example,Ingrid
P2,다온테크,ko,김수아,kim@daontech.example,Yuna
"""
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,P1,2026-07-01,2026-07-20,won,200.00
O2,P1,2026-07-01,2026-07-25,won,400.00
O3,P2,2026-08-01,2026-09-30,won,100.00
"""
NOTEBOOK = """\
{"cells": [{"cell_type": "code", "execution_count": null, "id": "p", "metadata": {"tags": ["parameters"]},
 "outputs": [], "source": "partner = 'P1'\\nquarter = '2026Q3'\\nas_of = ''\\naudience = 'partner'\\nlanguage = ''"},
 {"cell_type": "code", "execution_count": null, "id": "c", "metadata": {}, "outputs": [], "source": "partner"}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
"""


def write_desk(root: Path, *, port: int, security: str) -> None:
    (root / "data").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    (root / "notebooks" / "partner_review.ipynb").write_text(NOTEBOOK, encoding="utf-8")
    (root / "kpilib.toml").write_text(
        f'[source]\npath = "data"\n[packs]\ntemplates = "{ROOT / "templates"}"\n[email]\nhost = "localhost"\n'
        f'port = {port}\nsecurity = "{security}"\nsender = "reviews@vendor.example"\nreply_to = "desk@vendor.example"\n'
        f'timeout = 10\nper_minute = 6000\nattempts = 1\n[email.managers]\nIngrid = "ingrid@vendor.example"\n',
        encoding="utf-8",
    )


def test_a_quarter_from_build_to_inbox_and_a_correction(
    tmp_path: Path, make_server: Callable[[str], Server], kpilib: Callable[..., str]
) -> None:
    mail, root = make_server("starttls"), tmp_path / "desk"
    write_desk(root, port=mail.port, security="starttls")
    login = {
        "KPILIB_SMTP_USER": USER, "KPILIB_SMTP_PASSWORD": PASSWORD, "KPILIB_SMTP_CA_FILE": str(mail.certificate),
    }  # fmt: skip
    kpilib(root, "build", "2026Q3", "--jobs", "2")
    said = kpilib(root, "approve", "2026Q3", "--all-but", "P2", "--note", "looked at all pages")
    assert "2026Q3: 1 approved, 0 were approved already." in said
    assert "2026Q3: 1 approved, 1 were approved already." in kpilib(root, "approve", "2026Q3")
    with sqlite3.connect(root / "reports" / "ledger.sqlite") as ledger:
        approvals = ledger.execute("SELECT partner_id, approved_by <> '', note FROM approvals ORDER BY id").fetchall()
    assert approvals == [("P1", 1, "looked at all pages"), ("P2", 1, "")]
    assert (root / "reports" / "2026Q3" / "cohort.json").exists()

    assert "2 would be sent" in kpilib(root, "send", "2026Q3")
    outbox = root / "reports" / "2026Q3" / "outbox"
    assert sorted(path.name for path in outbox.iterdir()) == ["P1.eml", "P2.eml"]
    said = kpilib(root, "send", "2026Q3", "--really", said=2, **{**login, "KPILIB_SMTP_PASSWORD": "not it"})
    assert "localhost refuses the login (535). Check KPILIB_SMTP_USER and KPILIB_SMTP_PASSWORD." in said
    assert "not it" not in said
    assert mail.arrived == []

    assert "2 sent as a test" in kpilib(root, "send", "2026Q3", "--test-to", "me@vendor.example", **login)
    assert [to for to, _ in mail.arrived] == [["me@vendor.example"]] * 2
    assert "2 sent\n" in kpilib(root, "send", "2026Q3", "--really", **login)
    assert "2 sent before\n" in kpilib(root, "send", "2026Q3", "--really", **login)
    assert [to for to, _ in mail.arrived[2:]] == [
        ["ana@norvane.example", "sales@norvane.example"], ["kim@daontech.example"],
    ]  # fmt: skip
    message = email.message_from_bytes(mail.arrived[2][1], policy=email.policy.SMTP)
    (attached,) = message.iter_attachments()
    pdf = (root / "reports" / "2026Q3" / "P1" / "review.pdf").read_bytes()
    assert (message["Reply-To"], attached.get_content()) == ("ingrid@vendor.example", pdf)
    assert set(mail.logins) == {USER}
    index = root / "reports" / "2026Q3" / "index.html"
    (by,) = set(re.findall(r'class="slot approved" title="(\w+), 20', index.read_text(encoding="utf-8")))
    sent = r'class="slot sent" title="20[^"]*: (?:ana@norvane|kim@daontech)\.example'
    assert len(re.findall(sent, index.read_text(encoding="utf-8"))) == 2

    assert "+00:00: looked at all pages" in " ".join(kpilib(root, "status", "2026Q3").split())

    # One row of one partner is corrected: only its pack is rebuilt, loses its approval, and goes out as corrected.
    rows = root / "data" / "opportunities.csv"
    rows.write_text(rows.read_text().replace("400.00", "600.00"))
    said = " ".join(kpilib(root, "status", "2026Q3").split())
    assert f"P1 Norvane Systems stale: rows changed by {by}, 20" in said
    for words in (
        "to ana@norvane.example", "P2 다온테크 fresh by ", "Average deal size: frozen",
        "unless you decide otherwise: kpilib build 2026Q3 --refresh-cohort",
    ):  # fmt: skip
        assert words in said
    assert "1 made, 1 fresh, 0 failed" in kpilib(root, "build", "2026Q3")
    assert "1 changed since it was approved, 1 sent before" in kpilib(root, "send", "2026Q3", "--really", **login)
    kpilib(root, "approve", "2026Q3")
    assert ", as it was before" in " ".join(kpilib(root, "status", "2026Q3").split())
    assert index.read_text(encoding="utf-8").count('class="slot sent_earlier"') == 1
    assert "1 sent, 1 sent before" in kpilib(root, "send", "2026Q3", "--really", **login)
    assert len(mail.arrived) == 5
    message = email.message_from_bytes(mail.arrived[4][1], policy=email.policy.SMTP)
    assert message["Subject"].startswith("Corrected: Norvane Systems")
    body = message.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Average deal size: 300 USD → 400 USD" in body


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_line_is_encrypted_and_the_server_trusted_only_by_its_certificate(
    make_server: Callable[[str], Server], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, security: str
) -> None:
    server = make_server(security)
    settings = Email(host="localhost", port=server.port, security=security, sender="a@b.example", timeout=5)
    monkeypatch.setenv("KPILIB_SMTP_USER", USER)
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("KPILIB_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(SettingsError) as caught, connect(settings):
        pass
    assert str(caught.value) == f"localhost:{server.port} cannot be trusted: CERTIFICATE_VERIFY_FAILED."
    monkeypatch.setenv("KPILIB_SMTP_CA_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError) as caught, connect(settings):
        pass
    assert str(caught.value) == "KPILIB_SMTP_CA_FILE names a file that cannot be used (No such file or directory)."
    monkeypatch.setenv("KPILIB_SMTP_CA_FILE", str(server.certificate))
    with connect(settings) as connection:
        hand_over(connection, "a@b.example", ["c@d.example"], b"Subject: x\r\n\r\ny", before_last=lambda _: None)
    assert [to for to, _ in server.arrived] == [["c@d.example"]]
    assert server.logins == [USER]


def test_a_server_without_encryption_gets_no_login(mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPILIB_SMTP_USER", USER)
    monkeypatch.setenv("KPILIB_SMTP_PASSWORD", PASSWORD)
    settings = Email(host="127.0.0.1", port=mail_server.port, security="starttls", sender="a@b.example", timeout=5)
    with pytest.raises(SettingsError) as caught, connect(settings):
        pass
    assert str(caught.value) == (
        f'127.0.0.1:{mail_server.port} does not offer what [email] security = "starttls" asks for.'
    )
    with pytest.raises(SettingsError) as caught, connect(settings.model_copy(update={"security": "none"})):
        pass
    assert str(caught.value) == (
        f"127.0.0.1:{mail_server.port} takes no login. Unset KPILIB_SMTP_USER, or check [email] port and security."
    )
    far = settings.model_copy(update={"host": "mail.vendor.example", "security": "none"})
    with pytest.raises(SettingsError) as caught, connect(far):
        pass
    assert str(caught.value) == '[email] security = "none" would send a password in clear. Use "starttls" or "tls".'


def test_a_dry_run_says_what_is_next(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    root = desk.settings.root
    said = kpilib(root, "send", "2026Q3")
    assert "A dry run: no message would go out. Look at the packs, then: kpilib approve 2026Q3\n" in said
    desk.approve(desk.packs[0])
    said = kpilib(root, "send", "2026Q3")
    assert f"A dry run: 1 message lies in {desk.reports / '2026Q3' / 'outbox'}. Look at it, then: --really" in said
    kpilib(root, "send", "2026Q3", "--really")
    assert "A dry run: no message would go out.\n" in kpilib(root, "send", "2026Q3")
    assert len(mail_server.arrived) == 1


def test_a_person_who_stops_a_sending_is_told_where_it_stands(desk: Desk, mail_server: MailServer) -> None:
    """The server hangs with the first message; Ctrl-C waits for no answer of it."""
    desk.approve()
    settings = desk.settings.root / "kpilib.toml"
    settings.write_text(settings.read_text().replace("timeout = 2", "timeout = 60"))
    mail_server.script = ["take and hang"]
    with start(desk.settings.root, "send", "2026Q3", "--really") as process:
        try:
            wait_for(lambda: mail_server.arrived)
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)[1]
        finally:
            process.kill()  # nothing is left of it for another test to stumble over
    assert process.returncode == 130, said
    assert "Stopped. What went out is recorded, and the next run goes on from there.\n" in said
    with desk.ledger() as ledger:
        assert [message.partner_id for message in ledger.in_doubt()] == ["P001"]


def test_what_was_sent_before_a_server_refused_the_sender_is_told(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    """The first message is taken, then the sender has had enough for today."""

    class Counted(list):
        def append(self, arrived: object) -> None:
            super().append(arrived)
            mail_server.refuse = {"reviews@vendor.example": "550 5.7.1 over your quota"}

    mail_server.arrived = Counted()
    desk.approve()
    told = kpilib(desk.settings.root, "send", "2026Q3", "--really", said=2)
    assert "1 sent, 2 would be sent\n" in told
    assert told.splitlines()[-1] == (
        "The server refuses the sender reviews@vendor.example: 550 5.7.1 over your quota. Check [email] sender."
    )
    assert len(mail_server.arrived) == 1


def test_a_person_is_asked_what_became_of_a_message(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.approve(desk.packs[0])
    mail_server.script = ["take and drop"]
    root = desk.settings.root
    assert "fate unknown" in kpilib(root, "send", "2026Q3", "--really", "--partner", "P001", said=1)
    index = root / "reports" / "2026Q3" / "index.html"
    assert 'class="slot in_doubt"' in index.read_text(encoding="utf-8")
    for answer, said in (
        ("skip", "Left as it is: it is not sent again."),
        ("maybe\ny", "Recorded as sent."),
        ("yes", "No message is in doubt."),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
        told = kpilib(root, "send", "2026Q3", "--resolve")
        assert said in told
        assert told.count("Did it arrive?") == {"skip": 1, "maybe\ny": 2, "yes": 0}[answer]
        assert ("to ana@norvane.example, sales@norvane.example" in told) == (answer != "yes")
    assert 'class="slot sent"' in index.read_text(encoding="utf-8")
    assert "1 sent before" in kpilib(root, "send", "2026Q3", "--really", "--partner", "P001")
    assert len(mail_server.arrived) == 1


def test_a_stale_pack_is_named_in_the_dry_run_and_when_it_is_sent(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    """These packs were made from nothing that is here; without a notebook it cannot be told."""
    root = desk.settings.root
    desk.approve()
    untold = f"Whether packs are stale cannot be told: The notebook {root / 'notebooks' / 'partner_review.ipynb'}"
    assert untold in kpilib(root, "send", "2026Q3", "--partner", "P001")
    (root / "notebooks").mkdir()
    (root / "notebooks" / "partner_review.ipynb").write_bytes(b"{}")
    said = kpilib(root, "send", "2026Q3", "--partner", "P001")
    assert untold not in said
    assert "stale: " in said
    assert "stale: " in kpilib(root, "send", "2026Q3", "--really", "--partner", "P001")
    assert len(mail_server.arrived) == 1


def test_what_was_approved_and_sent_is_told_before_the_index_that_cannot_be_drawn(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    settings, templates = desk.settings.root / "kpilib.toml", desk.settings.root / "templates"
    shutil.copytree(ROOT / "templates", templates)
    settings.write_text(settings.read_text().replace(str(ROOT / "templates"), "templates"))
    (templates / "index" / "index.js").unlink()
    wrong = f"The index cannot be drawn with {templates / 'index' / 'index.js'}: No such file or directory."
    desk.approve()
    told = kpilib(desk.settings.root, "send", "2026Q3", "--really", said=1)
    assert len(mail_server.arrived) == 3
    assert "3 sent\n" in told
    assert told.splitlines()[-1] == wrong
    mail_server.script = ["take and drop"]
    told = kpilib(desk.settings.root, "send", "2026Q3", said=1)
    assert "3 sent before\n" in told
    assert wrong in told
