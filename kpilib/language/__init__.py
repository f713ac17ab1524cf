"""The words of a pack, by language: one catalogue (TOML) each.

A text is found by its key and filled with `str.format` fields. A text that depends on a number is a table of
plural forms (``one``, ``other``, …), chosen by ``count``. Words know nothing of KPIs; how a value becomes text
is `kpilib.formats`.

A workspace has catalogues of its own (`kpilib.language.own`). They are this process's while it works for that
workspace: whoever reads its settings says so by `speak`, and a slice brings the one of its language along (`learn`).
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

__all__ = [
    "PLURAL_FORMS", "Words", "fallback_language", "languages", "learn", "own_catalogue", "own_catalogues", "read",
    "shipped", "speak", "texts_in", "walk_texts",
]  # fmt: skip

PLURAL_FORMS = frozenset(("zero", "one", "two", "few", "many", "other"))
_own: dict[str, Mapping[str, Any]] = {}


def languages() -> list[str]:
    """Return the codes of the languages that have a catalogue: kpilib's, and the workspace's own.

    >>> languages()
    ['en', 'ko']
    """
    return sorted({*shipped(), *_own})


@cache
def shipped() -> frozenset[str]:
    """Return the codes of the languages whose catalogues come with kpilib."""
    names = (path.name for path in files(__name__).iterdir())
    return frozenset(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def speak(catalogues: Mapping[str, Mapping[str, Any]]) -> None:
    """Take a workspace's catalogues, by language, in the place of those of any other workspace."""
    if catalogues != _own:
        _own.clear()
        _own.update(catalogues)
        _forget()


def learn(language: str, catalogue: Mapping[str, Any] | None) -> None:
    """Take one language's own catalogue beside those that are known; None: it has none."""
    if _own.get(language) == catalogue:
        return
    if catalogue is None:
        del _own[language]
    else:
        _own[language] = catalogue
    _forget()


def own_catalogue(language: str) -> Mapping[str, Any] | None:
    """Return the workspace's own catalogue of a language as its file has it; None where there is none."""
    return _own.get(language)


def own_catalogues() -> Mapping[str, Mapping[str, Any]]:
    """Return the workspace's own catalogues by language."""
    return dict(_own)


def _forget() -> None:
    _load.cache_clear()
    _texts.cache_clear()


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
                f"{did_you_mean(language, known)} One of your own is the file languages/{language}.toml.",
                language=language,
            )
        self.language = language
        self.more = dict(more or {})

    def __repr__(self) -> str:
        return f"Words({self.language!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"language": self.language, "more": self.more, "own": _own.get(self.language)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Another process, which has read no workspace's settings.
        learn(state["language"], state["own"])
        self.language, self.more = state["language"], state["more"]

    @cached_property
    def catalogue(self) -> Mapping[str, Any]:
        """The catalogue: the workspace's own texts, and ours where it has none."""
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
def read(language: str) -> Mapping[str, Any]:
    """Return a catalogue that comes with kpilib, as it stands in its file."""
    return tomllib.loads((files(__name__) / f"{language}.toml").read_text(encoding="utf-8"))


@cache
def _load(language: str) -> Mapping[str, Any]:
    own = _own.get(language)
    if own is None:
        return read(language)
    if language in shipped():
        return _over(own, read(language))
    # English stands in for what is missing, but no catalogue is in English dates and plurals by that.
    return _over(own, {**read("en"), "language": {"name": language, "locale": language.replace("-", "_")}})


def _over(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalogue with another one's texts in the place of its own; plural forms are replaced as a whole."""
    merged = dict(base)
    for name, value in own.items():
        below = base.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and not _is_plural(value):
            merged[name] = _over(value, below)
        else:
            merged[name] = value
    return merged


def _is_plural(table: Mapping[str, Any]) -> bool:
    return "other" in table and table.keys() <= PLURAL_FORMS


@cache
def _texts(language: str) -> dict[str, str | Mapping[str, str]]:
    return texts_in(_load(language))


def texts_in(catalogue: Mapping[str, Any]) -> dict[str, str | Mapping[str, str]]:
    """Return the texts of a catalogue by key; a plural text is the table of its forms."""
    return dict(walk_texts(catalogue, ""))


def walk_texts(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str | Mapping[str, str]]]:
    """Yield the texts of a catalogue's table with their keys."""
    for name, value in table.items():
        if isinstance(value, str):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            if _is_plural(value):
                yield f"{prefix}{name}", value
            else:
                yield from walk_texts(value, f"{prefix}{name}.")
