"""Secrets come from the environment and stay there: what build, approval and sending leave behind is searched."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kpilib.render.readback import read_files
from tests.deliver.conftest import PASSWORD, ROOT, USER, Server

DATABASE_WORD, CLOUD_WORD = "S3cret-word-of-the-database", "S3cret-word-of-the-cloud"
SECRETS = (PASSWORD, DATABASE_WORD, CLOUD_WORD)
CELLS = (
    "partner = 'P1'\nquarter = '2026Q3'\nas_of = ''\naudience = 'partner'\nlanguage = ''",
    "import json, os\njson.load(open('slice.json'))['partner']['name'], sorted(os.environ)",
    "assert partner != 'P2', dict(os.environ)",
)


def write_workspace(root: Path, port: int) -> None:
    (root / "notebooks").mkdir(parents=True)
    with sqlite3.connect(root / "crm.sqlite") as crm:
        crm.execute("CREATE TABLE partners (partner_id, name, contact_email)")
        crm.executemany(
            "INSERT INTO partners VALUES (?, ?, ?)",
            [("P1", "Norvane Systems", "ana@norvane.example"), ("P2", "Quillmark Digital", "office@quillmark.example")],
        )
        crm.execute("CREATE TABLE opportunities (opportunity_id, partner_id, created_on, closed_on, outcome, amount)")
        crm.execute("INSERT INTO opportunities VALUES ('O1', 'P1', '2026-07-01', '2026-09-30', 'won', '200.00')")
    cells = [
        {"cell_type": "code", "execution_count": None, "id": f"c{place}", "outputs": [], "source": source,
         "metadata": {"tags": [] if place else ["parameters"]}}
        for place, source in enumerate(CELLS)
    ]  # fmt: skip
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (root / "notebooks" / "partner_review.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (root / "kpilib.toml").write_text(
        f'[packs]\ntemplates = "{ROOT / "templates"}"\n[email]\nhost = "localhost"\nport = {port}\n'
        'sender = "reviews@vendor.example"\nper_minute = 6000\n',
        encoding="utf-8",
    )


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder as text: as it is, and as what its pages, cells or sheets say."""
    for path in sorted(root.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield path, data.decode("latin-1")
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as sheets:
                yield from ((path, sheets.read(name).decode("latin-1")) for name in sheets.namelist())
        elif path.suffix in {".pdf", ".html", ".ipynb", ".json"}:
            yield from ((path, passage.text) for passage in read_files({path.name: data}))


def test_no_secret_is_left_behind(
    tmp_path: Path, make_server: Callable[[str], Server], kpilib: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, root, scratch = make_server("starttls"), tmp_path / "desk", tmp_path / "scratch"
    scratch.mkdir()
    write_workspace(root, server.port)
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    outside = {
        "KPILIB_SOURCE__URL": f"sqlite:///crm.sqlite?password={DATABASE_WORD}",
        "KPILIB_SOURCE_PASSWORD": DATABASE_WORD,
        "KPILIB_SMTP_USER": USER,
        "KPILIB_SMTP_PASSWORD": PASSWORD,
        "KPILIB_SMTP_CA_FILE": str(server.certificate),
        "AWS_SECRET_ACCESS_KEY": CLOUD_WORD,
    }
    said = kpilib(root, "check", **outside)
    said += kpilib(root, "build", "2026Q3", said=1, **outside)
    said += kpilib(root, "approve", "2026Q3", "--all-but", "P2", **outside)
    said += kpilib(root, "send", "2026Q3", **outside)
    said += kpilib(root, "send", "2026Q3", "--really", **outside)
    said += kpilib(root, "status", "2026Q3", **outside)
    said += kpilib(root, "send", "2026Q3", "--really", **{**outside, "KPILIB_SMTP_PASSWORD": CLOUD_WORD})
    gone = {**outside, "KPILIB_SOURCE__URL": f"sqlite:///gone.sqlite?password={DATABASE_WORD}"}
    said += kpilib(root, "check", said=2, **gone)
    assert "1 sent" in said
    assert "P2 2026Q3: cell 3" in said
    assert [to for to, _ in server.arrived] == [["ana@norvane.example"]]
    held = [*texts(root), *texts(scratch), (Path("screen"), said), (Path("email"), server.arrived[0][1].decode())]
    places = {path.name for path, text in held if "Norvane" in text}
    assert {"review.pdf", "review.html", "index.html", "screen"} <= places  # the search finds what is there
    names = {path.relative_to(root).as_posix() for path, _ in held if path.is_relative_to(root)}
    assert {"reports/ledger.sqlite", "reports/2026Q3/failed/P2/review.ipynb", "reports/2026Q3/run.json"} <= names
    found = [(str(path), secret) for path, text in held for secret in SECRETS if secret in text]
    assert found == []
    assert os.environ.get("KPILIB_SMTP_PASSWORD") is None
