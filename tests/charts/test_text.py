"""Widths of texts without drawing them: as matplotlib measures them, and what is made of them."""

from __future__ import annotations

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from kpilib.charts.text import shorten, text_width, wrap
from kpilib.theme import Theme


@pytest.mark.parametrize("text", ["Industrial automation suite", "31.4 k USD", "−140", "Größe · Œuvre", "0123456789"])
@pytest.mark.parametrize("strong", [False, True])
def test_width_is_matplotlibs_but_for_kerning(text, strong):
    with Theme().applied():
        font = FontProperties(size=8, weight=600 if strong else 400)
        measured = TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]
    assert text_width(text, 8, strong=strong) == pytest.approx(measured, rel=0.03)
    assert text_width(text, 16, strong=strong) == pytest.approx(2 * text_width(text, 8, strong=strong))


def test_a_mixed_text_is_measured_in_the_wider_face():
    # Digits are 0.497 em in Source Sans Pro and 0.606 in NanumGothic, which a PDF sets the whole text in.
    assert text_width("180일", 100) - text_width("일", 100) == pytest.approx(3 * 60.6, abs=0.5)
    assert text_width("180", 100) == pytest.approx(3 * 49.7, abs=0.5)


def test_a_sign_that_no_face_has_counts_an_em():
    assert text_width("𓀀", 8) == 8


def test_shorten_keeps_what_fits():
    assert shorten("Falcon", 40) == "Falcon"
    assert shorten("Falcon enterprise", 40) == "Falcon en…"
    assert text_width(shorten("Falcon enterprise", 40)) <= 40
    assert shorten("Falcon", 1) == "…"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Falcon", ["Falcon"]),
        ("Industrial automation", ["Industrial", "automation"]),
        ("Industrial automation suite, enterprise edition", ["Industrial", "automation s…"]),
        ("Donaudampfschifffahrtsgesellschaft", ["Donaudampfs", "chifffahrtsges…"]),
        ("", [""]),
    ],
)
def test_wrap_breaks_at_blanks_and_within_a_word_only_where_it_must(text, lines):
    assert wrap(text, 55) == lines
    assert all(text_width(line) <= 55 for line in wrap(text, 55))
