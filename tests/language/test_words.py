from __future__ import annotations

import pytest

from kpilib.errors import SettingsError
from kpilib.language import Words, fallback_language
from kpilib.language.particles import with_particle


def test_a_text_is_filled_and_counted() -> None:
    words = Words("en")
    assert words("change.previous", quarter="2026 Q2", value="14") == "2026 Q2: 14"
    assert words("count.deals", count=1) == "1\u00a0deal"
    assert words("count.deals", count=0) == "0\u00a0deals"
    assert words("count.deals", count=1400) == "1,400\u00a0deals"


def test_a_field_s_value_is_only_ever_text() -> None:
    assert Words("en")("change.previous", quarter="{value}", value="{0.__class__}") == "{value}: {0.__class__}"


def test_a_text_that_is_not_there_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(KeyError) as caught:
        Words("en")("count.deal", count=1)
    assert caught.value.args == ("No text 'count.deal' in en.toml. Did you mean: count.deals?",)


def test_a_field_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError) as caught:
        Words("ko")("change.previous", quarter="2026 Q2")
    assert caught.value.args == ("The text 'change.previous' in ko asks for the field 'value'.",)
    with pytest.raises(KeyError) as caught:
        Words("en")("count.deals")
    assert caught.value.args == ("The text 'count.deals' has plural forms: give count=.",)


def test_a_language_without_a_catalogue_is_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        Words("kor")
    assert str(caught.value) == (
        "No texts in the language 'kor': there are en, ko. Did you mean: ko? "
        "One of your own is the file languages/kor.toml."
    )


@pytest.mark.parametrize(
    ("locale", "language"), [("ko", "ko"), ("ko-KR", "ko"), ("KO_kr", "ko"), ("pt-BR", "en"), (None, "en"), ("", "en")]
)
def test_a_locale_falls_back_to_a_language_that_there_is(locale: str | None, language: str) -> None:
    assert fallback_language(locale) == language


@pytest.mark.parametrize(
    ("word", "forms", "expected"),
    [
        ("다온테크", "을/를", "다온테크를"),
        ("한빛", "을/를", "한빛을"),
        ("서울", "으로/로", "서울로"),  # ㄹ takes 로
        ("부산", "으로/로", "부산으로"),
        ("44만 USD", "을/를", "44만 USD를"),  # read 달러
        ("1.2억 원", "이/가", "1.2억 원이"),
        ("104%", "이/가", "104%가"),
        ("13", "은/는", "13은"),  # 삼
        ("2", "은/는", "2는"),  # 이
        ("Kestrion", "이/가", "Kestrion이"),
        ("Veld GmbH", "을/를", "Veld GmbH를"),
        ("한빛(주)", "은/는", "한빛(주)는"),
        ("–", "이/가", "–가"),
    ],
)
def test_a_korean_particle_follows_the_last_sound(word: str, forms: str, expected: str) -> None:
    assert with_particle(word, forms) == expected
