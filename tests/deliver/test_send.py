"""Approved once, sent once, to the right partner, through a real server."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from kpilib.deliver.approve import approve_packs
from kpilib.deliver.plan import find_left_out, plan_sending, write_outbox
from kpilib.deliver.send import finish_issues, send_all, sending
from kpilib.enclosures import read_issued
from kpilib.errors import DeliveryError, SettingsError
from kpilib.ledger import Ledger
from kpilib.pack import Pack
from kpilib.settings import Settings
from kpilib.store import Store
from tests.deliver.conftest import NOW, PARTNERS, QUARTER, Desk, Hours, MailServer, run, statuses, write_pack


def test_nothing_goes_out_that_nobody_approved(desk: Desk, mail_server: MailServer) -> None:
    assert statuses(run(desk)) == ["not_approved"] * 3
    assert mail_server.arrived == []


def test_an_approved_quarter_is_sent_once_to_whom_the_table_names(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    assert statuses(run(desk)) == ["sent"] * 3
    assert [to for to, _ in mail_server.arrived] == [
        ["ana@norvane.example", "sales@norvane.example"], ["kim@daontech.example"], ["office@quillmark.example"],
    ]  # fmt: skip
    assert statuses(run(desk)) == ["sent"] * 3
    assert len(mail_server.arrived) == 3


def test_each_message_carries_its_own_partners_pdf_and_figures(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    run(desk)
    for pack, (_, data) in zip(desk.packs, mail_server.arrived, strict=True):
        message = email.message_from_bytes(data, policy=email.policy.SMTP)
        (attached,) = message.iter_attachments()
        assert attached.get_content() == b"%PDF-1.7 review\n" + pack.partner_id.encode()
        assert attached.get_content_type() == "application/pdf"
    message = email.message_from_bytes(mail_server.arrived[0][1], policy=email.policy.SMTP)
    assert message["Subject"] == "Norvane Systems: partner review 2026\u00a0Q3".replace("\u00a0", " ")
    body = message.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Dear Ana Bell," in body
    assert "Won amount: 440 k USD" in body
    assert "Close rate" not in body
    korean = email.message_from_bytes(mail_server.arrived[1][1], policy=email.policy.SMTP)
    assert korean["Subject"].startswith("다온테크 파트너 리뷰")
    assert "김수아 님께" in korean.get_body(("plain",)).get_content()


def with_sender(desk: Desk, sender: str) -> Settings:
    return desk.settings.model_copy(update={"email": desk.settings.email.model_copy(update={"sender": sender})})


def test_another_domain_of_the_sender_sends_nothing_again(desk: Desk, mail_server: MailServer) -> None:
    """Sent, refused for one contact, put off, in doubt: each goes on as what it is, under the id that it has."""
    desk.approve()
    mail_server.refuse = {"sales@norvane.example": "550 unknown here", "office@quillmark.example": "450 later"}
    mail_server.script = ["take", "take and drop"]
    assert statuses(run(desk)) == ["sent", "in_doubt", "failed"]
    desk.settings = with_sender(desk, "reviews@new-name.example")
    mail_server.refuse = {}
    assert statuses(run(desk, again=True)) == ["sent", "in_doubt", "sent"]
    assert [to for to, _ in mail_server.arrived] == [
        ["ana@norvane.example"], ["kim@daontech.example"], ["sales@norvane.example"], ["office@quillmark.example"],
    ]  # fmt: skip
    ids = [email.message_from_bytes(data)["Message-ID"] for _, data in mail_server.arrived]
    assert ids[2] == ids[0]
    assert {text.partition("@")[2] for text in ids} == {"vendor.example>"}
    assert statuses(run(desk)) == ["sent", "in_doubt", "sent"]
    write_pack(desk.reports, desk.packs[0], won="454000.00")
    desk.approve(desk.packs[0])
    run(desk)
    assert len(mail_server.arrived) == 5
    message = email.message_from_bytes(mail_server.arrived[4][1])
    assert (message["Subject"].startswith("Corrected: "), message["Message-ID"].endswith("@new-name.example>")) == (
        True, True,
    )  # fmt: skip


def test_a_ledger_in_which_another_domain_sent_a_pack_twice_sends_it_no_third_time(
    desk: Desk, mail_server: MailServer
) -> None:
    """As it was written when the id of a message was recognised with its domain."""
    desk.packs = desk.packs[:1]
    desk.approve()
    run(desk)
    with desk.ledger() as ledger:
        (message,) = ledger.messages("2026Q3", "P001")
        again = message.message_id.replace("@vendor.example", "@new-name.example")
        ledger.intend(again, ("2026Q3", "P001", message.digest), list(message.recipients), at="2026-10-06")
        ledger.hand_over(again, list(message.recipients))
        ledger.accept(again, "250 taken")
        ledger.settle(again, "sent", "250 taken", at="2026-10-06")
    for sender in ("reviews@vendor.example", "reviews@new-name.example", "reviews@third.example"):
        desk.settings = with_sender(desk, sender)
        assert statuses(run(desk)) == ["sent"]
    assert len(mail_server.arrived) == 1


def test_a_rebuilt_pack_loses_its_approval(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    write_pack(desk.reports, desk.packs[1], pdf=b"%PDF-1.7 other\n")
    assert statuses(run(desk)) == ["sent", "changed", "sent"]
    assert len(mail_server.arrived) == 2


def test_a_changed_and_approved_pack_goes_out_as_a_reissue_that_says_what_changed(
    desk: Desk, mail_server: MailServer
) -> None:
    desk.approve()
    run(desk)
    assert read_issued(desk.settings, QUARTER, "P001")["kpis"]["deal_count"]["companions"]["won_amount"] == 440_000
    write_pack(desk.reports, desk.packs[0], won="454000.00")
    desk.approve(desk.packs[0])
    assert statuses(run(desk)) == ["sent", "sent", "sent"]
    assert len(mail_server.arrived) == 4
    message = email.message_from_bytes(mail_server.arrived[-1][1], policy=email.policy.SMTP)
    assert message["Subject"].startswith("Corrected: ")
    # 440,000 ÷ 14 = 31,428.57; 454,000 ÷ 14 = 32,428.57
    body = message.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Average deal size: 31.4 k USD → 32.4 k USD" in body
    assert "Won amount: 440 k USD → 454 k USD" in body
    assert read_issued(desk.settings, QUARTER, "P001")["kpis"]["deal_count"]["companions"]["won_amount"] == 454_000


def test_a_reissue_whose_kpis_are_as_they_were_says_so(desk: Desk, mail_server: MailServer) -> None:
    """Another picture, a comment: the pack changed, no KPI did. Korean: P002."""
    for pdf in (b"%PDF-1.7 one\n", b"%PDF-1.7 two\n"):
        for pack in desk.packs:
            write_pack(desk.reports, pack, pdf=pdf)
        desk.approve()
        assert statuses(run(desk)) == ["sent"] * 3
    english, korean = "What changed lies in the details: the KPIs are as they were.", "핵심 지표는 그대로이며"
    for text, (_, data) in zip((english, korean), mail_server.arrived[3:], strict=False):
        message = email.message_from_bytes(data, policy=email.policy.SMTP)
        for part in ("plain", "html"):
            assert text in message.get_body((part,)).get_content()
    first = email.message_from_bytes(mail_server.arrived[0][1], policy=email.policy.SMTP)
    assert english not in first.get_body(("plain",)).get_content()


def test_a_contact_that_is_another_partners_too_is_told_before_anything_goes(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk(partners=PARTNERS.replace("office@quillmark.example", "Ana@norvane.example"))
    desk.approve()
    with desk.ledger() as ledger:
        lines, _ = plan_sending(desk.settings, desk.store, ledger, desk.packs[2:])
    assert [(line.status, line.detail) for line in lines] == [
        ("ready", "Ana@norvane.example is a contact of P001 too")
    ]


def test_a_pack_under_another_name_than_its_partners_is_refused_alone(
    make_desk: Callable[..., Desk], mail_server: MailServer
) -> None:
    """Renamed after the build and the approval: the subject would have the new name, the PDF the old one."""
    desk = make_desk(mail_server.port)
    desk.approve()
    (desk.settings.root / "data" / "partners.csv").write_text(
        PARTNERS.replace("Norvane Systems", "Norvane Group"), encoding="utf-8"
    )
    desk.store = Store.open(desk.settings)
    said = (
        "the pack is in the name of 'Norvane Systems', the table partners says 'Norvane Group'. "
        "Build and approve it again: kpilib build 2026Q3 --partner P001"
    )
    for options in ({}, {"test_to": "me@vendor.example"}):
        lines = run(desk, **options)
        assert (lines[0].status, lines[0].detail) == ("refused", said)
        assert statuses(lines[1:]) == ["sent", "sent"]
    assert len(mail_server.arrived) == 4
    write_pack(desk.reports, desk.packs[0], name="Norvane Group")
    desk.approve(desk.packs[0])
    assert statuses(run(desk)) == ["sent"] * 3
    (desk.settings.root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    desk.store = Store.open(desk.settings)
    assert statuses(run(desk)) == ["sent"] * 3
    assert len(mail_server.arrived) == 5


def test_an_approved_pack_that_is_stale_goes_out_and_its_line_says_so(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    stale = {"P001": "rows changed, comment changed"}
    for options in ({"test_to": "me@vendor.example"}, {}):
        assert [(line.status, line.detail.partition("; ")[0]) for line in run(desk, stale=stale, **options)] == [
            ("sent", "stale: rows changed, comment changed"), *[("sent", "250 taken" if options else "")] * 2,
        ]  # fmt: skip


def test_the_rate_limit_is_kept(make_desk: Callable[..., Desk], mail_server: MailServer) -> None:
    desk = make_desk(mail_server.port, email="per_minute = 30")
    desk.approve()
    hours = Hours()
    run(desk, hours)
    assert [round(pause, 1) for pause in hours.pauses] == [0.0, 2.0, 2.0]


def test_a_test_goes_to_the_tester_alone_says_so_and_does_not_count(desk: Desk, mail_server: MailServer) -> None:
    desk.approve()
    run(desk, test_to="me@vendor.example")
    assert [to for to, _ in mail_server.arrived] == [["me@vendor.example"]] * 3
    message = email.message_from_bytes(mail_server.arrived[0][1], policy=email.policy.SMTP)
    assert message["Subject"].startswith("[TEST] ")
    assert message["To"] == "me@vendor.example"
    assert "ana@norvane.example" in message.get_body(("plain",)).get_content()
    assert statuses(run(desk)) == ["sent"] * 3
    assert len(mail_server.arrived) == 6


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "the partners table names no contact_email"),
        ("ana@norvane", "'ana@norvane' is not an email address"),
        ("a b@norvane.example", "'a b@norvane.example' is not an email address"),
        (
            "ana@grünfelder.example",
            "'ana@grünfelder.example' has letters beyond a to z: write its domain as xn--…, as mail servers do",
        ),
        ("ana@elsewhere.example", "'ana@elsewhere.example' lies outside the partner's domains (norvane.example)"),
    ],
)
def test_a_wrong_address_is_refused_before_any_connection(
    make_desk: Callable[..., Desk], address: str, problem: str
) -> None:
    partners = f"partner_id,name,contact_email\nP001,Norvane Systems,{address}\n"
    desk = make_desk(1, partners=partners, email='[email.domains]\nP001 = ["norvane.example"]')
    desk.approve()
    assert [(line.status, line.detail) for line in run(desk)] == [("refused", problem)]


def test_a_header_cannot_be_injected_by_data(make_desk: Callable[..., Desk], mail_server: MailServer) -> None:
    partners = (
        'partner_id,name,contact_name,contact_email\nP001,"Evil\r\nBcc: x@evil.example",'
        '"<script>{{ 7*7 }}\r\n.\r\nMAIL FROM:<a@b>",ana@norvane.example\n'
    )
    desk = make_desk(mail_server.port, partners=partners)
    desk.approve()
    assert statuses(run(desk)) == ["sent"]
    ((to, data),) = mail_server.arrived
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    assert (to, message["Bcc"]) == (["ana@norvane.example"], None)
    assert "Evil Bcc: x@evil.example" in message["Subject"]
    assert "&lt;script&gt;{{ 7*7 }}" in message.get_body(("html",)).get_content()


def test_equal_messages_have_equal_bytes_and_ids(desk: Desk) -> None:
    desk.approve()
    with desk.ledger() as ledger:
        first, again = (plan_sending(desk.settings, desk.store, ledger, desk.packs)[1] for _ in range(2))
    letters = [[item.compose(desk.settings, desk.store)[1].as_bytes(NOW) for item in run] for run in (first, again)]
    assert letters[0] == letters[1]
    assert [item.message_id for item in first] == [item.message_id for item in again]
    assert len({item.message_id for item in first}) == 3


def test_the_outbox_holds_what_would_go(desk: Desk) -> None:
    desk.approve()
    with desk.ledger() as ledger:
        _, outgoing = plan_sending(desk.settings, desk.store, ledger, desk.packs)
    paths = write_outbox(desk.reports / "outbox", outgoing, desk.settings, desk.store)
    assert [path.name for path in paths] == ["P001.eml", "P002.eml", "P003.eml"]
    assert email.message_from_bytes(paths[0].read_bytes(), policy=email.policy.SMTP)["To"].startswith("ana@norvane")


def test_two_runs_at_once_are_told(desk: Desk) -> None:
    with sending(desk.reports), pytest.raises(DeliveryError) as caught, sending(desk.reports):
        pass
    assert str(caught.value) == f"Another `kpilib send` works on {desk.reports}. Wait until it has ended."


def test_an_internal_pack_can_be_neither_approved_nor_sent(desk: Desk) -> None:
    internal = Pack("P001", QUARTER, date(2026, 9, 30), audience="internal")
    write_pack(desk.reports, internal)
    with pytest.raises(DeliveryError) as caught:
        desk.approve(internal)
    assert str(caught.value) == "P001 2026Q3 (internal) is for the channel team: it is never approved or sent."


def test_without_a_sender_nothing_begins(desk: Desk) -> None:
    settings = desk.settings.model_copy(update={"email": desk.settings.email.model_copy(update={"sender": ""})})
    with desk.ledger() as ledger, pytest.raises(SettingsError) as caught:
        plan_sending(settings, desk.store, ledger, desk.packs)
    assert str(caught.value) == '[email] sender is not set. Set it: sender = "partners@your-company.example"'


def test_a_pack_that_goes_back_to_what_it_was_is_a_reissue_too(desk: Desk, mail_server: MailServer) -> None:
    desk.packs = desk.packs[:1]
    for won in ("440000.00", "454000.00", "440000.00"):
        write_pack(desk.reports, desk.packs[0], won=won)
        desk.approve()
        assert statuses(run(desk)) == ["sent"]
        assert statuses(run(desk)) == ["sent"]
    subjects = [email.message_from_bytes(data, policy=email.policy.SMTP)["Subject"] for _, data in mail_server.arrived]
    assert [subject.startswith("Corrected: ") for subject in subjects] == [False, True, True]
    assert len({email.message_from_bytes(data)["Message-ID"] for _, data in mail_server.arrived}) == 3
    assert read_issued(desk.settings, QUARTER, "P001")["kpis"]["deal_count"]["companions"]["won_amount"] == 440_000


def test_a_pack_that_was_touched_after_its_build_is_not_approved(desk: Desk) -> None:
    """Same size, other bytes: nobody checked them for leaks."""
    path = desk.packs[0].folder(desk.reports) / "review.html"
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(DeliveryError) as caught:
        desk.approve()
    assert str(caught.value) == (
        "P001 2026Q3 was changed since it was built: review.html. "
        "Build it again: kpilib build 2026Q3 --partner P001 --force"
    )
    with desk.ledger() as ledger:
        assert ledger.approved("2026Q3") == []


def test_another_partners_pack_in_the_folder_is_not_approved(desk: Desk) -> None:
    first, second = (pack.folder(desk.reports) for pack in desk.packs[:2])
    for file in first.iterdir():
        (second / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DeliveryError, match="holds no manifest of P002 2026Q3"):
        desk.approve(desk.packs[1])


def test_an_approved_pack_of_a_partner_that_left_is_told_of(desk: Desk) -> None:
    desk.approve()
    with desk.ledger() as ledger:
        lines = find_left_out(desk.store, ledger, "2026Q3", ["P001", "P002"])
    assert [(line.partner_id, line.status, line.detail) for line in lines] == [
        ("P003", "inactive", "approved, but the partner is not active. Send it all the same: --partner P003")
    ]


def test_copies_follow_the_rules_of_the_settings(make_desk: Callable[..., Desk], mail_server: MailServer) -> None:
    rules = 'cc = ["desk@vendor.example"]\n[email.cc_by.manager]\nIngrid = ["ingrid@vendor.example"]'
    desk = make_desk(mail_server.port, email=rules)
    desk.approve()
    run(desk)
    assert [to[-2:] for to, _ in mail_server.arrived] == [
        ["desk@vendor.example", "ingrid@vendor.example"],
        ["kim@daontech.example", "desk@vendor.example"],
        ["desk@vendor.example", "ingrid@vendor.example"],
    ]


def test_an_issue_that_was_half_put_in_place_is_finished_and_the_one_before_kept(
    desk: Desk, mail_server: MailServer
) -> None:
    desk.packs = desk.packs[:1]
    desk.approve()
    run(desk)
    first = {path.name: path.read_bytes() for path in (desk.reports / "issued/2026Q3/P001").iterdir()}
    write_pack(desk.reports, desk.packs[0], won="1.00", pdf=b"%PDF-1.7 second\n")
    desk.approve()
    run(desk)
    place = desk.reports / "issued" / "2026Q3" / "P001"
    second = {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()}
    # As a run leaves it that is killed after two files of the second issue were put in place.
    with desk.ledger() as ledger:
        digest = ledger.approval("2026Q3", "P001").digest
    staged = desk.reports / "issued" / "2026Q3" / ".staged" / f"P001-{digest[:16]}"
    staged.mkdir(parents=True)
    for name in ("review.ipynb", "kpis.json"):
        (staged / name).write_bytes(second[name])
        (place / name).write_bytes(first[name])
    (place / "issue.json").write_bytes(first["issue.json"])
    for _ in range(2):
        with desk.ledger() as ledger:
            finish_issues(ledger, desk.reports, "2026Q3")
        assert {path.name: path.read_bytes() for path in place.iterdir() if path.is_file()} == second
        (earlier,) = (place / "earlier").iterdir()
        assert {path.name: path.read_bytes() for path in earlier.iterdir()} == first


def fill(ledger: Ledger) -> None:
    for number in range(10_000):
        ledger.intend(str(number), ("", "", ""), [""], at="")


def test_what_cannot_be_recorded_is_not_sent(desk: Desk, mail_server: MailServer) -> None:
    """A ledger of which not another page can be written, as on a full disk."""
    desk.packs = desk.packs[:1]
    desk.approve()
    with desk.ledger() as ledger:
        _, outgoing = plan_sending(desk.settings, desk.store, ledger, desk.packs)
        pages = ledger._db.execute("PRAGMA page_count").fetchone()[0]
        ledger._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(DeliveryError) as caught:
            fill(ledger)
        assert str(caught.value) == (
            f"The ledger {ledger.path} cannot be written: database or disk is full. "
            "Nothing goes out that cannot be recorded."
        )
        with pytest.raises(DeliveryError):
            send_all(desk.settings, desk.store, ledger, outgoing, clock=Hours().clock())
    assert mail_server.arrived == []


def test_a_clock_that_was_set_back_sends_nothing_twice(desk: Desk, mail_server: MailServer) -> None:
    """The order of what was written down counts, not its time: the correction is approved a year before the pack."""
    desk.packs = desk.packs[:1]
    desk.approve()
    hours = Hours()
    assert statuses(run(desk, hours)) == ["sent"]
    write_pack(desk.reports, desk.packs[0], won="454000.00")
    with desk.ledger() as ledger:
        approve_packs(ledger, desk.packs, desk.reports, by="mara", at=NOW - timedelta(days=365))
    hours.passed = -365 * 86400
    assert [statuses(run(desk, hours)) for _ in range(2)] == [["sent"], ["sent"]]
    assert len(mail_server.arrived) == 2
    assert email.message_from_bytes(mail_server.arrived[1][1])["Subject"].startswith("Corrected: ")
