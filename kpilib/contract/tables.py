"""The tables of the contract: their columns, in order, with kind and need.

This is the one place that names them; schemas, slices, documentation and sample data follow it. What a row
must satisfy beyond its columns' kinds lies in the other files of this package.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["TABLES", "Column", "Kind", "Table"]

Kind = Literal["text", "date", "decimal", "number", "flag", "quarter"]


@dataclass(frozen=True)
class Column:
    """One column: its name, its kind, whether a table must have it, and what it means.

    ``digits``: how many digits of a decimal are kept after the point; a value with more is rejected, never
    rounded. ``share``: whether ``25 %`` may stand for 0.25.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    about: str = ""
    digits: int = 18
    share: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its name, its columns, and the columns that identify a row.

    ``derived``: columns that no source has; the contract makes them out of the others.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False
    about: str = ""
    derived: tuple[Column, ...] = ()

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.stored if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns of an accepted row: those of the source, then the derived ones."""
        return self.columns + self.derived


def _need(name: str, kind: Kind = "text", choices: tuple[str, ...] = (), about: str = "") -> Column:
    return Column(name, kind, required=True, choices=choices, about=about)


def _may(name: str, kind: Kind = "text", choices: tuple[str, ...] = (), about: str = "") -> Column:
    return Column(name, kind, choices=choices, about=about)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "partners",
            (
                _need("partner_id"),
                _need("name"),
                _may("tier"),
                _may("region"),
                _may("locale", about="language of the pack: en, ko, or one of your own"),
                _may("contact_name"),
                _may("contact_email", about="one address or more, ; between"),
                _may("manager", about="the channel manager"),
                _may("active", "flag", about="whether the partner gets a pack; default true"),
            ),
            key=("partner_id",),
            required=True,
            about="the channel partners",
        ),
        Table(
            "opportunities",
            (
                _need("opportunity_id"),
                _need("partner_id"),
                _need("created_on", "date"),
                _may("closed_on", "date", about="required when won or lost; of an open row it is only expected"),
                _need("outcome", choices=("open", "won", "lost")),
                _may("stage"),
                _need("amount", "decimal", about="may be blank while open or lost: counted, worth 0"),
                _may("currency", about="blank: the reporting currency"),
                _may("rep"),
                _may("region"),
                _may("product"),
                _may("channel"),
                _may("lost_reason"),
                _may("lost_to", about="the competitor that won it"),
                _may("modified_on", "date", about="tells the later of two versions; a time counts"),
            ),
            key=("opportunity_id",),
            required=True,
            about="possible sales; a won one is a deal",
            derived=(
                Column("expected_on", "date", about="the `closed_on` of an open row, which is never counted"),
            ),
        ),
        Table(
            "stage_history",
            (
                _need("opportunity_id"),
                _need("changed_on", "date", about="a time orders the changes of one day"),
                _may("stage"),
                _may("amount", "decimal"),
            ),
            key=("opportunity_id", "changed_on", "stage", "amount"),
            about="stage and amount of an opportunity from a day on",
        ),
        Table(
            "leads",
            (
                _need("lead_id"),
                _need("partner_id"),
                _need("created_on", "date"),
                _need("channel"),
                _may("segment", choices=("paid", "earned", "owned"), about="blank: from `[channels]` in the settings"),
                _may("opportunity_id", about="the opportunity that it became"),
                _may("region"),
                _may("modified_on", "date", about="tells the later of two versions; a time counts"),
            ),
            key=("lead_id",),
            about="prospects, before or without an opportunity",
        ),
        Table(
            "spend",
            (
                _need("partner_id"),
                _need("channel"),
                _need("month", "date", about="the month's first day"),
                _need("amount", "decimal"),
                _may("currency"),
            ),
            key=("partner_id", "channel", "month"),
            about="marketing spend by channel and month",
        ),
        Table(
            "targets",
            (
                _need("partner_id"),
                _need("quarter", "quarter"),
                _need("metric", about="a KPI's key (your own too), or won_amount"),
                Column("value", "decimal", required=True, share=True),
            ),
            key=("partner_id", "quarter", "metric"),
            about="what was agreed for a quarter",
        ),
        Table(
            "stages",
            (_need("stage"), _need("order", "number"), Column("probability", "number", about="0 to 1", share=True)),
            key=("stage",),
            about="the open stages and their chance to be won",
        ),
        Table(
            "actions",
            (
                _need("action_id"),
                _need("partner_id"),
                _need("quarter", "quarter", about="of the review that agreed it"),
                _need("text"),
                _may("owner"),
                _may("due_on", "date"),
                _may("status", choices=("open", "done", "dropped"), about="blank: open"),
                _may("done_on", "date"),
            ),
            key=("action_id",),
            about="what was agreed in earlier reviews",
        ),
        Table(
            "fx",
            (_need("currency"), _need("valid_from", "date"), Column("rate", "decimal", required=True, digits=24)),
            key=("currency", "valid_from"),
            about="units of the reporting currency for one unit",
        ),
    )
}
