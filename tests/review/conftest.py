"""Reviews of made-up partners, from rows made by hand; and texts kept in files."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kpilib.contract.tables import TABLES
from kpilib.quarter import Quarter
from kpilib.review import Review
from kpilib.slice import Slice

Rows = list[dict[str, Any]]
MakeReview = Callable[..., Review]

GOLDEN = Path(__file__).parent / "golden"
WRITE = os.environ.get("KPILIB_GOLDEN") == "write"
NOW = Quarter(2026, 3)

# Deals by quarter, 2024Q4 to 2026Q2, all of one size; the quarter itself is drawn below.
DEALS_BEFORE = {"2024Q4": 11, "2025Q1": 9, "2025Q2": 12, "2025Q3": 13, "2025Q4": 10, "2026Q1": 12, "2026Q2": 15}


def opportunity(key: str, outcome: str, created: date, closed: date | None, amount: str, **more: Any) -> dict[str, Any]:
    return {
        "opportunity_id": key,
        "partner_id": "P001",
        "created_on": created.isoformat(),
        "closed_on": None if closed is None else closed.isoformat(),
        "outcome": outcome,
        "amount": amount,
        "stage": "Offer" if outcome == "open" else None,
        "product": "Core" if len(key) % 2 else "Cloud",
        "rep": "Okafor" if key[-1] in "02468" else "Brandt",
        **more,
    }


def nordlicht() -> dict[str, Rows]:
    """A partner with two years behind it.

    In 2026 Q3: 14 deals, of 120,000, 100,000 and twelve of 18,000 (436,000 in all); 11 lost of 10,000, five of them
    to Veld GmbH; 6 open of 50,000. Each took 50 days. Paid search: 60 leads in the year, 6 of them deals (all in the
    quarters before), 90,000 spent; referral: 40 leads, 20 deals, 4,000 spent.
    """
    rows: Rows = []
    for name, count in DEALS_BEFORE.items():
        start = Quarter.parse(name).start
        for number in range(count):
            closed = start + timedelta(days=5 + 5 * number)
            rows.append(opportunity(f"{name}-W{number:02d}", "won", closed - timedelta(days=50), closed, "20000"))
        for number in range(10):
            closed = start + timedelta(days=7 + 7 * number)
            rows.append(opportunity(f"{name}-L{number:02d}", "lost", closed - timedelta(days=50), closed, "10000"))
    for number, amount in enumerate(["120000", "100000", *["18000"] * 12]):
        closed = NOW.start + timedelta(days=4 + 6 * number)
        rows.append(opportunity(f"2026Q3-W{number:02d}", "won", closed - timedelta(days=50), closed, amount))
    for number in range(11):
        closed = NOW.start + timedelta(days=3 + 7 * number)
        why = {"lost_reason": "Price" if number < 7 else "Timing", "lost_to": "Veld GmbH" if number < 5 else None}
        rows.append(opportunity(f"2026Q3-L{number:02d}", "lost", closed - timedelta(days=50), closed, "10000", **why))
    for number in range(6):
        rows.append(opportunity(f"2026Q3-O{number:02d}", "open", NOW.end - timedelta(days=10 + number), None, "50000"))
    return {
        "opportunities": rows,
        "leads": leads(),
        "spend": spend(),
        "stages": [{"stage": "Offer", "order": 1.0, "probability": 0.4}],
        "targets": [
            {"partner_id": "P001", "quarter": "2026Q3", "metric": "won_amount", "value": "423000"},
            {"partner_id": "P001", "quarter": "2026Q4", "metric": "won_amount", "value": "500000"},
        ],
        "actions": [
            action("A1", "2026Q2", "Demo centre in Kiel", "done", due="2026-08-15", done="2026-08-12"),
            action("A2", "2026Q2", "Certify two engineers", "open", due="2026-08-30"),
            action("A3", "2026Q2", "Trade fair Hannover", "dropped"),
            action("A4", "2026Q1", "Old and done", "done", due="2026-05-01", done="2026-05-02"),
            action("A5", "2026Q1", "Old and still open", "open", due="2026-12-01"),
            action("A6", "2026Q3", "Agreed after this review", "open"),
        ],
    }


def leads() -> Rows:
    rows: Rows = []
    for channel, segment, count, deals in (("Paid search", "paid", 60, 6), ("Referral", "earned", 40, 20)):
        for number in range(count):
            quarter = ("2025Q4", "2026Q1", "2026Q2", "2026Q3")[number % 4]
            won = number // 4 if number % 4 == 2 else None
            linked = None
            if won is not None and won < deals and won < 10:
                linked = f"2026Q2-W{won:02d}" if segment == "paid" else f"2026Q3-W{won:02d}"
            rows.append(
                {
                    "lead_id": f"{segment}-{number:02d}",
                    "partner_id": "P001",
                    "created_on": (Quarter.parse(quarter).start + timedelta(days=number // 4)).isoformat(),
                    "channel": channel,
                    "segment": segment,
                    "opportunity_id": linked,
                }
            )
    return rows


def spend() -> Rows:
    months = [date(2025, 10, 1), date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)]
    amounts = {"Paid search": "60000", "Referral": "1000"}
    return [
        {"partner_id": "P001", "channel": channel, "month": month.isoformat(), "amount": amount}
        for month in months
        for channel, amount in amounts.items()
    ]


def action(key: str, quarter: str, text: str, status: str, due: str | None = None, done: str | None = None) -> Any:
    return {
        "action_id": key, "partner_id": "P001", "quarter": quarter, "text": text, "owner": "S. Brandt",
        "due_on": due, "status": status, "done_on": done,
    }  # fmt: skip


def cohort(**medians: float | None) -> dict[str, Any]:
    """The figures of others: medians as given (None: too few others), scores of 100, 101… to 131 now."""
    scores = {str(NOW.shift(-back)): 131 - back for back in range(9)}
    return {
        "medians": {
            key: {"median": None, "others": None, "reason": "too_few"}
            if median is None
            else {"median": median, "others": 12, "reason": None}
            for key, median in medians.items()
        },
        "scores": [
            {"quarter": name, "as_of": Quarter.parse(name).end.isoformat(), "score": score}
            for name, score in scores.items()
        ],
        "deal_success": 0.5,
        "prior": None,
    }


MEDIANS = {
    "average_deal_size": 26000.0, "deal_count": 11.0, "opportunity_pipeline": 340000.0, "marketing_channels": 1.2,
    "close_rate": 0.098, "deal_velocity": 4100.0, "quality_score": 74.0, "deal_success": 0.48,
}  # fmt: skip


def make_slice(
    tables: dict[str, Rows],
    *,
    as_of: date = NOW.end,
    language: str = "en",
    audience: str = "partner",
    currency: str = "USD",
    medians: dict[str, float | None] | None = None,
    cohort_scores: str = "",
    **more: Any,
) -> Slice:
    columns = {}
    absent = []
    for name, table in TABLES.items():
        if name == "partners":
            continue
        if name not in tables:
            absent.append(name)
            continue
        rows = tables[name]
        named = {key for row in rows for key in row} | {column.name for column in table.columns if column.required}
        columns[name] = {key: [row.get(key) for row in rows] for key in sorted(named)}
        absent += [f"{name}.{column}" for column in table.names if column not in named]
    content = {
        "version": 1,
        "partner": {
            "partner_id": "P001", "name": "Nordlicht Systems", "tier": "Gold", "region": "North",
            "manager": "Mara Lindqvist",
        },
        "quarter": str(NOW),
        "as_of": as_of.isoformat(),
        "exported_later": False,
        "audience": audience,
        "language": language,
        "settings": {
            "currency": currency,
            "fiscal_year_start": 1,
            "channels": {},
            "status": {"act_below_target": 0.8, "good_from_target": 1.0},
            "brand": {},
            "paper": "a4",
        },
        "tables": columns,
        "absent": absent,
        "quality": [],
        "cohort": cohort(**(MEDIANS if medians is None else medians)),
        "comment": None,
        "issued": None,
        **more,
    }  # fmt: skip
    if cohort_scores == "none":
        content["cohort"]["scores"] = [{**score, "score": None} for score in content["cohort"]["scores"]]
    return Slice(content)


@pytest.fixture(scope="session")
def make_review() -> MakeReview:
    """Make the review of Nordlicht, with other tables or without some: ``make_review({"leads": []}, without=(…))``."""

    def make(tables: dict[str, Rows] | None = None, *, without: tuple[str, ...] = (), **more: Any) -> Review:
        held = {**nordlicht(), **(tables or {})}
        return Review(make_slice({name: rows for name, rows in held.items() if name not in without}, **more))

    return make


@pytest.fixture(scope="session")
def nordlicht_review(make_review: MakeReview) -> Review:
    return make_review()


@pytest.fixture(scope="session")
def make_opportunity() -> Callable[..., dict[str, Any]]:
    return opportunity


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Hold a text against the file of that name; KPILIB_GOLDEN=write writes it."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        text = text.replace("\u00a0", " ") + "\n"
        if WRITE:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check
