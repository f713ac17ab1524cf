"""A KPI of the workspace's own and notebooks of its own, through a whole build."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from kpilib.build.plan import plan_packs
from kpilib.build.round import Round
from kpilib.build.run import build_packs
from kpilib.errors import SettingsError
from kpilib.kpis import document, evaluate
from kpilib.portfolio import Portfolio
from kpilib.portfolio.gathering import Gathering, gather
from kpilib.review import Review
from kpilib.settings import load_settings

EXAMPLE = Path(__file__).parents[2] / "data" / "examples" / "certified_staff" / "kpis"
STAFF = """\
partner_id,valid_from,valid_until,person,certificate
P1,2025-01-01,,A. Berg,
P1,2025-01-01,,B. Holt,
P1,2025-06-01,,A. Berg,Sales
P3,2025-01-01,,C. Weiss,
"""


ANSWER_DAYS = """\
from kpilib.kpis import Definition, Measure, register

def measure(facts, period):
    days = {"P1": 10, "P2": 4, "P3": 0}[facts.slice.partner_id]
    return Measure(days, 1)

register(Definition(
    key="answer_days", unit="count", better="lower", formula="f", numerator="n", window="w", empty="never", why="w?",
    measure=measure,
    texts={"en": {"name": "Days to an answer", "question": "q?", "formula": "f.", "n": "{count}"}},
))
"""


def open_round(root: Path) -> Round:
    return Round.open(load_settings(root / "kpilib.toml"))


def reasons(root: Path) -> dict[str, tuple[str, ...]]:
    around = open_round(root)
    return {each.pack.partner_id: each.reasons for each in plan_packs(around, around.partners())}


def test_a_target_for_a_kpi_of_ones_own(workspace: Path) -> None:
    """P1's 50 % are 83 % of the 60 % that were agreed; where there is no such KPI, the target is rejected."""
    targets = "partner_id,quarter,metric,value\nP1,2026Q3,Certified_Staff,0.6\nP1,2026Q3,certified_stuff,0.6\n"
    (workspace / "data" / "targets.csv").write_text(targets)
    (workspace / "kpilib.toml").write_text('[source]\npath = "data"\nmax_rejected_share = 1\n')
    rejected = {"rejected": {"unknown_metric": 2}}
    assert open_round(workspace).store.report.tables["targets"].reasons == rejected
    shutil.copytree(EXAMPLE, workspace / "kpis")
    (workspace / "kpis" / "certified_staff.csv").write_text(STAFF)
    around = open_round(workspace)
    assert around.store.report.tables["targets"].reasons == {"rejected": {"unknown_metric": 1}}
    review = Review(around.cut("P1"))
    kpi = review.kpis["certified_staff"]
    assert kpi.target is not None
    assert (kpi.target.value, round(kpi.target.attainment or 0, 4)) == (Decimal("0.6"), 0.8333)
    assert (kpi.status.key, kpi.status.because) == ("watch", "near_target")
    card = next(card for card in review.page_one.cards if card.key == "certified_staff")
    assert card.target is not None
    assert (card.target.text, card.target.reached) == ("83\u00a0% of 60\u00a0%", False)
    assert document(review.slice, review.kpis)["kpis"]["certified_staff"]["target"]["attainment"] == pytest.approx(
        0.8333, abs=1e-4
    )


