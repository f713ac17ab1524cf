"""The pipeline's bridge: what the bars show and the texts say.

Money of the quarter, with the counts below::

    opening  created   won   lost  to a competitor  revaluation  closing
      752     +590    −440   −150       −140             0         612
       27      +22     −14     −6         −5                        24
"""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from kpilib.charts import draw_bridge, draw_bridge_by_month


def row(month="2026-07-01", **changes):
    values = {"opening": 752, "created": 590, "won": 440, "lost": 150, "lost_to_competitor": 140, "revaluation": 0,
              "closing": 612, **changes}  # fmt: skip
    counts = {"opening": 27, "created": 22, "won": 14, "lost": 6, "lost_to_competitor": 5, "closing": 24}
    return {
        "month": pd.Timestamp(month),
        **{name: Decimal(value) * 1000 for name, value in values.items()},
        **{f"{name}_count": count for name, count in counts.items()},
    }


@pytest.fixture
def bridge(kpi):
    return lambda *rows: kpi(
        "opportunity_pipeline", "money", Decimal(612_000), bridge_quarter=list(rows), bridge=list(rows)
    )


def test_bars_stand_on_each_other_and_lead_from_opening_to_closing(bridge, look, said):
    chart = draw_bridge(bridge(row()), look, title="Less came in than went out")
    feet_and_heights = [(foot, height) for _, foot, _, height in look.bars()]
    assert feet_and_heights == [
        (0, 752_000), (752_000, 590_000), (1_342_000, -440_000), (902_000, -150_000), (752_000, -140_000), (0, 612_000),
    ]  # fmt: skip
    assert look.texts[:6] == ["752", "+590", "−440", "−150", "−140", "612"]
    assert look.texts[6:] == [
        "open on 1 Jul", "27", "created", "22", "won", "14", "lost", "6", "lost to a competitor", "5",
        "open on 30 Sept", "24",
    ]  # fmt: skip
    assert chart.title == "Less came in than went out"
    assert chart.subtitle.replace("\u00a0", " ") == "open opportunities, k USD, with their number below · 2026 Q3"
    assert chart.width == "full"
    assert said(chart) == (
        "Waterfall chart of the pipeline. On 1 July 2026 752 k USD in 27 opportunities were open. In the quarter: "
        "590 k USD in 22 opportunities created, 440 k USD in 14 opportunities won, 150 k USD in 6 opportunities lost "
        "and 140 k USD in 5 opportunities lost to a competitor. On 30 September 2026 612 k USD in 24 opportunities "
        "were open."
    )


def test_a_label_stands_above_the_middle_of_its_bar(bridge, look):
    draw_bridge(bridge(row()), look)
    panel = look.axes[0]
    for place, (label, head) in enumerate([("752", 752_000), ("+590", 1_342_000), ("−440", 1_342_000)]):
        x, y = panel.transData.transform((place, head))
        assert look.place(label)[0] == pytest.approx(x, abs=0.1)
        assert 0 < look.place(label)[1] - y < 8


def test_without_competitor_and_revaluation_there_is_no_step_for_them(bridge, look):
    draw_bridge(bridge(row(lost_to_competitor=0, closing=752)), look)
    assert len(look.bars()) == 5
    assert "lost to a competitor" not in look.texts


def test_a_revaluation_is_a_step_where_there_is_one(bridge, look, said):
    chart = draw_bridge(bridge(row(revaluation=-2, closing=610)), look)
    assert look.bars()[5][1::2] == (612_000, -2000)
    assert "−2 k USD by revaluation" in said(chart)
    assert "revaluation" in look.texts


def test_a_competitor_is_named_where_the_caller_names_one(bridge, look, said):
    chart = draw_bridge(bridge(row()), look, competitor="Veld GmbH")
    assert "lost to Veld GmbH" in look.texts
    assert said(chart).endswith("The competitor is Veld GmbH.")


def test_counts_lead_where_amounts_say_little(bridge, look):
    chart = draw_bridge(bridge(row()), look, measure="count")
    assert [height for *_, height in look.bars()] == [27, 22, -14, -6, -5, 24]
    assert look.texts[:6] == ["27", "+22", "−14", "−6", "−5", "24"]
    assert "752 k USD" in look.texts
    assert chart.subtitle.startswith("number of open opportunities")


def test_months_follow_each_other_in_one_row(bridge, look, said):
    july = row(created=100, won=50, lost=0, lost_to_competitor=0, closing=802)
    august = row("2026-08-01", opening=802, created=0, won=0, lost=0, lost_to_competitor=2, closing=800)
    chart = draw_bridge_by_month(bridge(august, july), look)
    assert [(foot, height) for _, foot, _, height in look.bars()] == [
        (0, 752_000), (752_000, 100_000), (852_000, -50_000), (802_000, 0), (802_000, 0), (0, 802_000),
        (802_000, 0), (802_000, 0), (802_000, 0), (802_000, -2000), (0, 800_000),
    ]  # fmt: skip
    assert [text for text in look.texts if text in {"July", "August"}] == ["July", "August"]
    assert chart.subtitle.replace("\u00a0", " ") == "open opportunities, k USD · 2026 Q3"
    assert {"1 Jul", "31 Jul", "31 Aug", "to rival"} <= set(look.texts)
    assert said(chart) == (
        "Waterfall chart of the pipeline, month by month. "
        "Jul 2026: opening 752 k USD in 27 opportunities; 100 k USD in 22 opportunities created, 50 k USD in 14 "
        "opportunities won, 0 USD in 6 opportunities lost and 0 USD in 5 opportunities lost to a competitor; closing "
        "802 k USD in 24 opportunities. "
        "Aug 2026: opening 802 k USD in 27 opportunities; 0 USD in 22 opportunities created, 0 USD in 14 "
        "opportunities won, 0 USD in 6 opportunities lost and 2 k USD in 5 opportunities lost to a competitor; closing "
        "800 k USD in 24 opportunities."
    )


def test_korean(bridge, looks, said):
    look = looks("ko", "KRW")
    chart = draw_bridge(bridge(row()), look, competitor="한빛")
    assert "한빛으로 실주" in look.texts
    assert said(chart) == (
        "파이프라인 폭포 차트. 2026년 7월 1일 진행 중인 영업 기회는 75.2만 원(27건)이었습니다. 분기 중 변화: "
        "신규 59만 원(22건), 수주 44만 원(14건), 실주 15만 원(6건), 경쟁사에 실주 14만 원(5건). 2026년 9월 30일 "
        "진행 중인 영업 기회는 61.2만 원(24건)입니다. 경쟁사: 한빛."
    )
