"""What lies on the disk is damaged: a pack, what was issued. Its own line says so, and all others go on."""

from __future__ import annotations

import email
import email.policy
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from kpilib.build.plan import plan_packs
from kpilib.build.round import Round
from kpilib.build.standing import Standing, stand
from kpilib.errors import DeliveryError
from kpilib.settings import load_settings
from tests.deliver.conftest import ROOT, Desk, MailServer, run, statuses, write_pack
from tests.faults.test_machine import mounted


def write_notebook(desk: Desk) -> None:
    """What a plan hashes; nothing executes it here."""
    (desk.settings.root / "notebooks").mkdir()
    (desk.settings.root / "notebooks" / "partner_review.ipynb").write_bytes(b"{}")


def issued(desk: Desk) -> Path:
    return desk.reports / "issued" / "2026Q3" / "P001"


def correct(desk: Desk) -> None:
    """P001 is built anew, with other figures, and approved."""
    write_pack(desk.reports, desk.packs[0], won="454000.00", pdf=b"%PDF-1.7 corrected\n")
    desk.approve(desk.packs[0])


# A pack


def test_an_approved_pack_that_is_not_whole_stops_no_other(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    write_notebook(desk)
    desk.approve()
    folder = desk.packs[1].folder(desk.reports)
    for file in folder.iterdir():
        file.unlink()
    reason = "not whole: review.html cannot be read (No such file or directory)"
    around = Round.open(desk.settings, "2026Q3")
    shown = [standing for _, standing in stand(around, plan_packs(around, around.partners()))]
    assert shown[1] == Standing("not built", f"lost: {reason}", "")
    assert [standing.approved for standing in shown[::2]] == ["by mara, 2026-10-05T09:00:00+00:00"] * 2
    assert "not built" in kpilib(desk.settings.root, "status", "2026Q3")
    lines = run(desk)
    assert [(line.status, line.detail) for line in lines] == [
        ("sent", ""), ("changed", f"approved by mara, {reason}"), ("sent", ""),
    ]  # fmt: skip
    assert len(mail_server.arrived) == 2


# What was issued


@pytest.mark.parametrize("name", ["review.pdf", "kpis.json", "issue.json"])
def test_a_file_that_is_missing_from_what_was_issued_stops_nothing(
    desk: Desk, mail_server: MailServer, name: str
) -> None:
    desk.approve()
    run(desk)
    before = {path.name: path.read_bytes() for path in issued(desk).iterdir()}
    (issued(desk) / name).unlink()
    correct(desk)
    lines = run(desk)
    lost = "the email does not say what changed: the figures as sent were not kept"
    assert (lines[0].status, lines[0].detail) == ("sent", lost if name == "kpis.json" else "")
    assert statuses(lines) == ["sent"] * 3
    body = email.message_from_bytes(mail_server.arrived[3][1], policy=email.policy.SMTP).get_body(("plain",))
    assert ("454 k" in body.get_content().replace("\u00a0", " ").partition("The quarter in short")[0]) == (
        name != "kpis.json"
    )
    (earlier,) = (issued(desk) / "earlier").iterdir()
    kept = {path.name: path.read_bytes() for path in earlier.iterdir()}
    assert kept == {held: data for held, data in before.items() if held != name}
    assert b"corrected" in (issued(desk) / "review.pdf").read_bytes()
    assert statuses(run(desk)) == ["sent"] * 3
    assert len(mail_server.arrived) == 4


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b'{"kpis": 3}', b'{"digest": 3}'])
@pytest.mark.parametrize("name", ["kpis.json", "issue.json"])
def test_what_was_issued_and_cannot_be_read_counts_as_absent_and_is_kept(
    desk: Desk, mail_server: MailServer, name: str, text: bytes
) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    run(desk)
    before = {path.name: path.read_bytes() for path in issued(desk).iterdir()}
    (issued(desk) / name).write_bytes(text)
    correct(desk)
    (line,) = run(desk)
    (earlier,) = (issued(desk) / "earlier").iterdir()
    said = {
        "kpis.json": "the email does not say what changed: reports/issued/2026Q3/P001/kpis.json does not hold the "
        "figures issued to P001 for 2026Q3. Put the kpis.json of that pack there, or remove the file.",
        "issue.json": f"{issued(desk) / name} could not be read: what lay there was put into {earlier}",
    }
    assert (line.status, line.detail) == ("sent", said[name])
    assert {path.name: path.read_bytes() for path in earlier.iterdir()} == {**before, name: text}
    assert b"corrected" in (issued(desk) / "review.pdf").read_bytes()
    assert statuses(run(desk)) == ["sent"]
    assert len(mail_server.arrived) == 2


