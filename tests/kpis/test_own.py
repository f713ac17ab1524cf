"""KPIs of one's own: a file's text becomes a definition, is measured like the eight, and says where it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpilib.errors import SettingsError
from kpilib.kpis import KPIS, document, evaluate, to_json
from kpilib.kpis.own import load_definition, texts_of
from kpilib.slice import Slice

EXAMPLE = Path(__file__).parents[2] / "data" / "examples" / "certified_staff" / "kpis" / "certified_staff.py"
PLAIN = '''
from kpilib.kpis import Definition, Measure, register

def measure(facts, period):
    {body}

register(Definition(
    key="{key}", unit="{unit}", formula="f", numerator="n", window="w", empty="e", why="y", measure=measure,
    texts={{"en": {{"name": "Own", "question": "How?", "formula": "f.", "n": "{{count}}"}}}},
))
'''
MakeSlice = Callable[..., Slice]


def plain(body: str = "return Measure(1, 1)", key: str = "own", unit: str = "count") -> str:
    return PLAIN.format(body=body, key=key, unit=unit)


def with_kpi(slice_: Slice, key: str, code: str, *rows: dict[str, str]) -> Slice:
    return Slice({**slice_.content, "kpis": {key: {"code": code, "rows": list(rows)}}})


def row(person: str, valid_from: str, certificate: str = "", valid_until: str = "") -> dict[str, str]:
    return {
        "partner_id": "P001", "valid_from": valid_from, "valid_until": valid_until, "person": person,
        "certificate": certificate,
    }  # fmt: skip


def test_the_documented_example(make_slice: MakeSlice, opportunity: Callable[..., dict[str, Any]]) -> None:
    """Four people; on 30 September two certificates are valid: 2 of 4 are certified.

    ======  ==========  ===========  =====================
    person  named from  certificate  valid
    ======  ==========  ===========  =====================
    A       2025-01-01  Sales        2026-01-01 to …
    B       2025-01-01  Services     2026-09-30 to 09-30
    C       2025-01-01  Sales        2024-10-01 to 2026-09-29: over
    D       2026-07-01  none
    ======  ==========  ===========  =====================

    On 30 September 2025 A, B and C were named, and C certified: 1 of 3.
    """
    rows = [
        row("A", "2025-01-01"), row("B", "2025-01-01"), row("C", "2025-01-01"), row("D", "2026-07-01"),
        row("A", "2026-01-01", "Sales"), row("B", "2026-09-30", "Services", "2026-09-30"),
        row("C", "2024-10-01", "Sales", "2026-09-29"),
    ]  # fmt: skip
    slice_ = make_slice({"opportunities": [opportunity("O", "won", "2025-01-01", "2025-02-01", "1")]})
    slice_ = with_kpi(slice_, "certified_staff", EXAMPLE.read_text(encoding="utf-8"), *rows)
    kpis = evaluate(slice_)
    assert list(kpis) == [*KPIS, "certified_staff"]
    kpi = kpis["certified_staff"]
    assert (kpi.value, kpi.n, kpi.companions["certified"]) == (0.5, 4, 2)
    assert kpi.companions["by_certificate"].values.tolist() == [["Sales", 1], ["Services", 1]]
    assert kpi.year_ago is not None
    assert (kpi.year_ago.value, kpi.year_ago.n, kpi.year_ago.claim) == (1 / 3, 3, "fact")
    assert (kpi.cohort, kpi.status.key) == (None, "good")
    held = document(slice_, kpis)["kpis"]["certified_staff"]
    assert (held["value"], held["n"], held["companions"]["certified"]) == (0.5, 4, 2)
    assert '"certificate": "Sales"' in to_json(held)


def test_the_example_without_people_is_undefined(make_slice: MakeSlice) -> None:
    kpi = evaluate(with_kpi(make_slice(), "certified_staff", EXAMPLE.read_text(encoding="utf-8")))["certified_staff"]
    assert (kpi.value, kpi.n, kpi.reason, kpi.status.key) == (None, 0, "no_staff", "none")


def test_loading_leaves_the_registry_alone_and_the_eight_as_they_are(make_slice: MakeSlice) -> None:
    before = list(KPIS)
    found = evaluate(with_kpi(make_slice(), "own", plain()))
    assert list(KPIS) == before
    assert to_json(document(make_slice(), {key: found[key] for key in before})) == to_json(
        document(make_slice(), evaluate(make_slice()))
    )


def test_texts_fall_back_to_english_one_by_one() -> None:
    code = EXAMPLE.read_text(encoding="utf-8").replace('"name": "인증 인력",', "")
    definition = load_definition("certified_staff", code)
    texts = texts_of({"certified_staff": definition}, "ko")
    assert texts["kpi.certified_staff.name"] == "Certified staff"
    assert texts["kpi.certified_staff.chart"] == "유효한 인증"
    assert texts["card.n.certified_staff"] == {"other": "{count}명 중"}
    assert texts["reason.no_staff"] == "등록된 인력이 없습니다."
    assert texts_of({"certified_staff": definition}, "xx")["reason.no_staff"] == "No people are named."


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def x(:\n", "kpis/own.py cannot be used: invalid syntax (line 1)."),
        ("\n\nimport nothing_here\n",
         "kpis/own.py cannot be used: ModuleNotFoundError: No module named 'nothing_here' (line 3)."),
        ("x = 1\n",
         ("kpis/own.py registers none. A file registers one KPI, and is called like its key: "
         'register(Definition(key="own", ...)).')),
        (plain(key="other"),
         ("kpis/own.py registers other. A file registers one KPI, and is called like its key: "
         'register(Definition(key="own", ...)).')),
        (plain(key="deal_count"),
         ("kpis/own.py cannot be used: The KPI 'deal_count' cannot be registered: another one has this key. Choose a "
         "key of its own (line 7).")),
        (plain(unit="rates"),
         ("kpis/own.py: unit = 'rates' is none of money, count, rate, ratio, score, money_per_day. "
         "Did you mean: rate?")),
        (plain().replace('"question": "How?", ', ""),
         ('kpis/own.py lacks texts: question. Give them in the definition: texts={"en": {"name": "…", '
         '"question": "…?", "formula": "…", "n": {"one": "{count} …", "other": "{count} …"}}}.')),
    ],
)  # fmt: skip
def test_files_that_define_no_kpi(code: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_definition("own", code)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("body", "unit", "message"),
    [
        ("return Measure(1 / 0, 1)", "ratio",
         "P001 2026Q3: kpis/own.py failed: ZeroDivisionError: division by zero (line 5)."),
        ("return Measure(None, 0)", "count",
         ('kpis/own.py: an undefined value needs a reason, Measure(None, 0, "no_deals"), and the reason a text: '
         'texts["en"]["reasons"]. Found None.')),
        ("return Measure(None, 0, 'too_bad')", "count",
         ('kpis/own.py: an undefined value needs a reason, Measure(None, 0, "no_deals"), and the reason a text: '
         "texts[\"en\"][\"reasons\"]. Found 'too_bad'.")),
        ("return Measure(float('nan'), 0)", "rate", "kpis/own.py: the value nan is no number."),
        ("return Measure(1.5, 2.0)", "ratio",
         "kpis/own.py: n = 2.0 is no whole number: write int(...), it counts what the value stands on."),
        ("return Measure(1.5, 1)", "money",
         "kpis/own.py: the value 1.5 is money and no Decimal. Return facts.money(minor_units), or a Decimal."),
    ],
)  # fmt: skip
def test_measures_that_no_pack_can_show(make_slice: MakeSlice, body: str, unit: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        evaluate(with_kpi(make_slice(), "own", plain(body, unit=unit)))
    assert str(caught.value) == message


def test_a_sum_of_numpy_will_do(make_slice: MakeSlice) -> None:
    body = "import numpy as np; total = np.array([1, 2]).sum(); return Measure(total, total)"
    kpi = evaluate(with_kpi(make_slice(), "own", plain(body, unit="count")))["own"]
    assert (kpi.value, type(kpi.value), type(kpi.n)) == (3, int, int)


def test_a_reason_of_the_eight_will_do(make_slice: MakeSlice) -> None:
    found = evaluate(with_kpi(make_slice(), "own", plain("return Measure(None, 0, 'no_deals')")))
    assert found["own"].reason == "no_deals"
