"""The presets: mappings of well-known exports, as data in ``presets/*.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kpilib.errors import SettingsError, did_you_mean

__all__ = ["load_preset", "preset_names"]

_FOLDER = files("kpilib.sources") / "presets"


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names that ``[source] preset`` can have."""
    names = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def load_preset(name: str) -> Mapping[str, Any]:
    """Return a preset: ``about``, and its ``mapping`` as a settings file would have it.

    Raises
    ------
    SettingsError
        when there is none of that name.
    """
    known = preset_names()
    key = name.strip().lower()
    if key not in known:
        raise SettingsError(
            f"[source] preset {name!r}: no such preset.{did_you_mean(name, known)} There are: {', '.join(known)}."
        )
    return tomllib.loads((_FOLDER / f"{key}.toml").read_text(encoding="utf-8"))
