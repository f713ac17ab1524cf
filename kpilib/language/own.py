"""Catalogues of a workspace's own: ``languages/de.toml`` is German, ``languages/en.toml`` other words for our English.

A text that such a file does not have is that of our catalogue of the language, else English. A file that could leave a
hole in a page (a place that the text cannot fill, a form that is none) is refused when it is read; one with a text
that no page asks for is reported by ``kpilib doctor``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from typing import Any

from babel import Locale, UnknownLocaleError

from kpilib.errors import SettingsError, did_you_mean
from kpilib.language import PLURAL_FORMS, shipped, texts_in
from kpilib.language import read as read_shipped

__all__ = [
    "FALLBACK", "check_code", "list_missing", "list_unknown", "read_catalogues", "tell_missing", "with_missing",
    "write_missing",
]  # fmt: skip

FALLBACK = "en"
"""The language of a text that a catalogue does not have."""

Text = str | Mapping[str, str]
_OFFERED = re.compile(r"# (?:[\w-]+: the texts as they are without this file\.|[\w.]+ = \")")


def read_catalogues(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return the catalogues of a folder by language: each as its file has it.

    Raises
    ------
    SettingsError
        with every problem of the files.
    """
    stamps = []
    for path in sorted(folder.glob("*.toml")):
        found = path.stat()
        stamps.append((path, found.st_size, found.st_mtime_ns))
    return _read(tuple(stamps))


@lru_cache(maxsize=4)
def _read(stamps: tuple[tuple[Path, int, int], ...]) -> Mapping[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    problems: list[str] = []
    for path, _, _ in stamps:
        try:
            held = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            problems.append(f"cannot be read: {error}.")
        else:
            problems += _check(path.stem, held)
            found[path.stem] = held
        problems = [line if line.startswith("languages/") else f"languages/{path.name}: {line}" for line in problems]
    if problems:
        raise SettingsError("\n".join(problems))
    return found


def list_missing(language: str, held: Mapping[str, Any]) -> dict[str, Text]:
    """Return the texts that a catalogue does not have, as they stand in for them: key → text.

    What is no word (a language's own name and locale, names of currencies) may be left out and is not missing.
    """
    own = texts_in(held)
    return {key: text for key, text in _counted(language).items() if key not in own}


def _counted(language: str) -> dict[str, Text]:
    every = texts_in(_base(language))
    return {key: text for key, text in every.items() if not key.startswith(("language.", "formats.currency."))}


def tell_missing(language: str, held: Mapping[str, Any]) -> str:
    """Return in words how many texts a catalogue of a language that is not ours lacks; nothing where all are there."""
    missing = 0 if language in shipped() else len(list_missing(language, held))
    return f"{language} lacks {missing} of {len(_counted(language))} texts" if missing else ""


def list_unknown(language: str, held: Mapping[str, Any], own_kpis: Iterable[str] = ()) -> list[str]:
    """Return in words the texts of a catalogue that no page asks for.

    Parameters
    ----------
    own_kpis
        the keys of the workspace's own KPIs, whose texts may stand here too.
    """
    known = texts_in(_base(language))
    starts = ("formats.currency.", *(f"kpi.{key}." for key in own_kpis), *(f"card.n.{key}" for key in own_kpis))
    return [
        f"no text {key!r}.{did_you_mean(key, known)}"
        for key in texts_in(held)
        if key not in known and not key.startswith(starts)
    ]


def write_missing(language: str, held: Mapping[str, Any]) -> str:
    """Return the missing texts as lines of a catalogue, each behind a ``#``: translate one, and take the sign away.

    >>> print(write_missing("de", {}).splitlines()[4])
    # formats.and = "{first} and {last}"
    """
    lines = [f"# {language}: the texts as they are without this file. Translate one and take away its #."]
    for key, text in list_missing(language, held).items():
        forms = {key: text} if isinstance(text, str) else {f"{key}.{form}": each for form, each in text.items()}
        lines += [f"# {name} = {json.dumps(each, ensure_ascii=False)}" for name, each in forms.items()]
    return "\n".join(lines).replace("\u00a0", "\\u00a0").replace("\u202f", "\\u202f") + "\n"


def with_missing(language: str, held: Mapping[str, Any], text: str) -> str:
    """Return a catalogue's file with the missing texts at its top, in the place of those that stood there before.

    At the top, since a key below a table's heading belongs to that table.
    """
    kept = [line for line in text.splitlines() if not _OFFERED.match(line)]
    return write_missing(language, held) + "".join(f"{line}\n" for line in kept)


def _base(language: str) -> Mapping[str, Any]:
    return read_shipped(language if language in shipped() else FALLBACK)


def check_code(language: str) -> None:
    """Refuse a code that is no language's.

    Raises
    ------
    SettingsError
        when Babel knows none of that name.
    """
    _forms_of(language)


def _forms_of(locale: str) -> frozenset[str]:
    """Return the forms that a text has in a language for its numbers."""
    try:
        return frozenset((*Locale.parse(locale.replace("-", "_")).plural_form.tags, "other"))
    except (UnknownLocaleError, ValueError):
        raise SettingsError(
            f"there is no language {locale!r}. Call the file like de.toml, by the language's code, "
            'or name one in it: language.locale = "de".'
        ) from None


def _check(language: str, held: Mapping[str, Any]) -> Iterator[str]:
    section = held.get("language")
    locale = section.get("locale", language) if isinstance(section, Mapping) else language
    try:
        forms = _forms_of(str(locale))
    except SettingsError as error:
        yield str(error)
        return
    known = texts_in(_base(language))
    for key, value in _leaves(held):
        stem, _, form = key.rpartition(".")
        plural = form in PLURAL_FORMS and isinstance(known.get(stem), Mapping)
        if not isinstance(value, str):
            if not key.startswith("formats."):
                yield f"{key} is {value!r} and no text. Write it in quotation marks."
        elif plural and form not in forms:
            yield f"{key}: {locale} has no such form; it has {', '.join(sorted(forms))}."
        elif (text := known.get(stem if plural else key)) is not None:
            yield from _check_fields(key, value, text)
    yield from _check_forms(held, known)


def _check_forms(held: Mapping[str, Any], known: Mapping[str, Text]) -> Iterator[str]:
    """Yield what is wrong with the forms of texts that depend on a number."""
    own = texts_in(held)
    for key, text in own.items():
        if isinstance(text, Mapping) and isinstance(known.get(key), str):
            yield f"{key} has plural forms, and the text that it stands for has none. Write one text."
    begun = {key.rpartition(".")[0]: None for key, _ in _leaves(held)}
    for key in begun:
        if isinstance(known.get(key), Mapping) and key not in own:
            yield f"{key} lacks the form {key}.other."


def _check_fields(key: str, value: str, text: Text) -> Iterator[str]:
    offered = {name for form in ([text] if isinstance(text, str) else text.values()) for name in _fields(form)}
    try:
        asked = set(_fields(value))
    except ValueError as error:
        yield f"{key} = {value!r}: {error}. A brace that is text is written twice."
        return
    for name in sorted(asked - offered):
        places = ", ".join(f"{{{each}}}" for each in sorted(offered)) or "none"
        yield f"{key} asks for {{{name}}}; its places are {places}.{did_you_mean(name, offered)}"


def _fields(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
