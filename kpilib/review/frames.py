"""The slice's rows as tidy frames for an analyst: one row a thing, plain units, every column documented.

Money is a float in major units of the reporting currency, as of the review's day; a rate of conversion is already
applied. These frames are for looking and plotting; the KPIs are computed from exact amounts elsewhere.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilib.facts import Facts
from kpilib.quarter import Quarter
from kpilib.slice import Slice

__all__ = ["tidy_actions", "tidy_leads", "tidy_opportunities", "tidy_spend", "tidy_targets"]

_ABOUT = ["rep", "product", "region", "channel", "lost_reason", "lost_to"]


def tidy_opportunities(slice_: Slice, facts: Facts) -> pd.DataFrame:
    """Return one row per opportunity."""
    frame = slice_.frame("opportunities").sort_values("opportunity_id", kind="stable", ignore_index=True)
    rows = np.arange(len(facts.opportunity_ids))
    still_open = frame["outcome"] == "open"
    closed_on = frame["closed_on"].mask(still_open)
    until = closed_on.fillna(pd.Timestamp(slice_.as_of))
    return pd.DataFrame(
        {
            "opportunity_id": frame["opportunity_id"],
            "created_on": frame["created_on"],
            "created_quarter": _quarters(frame["created_on"], slice_),
            "closed_on": closed_on,
            "closed_quarter": _quarters(closed_on, slice_),
            "outcome": frame["outcome"],
            "stage": pd.Series(facts.stages(rows, slice_.as_of), dtype="str"),
            "amount": _major(facts, facts.amounts(rows, slice_.as_of)),
            "days": (until - frame["created_on"]).dt.days,
            **{name: frame[name] for name in _ABOUT},
        }
    )


def tidy_leads(slice_: Slice, facts: Facts) -> pd.DataFrame:
    """Return one row per lead."""
    frame = slice_.frame("leads").sort_values("lead_id", kind="stable", ignore_index=True)
    leads = np.arange(len(facts.lead_ids))
    return pd.DataFrame(
        {
            "lead_id": frame["lead_id"],
            "created_on": frame["created_on"],
            "created_quarter": _quarters(frame["created_on"], slice_),
            "channel": frame["channel"],
            "segment": pd.Series(facts.lead_segments, dtype="str"),
            "region": frame["region"],
            "opportunity_id": frame["opportunity_id"],
            "won": facts.converted(leads, slice_.as_of),
        }
    )


def tidy_spend(slice_: Slice, facts: Facts) -> pd.DataFrame:
    """Return one row per channel and month."""
    frame = slice_.frame("spend").sort_values(["month", "channel"], kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "month": frame["month"],
            "quarter": _quarters(frame["month"], slice_),
            "channel": frame["channel"],
            "segment": pd.Series(facts.spend_segments, dtype="str"),
            "amount": _major(facts, facts.spend_amounts),
        }
    )


def tidy_targets(slice_: Slice) -> pd.DataFrame:
    """Return one row per quarter and metric."""
    frame = slice_.frame("targets").sort_values(["quarter", "metric"], kind="stable", ignore_index=True)
    return frame[["quarter", "metric", "value"]].astype({"value": "float64"})


def tidy_actions(slice_: Slice) -> pd.DataFrame:
    """Return one row per agreed action."""
    frame = slice_.frame("actions").sort_values(["quarter", "action_id"], kind="stable", ignore_index=True)
    overdue = (frame["status"] == "open") & (frame["due_on"] < pd.Timestamp(slice_.as_of))
    return frame[["action_id", "quarter", "text", "owner", "due_on", "status", "done_on"]].assign(overdue=overdue)


def _quarters(days: pd.Series[pd.Timestamp], slice_: Slice) -> pd.Series[str]:
    """Return the fiscal quarters of some days as text; missing where there is no day."""
    first_month = slice_.quarter.first_month
    names = {day: str(Quarter.containing(day.date(), first_month)) for day in days.dropna().unique()}
    return days.map(names).astype("str")


def _major(facts: Facts, minors: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pd.Series[float]:
    return pd.Series([float(facts.money(int(minor))) for minor in minors], dtype="float64")
