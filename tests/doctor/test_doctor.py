"""What `kpilib doctor` finds: here all is there, and each thing that can lack lacks once."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from kpilib.doctor import CHECKS, Report, State, examine
from kpilib.settings import Settings, load_settings
from kpilib.workspace import lay_out

PARTNERS = "partner_id,name\nP1,Alder\n"
OPPORTUNITIES = "opportunity_id,partner_id,created_on,outcome,amount\nO1,P1,2026-07-01,open,5\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    lay_out(folder)
    (folder / "data" / "sample").mkdir(parents=True)
    (folder / "data" / "sample" / "partners.csv").write_text(PARTNERS)
    (folder / "data" / "sample" / "opportunities.csv").write_text(OPPORTUNITIES)
    return folder


def settings_of(workspace: Path, section: str = "", text: str = "") -> Settings:
    path = workspace / "kpilib.toml"
    if section:
        path.write_text(path.read_text(encoding="utf-8").replace(f"[{section}]\n", f"[{section}]\n{text}\n"))
    return load_settings(path)


def test_here_nothing_is_missing(workspace: Path) -> None:
    found = {check.name: report for check, report in examine(settings_of(workspace))}
    assert list(found) == list(CHECKS)
    assert {name for name, report in found.items() if report.state is State.MISSING} == set()
    assert found["source"] == Report(State.GOOD, "partners, opportunities")
    assert found["templates"] == Report(State.GOOD, "templates/partner_review")
    assert found["kernel"].found.startswith("python3 answers")


def test_outside_a_workspace_the_machine_alone_is_looked_at() -> None:
    assert {name for name, check in CHECKS.items() if name != "kernel" and check.look(None) is None} == {
        "source", "notebooks", "templates", "brand", "languages", "email", "write rights",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "section", "text", "state", "found", "do"),
    [
        ("email", "", "", State.OPTIONAL, "[email] host and [email] sender not set",
         "Packs can be built and approved, not sent."),
        ("email", "email", 'host = "smtp.example"\nsender = "a@b.example"', State.GOOD,
         "a@b.example by smtp.example:587 (starttls), without a login", ""),
        ("brand", "brand", 'logo = "none.svg"', State.MISSING, "no file none.svg",
         "[brand] logo names a file of the workspace, SVG or PNG."),
        ("brand", "brand", 'font = "No Such Face"', State.MISSING, "font not installed: No Such Face",
         "Install it on this machine; until then Source Sans Pro stands in its place."),
        ("disk", "", "", State.GOOD, None, ""),
    ],
)  # fmt: skip
def test_a_check_of_the_workspace(
    workspace: Path, name: str, section: str, text: str, state: State, found: str | None, do: str
) -> None:
    report = CHECKS[name].look(settings_of(workspace, section, text))
    assert report is not None
    assert (report.state, report.do) == (state, do)
    assert found in {None, report.found}


def test_a_password_without_its_user(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of(workspace, "email", 'host = "smtp.example"\nsender = "a@b.example"')
    monkeypatch.setenv("KPILIB_SMTP_PASSWORD", "hunter2")
    assert CHECKS["email"].look(settings) == Report(
        State.MISSING, "KPILIB_SMTP_USER is not set", "Set user and password in the environment, or neither."
    )


def test_an_error_is_a_finding(workspace: Path) -> None:
    (workspace / "data" / "sample" / "partners.csv").unlink()
    settings = settings_of(workspace, "brand", 'accent = "#ffff00"')
    (workspace / "notebooks" / "partner_review.ipynb").unlink()
    found = {check.name: report for check, report in examine(settings)}
    assert {name for name, report in found.items() if report.state is State.MISSING} == {"source", "brand", "notebooks"}
    assert found["source"].found.startswith("data/sample has no file for partners.")
    assert found["brand"].found.startswith("[brand] accent = '#ffff00' cannot be read on white")


def test_a_notebook_that_lint_finds_fault_with(workspace: Path) -> None:
    path = workspace / "notebooks" / "partner_review.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"desk"', '"desks"'), encoding="utf-8")
    report = CHECKS["notebooks"].look(settings_of(workspace))
    assert report is not None
    assert (report.state, report.do) == (State.MISSING, "See them: kpilib lint")


@pytest.mark.slow
def test_what_an_environment_lacks(workspace: Path, tmp_path: Path) -> None:
    """An environment with all that this one has, but three distributions."""
    venv.create(tmp_path / "environment", with_pip=False)
    there = next((tmp_path / "environment").glob("lib/python*/site-packages"))
    lacking = ("font-source-sans-pro", "ipykernel", "psycopg")
    left_out = {file.parts[0] for name in lacking for file in importlib.metadata.files(name) or ()}
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if entry.name not in left_out and not (there / entry.name).exists():
            (there / entry.name).symlink_to(entry)
    python = tmp_path / "environment" / "bin" / "python"
    ended = subprocess.run(
        [python, "-m", "kpilib", "doctor"], check=False, cwd=workspace, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert ended.stderr == "3 things are missing.\n"
    said = " ".join(ended.stdout.split())
    for text in (
        "MISSING packages font-source-sans-pro is not installed; ipykernel is not installed",
        "optional extras not installed: postgresql for sources at postgresql+psycopg://",
        "MISSING fonts The font files SourceSansPro-Regular.otf,",
        "MISSING kernel no kernel starts (No such kernel named python3)",
        "packages (what kpilib stands on): Install what kpilib needs: make env, or pip install kpilib",
        'extras (what only some need): To get them: pip install "kpilib[postgresql]"',
        "kernel (runs the notebook): Install the kernel of this Python: pip install ipykernel",
    ):
        assert text in said


def test_the_command_outside_a_workspace(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "kpilib", "doctor"], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert ended.stderr == (
        "Here is no workspace: only the machine is looked at. A new one: kpilib new FOLDER\nNothing is missing.\n"
    )
