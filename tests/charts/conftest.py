"""What the tests of charts share: a look that keeps what is drawn in it, and KPIs made by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
import pytest

from kpilib.charts import Canvas, Look
from kpilib.formats import Formats
from kpilib.kpis.kpi import Kpi
from kpilib.quarter import Quarter
from kpilib.theme import Theme


@dataclass(frozen=True)
class KeepingLook(Look):
    """A look whose last canvas can be read back: its axes with the drawn data, and its texts with their boxes."""

    kept: list[Canvas] = field(default_factory=list)

    def canvas(self, width: Any, height: float) -> Canvas:
        self.kept.append(super().canvas(width, height))
        return self.kept[-1]

    @property
    def drawn(self) -> Canvas:
        return self.kept[-1]

    @property
    def axes(self) -> Any:
        return self.drawn.figure.axes

    @property
    def texts(self) -> list[str]:
        return [plain(text.get_text()) for text in self.drawn.figure.texts]

    def place(self, text: str) -> tuple[float, float]:
        """Return the middle of a text, in points."""
        (box,) = (box for box in self.drawn.boxes if plain(box[4]) == text)
        return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2

    def bars(self, panel: int = 0) -> list[tuple[float, float, float, float]]:
        """The bars of a panel: left, foot, width, height on its scales."""
        boxes = [patch.get_bbox() for patch in self.axes[panel].patches]
        return [tuple(round(value, 6) for value in (b.x0, b.y0, b.width, b.height)) for b in boxes]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def make_look(language: str = "en", currency: str = "USD") -> KeepingLook:
    return KeepingLook(Formats(language, currency), Theme(), Quarter(2026, 3), date(2026, 9, 30))


@pytest.fixture
def look() -> KeepingLook:
    return make_look()


@pytest.fixture(scope="session")
def looks() -> Callable[..., KeepingLook]:
    return make_look


@pytest.fixture
def said() -> Callable[[Any], str]:
    """A chart's alternative text, with plain blanks."""
    return lambda chart: plain(chart.alt)


@pytest.fixture
def kpi() -> Callable[..., Kpi]:
    def make(key: str, unit: str, value: Any, n: int = 10, **companions: Any) -> Kpi:
        own = {name: companions.pop(name) for name in list(companions) if name in Kpi.__dataclass_fields__}
        frames = {
            name: pd.DataFrame(value) if isinstance(value, (dict, list)) else value
            for name, value in companions.items()
        }
        return Kpi(key, unit, value, n, companions=frames, **own)  # type: ignore[arg-type]

    return make
