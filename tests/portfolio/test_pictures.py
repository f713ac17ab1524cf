"""What the portfolio's own charts draw, read back from them."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from itertools import combinations
from typing import Any

import pytest

from kpilib.charts.canvas import Canvas, Look
from kpilib.formats import Formats
from kpilib.portfolio.pictures import Reached, draw_attainment, draw_pair, draw_shares
from kpilib.quarter import Quarter
from kpilib.theme import Theme

LONG = "Gesellschaft für angewandte Informationsverarbeitung Nordwest mbH"
NAMES = ("Alder", LONG, "느티나무 정보통신 주식회사", "$<&>")


@dataclasses.dataclass(frozen=True)
class KeepingLook(Look):
    """A look whose canvases can be read back."""

    kept: list[Canvas] = dataclasses.field(default_factory=list)

    def canvas(self, width: Any, height: float) -> Canvas:
        self.kept.append(super().canvas(width, height))
        return self.kept[-1]


@pytest.fixture(params=["en", "ko"])
def look(request: pytest.FixtureRequest) -> KeepingLook:
    return KeepingLook(Formats(request.param, "USD"), Theme(), Quarter(2026, 3), date(2026, 9, 30))


def collisions(canvas: Canvas) -> list[tuple[str, str]]:
    return [
        (one[4], other[4])
        for one, other in combinations(canvas.boxes, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]


def widths(canvas: Canvas) -> list[float]:
    return [round(float(bar.get_width()), 6) for bar in canvas.figure.axes[0].patches]


def test_attainment_is_drawn_as_long_as_it_is_until_it_is_cut(look: KeepingLook) -> None:
    rows = [
        Reached(name, share, f"{share:.0%}", band, "1.02 m USD of 1.1 m USD")
        for name, share, band in zip(NAMES, (3.33, 1.0, 0.995, 0.0), ("good", "good", "watch", "act"), strict=True)
    ]
    (chart,) = draw_attainment(rows, look, title="T", alt="A")
    assert widths(look.kept[-1])[:4] == [1.6, 1.0, 0.995, 0.0]
    assert "160" in chart.subtitle
    assert collisions(look.kept[-1]) == []


def test_a_long_list_is_several_charts(look: KeepingLook) -> None:
    rows = [Reached(f"Partner {place:03}", 0.5, "50 %", "act", "1 of 2") for place in range(81)]
    charts = draw_attainment(rows, look, title="T", alt="A")
    assert [len(set(re.findall(r"Partner \d\d\d", chart.svg))) for chart in charts] == [27, 27, 27]
    assert draw_attainment([], look, title="T", alt="A") == []


def test_shares(look: KeepingLook) -> None:
    chart = draw_shares(NAMES, (0.5, 0.25, 0.2, 0.05), ("1 m USD",) * 4, look, title="T", subtitle="S", alt="A")
    assert chart.width == "half"
    assert widths(look.kept[-1]) == [0.5, 0.25, 0.2, 0.05]
    assert collisions(look.kept[-1]) == []


@pytest.mark.parametrize("last", [(10.0, 10.0), (0.0, 900.0), (900.0, None), (None, None)])
def test_two_lines_end_in_their_names(look: KeepingLook, last: tuple[float | None, float | None]) -> None:
    values = ([1.0, None, 3.0, 4.0, 5.0, 6.0, 7.0, last[0]], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, last[1]])
    chart = draw_pair((NAMES[1], NAMES[2]), values, ("10 USD", "918 k USD"), look, title="T", subtitle="S", alt="A")
    assert chart is not None
    assert collisions(look.kept[-1]) == []


def test_no_lines_without_a_value(look: KeepingLook) -> None:
    nothing: list[float | None] = [None] * 8
    assert draw_pair(("a", "b"), (nothing, nothing), ("–", "–"), look, title="T", subtitle="S", alt="A") is None
