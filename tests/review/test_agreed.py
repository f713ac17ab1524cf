from __future__ import annotations

from datetime import date
from typing import Any

from kpilib.parts import Action, Actions


def test_the_last_review_s_actions_and_older_open_ones_by_standing(make_review: Any) -> None:
    # A2 was due on 30 August; A5 is of an older review and not due yet; A4 is old and done; A6 is of this review.
    assert make_review().page_one.agreed == Actions(
        "What we agreed in the review of 2026\u00a0Q2",
        (
            Action("overdue", "overdue", "Certify two engineers", "S. Brandt", "30\u00a0Aug"),
            Action("open", "open", "Old and still open", "S. Brandt", "1\u00a0Dec"),
            Action("done", "done", "Demo centre in Kiel", "S. Brandt", "15\u00a0Aug"),
            Action("dropped", "dropped", "Trade fair Hannover", "S. Brandt", ""),
        ),
    )


def test_what_was_done_or_fell_due_later_is_open(make_review: Any) -> None:
    agreed = make_review(as_of=date(2026, 8, 11)).page_one.agreed
    assert {action.text: action.status for action in agreed.rows} == {
        "Certify two engineers": "open",
        "Demo centre in Kiel": "open",
        "Old and still open": "open",
        "Trade fair Hannover": "dropped",
    }


def test_nothing_agreed_is_said(make_review: Any) -> None:
    assert make_review({"actions": []}).page_one.agreed == Actions(
        "What we agreed", (), "No earlier review has agreed actions."
    )


def test_without_the_table_there_is_no_such_part_and_a_note_says_why(make_review: Any) -> None:
    page = make_review(without=("actions",)).page_one
    assert page.agreed is None
    assert "The data hold no actions; what rests on them is left out." in page.notes
