"""The digest for the long tail: two pages, in both languages, and it says on what it stands."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pypdfium2
import pytest

from kpilib.build.job import make_pack
from kpilib.build.round import Round
from kpilib.sample import write_sample
from kpilib.settings import load_settings

ROOT = Path(__file__).parents[2]
SETTINGS = '[source]\npath = "data"\n[packs.tiers]\nsilver = "notebooks/partner_digest.ipynb"\n'


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Round:
    root = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    (root / "kpilib.toml").write_text(SETTINGS)
    write_sample(root / "data", partners=14, years=2, until=date(2026, 9, 30), seed=7)
    return Round.open(load_settings(root / "kpilib.toml"), "2026Q3")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_silver_partner_gets_two_pages(around: Round, language: str) -> None:
    partners = [around.store.partner(name) for name in around.partners()]
    silver = [str(each["partner_id"]) for each in partners if (each["tier"], each["locale"]) == ("Silver", language)]
    deals = around.cohort.scorings[0].deals
    partner = max(silver, key=lambda name: deals.get(name, 0))
    assert around.notebook_of(partner).name == "partner_digest.ipynb"
    slice_ = around.cut(partner)
    made = make_pack(around.job(slice_))
    document = pypdfium2.PdfDocument(made.files["review.pdf"])
    assert len(document) == 2
    last = document[1].get_textpage().get_text_bounded()
    fingerprint = slice_.fingerprint[:8]
    assert f"{fingerprint[:4]}\u00a0{fingerprint[4:]}" in last or f"{fingerprint[:4]} {fingerprint[4:]}" in last
