"""What holds for every chart, with plain, long, Korean, tiny, huge and lonely data.

A new chart must be in ``CASES``, or the first test fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import combinations
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from kpilib import charts
from kpilib.kpis.kpi import Change, CohortPosition, Kpi, Target
from kpilib.outlook import Outlook
from kpilib.theme import Theme

NAMES = {
    "plain": ["Falcon", "Atlas", "Basic", "Orbit", None],
    "long": [
        "Industrial automation suite, enterprise edition with on-site support",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenverwaltung",
        '$CALE & <Grow> $ 100 % "quoted"',
        "x",
        "W" * 60,
    ],
    "korean": [
        "산업 자동화 제품군 기업용 현장 지원 포함",
        "한빛 솔루션",
        "기본형",
        "제안서 검토 및 구매 승인 대기",
        "3차 협상",
    ],
}


@dataclass(frozen=True)
class World:
    """What a partner's data may be like: names, the size of money, and how many rows there are."""

    names: str = "plain"
    times: Decimal = Decimal(1)
    rows: int = 5

    def labels(self) -> list[str | None]:
        return NAMES[self.names][: self.rows]

    def money(self, *values: float) -> list[Decimal]:
        return [Decimal(str(value)) * self.times for value in values]


def kpi(key: str, unit: str, value: Any, **fields: Any) -> Kpi:
    own = {name: fields.pop(name) for name in list(fields) if name in Kpi.__dataclass_fields__}
    return Kpi(key, unit, value, 10, companions=fields, **own)  # type: ignore[arg-type]


def pipeline(world: World) -> Kpi:
    def row(month: str, *values: float, counts: tuple[int, ...]) -> dict[str, Any]:
        names = ("opening", "created", "won", "lost", "lost_to_competitor", "revaluation", "closing")
        counted = [name for name in names if name != "revaluation"]
        return {
            "month": pd.Timestamp(month),
            **dict(zip(names, world.money(*values), strict=True)),
            **{f"{name}_count": count for name, count in zip(counted, counts, strict=True)},
        }

    months = [
        row("2026-07-01", 750, 200, 100, 40, 10, 5.25, 805.25, counts=(27, 8, 3, 2, 1, 29)),
        row("2026-08-01", 805.25, 190, 240, 50, 100, -1, 604.25, counts=(29, 7, 6, 2, 2, 26)),
        row("2026-09-01", 604.25, 200, 100, 50, 40, 0, 614.25, counts=(26, 7, 5, 2, 2, 24)),
    ][: world.rows]
    amounts = world.money(210, 180.5, 0, 77, 0.4)[: world.rows]
    ages = ["0-30", "31-60", "61-90", "91-180", "over-180"]
    return kpi(
        "opportunity_pipeline", "money", months[-1]["closing"],
        bridge=pd.DataFrame(months),
        bridge_quarter=pd.DataFrame([months[0]]),
        by_stage=pd.DataFrame(
            {
                "stage": pd.Series(world.labels(), dtype="str"), "count": [9, 7, 5, 4, 2][: world.rows],
                "amount": amounts, "probability": [0.1, 0.25, 0.5, 0.75, np.nan][: world.rows],
                "weighted": [amount / 3 for amount in amounts],
            }
        ),
        by_age=pd.DataFrame({"bucket": ages, "count": [9, 7, 0, 4, 2], "amount": world.money(210, 180.5, 0, 77, 0.4)}),
        stale_limit=114.0,
    )  # fmt: skip


