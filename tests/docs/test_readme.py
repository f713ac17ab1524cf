"""The README holds what the product says of itself."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import make
import pytest
from matplotlib.colors import to_rgb
from PIL import Image
from typer.main import get_command

from kpilib.cli import app
from kpilib.contract.documentation import fill_sections
from kpilib.settings import load_settings
from kpilib.theme import Palette

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def test_the_kpi_table_is_that_of_the_registry() -> None:
    assert make.with_table(README) == README, "make docs"


def test_a_kpi_of_one_s_own_has_its_row(tmp_path: Path) -> None:
    shutil.copy(ROOT / "kpilib.toml", tmp_path)
    shutil.copytree(ROOT / "data" / "examples" / "certified_staff" / "kpis", tmp_path / "kpis")
    *eight, own = make.kpi_table(tmp_path).splitlines()
    assert eight == make.kpi_table().splitlines()
    assert own.startswith("| `certified_staff` | Certified staff | ")


def test_the_contract_is_that_of_the_code() -> None:
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert fill_sections(text) == text, "make docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_readme_and_its_help_ends_with_an_example(name: str) -> None:
    assert f"`kpilib {name}" in README
    assert str(COMMANDS[name].epilog).startswith(f"Example: kpilib {name}")


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_every_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_its_settings_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "kpilib.toml"
    for text in re.findall(r"```toml\n(.*?)```", README, re.DOTALL):
        path.write_text(text, encoding="utf-8")
        load_settings(path)


def test_pictures_and_sample_pack_are_small() -> None:
    for name in ("pack-page-1.png", "sample-pack.pdf"):
        assert (ROOT / "docs" / name).stat().st_size < 2**20


def test_the_picture_shows_every_status_in_its_colour() -> None:
    """A palette of few colours that leaves out amber would say *act* where the page says *watch*."""
    with Image.open(ROOT / "docs" / "pack-page-1.png") as picture:
        shown = {pixel for _, pixel in picture.convert("RGB").getcolors(maxcolors=2**16) or ()}
    palette = Palette()
    for colour in (palette.good, palette.watch, palette.act, palette.accent):
        wanted = tuple(round(255 * part) for part in to_rgb(colour))
        assert min(sum(abs(a - b) for a, b in zip(wanted, one, strict=True)) for one in shown) <= 12, colour
