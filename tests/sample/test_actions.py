from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

TODAY = "2026-09-30"


def test_actions_are_those_of_the_three_reviews_before(good: SimpleNamespace) -> None:
    assert set(good.actions.quarter) == {"2025Q4", "2026Q1", "2026Q2"}
    counts = good.actions[good.actions.quarter == "2026Q2"].groupby("partner_id").size()
    assert set(counts) == {3, 4}
    assert set(counts.index) == set(good.partners.partner_id) - {"P007", "P010"}  # the new one and the one that left


def test_some_are_done_some_dropped_some_open_and_some_of_these_overdue(good: SimpleNamespace) -> None:
    last = good.actions[good.actions.quarter == "2026Q2"]
    overdue = (last.status == "open") & (last.due_on < TODAY)
    assert set(last.status) == {"open", "done", "dropped"}
    assert 0.1 < overdue.mean() < 0.4
    assert ((last.status == "open") & (last.due_on > TODAY)).mean() > 0.2
    mine = last[last.partner_id == "P001"]
    assert {"open", "done"} == set(mine.status)
    assert ((mine.status == "open") & (mine.due_on < TODAY)).any()


def test_only_what_is_done_has_a_day_on_which_it_was(good: SimpleNamespace) -> None:
    done = good.actions.status == "done"
    assert (done == (good.actions.done_on != "")).all()
    assert good.actions[done].done_on.max() <= TODAY
    assert (good.actions.due_on != "").all()


def test_no_partner_agrees_the_same_twice(good: SimpleNamespace) -> None:
    assert not good.actions.duplicated(["partner_id", "text"]).any()


def test_an_action_is_owned_by_the_partner_or_its_channel_manager(good: SimpleNamespace) -> None:
    known = pd.concat(
        [
            good.partners[["partner_id", "contact_name"]].set_axis(["partner_id", "owner"], axis=1),
            good.partners[["partner_id", "manager"]].set_axis(["partner_id", "owner"], axis=1),
            good.opportunities[["partner_id", "rep"]].set_axis(["partner_id", "owner"], axis=1),
        ]
    ).drop_duplicates()
    assert len(good.actions.merge(known, on=["partner_id", "owner"])) == len(good.actions)
