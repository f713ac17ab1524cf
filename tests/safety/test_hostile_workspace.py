"""Data that would be code in HTML, Jinja, Typst, a spreadsheet, a header or a path: a real pack, from row to email."""

from __future__ import annotations

import csv
import email
import email.policy
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from kpilib.deliver.approve import approve_packs
from kpilib.ledger import Ledger
from kpilib.pack import Pack
from kpilib.quarter import Quarter
from kpilib.render.readback import read_html, read_pdf
from kpilib.settings import load_settings

ROOT = Path(__file__).parents[2]
PIECES = (
    "<script>alert(1)</script>", "{{ 7*7 }}", "${HOME}", '#read("secret.txt")', "$x$", "@ref", "<label>", "\\ \\n",
    "'\"`",
    "../../x", '=HYPERLINK("http://x.example")', "😀", "{% raw %}", "--", "~ _a_ *b*", "]]>", "&amp;",
)  # fmt: skip
PARTNER_ID = "../../x"
NAME = " ".join(PIECES) + " end"
HOSTILE = {
    "rep": "=1+1 <b>rep</b>",
    "product": "{{ product }} " + "long " * 2000,
    "region": "\u202edesrever\u202c\nBcc: all@evil.example",
    "channel": "@SUM(A1) $y$",
    "lost_reason": "#panic() <img src=x onerror=alert(1)>",
    "lost_to": "</style><script>x</script>",
}
COMMENT = "Well <script>done</script> #read(\"secret.txt\") **bold** [link](javascript:alert(1)) ![](file:///etc/passwd)"


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def lay_out(root: Path) -> Path:
    """A workspace of one partner whose every text is hostile."""
    for folder in ("data", "notebooks", "comments/2026Q3"):
        (root / folder).mkdir(parents=True)
    shutil.copy(ROOT / "notebooks" / "partner_review.ipynb", root / "notebooks")
    shutil.copytree(ROOT / "templates", root / "templates")
    for folder in (root, root / "templates" / "partner_review", root / "data"):
        (folder / "secret.txt").write_text("TOP SECRET")
    partner = {
        "partner_id": PARTNER_ID, "name": NAME + "\n\x1b[31m", "tier": "<i>gold</i>", "region": HOSTILE["region"],
        "locale": "en", "contact_name": "Ana\r\nBcc: x@evil.example", "contact_email": "ana@norvane.example",
        "manager": "{{ manager }}",
    }  # fmt: skip
    write(root / "data" / "partners.csv", [partner])
    days = [f"2026-{month:02d}-{day:02d}" for month in (2, 5, 8) for day in (3, 9, 17, 21)]
    opportunities = [
        {"opportunity_id": f'"><O{place}>', "partner_id": PARTNER_ID, "created_on": day, "closed_on": day,
         "outcome": "lost" if place % 3 == 0 else "won", "amount": "100.00", **HOSTILE}
        for place, day in enumerate(days)
    ]  # fmt: skip
    write(root / "data" / "opportunities.csv", opportunities)
    action = {
        "action_id": "A1", "partner_id": PARTNER_ID, "quarter": "2026Q2", "text": f"Call {NAME}", "owner": "=1+1",
        "due_on": "2026-09-01", "status": "open",
    }  # fmt: skip
    write(root / "data" / "actions.csv", [action])
    from kpilib.folders import folder_name

    (root / "comments" / "2026Q3" / f"{folder_name(PARTNER_ID)}.md").write_text(COMMENT, encoding="utf-8")
    (root / "kpilib.toml").write_text(
        '[source]\npath = "data"\n[email]\nhost = "127.0.0.1"\nsender = "reviews@vendor.example"\n', encoding="utf-8"
    )
    return root


def test_hostile_data_from_row_to_email(tmp_path: Path, kpilib: Callable[..., str]) -> None:
    """Three folders deep, so that a path out of the workspace would land in the test's own folder."""
    desk = lay_out(tmp_path / "a" / "b" / "desk")
    said = ""
    for words in (
        ("build", "2026Q3", "--jobs", "1"), ("approve", "2026Q3"), ("send", "2026Q3"), ("status",), ("kpis", "2026Q3"),
        ("check",), ("build", "--plan", "--force"),
    ):  # fmt: skip
        said += kpilib(desk, *words)
    outside = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if desk not in path.parents]
    assert sorted(outside) == ["a", "a/b", "a/b/desk"]
    assert pack(desk).name == "%2E.%2F..%2Fx"
    # No terminal is steered.
    assert "{{ 7*7 }}" in said
    assert not set(said) & {"\x1b", "\u202e", "\r", "\x07"}
    for check in (html_shows_it_as_text, pdf_shows_it_as_text, email_is_its_own, workbooks_hold_no_formula):
        check(desk)


def pack(desk: Path) -> Path:
    (folder,) = [path.parent for path in (desk / "reports" / "2026Q3").glob("*/pack.json")]
    return folder


def squeezed(text: str) -> str:
    return re.sub("[\\s\x02\u200b-\u200f\u202a-\u202e]+", "", text)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update((name, value or "") for name, value in attrs)


