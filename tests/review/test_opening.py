"""Where a review's slice comes from, and what is said when a parameter cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kpilib.errors import KpilibError, PartnerError, QuarterError, SettingsError
from kpilib.review import Review
from kpilib.settings import Settings

TABLES = {
    "partners": """
        partner_id | name       | locale
        00123      | Nordlicht  | en
        P2         | 한빛시스템즈 | ko
    """,
    "opportunities": """
        opportunity_id | partner_id | created_on | closed_on  | outcome | amount
        O1             | 00123      | 2026-07-01 | 2026-07-16 | won     | 200
        O2             | 00123      | 2026-07-02 | 2026-07-16 | won     | 400
        O3             | P2         | 2026-07-02 |            | open    | 1000
    """,
}


@pytest.fixture
def in_workspace(workspace: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = workspace(**TABLES)
    inner = settings.root / "notebooks"
    inner.mkdir()
    monkeypatch.chdir(inner)
    return settings


def test_out_of_the_nearest_workspace(in_workspace: Settings) -> None:
    review = Review.open("00123", "2026-Q3")
    assert repr(review) == "<Review of 00123, 2026Q3, as of 2026-09-30>"
    # the article's example: two deals, 200 and 400
    assert (review.average_deal_size.value, review.deal_count.value) == (300, 2)
    assert Review.open("00123", "2026Q3", as_of="2026-08-15").slice.as_of.isoformat() == "2026-08-15"
    assert Review.open("P2", "2026Q3").page_one.masthead.kicker == "파트너 리뷰 · 2026년\u00a03분기"
    assert Review.open("P2", "2026Q3", language="en").page_one.masthead.kicker == "Partner review · 2026\u00a0Q3"
    assert Review.open("00123", "2026Q3", audience="internal").slice.audience == "internal"


def test_with_the_comment_and_what_was_issued(in_workspace: Settings) -> None:
    comment = in_workspace.root / "comments" / "2026Q3" / "00123.md"
    comment.parent.mkdir(parents=True)
    comment.write_text("\ufeffWell **done**.\n", encoding="utf-8")
    issued = in_workspace.reports / "issued" / "2026Q2" / "00123" / "kpis.json"
    issued.parent.mkdir(parents=True)
    issued.write_text(json.dumps({"partner_id": "00123", "quarter": "2026Q2", "as_of": "2026-06-30", "kpis": {}}))
    content = Review.open("00123", "2026Q3").slice.content
    assert content["comment"] == "Well **done**."
    assert content["issued"]["quarter"] == "2026Q2"
    assert Review.open("P2", "2026Q3").slice.content["comment"] is None

    issued.write_text("{}")
    with pytest.raises(SettingsError) as caught:
        Review.open("00123", "2026Q3")
    assert str(caught.value) == (
        "reports/issued/2026Q2/00123/kpis.json does not hold the figures issued to 00123 for 2026Q2. "
        "Put the kpis.json of that pack there, or remove the file."
    )
    issued.unlink()
    comment.write_bytes("Glückwunsch".encode("cp1252"))
    with pytest.raises(SettingsError) as caught:
        Review.open("00123", "2026Q3")
    assert str(caught.value) == "The comment comments/2026Q3/00123.md is not UTF-8 text. Save it as UTF-8."


def test_the_slice_beside_the_notebook_goes_first(in_workspace: Settings, tmp_path: Path, monkeypatch: Any) -> None:
    alone = Review.open("00123", "2026Q3")
    folder = tmp_path / "alone"
    folder.mkdir()
    (folder / "slice.json").write_bytes(alone.slice.to_bytes())
    monkeypatch.chdir(folder)
    review = Review.open("00123", "FY2026Q3", as_of="2026-10-15", language="en")
    assert review.slice.fingerprint == alone.slice.fingerprint
    with pytest.raises(SettingsError) as caught:
        Review.open("P2", "2026Q3", audience="internal")
    assert str(caught.value) == (
        "The slice.json in this folder is not the one that is asked for: partner = 'P2', audience = 'internal'. "
        "Open the notebook in a workspace, or remove the file."
    )


NUMBER = (
    "partner = 123 is of type int, not text. Parameters are text: write it in quotation marks, or with papermill "
    '`-r partner 00123` ("-p" turns 00123 into a number).'
)
NOTHING = (
    "language = None is of type NoneType, not text. Parameters are text: write it in quotation marks, or with "
    'papermill `-r language ko` ("-p" turns 00123 into a number).'
)
WRONG: list[tuple[dict[str, Any], type[KpilibError], str]] = [
    ({"partner": 123}, SettingsError, NUMBER),
    ({"language": None}, SettingsError, NOTHING),
    (
        {"audience": "partners"},
        SettingsError,
        "audience = 'partners' is neither partner nor internal. Did you mean: partner?",
    ),
    ({"language": "kr"}, SettingsError, "language = 'kr' has no catalogue: there are en, ko."),
    (
        {"as_of": "30.9.2026"},
        SettingsError,
        "as_of = '30.9.2026' is not a date. Write it like 2026-09-30, or leave it empty.",
    ),
    ({"quarter": "Q3"}, QuarterError, "'Q3' is not a quarter. Write it like 2026Q3 or FY2026Q3."),
    ({"partner": "0123"}, PartnerError, "No partner '0123' in the table partners. Did you mean: 00123?"),
]


@pytest.mark.parametrize(("parameters", "kind", "message"), WRONG, ids=[next(iter(row[0])) for row in WRONG])
def test_a_parameter_that_cannot_be_used(
    in_workspace: Settings, parameters: dict[str, Any], kind: type[KpilibError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        Review.open(**{"partner": "00123", "quarter": "2026Q3", **parameters})
    assert str(caught.value) == message


def test_without_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError) as caught:
        Review.open("P001", "2026Q3")
    assert str(caught.value).startswith(f"No kpilib.toml in {tmp_path} or above. Start in your workspace")
