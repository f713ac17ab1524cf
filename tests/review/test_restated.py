from __future__ import annotations

from typing import Any


def issued(**kpis: Any) -> dict[str, Any]:
    """The kpis.json of 2026 Q2 as it was issued: 15 deals of 20,000, 10 lost of 10,000."""
    held = {"deal_count": (15, 15), "average_deal_size": (20000.00, 15), "deal_success": (0.6, 25), **kpis}
    return {
        "partner_id": "P001",
        "quarter": "2026Q2",
        "as_of": "2026-06-30",
        "currency": "USD",
        "fingerprint": "0" * 64,
        "kpis": {key: {"value": value, "n": n} for key, (value, n) in held.items()},
    }


def test_what_was_issued_and_stands_is_not_mentioned(make_review: Any) -> None:
    assert make_review(issued=issued()).restated is None
    assert make_review().restated is None


def test_a_difference_that_no_reader_can_see_is_none(make_review: Any) -> None:
    assert make_review(issued=issued(average_deal_size=(20000.004, 15))).restated is None


def test_value_then_value_now_and_why(make_review: Any) -> None:
    changed = issued(deal_count=(14, 14), average_deal_size=(21000.0, 15), quality_score=(90, 15), close_rate=(None, 0))
    section = make_review(issued=changed).restated
    assert section.question == "What changed in last quarter's figures since they were issued?"
    assert section.answer.replace("\u00a0", " ") == "4 figures of 2026 Q2 differ from the pack as it was issued."
    (table,) = section.parts
    assert [tuple(str(cell).replace("\u00a0", " ") for cell in row.cells) for row in table.rows] == [
        ("Average deal size", "21 k USD", "20 k USD", "rows were added or corrected since"),
        ("Deal count", "14", "15", "14 rows counted then, 15 now"),
        ("Close rate", "–", "24 %", "0 rows counted then, 25 now"),
        ("Quality score", "90", "130", "figures of the other partners changed"),
    ]


def test_a_running_quarter_restates_nothing(make_review: Any) -> None:
    from datetime import date

    # its comparison reads the quarter before at the same day, not at its end
    assert make_review(issued=issued(deal_count=(14, 14)), as_of=date(2026, 8, 15)).restated is None


def test_in_korean(make_review: Any) -> None:
    section = make_review(issued=issued(deal_count=(14, 14)), language="ko").restated
    assert section.answer == "2026년\u00a02분기 수치 1개가 발행된 팩과 다릅니다."
    assert section.parts[0].rows[0].cells == ("계약 건수", "14", "15", "당시 14건, 현재 15건")
