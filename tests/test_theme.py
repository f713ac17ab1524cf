"""The theme: colours that can be read and told apart, font files, matplotlib's parameters restored."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import pytest
from matplotlib.font_manager import FontProperties, findfont

from kpilib import theme
from kpilib.errors import SettingsError
from kpilib.theme import Palette, Theme, contrast, font_files, lightness, mix


def test_contrast_and_lightness_of_known_colours():
    # WCAG's own example: #767676 is the lightest grey that passes on white.
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#ffffff", "#ffffff") == 1
    assert lightness("#000000") == 0
    assert lightness("#ffffff") == pytest.approx(100)
    assert lightness("#777777") == pytest.approx(50.03, abs=0.01)


def test_mix_goes_from_one_colour_to_the_other():
    assert mix("#0b5cad", "#ffffff", 0) == "#0b5cad"
    assert mix("#0b5cad", "#ffffff", 1) == "#ffffff"
    assert mix("#000000", "#ff8040", 0.5) == "#804020"


@pytest.mark.parametrize("name", ["ink", "soft", "accent", "good", "watch", "act"])
@pytest.mark.parametrize("ground", ["#ffffff", Palette().paper])
def test_every_text_colour_passes_wcag_aa_on_page_and_paper(name, ground):
    assert contrast(getattr(Palette(), name), ground) >= 4.5


def test_status_colours_differ_in_grey_print():
    """L* of act 32, good 40, watch 48: steps of 7 and more, which a laser printer keeps apart."""
    colours = [Palette().status(key) for key in ("good", "watch", "act")]
    for one, other in combinations(colours, 2):
        assert abs(lightness(one) - lightness(other)) >= 7


def test_a_status_without_a_colour_is_soft():
    assert Palette().status("none") == Palette().soft


@pytest.mark.parametrize("accent", ["#0b5cad", "#000080", "#7a0019", "#00703c", "#000000", "#767676"])
def test_ink_can_be_read_on_the_deepest_ground_of_any_accent(accent):
    deep = Theme(accent=accent).palette.deep
    assert contrast(deep, Palette().ink) >= 4.5
    assert lightness(deep) < lightness(Palette().paper)


def test_brand_gives_accent_and_faces_and_ours_where_it_is_silent():
    brand = {"accent": "#7a0019", "font": "Lato", "heading_font": None, "logo": "logo.svg", "name": "ACME"}
    assert Theme.from_brand(brand) == Theme(accent="#7a0019", font="Lato")
    assert Theme.from_brand({}) == Theme()
    assert Theme.from_brand(brand).families == ("Lato", "Source Sans Pro", "NanumGothic")
    assert Theme().families == ("Source Sans Pro", "NanumGothic")


def test_an_accent_that_cannot_be_read_is_refused_with_one_that_can():
    with pytest.raises(SettingsError) as caught:
        Theme(accent="#ffcc00")
    assert str(caught.value) == (
        "[brand] accent = '#ffcc00' cannot be read on white: its contrast is 1.5 : 1, text needs 4.5 : 1 "
        "(WCAG 2.2 AA). The nearest shade of it that can: '#8f7200'."
    )
    assert contrast("#8f7200", "#ffffff") >= 4.5


def test_font_files_are_the_packages_own():
    assert [path.name for path in font_files()] == [
        "SourceSansPro-Regular.otf", "SourceSansPro-It.otf", "SourceSansPro-Semibold.otf",
        "SourceSansPro-SemiboldIt.otf", "SourceSansPro-Bold.otf", "SourceSansPro-BoldIt.otf",
        "NanumGothic.ttf", "NanumGothicBold.ttf",
    ]  # fmt: skip
    assert all(path.is_file() for path in font_files())


def test_missing_font_files_are_named(monkeypatch):
    monkeypatch.setattr(theme, "_DISTRIBUTIONS", ("font-source-sans-pro", "no-such-distribution"))
    font_files.cache_clear()
    try:
        with pytest.raises(SettingsError) as caught:
            font_files()
    finally:
        font_files.cache_clear()
    assert str(caught.value) == (
        "The font files NanumGothic.ttf, NanumGothicBold.ttf are missing. "
        "Install the packages font-source-sans-pro and no-such-distribution again."
    )


@pytest.mark.parametrize(
    ("family", "weight", "file"),
    [
        ("Source Sans Pro", 400, "SourceSansPro-Regular.otf"),
        ("Source Sans Pro", 600, "SourceSansPro-Semibold.otf"),
        ("NanumGothic", 400, "NanumGothic.ttf"),
        ("NanumGothic", 600, "NanumGothicBold.ttf"),
    ],
)
def test_matplotlib_finds_our_files(family, weight, file, caplog):
    with Theme().applied():
        assert findfont(FontProperties(family=family, weight=weight)).endswith(file)
    assert not caplog.records


def test_parameters_hold_within_and_are_restored_after():
    before = dict(mpl.rcParams)
    with Theme().applied():
        assert mpl.rcParams["svg.fonttype"] == "none"
        assert mpl.rcParams["font.family"] == ["Source Sans Pro", "NanumGothic", "DejaVu Sans"]
        assert mpl.rcParams["text.parse_math"] is False
    assert dict(mpl.rcParams) == before


def test_parameters_are_restored_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), Theme().applied():
        1 / 0  # noqa: B018
    assert dict(mpl.rcParams) == before
