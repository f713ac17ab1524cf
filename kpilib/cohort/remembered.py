"""The cohort of today's rows, remembered beside these rows: a second build need not count all partners again."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from datetime import date
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kpilib.cohort.cohort import Cohort
from kpilib.quarter import Quarter

if TYPE_CHECKING:
    from kpilib.settings import Settings
    from kpilib.store import Store

__all__ = ["todays_cohort"]

_CODE = ("*.py", "cohort/*.py", "contract/*.py", "kpis/*.py")
_LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow")


def todays_cohort(store: Store, settings: Settings, quarter: Quarter, as_of: date) -> Cohort:
    """Return the cohort that `Cohort.compute` returns, from the store's own folder where it was computed before.

    That folder is replaced whenever its rows change, and what was remembered goes with it.
    """
    path = store.folder / f"cohort-{_key(settings, quarter, as_of)}.json"
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Cohort.from_json(path.read_text(encoding="utf-8"))
    computed = Cohort.compute(store, settings, quarter, as_of)
    aside = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a full disk costs time, nothing else
        aside.write_text(computed.to_json(), encoding="utf-8")
        aside.replace(path)
    return computed


def _key(settings: Settings, quarter: Quarter, as_of: date) -> str:
    read_as = [
        str(quarter),
        quarter.first_month,
        quarter.read_as_of(as_of).isoformat(),
        settings.money.currency,
        settings.cohort.model_dump(mode="json"),
        _hash_code(),
        [version(name) for name in _LIBRARIES],
    ]
    return hashlib.sha256(json.dumps(read_as, sort_keys=True).encode()).hexdigest()[:24]


@cache
def _hash_code() -> str:
    root, hashed = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(path for pattern in _CODE for path in root.glob(pattern)):
        hashed.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()
