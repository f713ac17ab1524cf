"""The review as a whole: what its sections say of a few partners, in both languages, and that it adds up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kpilib.errors import RenderError, SettingsError
from kpilib.parts import Chart, Note, Section, Table
from kpilib.portfolio import Portfolio
from kpilib.portfolio.context import Context
from kpilib.portfolio.gathering import Gathering
from kpilib.portfolio.member import BRIDGE
from kpilib.portfolio.page_one import compose_page_one
from kpilib.portfolio.sections import describe_needs, describe_ranking, describe_targets, describe_versus
from kpilib.portfolio.tally import Tally
from kpilib.settings import Settings

NBSP = "\u00a0"
SECTIONS = ("ranking", "concentration", "needs", "growth", "low_success", "segments", "targets", "appendix")


@pytest.fixture(scope="module", params=["en", "ko"])
def either(request: pytest.FixtureRequest, forest: Settings, portfolio_of: Callable[..., Portfolio]) -> Portfolio:
    return portfolio_of(forest, language=request.param)


@pytest.fixture(scope="module")
def portfolio(forest: Settings, portfolio_of: Callable[..., Portfolio]) -> Portfolio:
    return portfolio_of(forest)


def plain(text: object) -> str:
    return str(text).replace(NBSP, " ")


def table(section: Section, place: int = 0) -> dict[str, tuple[str, ...]]:
    found = [part for part in section.parts if isinstance(part, Table)][place]
    return {plain(row.cells[0]): tuple(plain(cell) for cell in row.cells[1:]) for row in found.rows}


def test_every_part_shows_itself(either: Portfolio) -> None:
    parts: list[Any] = [either.page_one, *(getattr(either, name) for name in SECTIONS), either.versus()]
    for part in parts:
        bundle = part._repr_mimebundle_()
        assert bundle["application/vnd.kpilib.part+json"]["kind"] == part.kind
        assert "None" not in bundle["text/plain"]
        assert "nan" not in bundle["text/plain"].lower()
        assert "<b>" not in bundle["text/html"]
    assert len({part.data()["id"] for part in parts[1:]}) == len(parts) - 1


def test_no_text_of_the_korean_review_is_english(forest: Settings, portfolio_of: Callable[..., Portfolio]) -> None:
    korean = portfolio_of(forest, language="ko")
    known = "Alder & Sons|Birch <b>Ltd|Elm|North|South|gold|silver|Ana|Ben|USD|KPI|ROI|kpilib check|n ="
    names = re.compile(known)
    for name in SECTIONS:
        text = names.sub("", getattr(korean, name).text())
        assert not re.search(r"[A-Za-z]{4,}", re.sub(r"[0-9a-f]{12}", "", text)), name


def test_page_one_says_where_the_partners_stand(portfolio: Portfolio) -> None:
    """600 + 100.50 of 701: nearly on target. Four are active; P2 is at 50 %, P5 silent; P3 is new."""
    verdict = portfolio.page_one.verdict
    assert verdict.lead == "Together, the partners are nearly on target."
    assert plain(verdict.text) == (
        "3 deals brought 700 USD, 99.9 % of the targets of 701 USD. The amount is +81 % on 2025 Q3. "
        "2 partners of 4 need help. One partner of 2 brings half of the amount."
    )
    cards = {card.key: card for card in portfolio.page_one.cards}
    assert plain(cards["deal_count"].value) == "3"
    assert plain(cards["deal_success"].value + cards["deal_success"].unit) == "43% of 7 decided"
    assert plain(cards["opportunity_pipeline"].value + " " + cards["opportunity_pipeline"].unit) == "300 USD · 1 open"
    assert cards["deal_success"].status is None
    plan = portfolio.page_one.plan
    assert plan is not None
    assert [(item.text, plain(item.evidence), item.owner) for item in plan.items] == [
        ("Birch <b>Ltd", "Far below target: won amount 50 % and deal count 50 %", "Ben"),
        ("Elm", "No opportunity was worked in the quarter", "Ben"),
    ]


def test_the_bridges_add_up(portfolio: Portfolio) -> None:
    sums = {name: sum(one.bridge[name] for one in portfolio.members) for name in BRIDGE}
    gone = sums["won"] + sums["lost"] + sums["lost_to_competitor"]
    assert sums["opening"] + sums["created"] - gone + sums["revaluation"] == sums["closing"] == Decimal("300.25")


def test_tables_of_groups_reconcile_with_the_partners(portfolio: Portfolio) -> None:
    """Region and tier: the last row is the sum of the ones above it, and of the partners."""
    for place in (0, 1):
        rows = table(portfolio.segments, place)
        whole = rows.pop("all partners")
        assert whole[0] == str(sum(int(row[0]) for row in rows.values())) == "4"
        assert whole[3] == str(sum(int(row[3]) for row in rows.values())) == "3"
        # Won amounts are shown in whole units: 600 + 100.50 (to even: 100) + 0 of 700.50 (700).
        assert whole[1] == "700"
    channels = table(portfolio.segments, 2)
    assert channels["paid media"] == ("2", "1", "50.0 %", "200", "40", "+4.0")
    assert channels["all partners"] == ("4", "2", "50.0 %", "300", "50", "+5.0")
    total = sum((one.now for one in portfolio.members), Tally())
    assert total.sourced == 30050


def test_ranking(portfolio: Portfolio) -> None:
    """Mean deals 3 ÷ 3 = 1, mean amount 700.50 ÷ 3 = 233.50: P1 100 √(2 × 2.5696), P2 100 √(0.4304), P3 0."""
    section = portfolio.ranking
    assert plain(section.answer) == (
        "Alder & Sons leads with a quality score of 227. "
        "The median is 66; one partner lies above 100, the mean partner."
    )
    assert "Without work in the quarter, and so without a score: Elm." in section.small
    (chart,) = section.parts
    assert isinstance(chart, Chart)
    assert plain(chart.alt).endswith("Alder & Sons 227, Birch <b>Ltd 66 and 느티나무 0.")


def test_a_long_ranking_shows_everyone_in_charts_of_one_scale(
    member: Callable[..., Any], reading: Callable[..., Any]
) -> None:
    members = [
        member(f"P{place:02}", kpis={"quality_score": reading("quality_score", float(place))}) for place in range(1, 90)
    ]
    section = describe_ranking(context_of(*members))
    charts = [part for part in section.parts if isinstance(part, Chart)]
    assert len(charts) == 3
    shown = [name for chart in charts for name in re.findall(r"Partner P\d\d", chart.svg)]
    assert sorted(shown) == [f"Partner P{place:02}" for place in range(1, 90)]
    assert shown[0] == "Partner P89"


def context_of(*members: Any, as_of: str = "2026-09-30") -> Context:
    settings = {"currency": "USD", "fiscal_year_start": 1, "brand": {}, "paper": "a4", "channels": {},
                "status": {"act_below_target": 0.8, "good_from_target": 1.0}}  # fmt: skip
    content = {"version": 1, "quarter": "2026Q3", "as_of": as_of, "language": "en", "settings": settings, "absent": [],
               "members": [one.to_json() for one in members]}  # fmt: skip
    return Context(Gathering(content))


def test_growth_is_told_by_size(portfolio: Portfolio) -> None:
    """Only P1 won both now and a year ago; the median is its own amount."""
    assert plain(portfolio.growth.answer) == "1 partner of 1 won at least as much as a year ago."
    assert table(portfolio.growth) == {"Large, growing": ("1", "600 USD", "+100 %", "Alder & Sons")}
    assert "Left out, since nothing was won in one of the two quarters: Birch <b>Ltd, 느티나무 and Elm." in (
        portfolio.growth.small
    )


def test_needs_are_told_with_their_reasons(portfolio: Portfolio) -> None:
    assert table(portfolio.needs) == {
        "Birch <b>Ltd": ("Ben", "Far below target: deal count 50 %", "100 USD", "50 %"),
        "Elm": ("Ben", "No opportunity was worked in the quarter", "0 USD", "–"),
    }


def test_claims_are_told_with_now_then_and_n(member: Callable[..., Any], change: Callable[..., Any]) -> None:
    tests = (
        change("deal_count", 0.001, now=3, then=20),
        change(
            "close_rate", 0.002, now=0.031, then=0.125, n=96, quarter="2026Q2", as_of="2026-06-30",
            season_separated=False,
        ),
        change("cycle", 0.003, kpi="deal_velocity", now=81.4, then=40.0, n=7),
    )
    quarters = [Tally()] * 7 + [Tally(won=3, worked=9, cycle_days=9)]
    section = describe_needs(context_of(member("P1", quarters, name="Alder", tests=tests, overdue=2)))
    assert table(section)["Alder"][1] == (
        "3 deals, 20 in 2025 Q3; close rate 3.1 % of 96 leads, was 12.5 % in 2026 Q2 (season not separated); "
        "cycle 81 days, was 40 days in 2025 Q3 (7 deals); 2 agreed actions overdue"
    )


def test_a_few_improvements_are_a_sentence_many_a_table(member: Callable[..., Any], change: Callable[..., Any]) -> None:
    def improved(count: int) -> list[Any]:
        better = (change("deal_count", 0.0001, better=True, now=20, then=3),)
        quarters = [Tally()] * 7 + [Tally(won=20, worked=20, cycle_days=20)]
        return [member(f"P{place}", quarters, tests=better) for place in range(count)]

    few = describe_needs(context_of(*improved(2)))
    (note,) = [plain(part.text()) for part in few.parts if isinstance(part, Note)]
    assert note == (
        "Better than a year ago, beyond chance: Partner P0 (20 deals, 3 in 2025 Q3); "
        "Partner P1 (20 deals, 3 in 2025 Q3)."
    )
    many = describe_needs(context_of(*improved(7)))
    assert [len(part.rows) for part in many.parts if isinstance(part, Table)] == [7]


def test_targets_stand_in_three_bands(portfolio: Portfolio) -> None:
    assert table(portfolio.targets) == {
        "Target met (from 100 %)": ("1", "600", "500", "+100"),
        "Near (80 % to 100 %)": ("0", "0", "0", "0"),
        "Far below (under 80 %)": ("1", "100", "201", "−100"),
        "all partners": ("2", "700", "701", "0"),
    }
    assert "Without a target: 느티나무." in portfolio.targets.small


def test_before_the_quarters_end_targets_stand_beside_the_days(member: Callable[..., Any]) -> None:
    quarters = [Tally()] * 7 + [Tally(won=1, worked=1, amount=4000, cycle_days=9)]
    held = context_of(member("P1", quarters, target=Decimal(100)), as_of="2026-08-15")
    assert plain(describe_targets(held).answer) == (
        "Together 40 USD of 100 USD is won: 40 %. 50 % of the quarter has passed; no target is judged before its end."
    )
    assert compose_page_one(held).verdict.lead == "The quarter is under way."
    assert held.quarter_label("2025Q3", date(2025, 8, 15)).replace(NBSP, " ") == "2025 Q3 to 15 Aug"


def test_two_partners(portfolio: Portfolio) -> None:
    section = portfolio.versus("P2", "P1")
    assert section.question == "Birch <b>Ltd or Alder & Sons: what sets them apart?"
    rows = table(section)
    assert rows["Won amount"] == ("100 USD", "600 USD", "not tested")
    assert rows["Deal success"] == ("25 % of 4 decided", "67 % of 3 decided", "within chance")


def test_one_partner_alone(member: Callable[..., Any]) -> None:
    section = describe_versus(context_of(member("P1")))
    assert section.answer == "There is only one partner: nobody to compare it with."


def test_a_quarter_in_which_nobody_won(member: Callable[..., Any]) -> None:
    """Every section is a designed page."""
    alone = Portfolio(context_of(member("P1"), member("P2", in_cohort=False)).gathering)
    assert alone.page_one.verdict.lead == "No partner won a deal in this quarter."
    assert alone.ranking.answer == "No partner won a deal in this quarter."
    assert plain(alone.growth.answer) == "No partner won something both in this quarter and in 2025 Q3."
    assert alone.concentration.answer == "No partner won a deal in this quarter."
    assert alone.targets.answer == "No partner has a target for the won amount."
    for name in SECTIONS:
        assert "0.0 %" not in getattr(alone, name).text()


def test_a_chart_of_ones_own_needs_its_alternative_text(portfolio: Portfolio) -> None:
    from matplotlib.figure import Figure

    with pytest.raises(RenderError) as caught:
        portfolio.chart(Figure(), alt=" ", title="Mine")
    assert str(caught.value) == (
        "A chart without alt text cannot go into a pack. Say in it what the chart shows: "
        'portfolio.chart(figure, alt="…", title="…").'
    )
    assert portfolio.chart(Figure(figsize=(2, 1)), alt="Nothing.", title="Mine").svg.startswith("<svg")


# Opening


def test_from_the_workspace_above(forest: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(forest.root)
    opened = Portfolio.open("2026Q3")
    assert repr(opened) == "<Portfolio of 4 partners, 2026Q3, as of 2026-09-30>"
    assert Portfolio.open("2026-Q3", as_of="2026-08-15", language="ko").gathering.as_of == date(2026, 8, 15)


def test_from_the_file_beside_the_notebook(
    portfolio: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, without any settings; it must be the one that is asked for."""
    (tmp_path / "portfolio.json").write_bytes(portfolio.gathering.to_bytes())
    monkeypatch.chdir(tmp_path)
    assert Portfolio.open("2026Q3", as_of="2026-12-01").gathering.fingerprint == portfolio.gathering.fingerprint
    with pytest.raises(SettingsError) as caught:
        Portfolio.open("2026Q2", language="ko")
    assert str(caught.value) == (
        "The portfolio.json in this folder is not the one that is asked for: quarter = '2026Q2', language = 'ko'. "
        "Open the notebook in a workspace, or remove the file."
    )


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"quarter": 2026},
            (
                "quarter = 2026 is of type int, not text. Parameters are text: write it in quotation marks, "
                "or with papermill `-r quarter …`."
            ),
        ),
        ({"quarter": "2026Q3", "language": "kr"}, "language = 'kr' has no catalogue: there are en, ko."),
        (
            {"quarter": "2026Q3", "as_of": "30.9.2026"},
            "as_of = '30.9.2026' is not a date. Write it like 2026-09-30, or leave it empty.",
        ),
    ],
)
def test_a_parameter_that_cannot_be_used(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Portfolio.open(**parameters)
    assert str(caught.value) == message
