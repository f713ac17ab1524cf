"""Korean particles, which depend on how the word before them is pronounced.

A catalogue writes ``{name:이/가}``: the form after a final consonant, then the form after a vowel. The word
itself is data, so that the choice can only be made when the text is filled.
"""

from __future__ import annotations

__all__ = ["with_particle"]

_FIRST, _LAST, _FINALS = 0xAC00, 0xD7A3, 28
_RIEUL = 8
# How digits are read: 영 일 이 삼 사 오 육 칠 팔 구.
_DIGITS = {"0": "영", "1": "일", "2": "이", "3": "삼", "4": "사", "5": "오", "6": "육", "7": "칠", "8": "팔", "9": "구"}
# How symbols and the ends of Latin words are read, roughly.
_READ = {"%": "트", "l": "을", "m": "음", "n": "은"}


def with_particle(word: str, forms: str) -> str:
    """Return a word with the particle that fits its last sound.

    Parameters
    ----------
    forms
        the form after a final consonant and the form after a vowel, ``/`` between.

    >>> with_particle("다온테크", "은/는"), with_particle("한빛", "은/는"), with_particle("서울", "으로/로")
    ('다온테크는', '한빛은', '서울로')
    """
    closed, opened = forms.split("/")
    final = _final(word)
    # ㄹ takes 로, like a vowel.
    return word + (opened if final == 0 or (final == _RIEUL and opened == "로") else closed)


def _final(word: str) -> int:
    """Return the place of the last syllable's final consonant in the Unicode block; 0 for none."""
    letters = [letter for letter in word if letter.isalnum() or letter in _READ]
    last = letters[-1].lower() if letters else ""
    last = _DIGITS.get(last, _READ.get(last, last))
    return (ord(last) - _FIRST) % _FINALS if last and _FIRST <= ord(last) <= _LAST else 0
