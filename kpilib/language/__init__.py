"""The words of a pack, by language: one catalogue (TOML) each.

A text is found by its key and filled with `str.format` fields. A text that depends on a number is a table of
plural forms (``one``, ``other``, …), chosen by ``count``. Words know nothing of KPIs; how a value becomes text
is `kpilib.formats`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from string import Formatter
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

from kpilib.errors import SettingsError, did_you_mean
from kpilib.language.particles import with_particle

__all__ = ["Words", "fallback_language", "languages"]

_PLURAL_FORMS = frozenset(("zero", "one", "two", "few", "many", "other"))


def languages() -> list[str]:
    """Return the codes of the languages that have a catalogue.

    >>> languages()
    ['en', 'ko']
    """
    return sorted(path.name.removesuffix(".toml") for path in files(__name__).iterdir() if path.name.endswith(".toml"))


def fallback_language(locale: str | None) -> str:
    """Return the language for a partner's locale: its own where there is a catalogue, else English.

    >>> fallback_language("ko-KR"), fallback_language("pt"), fallback_language(None)
    ('ko', 'en', 'en')
    """
    code = (locale or "").replace("_", "-").lower()
    known = languages()
    return next((part for part in (code, code.split("-")[0]) if part in known), "en")


class Words:
    """The texts of one language.

    >>> words = Words("en")
    >>> print(words("count.deals", count=1), words("count.deals", count=1400), sep="; ")
    1 deal; 1,400 deals

    Parameters
    ----------
    more
        texts of KPIs of one's own, by key; they stand beside those of the catalogue.

    Raises
    ------
    SettingsError
        when there is no catalogue for the language.
    """

    def __init__(self, language: str, more: Mapping[str, str | Mapping[str, str]] | None = None) -> None:
        known = languages()
        if language not in known:
            raise SettingsError(
                f"No texts in the language {language!r}: there are {', '.join(known)}."
                f"{did_you_mean(language, known)}",
                language=language,
            )
        self.language = language
        self.more = dict(more or {})

    def __repr__(self) -> str:
        return f"Words({self.language!r})"

    @cached_property
    def catalogue(self) -> Mapping[str, Any]:
        """The catalogue as it stands in its file."""
        return _load(self.language)

    @cached_property
    def locale(self) -> Locale:
        """Babel's locale, which the catalogue names: it makes plurals, numbers and dates."""
        return Locale.parse(self.catalogue["language"]["locale"])

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the text of a key, filled.

        Parameters
        ----------
        values
            the fields. ``count`` also chooses the plural form, and is written as a number of the language.

        Raises
        ------
        KeyError
            when the catalogue has no such text, or the text asks for a field that is not given.
        """
        text = self._find(key)
        if isinstance(text, Mapping):
            if "count" not in values:
                raise KeyError(f"The text {key!r} has plural forms: give count=.")
            forms = text
            text = forms.get(self.locale.plural_form(values["count"]), forms["other"])
        if isinstance(values.get("count"), int):
            values["count"] = format_decimal(values["count"], locale=self.locale)
        try:
            return _FORMATTER.vformat(text, (), values)
        except KeyError as missing:
            raise KeyError(f"The text {key!r} in {self.language} asks for the field {missing}.") from None

    def has(self, key: str) -> bool:
        """Say whether the catalogue has a text of this key."""
        return key in self.keys()

    def keys(self) -> dict[str, str | Mapping[str, str]]:
        """Return all texts by key; a plural text is the table of its forms."""
        return self._keys

    @cached_property
    def _keys(self) -> dict[str, str | Mapping[str, str]]:
        return {**self.more, **_texts(self.language)} if self.more else _texts(self.language)

    def _find(self, key: str) -> str | Mapping[str, str]:
        known = self.keys()
        if key not in known:
            raise KeyError(f"No text {key!r} in {self.language}.toml.{did_you_mean(key, known)}")
        return known[key]


class _Formatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if "/" in format_spec:
            return with_particle(str(value), format_spec)
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


@cache
def _load(language: str) -> Mapping[str, Any]:
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))


@cache
def _texts(language: str) -> dict[str, str | Mapping[str, str]]:
    return dict(_walk(_load(language), ""))


def _walk(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            if "other" in value and value.keys() <= _PLURAL_FORMS:
                yield f"{prefix}{name}", value
            else:
                yield from _walk(value, f"{prefix}{name}.")