def deals(world: World) -> Kpi:
    amounts = world.money(10, 12, 12.5, 40, 700)[: world.rows]
    frame = pd.DataFrame({"opportunity_id": [f"O{at}" for at in range(len(amounts))], "amount": amounts})
    influence = frame.tail(3).assign(mean_without=amounts[0])
    mean = sum(amounts, Decimal()) / len(amounts)
    return kpi("average_deal_size", "money", mean, median=amounts[len(amounts) // 2], deals=frame, influence=influence)


def deal_count(world: World) -> Kpi:
    months = {
        "month": pd.to_datetime(["2026-07-01", "2026-08-01", "2026-09-01"]), "won": [3, 0, 1234], "lost": [1, 1, 1],
        "amount": world.money(100, 0, 250.75), "won_year_ago": [2, 40, 0],
    }  # fmt: skip
    return kpi("deal_count", "count", 1237, by_month=pd.DataFrame(months).head(world.rows))


def rates(world: World, key: str, column: str, of: tuple[str, str]) -> Kpi:
    frame = {
        column: pd.Series(world.labels(), dtype="str"), of[0]: [8, 0, 3, 1, 12345][: world.rows],
        of[1]: [20, 5, 3, 61, 100_000][: world.rows],
        "rate": [0.4, 0.0, 1.0, np.nan, 0.12][: world.rows],
        "low": [0.2, 0.0, 0.44, np.nan, 0.119][: world.rows], "high": [0.6, 0.43, 1.0, np.nan, 0.121][: world.rows],
    }  # fmt: skip
    losses = {"count": [1234, 3, 3, 1, 1][: world.rows], "amount": world.money(140, 90, 50, 9, 0)[: world.rows]}
    return kpi(
        key, "rate", 0.31,
        **{f"by_{column}": pd.DataFrame(frame)},
        maturity=pd.DataFrame(
            {
                "quarter": ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"][-world.rows :],
                "leads": [0, 1, 12345, 70, 61][-world.rows :],
                "q0": [np.nan, 0.0, 0.111, 0.06, 0.05][-world.rows :],
                "q1": [np.nan, 1.0, 0.2, 0.1, np.nan][-world.rows :],
                "q2": [np.nan, 1.0, 0.2, np.nan, np.nan][-world.rows :],
                "q3": [np.nan, 1.0, *[np.nan] * 3][-world.rows :],
            }
        ),
        reasons=pd.DataFrame({"reason": pd.Series(world.labels(), dtype="str"), **losses}),
        lost_to=pd.DataFrame({"competitor": pd.Series(world.labels(), dtype="str"), **losses}),
    )  # fmt: skip


def velocity(world: World) -> Kpi:
    now, then = [38.0, 0.56, float(31400 * world.times), 51.0], [44.0, 0.64, float(2660 * world.times), 64.0]
    logs = [np.log(a / b) for a, b in zip(now, then, strict=True)]
    logs[-1] = -logs[-1]
    change = Change("2025Q3", date(2025, 9, 30), float(450 * world.times), 10, None, None, "fact")
    factors = {
        "factor": ["opportunities", "deal_success", "average_deal_size", "cycle"], "now": now, "year_ago": then,
        "previous": then, "log_year_ago": logs, "log_previous": logs,
    }  # fmt: skip
    return kpi("deal_velocity", "money_per_day", float(5900 * world.times), year_ago=change, previous=change,
               factors=pd.DataFrame(factors))  # fmt: skip


def channels(world: World) -> Kpi:
    rows = {
        "segment": ["paid", "earned", "owned", "unassigned"], "verdict": ["cut", "invest", "hold", "too_little"],
        "leads": [240, 120_000, 88, 6], "deals": [6, 21, 12, 1], "rate": [0.025, 0.175, 0.136, np.nan],
        "revenue": world.money(7, 310.5, 180, 0), "spend": world.money(18, 100, 0.41, 0),
        "roi": [-0.6, 2.1, 438.0, np.nan],
    }  # fmt: skip
    return kpi("marketing_channels", "ratio", 0.4, verdicts=pd.DataFrame(rows).head(world.rows))


def quality(world: World) -> Kpi:
    times = 1 if world.times == 1 else 123.4
    scores = [None, None, 118.0, 116.0, None, 121.0, 101.0, 100.0][-world.rows :]
    history = {"quarter": ["2026Q3"] * len(scores), "score": [None if s is None else s * times for s in scores]}
    return kpi("quality_score", "score", 100 * times, cohort=CohortPosition(99.0 * times, 12), own_past=101.0 * times,
               history=pd.DataFrame(history))  # fmt: skip


def trend(world: World) -> Kpi:
    values = (None, 24.0, None, 25.0, 26.6, 28.0, 24.0, 31.4)[-world.rows :]
    scaled = tuple(None if value is None else value * float(world.times) for value in values)
    return kpi("average_deal_size", "money", scaled[-1], trend=scaled, target=Target(31 * world.times, 1.0))


def outlook(world: World, look: charts.Look) -> Any:
    low, median, high, target = (float(value) for value in world.money(240, 370, 520, 371))
    ahead = Outlook("2026Q4", median, low, high, target, 0.2)
    return charts.draw_outlook(ahead, [float(v) for v in world.money(300, 410, 280, 420, 380)[-world.rows :]], look)


def standings(world: World) -> list[charts.Standing]:
    names = [name or "blank" for name in world.labels()]
    values = world.money(10, 20, 30, 400, 0)
    growth = (0.1, -0.5, 5.0, -0.99, None)
    return [
        charts.Standing(name, value, change, 10.0 * at, (None, 1.0, 2.0) if at else ())
        for at, (name, value, change) in enumerate(zip(names, values, growth, strict=False))
    ]


CASES: dict[str, Callable[[World, charts.Look], Any]] = {
    "draw_bridge": lambda world, look: charts.draw_bridge(pipeline(world), look, competitor=world.labels()[0]),
    "draw_bridge_by_month": lambda world, look: charts.draw_bridge_by_month(pipeline(world), look),
    "draw_channels": lambda world, look: charts.draw_channels(channels(world), look),
    "draw_close_rate": lambda world, look: charts.draw_close_rate(
        rates(world, "close_rate", "channel", ("conversions", "leads")), look
    ),
    "draw_deal_sizes": lambda world, look: charts.draw_deal_sizes(deals(world), look),
    "draw_deal_success": lambda world, look: charts.draw_deal_success(
        rates(world, "deal_success", "product", ("won", "lost")), look
    ),
    "draw_deals_by_month": lambda world, look: charts.draw_deals_by_month(deal_count(world), look),
    "draw_loss_reasons": lambda world, look: charts.draw_loss_reasons(
        rates(world, "deal_success", "product", ("won", "lost")), look
    ),
    "draw_lost_to": lambda world, look: charts.draw_lost_to(
        rates(world, "deal_success", "product", ("won", "lost")), look
    ),
    "draw_maturity": lambda world, look: charts.draw_maturity(
        rates(world, "close_rate", "channel", ("conversions", "leads")), look
    ),
    "draw_outlook": outlook,
    "draw_pipeline_by_age": lambda world, look: charts.draw_pipeline_by_age(pipeline(world), look),
    "draw_pipeline_by_stage": lambda world, look: charts.draw_pipeline_by_stage(pipeline(world), look),
    "draw_quadrant": lambda world, look: charts.draw_quadrant(standings(world), look),
    "draw_quality_history": lambda world, look: charts.draw_quality_history(quality(world), look),
    "draw_ranking": lambda world, look: charts.draw_ranking(standings(world), look),
    "draw_trend": lambda world, look: charts.draw_trend(trend(world), look),
    "draw_velocity_factors": lambda world, look: charts.draw_velocity_factors(velocity(world), look),
}
WORLDS = {
    "plain": (World(), "en"),
    "long names": (World(names="long"), "en"),
    "Korean names": (World(names="korean"), "ko"),
    "huge": (World(times=Decimal(10**9)), "en"),
    "huge, Korean": (World(times=Decimal(10**9)), "ko"),
    "tiny": (World(times=Decimal("0.01")), "en"),
    "two rows": (World(rows=2), "ko"),
    "one row": (World(rows=1), "en"),
}
CURRENCIES = {"en": "USD", "ko": "KRW"}
# A single quarter is no trend.
TRENDS = {"draw_quality_history", "draw_trend"}


@pytest.fixture(scope="session")
def drawn(looks) -> Callable[[str, World, str], tuple[Any, Any]]:
    """Each chart in each world, drawn once: the chart, and the look that kept its canvas."""

    @cache
    def draw(name: str, world: World, language: str) -> tuple[Any, Any]:
        look = looks(language, CURRENCIES[language])
        return CASES[name](world, look), look

    return draw


every_chart = pytest.mark.parametrize("name", CASES)


def test_every_chart_is_in_the_cases():
    assert {name for name in charts.__all__ if name.startswith("draw_")} == CASES.keys()


@every_chart
@pytest.mark.parametrize(("world", "language"), WORLDS.values(), ids=WORLDS)
def test_no_text_is_cut_or_lies_on_another(name, world, language, drawn):
    chart, look = drawn(name, world, language)
    if world.rows == 1 and name in TRENDS:
        assert chart is None
        return
    canvas = look.drawn
    assert chart is not None
    for left, foot, right, head, text in canvas.boxes:
        assert left > -0.6, f"{text!r} is cut at the left"
        assert right < canvas.right + 0.6, f"{text!r} is cut at the right"
        assert foot > -0.6, f"{text!r} is cut at the foot"
        assert head < canvas.height + 0.6, f"{text!r} is cut at the head"
    for one, other in combinations(canvas.boxes, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        assert across <= 0 or down <= 0.8, f"{one[4]!r} lies on {other[4]!r}"


@every_chart
def test_bytes_repeat_and_parameters_are_restored(name, drawn, looks):
    before = dict(mpl.rcParams)
    again = CASES[name](World(), looks())
    assert again.svg == drawn(name, World(), "en")[0].svg
    assert dict(mpl.rcParams) == before


@every_chart
@pytest.mark.parametrize(("world", "language"), [WORLDS["long names"], WORLDS["Korean names"]], ids=["long", "Korean"])
def test_svg_is_lean_exact_and_alone(name, world, language, drawn):
    chart, look = drawn(name, world, language)
    root = ET.fromstring(chart.svg)
    millimetres = {"full": 178, "half": 86}[chart.width]
    assert float(root.get("width").removesuffix("pt")) == pytest.approx(millimetres * 72 / 25.4, abs=1e-4)
    assert float(root.get("height").removesuffix("pt")) == pytest.approx(look.drawn.height)
    assert chart.svg.startswith("<svg ")
    # texts stay texts, and nothing else of the page is touched or told
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == [text for *_, text in look.drawn.boxes]
    assert not re.search(r"<style|<metadata|<image|<!--|https?://(?!www\.w3\.org/(2000/svg|1999/xlink))", chart.svg)
    ids = re.findall(r' id="([^"]+)"', chart.svg)
    assert all(f"#{identity}" in chart.svg for identity in ids)
    assert "'Source Sans Pro', 'NanumGothic', sans-serif" in chart.svg


@every_chart
@pytest.mark.parametrize(("world", "language"), [WORLDS["plain"], WORLDS["Korean names"]], ids=["plain", "Korean"])
def test_texts_beside_the_picture_are_whole(name, world, language, drawn):
    chart, _ = drawn(name, world, language)
    data = chart.data()
    assert json.loads(json.dumps(data)) == data
    assert chart.title
    assert chart.subtitle
    assert chart.alt.endswith(".")
    assert not re.search(r"nan|None|\{|\}|Decimal|NaT", f"{chart.alt} {chart.title} {chart.subtitle} {chart.svg}")
    assert any(sign.isdigit() for sign in chart.alt)


@every_chart
def test_a_callers_message_is_the_title(name, looks, monkeypatch):
    draw = getattr(charts, name)
    monkeypatch.setattr(charts, name, lambda *given, **more: draw(*given, **{**more, "title": "Less came in."}))
    assert CASES[name](World(), looks()).title == "Less came in."


EMPTY = {
    **dict.fromkeys(sorted(CASES.keys() - {"draw_outlook", "draw_quadrant", "draw_ranking"}), "kpi"),
    "draw_outlook": "outlook", "draw_quadrant": "list", "draw_ranking": "list",
}  # fmt: skip


@every_chart
def test_without_data_there_is_no_chart(name, looks):
    draw = getattr(charts, name)
    given = {
        "kpi": (kpi("any", "money", None),),
        "list": ([],),
        "outlook": (Outlook("2026Q4", reason="too_few_quarters"), []),
    }[EMPTY[name]]
    assert draw(*given, looks()) is None


@pytest.mark.parametrize("name", [name for name, given in EMPTY.items() if given == "kpi"])
def test_frames_without_rows_give_no_chart(name, looks):
    full = [make(World()) for make in (pipeline, deals, deal_count, velocity, channels, quality)]
    full.append(rates(World(), "close_rate", "channel", ("conversions", "leads")))
    full.append(rates(World(), "deal_success", "product", ("won", "lost")))
    emptied = {
        name: companion.iloc[:0] if isinstance(companion, pd.DataFrame) else companion
        for one in full
        for name, companion in one.companions.items()
    }
    assert getattr(charts, name)(kpi("any", "money", None, **emptied), looks()) is None


@every_chart
def test_the_accent_is_the_brands(name, drawn, looks):
    look = looks()
    branded = type(look)(look.formats, Theme(accent="#7a0019"), look.quarter, look.as_of)
    ours, theirs = drawn(name, World(), "en")[0].svg, CASES[name](World(), branded).svg
    assert "#0b5cad" not in theirs
    assert ours != theirs or name in WITHOUT_ACCENT


# why opportunities were lost is told in the colour of losses alone
WITHOUT_ACCENT = {"draw_loss_reasons", "draw_lost_to"}
