from __future__ import annotations

from typing import Any

import pytest

import kpilib
from kpilib.contract.reasons import REASONS
from kpilib.language import Words, languages
from kpilib.parts import Table


def test_thresholds_are_those_of_the_settings(make_review: Any) -> None:
    review = make_review()
    settings = {**review.slice.content["settings"], "status": {"act_below_target": 0.75, "good_from_target": 1.05}}
    text = make_review(settings=settings).appendix.text().replace("\u00a0", " ")
    assert "Status: act below 75 % of the target" in text
    assert "good from 105 % of the target on" in text


def test_on_what_the_pack_stands(make_review: Any) -> None:
    review = make_review(exported_later=True)
    mark = review.slice.fingerprint[:8]
    assert [line.replace("\u00a0", " ") for line in review.appendix.small[-3:]] == [
        "Rows read for this pack: opportunities 183, leads 100, spend 8, targets 2 and actions 6.",
        "The data hold no stage history and exchange rates.",
        f"As of 30 September 2026; slice {mark[:4]} {mark[4:]}; kpilib {kpilib.__version__}.",
    ]
    assert "The data were exported after 30 September 2026; whatever is dated later is left out." in (
        review.appendix.text().replace("\u00a0", " ")
    )


def test_rows_that_were_not_taken_as_they_came(make_review: Any) -> None:
    quality = [
        {"table": "opportunities", "action": "warned", "reason": "amount_blank", "rows": 22},
        {"table": "opportunities", "action": "rejected", "reason": "negative_amount", "rows": 3},
        {"table": "leads", "action": "repaired", "reason": "lead_other_partner", "rows": 1},
        {"table": "opportunities", "action": "rejected", "reason": "not_a_date", "rows": 1200},
    ]
    (table,) = [part for part in make_review(quality=quality).appendix.parts if isinstance(part, Table)]
    assert [row.cells for row in table.rows] == [
        ("leads", "repaired", "1", "a lead's opportunity is not this partner's: link dropped (1)"),
        ("opportunities", "left out", "1,203", "a date that cannot be read (1,200), a negative amount (3)"),
        ("opportunities", "kept, with a doubt", "22", "no amount: counted, worth 0 (22)"),
    ]


def test_when_all_were_it_says_so(make_review: Any) -> None:
    assert "All rows of this partner were taken as they came." in make_review().appendix.text()


@pytest.mark.parametrize("language", languages())
def test_every_reason_of_the_contract_has_its_words(language: str) -> None:
    words = Words(language)
    assert [code for code in REASONS if not words.has(f"quality_note.reason.{code}")] == []