def tags_of(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    return found


def html_shows_it_as_text(desk: Path) -> None:
    for path in (pack(desk) / "review.html", desk / "reports" / "2026Q3" / "index.html"):
        page = path.read_text(encoding="utf-8")
        found = tags_of(page)
        assert not {"img", "iframe", "link", "b"} & found.tags
        assert not {"script", "label"} & found.tags or path.name == "index.html"
        assert not [name for name, value in found.attributes if name.startswith("on") or "javascript:" in value]
        seen = squeezed(next(read_html(page, "x")).text)
        assert [piece for piece in PIECES if squeezed(piece) not in seen] == []
        assert "TOPSECRET" not in squeezed(page)
    seen = squeezed(next(read_html((pack(desk) / "review.html").read_text(encoding="utf-8"), "x")).text)
    assert squeezed('Well <script>done</script> #read("secret.txt") bold') in seen


def pdf_shows_it_as_text(desk: Path) -> None:
    passages = list(read_pdf((pack(desk) / "review.pdf").read_bytes(), "review.pdf"))
    seen = squeezed("".join(passage.text for passage in passages if ", page " in passage.place))
    assert [piece for piece in PIECES if piece != "😀" and squeezed(piece) not in seen] == []
    assert "TOPSECRET" not in squeezed("".join(passage.text for passage in passages))


def email_is_its_own(desk: Path) -> None:
    (path,) = (desk / "reports" / "2026Q3" / "outbox").iterdir()
    assert path.name == "%2E.%2F..%2Fx.eml"
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.SMTP)
    assert sorted(set(message.keys())) == [
        "Content-Type", "From", "MIME-Version", "Message-ID", "Subject", "To",
    ]  # fmt: skip
    assert message["To"] == "ana@norvane.example"
    assert len(message["Subject"]) <= 200
    (attached,) = message.iter_attachments()
    name = attached.get_filename()
    assert not set(name) & set('<>:"/\\|?*\n\r')
    assert name.endswith(".pdf")
    html = message.get_body(("html",)).get_content()
    assert "script" not in tags_of(html).tags
    assert "{{ manager }}" in message.get_body(("plain",)).get_content()


def workbooks_hold_no_formula(desk: Path) -> None:
    cells = list(_cells(desk))
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink] == []


def _cells(desk: Path) -> Iterator[openpyxl.cell.Cell]:
    for path in (desk / "reports").rglob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path):
            for row in sheet.iter_rows():
                yield from (cell for cell in row if cell.value is not None)


def test_names_of_ten_thousand_signs_and_directions_are_shown_short_or_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No header, file name or terminal grows with a name."""
    from kpilib.deliver.compose import compose
    from kpilib.deliver.recipients import find_recipients

    (tmp_path / "kpilib.toml").write_text(
        f'[source]\npath = "data"\n[packs]\ntemplates = "{ROOT / "templates"}"\n[email]\nsender = "a@b.example"\n'
    )
    settings = load_settings(tmp_path / "kpilib.toml")
    partner = {"partner_id": "P1", "name": "\u202e" + "é😀" * 5000, "contact_email": "ana@norvane.example"}
    kpis = b'{"deal_count": {"value": null}}'
    figures = b'{"currency": "USD", "quarter": "2026Q3", "as_of": "2026-09-30", "kpis": %s}' % kpis
    files = {"kpis.json": figures, "review.pdf": b"%PDF"}
    letter = compose(settings, partner, find_recipients(partner, settings.email), files, message_id="<1@b.example>")
    data = letter.as_bytes(datetime(2026, 10, 1, tzinfo=UTC))
    message = email.message_from_bytes(data, policy=email.policy.SMTP)
    (attached,) = message.iter_attachments()
    assert len(attached.get_filename().encode()) < 255
    assert len(message["Subject"]) <= 200
    assert "\u202e" not in message["Subject"] + attached.get_filename()
    assert max(map(len, data.split(b"\r\n"))) <= 998


def test_a_hostile_address_is_refused_before_any_connection(tmp_path: Path) -> None:
    from kpilib.deliver.recipients import problem_of

    for address in (
        "a@b.example\r\nBcc: x@evil.example", "a@b.example,x@evil.example", "<script>@b.example", "a@b.example>",
        "a b@c.example", "../../x", f"{'a' * 65}@b.example", "a.@b.example", "a@b-.example", "a@b.example\n",
        '"x"@b.example', "a@b..example", ".a@b.example", "a@-b.example", "ａ@b.example", "a@b.example\u202e",
    ):  # fmt: skip
        assert problem_of(address) is not None, address


def test_the_ledger_takes_any_text(tmp_path: Path) -> None:
    hostile = "'; DROP TABLE approvals; --\n\u202e😀"
    pack = Pack(hostile, Quarter(2026, 3), datetime(2026, 9, 30, tzinfo=UTC).date())
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        with pytest.raises(Exception, match="has not been built"):
            approve_packs(ledger, [pack], tmp_path, by="mara", at=datetime(2026, 10, 1, tzinfo=UTC))
        ledger.intend("<1>", ("2026Q3", hostile, "d"), [hostile], at="")
        assert ledger.messages("2026Q3", hostile)[0].recipients == {hostile: ("pending", "")}
