"""What was agreed in earlier reviews, and what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from kpilib.parts import Action, Actions
from kpilib.quarter import Quarter
from kpilib.review.context import Context

__all__ = ["agreed_actions", "count_overdue"]

Standing = Literal["done", "open", "overdue", "dropped"]


def agreed_actions(context: Context) -> Actions | None:
    """Return the last review's actions and the older ones that are still open; None without such a table."""
    if not context.slice.has("actions"):
        return None
    words = context.words
    frame = context.slice.frame("actions")
    rows = [dict(zip(frame.columns, values, strict=True)) for values in frame.itertuples(index=False, name=None)]
    for row in rows:
        row["review"] = Quarter.parse(row["quarter"], context.quarter.first_month)
    rows = [row for row in rows if row["review"] < context.quarter]
    if not rows:
        return Actions(words("page_one.agreed"), (), words("page_one.nothing_agreed"))
    last = max(row["review"] for row in rows)
    shown = [row for row in rows if row["review"] == last or _standing(row, context.as_of) in {"open", "overdue"}]
    order = ["overdue", "open", "done", "dropped"]
    shown.sort(key=lambda row: (order.index(_standing(row, context.as_of)), str(row["due_on"]), row["action_id"]))
    title = words("page_one.agreed_in", quarter=context.formats.quarter(last))
    return Actions(title, tuple(_action(row, context) for row in shown))


def count_overdue(context: Context) -> int:
    """Return how many of the shown actions are overdue."""
    agreed = agreed_actions(context)
    return 0 if agreed is None else sum(action.status == "overdue" for action in agreed.rows)


def _action(row: dict[str, Any], context: Context) -> Action:
    standing = _standing(row, context.as_of)
    due = _day(row["due_on"])
    due_text = ""
    if due is not None:
        due_text = context.formats.short_date(due) if due.year == context.as_of.year else context.formats.date(due)
    owner = "" if _blank(row["owner"]) else row["owner"]
    return Action(standing, context.words(f"action.{standing}"), row["text"], owner, due_text)


def _standing(row: dict[str, Any], day: date) -> Standing:
    """Return an action's standing as of a day: done only if it was done by then, overdue if open past its date."""
    done, due = _day(row["done_on"]), _day(row["due_on"])
    if row["status"] == "dropped":
        return "dropped"
    if row["status"] == "done" and done is not None and done <= day:
        return "done"
    return "overdue" if due is not None and due < day else "open"


def _day(value: Any) -> date | None:
    return None if _blank(value) else value.date()


def _blank(value: Any) -> bool:
    return value is None or bool(value != value)  # noqa: PLR0124 - pandas' NaT and NaN are not themselves
