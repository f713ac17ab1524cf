"""A workspace with three built packs, and a real SMTP server on loopback that fails as it is told."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from kpilib.build.fingerprint import Origin
from kpilib.build.inspection import watched_hash
from kpilib.build.manifest import Manifest
from kpilib.deliver.approve import approve_packs
from kpilib.deliver.plan import Line, plan_sending
from kpilib.deliver.send import Clock, send_all
from kpilib.ledger import Ledger
from kpilib.pack import Pack
from kpilib.quarter import Quarter
from kpilib.settings import Settings, load_settings
from kpilib.store import Store

ROOT = Path(__file__).parents[2]
QUARTER = Quarter(2026, 3)
USER, PASSWORD = "reviews", "S3cret-word-of-the-mail-server"
NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
PARTNERS = """partner_id,name,locale,contact_name,contact_email,manager
P001,Norvane Systems,en,Ana Bell,ana@norvane.example;sales@norvane.example,Ingrid
P002,다온테크,ko,김수아,kim@daontech.example,Yuna
P003,Quillmark Digital,en,,office@quillmark.example,Ingrid
"""


@dataclass
class MailServer:
    """What arrived, and what to do to the next messages: a step per message, then all is well."""

    port: int
    script: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    arrived: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list) -> str:
        if address in self.refuse:
            answer = self.refuse[address]
            if answer == "hang":
                await asyncio.sleep(30)
            if answer.startswith("once "):
                del self.refuse[address]
                return answer.removeprefix("once ")
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        step = self.script.pop(0) if self.script else "take"
        if step[0].isdigit():
            return step
        if step in {"take", "take and drop", "take and hang"}:
            self.arrived.append((list(envelope.rcpt_tos), envelope.original_content))
        if step in {"drop", "take and drop"}:
            server.transport.abort()
            await asyncio.sleep(0.2)
        if step == "take and hang":
            await asyncio.sleep(30)
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer(free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    controller.stop()


class Hours:
    """A clock that jumps over every pause, and remembers the pauses."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.pauses: list[float] = []

    def clock(self) -> Clock:
        return Clock(lambda: NOW + timedelta(seconds=self.passed), lambda: self.passed, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.passed += seconds


@dataclass
class Desk:
    """A workspace at the end of a quarter."""

    settings: Settings
    store: Store
    packs: list[Pack]

    @property
    def reports(self) -> Path:
        return self.settings.reports

    def ledger(self) -> Ledger:
        return Ledger(self.reports / "ledger.sqlite")

    def approve(self, *packs: Pack) -> None:
        with self.ledger() as ledger:
            approve_packs(ledger, packs or self.packs, self.reports, by="mara", at=NOW)


def run(
    desk: Desk, hours: Hours | None = None, *, again: bool = False, stale: Mapping[str, str] = {}, **options: str
) -> list[Line]:
    """One `kpilib send --really`: the table of who gets what, then what may go."""
    with desk.ledger() as ledger:
        lines, outgoing = plan_sending(
            desk.settings, desk.store, ledger, desk.packs, again=again, stale=stale, **options
        )
        sent = {line.partner_id: line for line in send_all(
            desk.settings, desk.store, ledger, outgoing, clock=(hours or Hours()).clock(), **options)}
    return [sent.get(line.partner_id, line) for line in lines]


def statuses(lines: list[Line]) -> list[str]:
    return [line.status for line in lines]


def write_pack(
    reports: Path, pack: Pack, *, won: str = "440000.00", pdf: bytes = b"%PDF-1.7 review\n", name: str = "",
    watched: str = "",
) -> None:
    """Write a pack of a partner; without a name that of the pack which lies there, which was looked at as that was."""
    folder = pack.folder(reports)
    held = Manifest.read(folder)
    name = name or (held.name if held else pack.partner_id)
    watched = watched or (held.watched if held else "")
    folder.mkdir(parents=True, exist_ok=True)
    kpis = {
        "deal_count": {"unit": "count", "value": 14, "n": 14, "companions": {"won_amount": float(won)}},
        "average_deal_size": {"unit": "money", "value": float(won) / 14, "n": 14},
        "deal_success": {"unit": "rate", "value": 0.56, "n": 25},
        "close_rate": {"unit": "rate", "value": None, "n": 0, "reason": "no_leads"},
    }
    document = {
        "partner_id": pack.partner_id, "quarter": "2026Q3", "as_of": "2026-09-30", "currency": "USD",
        "fingerprint": "f", "kpis": kpis,
    }  # fmt: skip
    files = {
        "kpis.json": json.dumps(document).encode(),
        "review.pdf": pdf + pack.partner_id.encode(),
        "review.html": f"<p>{pack.partner_id}</p>".encode(),
        "review.ipynb": b"{}",
    }
    origin = Origin("slice", {}, "notebook", "templates", "kpilib", "environment")
    manifest = Manifest.of(pack, name, origin, files, watched=watched).to_bytes()
    for file, data in {**files, "pack.json": manifest}.items():
        (folder / file).write_bytes(data)


@pytest.fixture
def make_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Desk]:
    for name in ("KPILIB_SMTP_USER", "KPILIB_SMTP_PASSWORD", "KPILIB_SMTP_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)

    def make(port: int = 2525, *, partners: str = PARTNERS, email: str = "") -> Desk:
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / "partners.csv").write_text(partners, encoding="utf-8")
        (tmp_path / "data" / "opportunities.csv").write_text(
            "opportunity_id,partner_id,created_on,closed_on,outcome,amount\n"
            "O1,P001,2026-07-01,2026-07-20,won,200.00\nO2,P001,2026-08-01,,open,100.00\n",
            encoding="utf-8",
        )
        (tmp_path / "kpilib.toml").write_text(
            f'[source]\npath = "data"\n[packs]\ntemplates = "{ROOT / "templates"}"\n[email]\nhost = "127.0.0.1"\n'
            f'port = {port}\nsecurity = "none"\nsender = "reviews@vendor.example"\nsender_name = "Vendor"\n'
            f'timeout = 2\n{email}\n',
            encoding="utf-8",
        )
        settings = load_settings(tmp_path / "kpilib.toml")
        store = Store.open(settings)
        packs = [Pack(name, QUARTER, date(2026, 9, 30)) for name in store.partner_ids(active_only=True)]
        watched = watched_hash(store, settings)
        for pack in packs:
            write_pack(settings.reports, pack, name=str(store.partner(pack.partner_id)["name"]), watched=watched)
        return Desk(settings, store, packs)

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk], mail_server: MailServer) -> Desk:
    return make_desk(mail_server.port)


# A server that wants TLS and a login, and the command


@dataclass
class Server:
    port: int
    certificate: Path
    arrived: list[tuple[list[str], bytes]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert server.transport.get_extra_info("ssl_object") is not None
        assert session.authenticated
        self.arrived.append((list(envelope.rcpt_tos), envelope.original_content))
        return "250 taken"

    def check(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that nobody signed but itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "server.pem", folder / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    return made, key


class _Controller(Controller):
    """Makes the connection by which aiosmtpd sees itself alive without a handshake: it would trust no certificate."""

    def _trigger_server(self) -> None:
        socket.create_connection((self.hostname, self.port)).close()


@pytest.fixture
def make_server(certificate: tuple[Path, Path]) -> Iterator[Callable[[str], Server]]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    started = []

    def make(security: str) -> Server:
        server = Server(free_port(), certificate[0])
        how = {"ssl_context": context} if security == "tls" else {"tls_context": context, "require_starttls": True}
        controller = _Controller(
            server, hostname="127.0.0.1", port=server.port, authenticator=server.check,
            auth_require_tls=security == "starttls", **how,
        )  # fmt: skip
        controller.start()
        started.append(controller)
        return server

    yield make
    for controller in started:
        controller.stop()