def test_the_channel_teams_portfolio_has_them_too(workspace: Path) -> None:
    """P1 reaches 83 % of what was agreed, P3 none of 50 %; P2 has named nobody. P4 has left, but worked."""
    rows = ["partner_id,quarter,metric,value", "P1,2026Q3,certified_staff,0.6", "P3,2026Q3,certified_staff,0.5"]
    (workspace / "data" / "targets.csv").write_text("\n".join(rows))
    with (workspace / "data" / "opportunities.csv").open("a", encoding="utf-8") as stream:
        stream.write("O6,P3,2025-01-04,2025-02-01,lost,10.00,USD,Closed\n")  # who is new is not judged
    shutil.copytree(EXAMPLE, workspace / "kpis")
    (workspace / "kpis" / "certified_staff.csv").write_text(STAFF)
    around = open_round(workspace)
    read = gather(around.store, around.cohort, around.settings, quarter=around.quarter, as_of=around.as_of)
    assert read is not None
    portfolio = Portfolio(Gathering.from_bytes(read.to_bytes()))
    assert portfolio.own is not None
    (table,) = portfolio.own.parts
    assert [column.label for column in table.columns] == ["Partner", "Certified staff"]
    assert [row.cells for row in table.rows] == [
        ("Alder & Sons", "50\u00a0% (83\u00a0% of 60\u00a0%)"),
        ("Birch <b>Ltd</b>", "–"),
        ("Gone Away", "–"),
        ("느티나무", "0\u00a0% (0\u00a0% of 50\u00a0%)"),
    ]
    own = portfolio.kpis.query("kpi == 'certified_staff'").set_index("partner_id")
    assert own["value"].dropna().to_dict() == {"P1": 0.5, "P3": 0.0}
    assert "Certified staff" in str(portfolio.needs.data())
    shutil.rmtree(workspace / "kpis")
    (workspace / "data" / "targets.csv").unlink()
    around = open_round(workspace)
    without = gather(around.store, around.cohort, around.settings, quarter=around.quarter, as_of=around.as_of)
    assert without is not None
    assert Portfolio(without).own is None


def test_where_less_is_better_half_the_target_is_twice_as_much(workspace: Path) -> None:
    """10 days where 5 were agreed are 50 % of the target, 4 days are 125 %, and none cannot be said."""
    targets = (
        "partner_id,quarter,metric,value\nP1,2026Q3,answer_days,5\nP2,2026Q3,answer_days,5\nP3,2026Q3,answer_days,5\n"
    )
    (workspace / "data" / "targets.csv").write_text(targets)
    (workspace / "kpis").mkdir()
    (workspace / "kpis" / "answer_days.py").write_text(ANSWER_DAYS)
    around = open_round(workspace)
    found = {name: evaluate(around.cut(name))["answer_days"] for name in ("P1", "P2", "P3")}
    assert [kpi.target and kpi.target.attainment for kpi in found.values()] == [0.5, 1.25, None]
    assert [kpi.status.because for kpi in found.values()] == ["far_below_target", "target_met", "not_worse"]


