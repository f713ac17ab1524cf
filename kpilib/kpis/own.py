"""KPIs of one's own: files of the workspace that travel in a slice, and are loaded where it is evaluated.

One file is one KPI: ``kpis/certified_staff.py`` calls ``register(Definition(key="certified_staff", ...))``. A slice
holds the file's text and the partner's own rows of the table beside it (``kpis/certified_staff.csv``), so that a
kernel in an empty folder, and a worker on another machine, measure it as the workspace does. Reading the files is
`kpilib.own_kpis`; here their text becomes definitions.
"""

from __future__ import annotations

import linecache
import math
import traceback
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, get_args

import numpy as np

from kpilib.errors import SettingsError, did_you_mean
from kpilib.kpis.definition import KPIS, REASONS, Better, Definition, Measure, collecting
from kpilib.kpis.kpi import Unit

if TYPE_CHECKING:
    from kpilib.slice import Slice

__all__ = ["check_measure", "definitions_of", "explain_failure", "load_definition", "own_definitions", "texts_of"]

_NEEDED = ("name", "question", "formula", "n")
FIRST = "en"
"""The language in which every KPI of one's own has its texts; the others fall back to it."""


def definitions_of(slice_: Slice) -> dict[str, Definition]:
    """Return all KPIs of a slice: those of the registry, then those of the workspace's own files."""
    return {**KPIS, **own_definitions(slice_)}


def own_definitions(slice_: Slice) -> dict[str, Definition]:
    """Return the KPIs whose files a slice holds."""
    return {key: load_definition(key, held["code"]) for key, held in slice_.content.get("kpis", {}).items()}


@lru_cache(maxsize=64)
def load_definition(key: str, code: str) -> Definition:
    """Return the KPI that a file's text registers.

    Raises
    ------
    SettingsError
        when the text fails, registers none, several or one of another key, or lacks a text.
    """
    file = _file(key)
    # So that a traceback shows the line, though the file lies elsewhere.
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    try:
        with collecting() as found:
            exec(compile(code, file, "exec"), {"__name__": f"kpis.{key}", "__file__": file})  # noqa: S102 - the workspace's own
    except Exception as error:
        raise SettingsError(f"{file} cannot be used: {_say(error, file)}.", key=key) from error
    if [definition.key for definition in found] != [key]:
        keys = ", ".join(definition.key for definition in found) or "none"
        raise SettingsError(
            f"{file} registers {keys}. A file registers one KPI, and is called like its key: "
            f'register(Definition(key="{key}", ...)).',
            key=key,
        )
    _check_choices(found[0], file)
    _check_texts(found[0], file)
    return found[0]


def texts_of(definitions: Mapping[str, Definition], language: str) -> dict[str, str | Mapping[str, str]]:
    """Return the texts of KPIs of one's own as a catalogue has them: key of the text → text.

    >>> from kpilib.kpis import DEAL_COUNT
    >>> texts_of({"deal_count": DEAL_COUNT}, "en")
    {}
    """
    found: dict[str, str | Mapping[str, str]] = {}
    for key, definition in definitions.items():
        texts = {**definition.texts.get(FIRST, {}), **definition.texts.get(language, {})}
        reasons = {**definition.texts.get(FIRST, {}).get("reasons", {}), **texts.pop("reasons", {})}
        if "card" in texts:
            found[f"card.n.{key}"] = texts.pop("card")
        found.update({f"kpi.{key}.{name}": text for name, text in texts.items()})
        found.update({f"reason.{reason}": text for reason, text in reasons.items()})
    return found


def check_measure(definition: Definition, measured: Measure) -> Measure:
    """Return what a KPI of one's own measured, when a pack can show it.

    Raises
    ------
    SettingsError
        when the value is of no use, or its absence has no reason with a text.
    """
    file, measured = _file(definition.key), _plain(measured)
    value = measured.value
    if value is None:
        known = {*REASONS, *definition.texts.get(FIRST, {}).get("reasons", {})}
        if measured.reason not in known:
            raise SettingsError(
                f'{file}: an undefined value needs a reason, Measure(None, 0, "no_deals"), and the reason a text: '
                f'texts["{FIRST}"]["reasons"]. Found {measured.reason!r}.',
                key=definition.key,
            )
        return measured
    if not isinstance(measured.n, int):
        raise SettingsError(
            f"{file}: n = {measured.n!r} is no whole number: write int(...), it counts what the value stands on.",
            key=definition.key,
        )
    if not isinstance(value, (int, float, Decimal)) or not math.isfinite(value):
        raise SettingsError(f"{file}: the value {value!r} is no number.", key=definition.key)
    if definition.unit.startswith("money") and not isinstance(value, Decimal):
        raise SettingsError(
            f"{file}: the value {value!r} is money and no Decimal. Return facts.money(minor_units), or a Decimal.",
            key=definition.key,
        )
    return measured


def _plain(measured: Measure) -> Measure:
    """Return a measure whose whole numbers are Python's: numpy's, as sums of arrays are, cannot be written as JSON."""
    value, n = measured.value, measured.n
    return replace(
        measured,
        value=int(value) if isinstance(value, np.integer) else value,
        n=int(n) if isinstance(n, np.integer) else n,
    )


def explain_failure(error: Exception, definition: Definition, slice_: Slice) -> SettingsError:
    """Return an error that names the file and the line at which a KPI of one's own failed."""
    file = _file(definition.key)
    return SettingsError(
        f"{slice_.partner_id} {slice_.quarter}: {file} failed: {_say(error, file)}.", key=definition.key
    )


def _file(key: str) -> str:
    return f"kpis/{key}.py"


def _say(error: Exception, file: str) -> str:
    """Return an error in a line, with the line of the file at which it arose."""
    if isinstance(error, SyntaxError):
        return f"{error.msg} (line {error.lineno})"
    text = str(error).rstrip(".")
    said = text if isinstance(error, SettingsError) else f"{type(error).__name__}: {text}" if text else repr(error)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{said} (line {lines[-1]})" if lines else said


def _check_choices(definition: Definition, file: str) -> None:
    for name, known in (("unit", get_args(Unit)), ("better", get_args(Better))):
        found = getattr(definition, name)
        if found not in known:
            raise SettingsError(
                f"{file}: {name} = {found!r} is none of {', '.join(known)}.{did_you_mean(str(found), known)}",
                key=definition.key,
            )


def _check_texts(definition: Definition, file: str) -> None:
    texts = definition.texts.get(FIRST, {})
    missing = [name for name in _NEEDED if not texts.get(name)]
    if missing:
        raise SettingsError(
            f'{file} lacks texts: {", ".join(missing)}. Give them in the definition: '
            f'texts={{"{FIRST}": {{"name": "…", "question": "…?", "formula": "…", '
            f'"n": {{"one": "{{count}} …", "other": "{{count}} …"}}}}}}.',
            key=definition.key,
        )
