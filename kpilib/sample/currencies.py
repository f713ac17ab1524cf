"""The sample's currencies: how people quote amounts in them, and their dated rates into dollars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilib.sample.files import Labels, Table, Texts
from kpilib.sample.span import Span

__all__ = ["CURRENCIES", "DIGITS", "fx_table", "quote"]

CURRENCIES = ("USD", "EUR", "KRW")

DIGITS = np.array([2, 2, 0], dtype=np.int8)
"""Digits of each currency's minor unit."""

_UNITS = np.array([1.0, 0.92, 1_380.0])
_KRW = CURRENCIES.index("KRW")


def quote(dollars: NDArray[np.float64], currency: NDArray[np.integer], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return amounts in minor units of a currency, as people quote them.

    Tens, in one case of four to the 5 cents; won in ten thousands. Never 0.
    """
    local = dollars * _UNITS[currency]
    cents = np.where(rng.random(len(dollars)) < 0.25, np.rint(local * 20) * 5, np.rint(local / 10) * 1_000)
    won = np.rint(local / 10_000) * 10_000
    minor: NDArray[np.int64] = np.maximum(np.where(currency == _KRW, won, cents), 10_000).astype(np.int64)
    return minor


def fx_table(span: Span, rng: np.random.Generator) -> Table:
    """Return a rate into dollars for each month of the span and each other currency, from the first day on."""
    months, others = len(span.months), len(CURRENCIES) - 1
    drift = np.exp(np.cumsum(rng.normal(0.0, 0.006, (others, months)), axis=1))
    rates = drift / _UNITS[1:, None]
    return Table(
        {
            "currency": Labels(np.repeat(np.arange(others), months), CURRENCIES[1:]),
            "valid_from": Texts([month.isoformat() for month in span.months] * others),
            "rate": Texts([f"{rate:.4f}" if rate > 0.1 else f"{rate:.7f}" for rate in rates.ravel().tolist()]),
        },
        months * others,
    )
