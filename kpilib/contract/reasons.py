"""Why a row was rejected, repaired or warned about: one code each, with what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["ACTIONS", "REASONS", "Action", "Reason"]

Action = Literal["rejected", "repaired", "warned"]
ACTIONS: tuple[Action, ...] = ("rejected", "repaired", "warned")


@dataclass(frozen=True)
class Reason:
    """A code, what becomes of the row, what is wrong with it, and where it can occur (empty: in every table)."""

    code: str
    action: Action
    about: str
    tables: tuple[str, ...] = ()


def _rejected(code: str, about: str, *tables: str) -> Reason:
    return Reason(code, "rejected", about, tables)


def _repaired(code: str, about: str, *tables: str) -> Reason:
    return Reason(code, "repaired", about, tables)


def _warned(code: str, about: str, *tables: str) -> Reason:
    return Reason(code, "warned", about, tables)


_OWNED = ("opportunities", "leads", "spend", "targets", "actions")

REASONS: dict[str, Reason] = {
    reason.code: reason
    for reason in (
        _rejected("too_many_fields", "the line has more fields than the header"),
        _rejected("too_few_fields", "the line has fewer fields than the header"),
        _rejected("broken_quote", "a quotation mark in the line is never closed"),
        _rejected("too_long", "the line is longer than a row can be"),
        _rejected("nul_byte", "the line holds a NUL byte"),
        _rejected("undecodable", "the line is not text in the file's encoding"),
        _rejected("not_json", "the line is not JSON"),
        _rejected("not_a_date", "a date that cannot be read, is in no calendar, or lies outside 1900 to 2199"),
        _rejected("not_a_number", "a number that cannot be read"),
        _rejected("too_many_digits", "a number with more digits than are kept exactly"),
        _rejected("not_a_flag", "neither yes nor no"),
        _rejected("not_a_quarter", "a quarter that is not written like 2026Q3"),
        _rejected("missing_value", "a required value is blank"),
        _rejected("unknown_outcome", "the outcome is not open, won or lost", "opportunities"),
        _rejected("unknown_status", "the status is not open, done or dropped", "actions"),
        _rejected("unknown_metric", "the metric is neither a KPI's key nor won_amount", "targets"),
        _rejected("negative_amount", "an amount below 0", "opportunities", "stage_history", "spend"),
        _rejected("rate_not_positive", "a rate of 0 or less", "fx"),
        _rejected("probability_out_of_range", "a probability outside 0 to 1", "stages"),
        _rejected("won_without_amount", "a won opportunity has no amount", "opportunities"),
        _rejected("closed_without_date", "a won or lost opportunity has no closed_on", "opportunities"),
        _rejected("closed_before_created", "closed_on lies before created_on", "opportunities"),
        _rejected("unknown_partner", "no accepted row of partners has this partner_id", *_OWNED),
        _rejected("unknown_opportunity", "no accepted opportunity has this opportunity_id", "stage_history"),
        _rejected(
            "contradicting_sign", "the sign beside the amount is another currency's than the row's",
            "opportunities", "spend",
        ),
        _rejected(
            "unclear_sign", "no currency, and the sign beside the amount may stand for several that the table fx has",
            "opportunities", "spend",
        ),
        _rejected("unknown_currency", "the table fx has no rate of this currency", "opportunities", "spend"),
        _rejected(
            "missing_rate", "no rate of the currency is valid by created_on (spend: by the month)",
            "opportunities", "spend",
        ),
        _rejected("exact_duplicate", "the same row once more: it counts once"),
        _rejected(
            "older_version", "the same id with another content, and a later modified_on elsewhere",
            "opportunities", "leads",
        ),
        _rejected("conflicting_versions", "the same id with differing contents, and nothing says which is the later"),
        _repaired(
            "amount_as_written",
            "a number with a currency's sign, grouped digits, brackets or a scale, unlike most of its column",
        ),
        _repaired(
            "currency_from_sign", "no currency, and the sign beside the amount names one: it is the row's",
            "opportunities", "spend",
        ),
        _repaired("expected_on_unreadable", "the closed_on of an open row is no date: left blank", "opportunities"),
        _repaired("month_not_first_day", "the month was another day of it: set to its first", "spend"),
        _repaired("unknown_segment", "the segment is not paid, earned or owned: read from the channel map", "leads"),
        _repaired("unknown_locale", "there are no texts in the locale's language: left blank", "partners"),
        _repaired("lead_unknown_opportunity", "the lead's opportunity is not an accepted one: link dropped", "leads"),
        _repaired("lead_other_partner", "the lead's opportunity is another partner's: link dropped", "leads"),
        _warned(
            "after_export", "a date lies after the source's export date",
            "opportunities", "stage_history", "leads", "spend", "actions",
        ),
        _warned("amount_blank", "no amount: counted, worth 0", "opportunities"),
        _warned("unknown_stage", "the stage of an open row is not in the table stages", "opportunities"),
        _warned("changed_before_created", "changed_on lies before the opportunity's created_on", "stage_history"),
        _warned("done_without_date", "done, but not when: counts as open", "actions"),
        _warned("not_an_address", "the contact_email is no email address", "partners"),
        _warned("rate_of_reporting_currency", "a rate of the reporting currency other than 1: not used", "fx"),
    )
}
"""All reasons by their code, in the order in which a row is judged."""