def test_a_kpi_of_ones_own_is_in_all_that_a_build_makes(workspace: Path, notebook: Callable[..., None]) -> None:
    """One of P1's two people is certified: 50 %. The kernel has the slice alone, in an empty folder."""
    shutil.copytree(EXAMPLE, workspace / "kpis")
    (workspace / "kpis" / "certified_staff.csv").write_text(STAFF)
    notebook(
        workspace / "notebooks" / "partner_review.ipynb",
        "import os\nassert os.listdir() == ['slice.json']",
        "from kpilib import Review\nreview = Review.open(partner, quarter, audience=audience, language=language)",
        "review.page_one",
        "review.own",
    )
    around = open_round(workspace)
    outcome = build_packs(around, around.partners(["P1", "P3"]), jobs=1)
    assert [(str(pack), str(error)) for pack, error in outcome.failed] == []
    quarter = workspace / "reports" / "2026Q3"
    kpi = json.loads((quarter / "P1" / "kpis.json").read_text())["kpis"]["certified_staff"]
    assert (kpi["value"], kpi["n"], kpi["companions"]["certified"]) == (0.5, 2, 1)
    page = (quarter / "P1" / "review.html").read_text(encoding="utf-8")
    assert "Does the partner have the people to sell and to deliver?" in page
    assert "People by certificate: Sales 1." in page
    assert page.count('class="kp-card"') == 9
    assert "인증 인력" in (quarter / "P3" / "review.html").read_text(encoding="utf-8")
    index = (quarter / "index.html").read_text(encoding="utf-8")
    assert "Certified staff" in index
    (sheet, *_) = openpyxl.load_workbook(BytesIO((quarter / "kpis.xlsx").read_bytes()))
    head, *rows = sheet.iter_rows(values_only=True)
    assert dict(zip(head, rows[0], strict=True))["Certified staff"] == 0.5

    assert reasons(workspace) == {"P1": (), "P2": ("new",), "P3": ()}
    # Another partner's people are none of P1's business.
    (workspace / "kpis" / "certified_staff.csv").write_text(STAFF + "P3,2025-01-01,,D. Nair,\n")
    assert reasons(workspace) == {"P1": (), "P2": ("new",), "P3": ("own KPIs changed",)}
    code = workspace / "kpis" / "certified_staff.py"
    code.write_text(code.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert reasons(workspace)["P1"] == ("own KPIs changed",)


def test_each_partner_has_the_notebook_of_its_own_or_its_tier(workspace: Path, notebook: Callable[..., None]) -> None:
    """P1 and P3 are gold, P2 silver; P3 has one of its own."""
    settings = workspace / "kpilib.toml"
    plain = settings.read_text()
    settings.write_text(
        f'{plain}[packs.tiers]\nSilver = "notebooks/digest.ipynb"\n[packs.partners]\nP3 = "notebooks/special.ipynb"\n'
    )
    for name in ("partner_review", "digest", "special"):
        notebook(workspace / "notebooks" / f"{name}.ipynb", f"print('this is the {name}')")
    around = open_round(workspace)
    assert {name: around.notebook_of(name).name for name in around.partners()} == {
        "P1": "partner_review.ipynb", "P2": "digest.ipynb", "P3": "special.ipynb",
    }  # fmt: skip
    outcome = build_packs(around, ["P2"], jobs=1)
    assert [str(error) for _, error in outcome.failed] == []
    assert "this is the digest" in (workspace / "reports" / "2026Q3" / "P2" / "review.ipynb").read_text()
    assert reasons(workspace)["P2"] == ()
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    assert reasons(workspace)["P2"] == ()
    notebook(workspace / "notebooks" / "digest.ipynb", "partner")
    assert reasons(workspace)["P2"] == ("notebook changed",)
    settings.write_text(plain)
    assert reasons(workspace)["P2"] == ("notebook changed",)


def test_a_kpi_that_cannot_be_used_stops_before_anything_is_made(workspace: Path) -> None:
    (workspace / "kpis").mkdir()
    (workspace / "kpis" / "staff.py").write_text("import\n")
    with pytest.raises(SettingsError) as caught:
        open_round(workspace)
    assert str(caught.value) == "kpis/staff.py cannot be used: invalid syntax (line 1)."


def test_notebooks_for_partners_and_tiers_that_there_are_not(workspace: Path) -> None:
    with (workspace / "kpilib.toml").open("a") as settings:
        settings.write('[packs.tiers]\nsliver = "a.ipynb"\nplatinum = "b.ipynb"\n[packs.partners]\nP1x = "c.ipynb"\n')
    with pytest.raises(SettingsError) as caught:
        open_round(workspace)
    assert str(caught.value) == (
        "The notebooks of kpilib.toml cannot be given to partners:\n"
        "  [packs.partners] P1x: no such partner in the table partners. Did you mean: P1?\n"
        "  [packs.tiers] sliver: no partner has this tier. Did you mean: silver?"
    )


def test_a_missing_notebook_is_named_in_the_plan(workspace: Path) -> None:
    with (workspace / "kpilib.toml").open("a") as settings:
        settings.write('[packs.tiers]\nsilver = "notebooks/none.ipynb"\n')
    with pytest.raises(SettingsError) as caught:
        reasons(workspace)
    assert str(caught.value) == (
        f"The notebook {workspace / 'notebooks' / 'none.ipynb'} cannot be read: No such file or directory. "
        "Name one with --notebook, or in [packs] notebook."
    )
