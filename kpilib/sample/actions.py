"""The actions that the last reviews agreed: some done, some dropped, some open, some of these overdue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np

from kpilib.sample.files import Ids, Table, Texts
from kpilib.sample.profiles import Profile
from kpilib.sample.span import Span
from kpilib.sample.stories import working_days

__all__ = ["actions_table"]

_COLUMNS = ("partner_id", "quarter", "text", "owner", "due_on", "status", "done_on")

_ANY = (
    "Agree a close plan with the buyer for each of the five largest open opportunities",
    "Call every new lead within one working day and write down the outcome",
    "Close or re-date every opportunity that has not moved for 90 days",
    "Name a reference customer for each product and bring one into every negotiation",
    "Train two reps to demonstrate Analytics without our help",
    "Run a joint webinar on Integration Hub for existing customers",
    "Offer Premium Support with every Core Platform quote",
    "Review the reasons of the last ten losses together",
    "Send the list of renewals due in the next two quarters",
    "Publish one customer story with numbers in it",
)
_KOREAN = (
    "진행 중인 상위 5개 기회에 대해 고객과 계약 일정 합의",
    "신규 리드는 영업일 1일 이내에 연락하고 결과 기록",
    "90일 이상 움직임이 없는 기회 정리 또는 일정 재조정",
    "제품별 레퍼런스 고객을 정하고 협상 단계마다 활용",
    "담당자 2명이 Analytics를 직접 시연할 수 있도록 교육",
    "기존 고객 대상 Integration Hub 공동 웨비나 개최",
    "Core Platform 견적마다 Premium Support 함께 제안",
    "최근 실주 10건의 원인 공동 검토",
    "향후 두 분기의 갱신 대상 목록 공유",
    "수치가 담긴 고객 사례 1건 게시",
)
_OF_STORY = {
    "growing": ("Hire one more rep before the busy season",),
    "stalling": ("Hold ten first meetings a month with companies that are not yet customers",),
    "losing": (
        "Use the Kestrion battle card before every proposal goes out",
        "Ask three customers lost to Kestrion what decided it",
    ),
    "burning_paid": (
        "Halve the budget of Paid social until its leads convert",
        "Check each paid campaign's landing page for the right product",
    ),
    "empty_quarter": ("Visit each customer whose decision has been put off",),
    "two_large_deals": ("Open four mid-size opportunities beside the two large ones",),
    "blank_amounts": ("Enter an amount for every open opportunity",),
    "weak": ("Ask for budget and decision maker before a first demonstration",),
}
# How the actions of the last review, the one before and the one before that stand: a partner's take turns.
_STAND = (
    ("done", "late", "open", "done", "dropped", "open", "late", "done", "open"),
    ("done", "done", "late", "done", "dropped"),
    ("done", "done", "dropped", "done"),
)


def actions_table(
    profiles: Sequence[Profile], span: Span, ids: Callable[[str, int], Ids], rng: np.random.Generator
) -> Table:
    """Return the actions of the three reviews before the one that the sample is about.

    ``ids`` gives so many ids of a prefix.
    """
    rows = [row for profile in profiles for row in _actions(profile, span, rng)]
    columns = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
    texts = {name: Texts(values) for name, values in zip(_COLUMNS, columns, strict=True)}
    return Table({"action_id": ids("A", len(rows)), **texts}, len(rows))


def _actions(profile: Profile, span: Span, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    first, last = working_days(profile, span)
    pool = [*_OF_STORY.get(profile.persona, ()), *_shuffled(_KOREAN if profile.locale == "ko" else _ANY, rng)]
    last_review = span.quarter.shift(-1)
    for back, count in ((0, 4 if profile.tier != "Silver" else 3), (1, 3), (2, 2)):
        quarter = last_review.shift(-back)
        held = quarter.end + timedelta(days=int(rng.integers(10, 18)))
        if first > quarter.start.toordinal() or last < held.toordinal():
            continue
        for turn in range(count):
            text = pool.pop(0)
            turns = _STAND[back]
            ends = turns[(profile.place * 4 + turn + back) % len(turns)]
            yield (
                profile.partner_id,
                str(quarter),
                text,
                _owner(profile, turn),
                *_stand(ends, held, span, rng),
            )


def _shuffled(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [texts[place] for place in rng.permutation(len(texts))]


def _owner(profile: Profile, turn: int) -> str:
    """Return who does it: the contact, a rep, or, now and then, our channel manager."""
    people = (profile.contact_name, profile.reps[0], profile.manager, profile.reps[-1])
    return people[turn % len(people)]


def _stand(ends: str, held: date, span: Span, rng: np.random.Generator) -> tuple[str, str, str]:
    """Return due date, status and date of completion."""
    within = (span.until - held).days
    if ends == "open":
        # Due after the review that this pack is for.
        return (span.until + timedelta(days=int(rng.integers(9, 60)))).isoformat(), "open", ""
    due = held + timedelta(days=int(rng.integers(21, max(min(within - 7, 75), 22))))
    if ends == "done":
        done = min(due + timedelta(days=int(rng.integers(-18, 8))), span.until)
        return due.isoformat(), "done", done.isoformat()
    return due.isoformat(), "dropped" if ends == "dropped" else "open", ""