def test_what_was_sent_and_cannot_be_put_in_place_is_a_word_in_its_line(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    """A file lies where P001's folder would; the next run puts the issues there, in their order."""
    desk.approve()
    issued(desk).parent.mkdir(parents=True)
    issued(desk).write_bytes(b"")
    said = f"the pack as sent cannot be put into {issued(desk)} (Not a directory): the next run tries again"
    lines = run(desk)
    assert statuses(lines) == ["sent"] * 3
    assert [line.detail for line in lines] == [said, "", ""]
    correct(desk)
    shown = "".join(kpilib(desk.settings.root, "send", "2026Q3", "--really").split())
    assert "".join(said.split()) in shown
    assert "1sent,2sentbefore" in shown
    assert len(mail_server.arrived) == 4
    issued(desk).unlink()
    kpilib(desk.settings.root, "send", "2026Q3", "--really")
    assert b"corrected" in (issued(desk) / "review.pdf").read_bytes()
    (earlier,) = (issued(desk) / "earlier").iterdir()
    assert b"corrected" not in (earlier / "review.pdf").read_bytes()
    assert list((issued(desk).parent / ".staged").iterdir()) == []


def test_a_pack_that_cannot_be_kept_is_not_sent_and_stops_no_other(desk: Desk, mail_server: MailServer) -> None:
    """A file lies where P002's bytes would be put aside."""
    desk.approve()
    with desk.ledger() as ledger:
        digest = ledger.approval("2026Q3", "P002").digest
    staged = issued(desk).parent / ".staged"
    staged.mkdir(parents=True)
    (staged / f"P002-{digest[:16]}").write_bytes(b"")
    lines = run(desk)
    assert statuses(lines) == ["sent", "failed", "sent"]
    assert lines[1].detail == f"P002 2026Q3 cannot be kept in {staged}: File exists. It was not sent."
    assert len(mail_server.arrived) == 2


def test_a_message_that_was_refused_for_good_leaves_nothing_aside(desk: Desk, mail_server: MailServer) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    mail_server.script = ["554 no"]
    assert statuses(run(desk)) == ["failed"]
    assert list((issued(desk).parent / ".staged").iterdir()) == []
    assert statuses(run(desk, again=True)) == ["sent"]
    assert (issued(desk) / "review.pdf").is_file()


# The email's templates


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("subject.txt.j2", b"{{ quarter / 2 }}",
         "en/subject.txt.j2, line 1: unsupported operand type(s) for /: 'str' and 'int'"),
        ("body.txt.j2", b"\n{{ nobody }}", "en/body.txt.j2, line 2: 'nobody' is undefined"),
        ("body.html.j2", b"{% if %}", "en/body.html.j2, line 1: Expected an expression, got 'end of statement block'"),
        ("body.txt.j2", "für Sie".encode("latin-1"), "it is not UTF-8 text"),
    ],
)  # fmt: skip
def test_an_email_template_that_fails_is_named_with_its_line(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str], name: str, text: bytes, said: str
) -> None:
    """In English alone: P002's email is Korean, and goes out."""
    root = desk.settings.root
    shutil.copytree(ROOT / "templates" / "email", root / "templates" / "email")
    (root / "templates" / "email" / "en" / name).write_bytes(text)
    (root / "kpilib.toml").write_text((root / "kpilib.toml").read_text().replace(f"{ROOT / 'templates'}", "templates"))
    desk.settings = load_settings(root / "kpilib.toml")
    desk.approve()
    wrong = f"The email cannot be drawn with {root / 'templates' / 'email' / 'en' / name}: {said}."
    assert wrong in kpilib(root, "send", "2026Q3", said=1)
    assert [(line.status, line.detail) for line in run(desk)] == [("failed", wrong), ("sent", ""), ("failed", wrong)]
    assert len(mail_server.arrived) == 1


def test_an_outbox_that_cannot_be_written_is_said(desk: Desk, kpilib: Callable[..., str]) -> None:
    desk.approve()
    outbox = desk.reports / "2026Q3" / "outbox"
    outbox.write_bytes(b"")
    said = kpilib(desk.settings.root, "send", "2026Q3", said=1)
    assert said.splitlines()[-1] == f"{outbox} cannot be written to: File exists. Nothing was sent."


# The ledger


def test_a_ledger_that_was_overwritten_in_its_middle_is_said(
    desk: Desk, mail_server: MailServer, kpilib: Callable[..., str]
) -> None:
    desk.approve()
    run(desk)
    write_notebook(desk)
    path = desk.reports / "ledger.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))
    said = (
        f"The ledger {path} cannot be read: database disk image is malformed. It records what was approved and sent: "
        "restore it from a backup rather than removing it.\n"
    )
    for words in (("status",), ("approve",), ("send",), ("send", "--really"), ("send", "--resolve")):
        told = kpilib(desk.settings.root, words[0], "2026Q3", *words[1:], said=1)
        assert told.endswith(said) or words == ("approve",)
    for ask in ("in_doubt", "sent", "approved", "approval", "messages"):
        with desk.ledger() as ledger, pytest.raises(DeliveryError) as caught:
            getattr(ledger, ask)(*{"in_doubt": (), "approval": ("2026Q3", "P001"), "messages": ("2026Q3", "P001")}.get(
                ask, ("2026Q3",)
            ))
        assert f"{caught.value}\n" == said
    assert len(mail_server.arrived) == 3


def test_a_file_that_is_no_ledger_is_said(desk: Desk) -> None:
    path = desk.reports / "ledger.sqlite"
    path.write_bytes(b"partner;sent" * 1000)
    with pytest.raises(DeliveryError) as caught:
        desk.ledger()
    assert str(caught.value) == (
        f"The ledger {path} cannot be opened: file is not a database. It records what was approved and sent: "
        "restore it from a backup rather than removing it."
    )


def test_a_ledger_on_a_full_disk_is_not_called_damaged(desk: Desk) -> None:
    with mounted(desk.reports, "-t", "tmpfs", "-o", "size=64k", "tmpfs"):
        with suppress(OSError), (desk.reports / "filler").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        with pytest.raises(DeliveryError) as caught:
            desk.ledger()
        said = str(caught.value)
    assert said.startswith(f"The ledger {desk.reports / 'ledger.sqlite'} cannot be opened: ")
    assert said.endswith(". Free some room on its disk; leave the file as it is.")
