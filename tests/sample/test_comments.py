"""The comments that come with the sample speak of what its figures are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

COMMENTS = Path(__file__).parents[2] / "comments" / "2026Q3"


def read(partner_id: str) -> str:
    return (COMMENTS / f"{partner_id}.md").read_text(encoding="utf-8")


def decided(good: SimpleNamespace, partner_id: str) -> SimpleNamespace:
    rows = good.opportunities[(good.opportunities.partner_id == partner_id) & (good.opportunities.quarter == "2026Q3")]
    return SimpleNamespace(won=rows[rows.outcome == "won"], lost=rows[rows.outcome == "lost"])


def test_the_rich_partner_missed_its_amount_and_lost_nine_to_kestrion(good: SimpleNamespace) -> None:
    now = decided(good, "P001")
    target = good.targets[(good.targets.partner_id == "P001") & (good.targets.quarter == "2026Q3")]
    assert now.won.dollars.sum() < target.set_index("metric").value["won_amount"]
    assert (now.lost.lost_to == "Kestrion").sum() == 9
    assert "nine customers chose Kestrion" in read("P001")


def test_the_losing_partner_lost_most_to_kestrion_for_four_quarters(good: SimpleNamespace) -> None:
    lost = good.opportunities[(good.opportunities.partner_id == "P004") & (good.opportunities.outcome == "lost")]
    share = (lost.lost_to == "Kestrion").groupby(lost.quarter).mean()
    assert (share[["2025Q4", "2026Q1", "2026Q2", "2026Q3"]] > 0.5).all()
    assert share["2025Q3"] < 0.5
    assert "the fourth quarter" in read("P004")


def test_the_korean_partner_won_eight_of_nine_and_has_eleven_open(good: SimpleNamespace) -> None:
    now = decided(good, "P011")
    counts = [(rows["product"] == "Core Platform").sum() for rows in (now.won, now.lost)]
    assert counts == [8, 1]
    open_ = good.opportunities[(good.opportunities.partner_id == "P011") & (good.opportunities.outcome == "open")]
    assert len(open_) == 11
    assert "열한 건" in read("P011")


@pytest.mark.parametrize("partner_id", ["P001", "P004", "P011"])
def test_a_comment_addresses_the_contact_and_names_no_other_partner(good: SimpleNamespace, partner_id: str) -> None:
    text = read(partner_id)
    partners = good.partners.set_index("partner_id")
    first_name = partners.contact_name[partner_id].split()[0]
    assert text.startswith(first_name)
    assert not [name for name in partners.name if name in text]


@pytest.mark.parametrize(
    ("partner_id", "action", "owner", "status", "said"),
    [
        ("P001", "Call every new lead within one working day", "Amelia Achterberg", "open", "still open since August"),
        ("P004", "Ask three customers lost to Kestrion", "Maren Yamada", "dropped", "drop in August"),
        ("P011", "수치가 담긴 고객 사례 1건 게시", "이서준", "open", "11월로 잡아 둔 고객 사례"),
        ("P011", "향후 두 분기의 갱신 대상 목록 공유", "Yuna Seo", "open", "제가 맡은 갱신 대상 목록"),
    ],
)
def test_what_a_comment_says_of_an_action_is_so(
    good: SimpleNamespace, partner_id: str, action: str, owner: str, status: str, said: str
) -> None:
    actions = good.actions[(good.actions.partner_id == partner_id) & (good.actions.quarter == "2026Q2")]
    row = actions[actions.text.str.startswith(action)].iloc[0]
    assert (row.owner, row.status) == (owner, status)
    assert (row.due_on[5:7] == "11") == ("11월" in said)
    assert said in read(partner_id)
