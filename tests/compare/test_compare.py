"""`kpilib compare` from beginning to end: two versions, real packs, a page with pictures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kpilib.build.round import Round
from kpilib.compare import choose_partners
from kpilib.compare.base import Version, surroundings_of
from kpilib.settings import load_settings

ROOT = Path(__file__).parents[2]
PARTNERS = "partner_id,name,locale,active\nP1,Alder,en,true\nP2,Birch,en,true\nP3,느티나무,ko,true\nP4,Elm,en,true\n"
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,P1,2026-07-01,2026-07-15,won,200.00
O2,P1,2026-07-02,2026-07-16,won,400.00
O3,P2,2026-07-03,2026-08-01,won,100.00
O4,P4,2026-07-03,2026-08-01,lost,100.00
"""
Save = Callable[..., None]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, save_review: Save) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "data").mkdir()
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (root / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    shutil.copytree(ROOT / "templates", root / "templates")
    save_review(root / "notebooks" / "before.ipynb", "review.deal_count", "partner")
    return root


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kpilib", "compare", "notebooks/now.ipynb", "--base", "notebooks/before.ipynb"]
    command += ["--quarter", "2026Q3", *arguments]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)


def test_a_changed_cell_and_what_became_of_it(root: Path, save_review: Save) -> None:
    """The number of all opportunities in place of the partner's name: 2 for P1."""
    save_review(root / "notebooks" / "now.ipynb", "review.deal_count", "len(review.opportunities)")
    done = run(root, "--partner", "P1")
    assert (done.returncode, done.stderr.splitlines()) == (
        0, ["Cells, numbers and changed pages side by side: .kpilib/compare/now.html"],
    )  # fmt: skip
    first, cell, partner, *moves = done.stdout.splitlines()
    assert first == "now.ipynb against before.ipynb: one cell differs."
    assert cell == "  cell 4 changed: len(review.opportunities)"
    assert partner.startswith("P1 Alder: 1 numbers moved, 0 other texts changed, pages ")
    assert len(moves) == 1
    assert moves[0].endswith("→ 2")
    page = (root / ".kpilib" / "compare" / "now.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') == 2
    assert "<del>-partner</del>" in page
    assert "<ins>+len(review.opportunities)</ins>" in page
    assert not (root / "reports").exists()


def test_a_version_that_fails(root: Path, save_review: Save) -> None:
    save_review(root / "notebooks" / "now.ipynb", "review.deal_count", "1 / 0")
    done = run(root, "--partner", "P1", "--output", "out.html")
    assert done.returncode == 1
    assert done.stdout.splitlines()[2:] == [
        "P1 Alder: not compared.",
        "  now: P1 2026Q3: cell 4 of now.ipynb (1 / 0) failed: ZeroDivisionError: division by zero.",
    ]
    assert "ZeroDivisionError" in (root / "out.html").read_text(encoding="utf-8")


KPI = """\
from kpilib.kpis import Definition, Measure, register

register(Definition(
    key="visits", unit="count", formula="f", numerator="n", window="w", empty="never", why="w?",
    measure=lambda facts, period: Measure(3, 3),
    texts={"en": {"name": "Visits", "question": "How often?", "formula": "f.", "n": "{count}"}},
))
"""


def git(root: Path, *arguments: str) -> None:
    named = ["-c", "user.name=A", "-c", "user.email=a@b.example"]
    subprocess.run(["git", "-C", str(root), *named, *arguments], check=True, capture_output=True)


def test_a_revision_brings_its_templates_and_own_kpis(root: Path, tmp_path: Path, save_review: Save) -> None:
    """Same notebook, but a card that said 3 says 4, and the verdict's template has another rule."""
    if shutil.which("git") is None:
        pytest.skip("no Git")
    folder = tmp_path / "workspace"
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(".kpilib", "out.html", "now.ipynb"))
    (folder / "kpis").mkdir()
    (folder / "kpis" / "visits.py").write_text(KPI)
    save_review(folder / "notebooks" / "now.ipynb", "review.page_one")
    git(folder, "init", "-q")
    git(folder, "add", "kpis", "templates", "notebooks")
    git(folder, "commit", "-q", "-m", "first")
    (folder / "kpis" / "visits.py").write_text(KPI.replace("Measure(3", "Measure(4"))
    style = folder / "templates" / "partner_review" / "style.css"
    style.write_text(style.read_text() + ".kp h1 { color: red }\n")
    (folder / "templates" / "partner_review" / "mine.typ").write_text("")
    with surroundings_of(Version("now.ipynb", b"", "HEAD"), load_settings(folder / "kpilib.toml")) as held:
        assert held.changed == (
            "templates/partner_review/mine.typ", "templates/partner_review/style.css", "kpis/visits.py",
        )  # fmt: skip
        assert (held.settings.root / held.settings.packs.kpis / "visits.py").read_text() == KPI
    command = [sys.executable, "-m", "kpilib", "compare", "notebooks/now.ipynb", "--quarter", "2026Q3"]
    done = subprocess.run([*command, "--partner", "P1"], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "now.ipynb against now.ipynb of HEAD: no cell differs."
    assert lines[1:4] == [f"  {name} differs" for name in held.changed]
    assert lines[4].startswith("P1 Alder: ")
    assert lines[5] == "  cell 3 shows something else: review.page_one"
    assert any("3 → 4" in line for line in lines[6:])


def test_what_git_does_not_keep_is_taken_as_it_is(root: Path) -> None:
    settings = load_settings(root / "kpilib.toml")
    for revision in (None, "HEAD"):
        with surroundings_of(Version("now.ipynb", b"", revision), settings) as held:
            assert (held.settings, held.changed) == (settings, ())


def test_three_partners_unlike_each_other(root: Path) -> None:
    """P1 has most deals; of those without any P4 comes last; P3 reads Korean."""
    around = Round.open(load_settings(root / "kpilib.toml"), notebook=root / "notebooks" / "before.ipynb")
    assert choose_partners(around) == ["P1", "P4", "P3"]
