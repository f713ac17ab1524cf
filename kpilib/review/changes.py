"""A change in words, claiming no more than the sample carries."""

from __future__ import annotations

from kpilib.kpis.kpi import Change, Kpi
from kpilib.review.context import Context
from kpilib.review.values import show, show_difference

__all__ = ["change_of", "change_sentence", "change_text", "difference_text", "previous_text"]

_BY_SHARE = frozenset(("average_deal_size", "deal_velocity"))


def change_of(kpi: Kpi) -> Change | None:
    """Return the change that a text tells: to the same quarter of last year, else to the quarter before."""
    for change in (kpi.year_ago, kpi.previous):
        if change is not None and change.value is not None:
            return change
    return None


def change_text(kpi: Kpi, context: Context) -> str:
    """Return the change in a few words: the difference, to when, and what the sample carries of it."""
    words = context.words
    if kpi.value is None:
        return words(f"reason.{kpi.reason}")
    change = change_of(kpi)
    if change is None:
        return _nothing_to_compare(kpi, context)
    label = context.quarter_label(change.quarter, change.as_of)
    if kpi.unit == "rate":
        difference = words("change.other_value", value=show(kpi.unit, change.value, context), quarter=label)
    else:
        difference = words("change.difference", difference=difference_text(kpi, change, context), quarter=label)
    if change.claim in {"better", "worse", "normal"}:
        claim = words(f"change.claim.{change.claim}")
        difference = words("change.with_claim", difference=difference, claim=claim)
        if not change.season_separated:
            difference = words("change.season", text=difference)
    return difference


def change_sentence(kpi: Kpi, context: Context) -> str:
    """Return the change as a sentence, or an empty text when there is nothing to compare."""
    change = change_of(kpi)
    if kpi.value is None or change is None or change.difference is None:
        return ""
    words = context.words
    claim = "claimed" if change.claim in {"better", "worse"} else "normal" if change.claim == "normal" else "fact"
    label = context.quarter_label(change.quarter, change.as_of)
    if kpi.unit == "rate":
        told = words(f"change.sentence.value.{claim}", value=show(kpi.unit, change.value, context), quarter=label)
    else:
        size = difference_text(kpi, change, context)
        told = words(f"change.sentence.difference.{claim}", difference=size, quarter=label)
    if claim == "fact" or change.season_separated:
        return told
    return f"{told} {words('change.sentence.season')}"


def difference_text(kpi: Kpi, change: Change, context: Context) -> str:
    """Return a difference: as a share of the earlier value where that says more than the amount."""
    if kpi.key in _BY_SHARE and change.relative is not None:
        return context.formats.rate(change.relative, 0, signed=True)
    return show_difference(kpi.unit, change.difference, context)


def previous_text(kpi: Kpi, context: Context) -> str:
    """Return the value of the quarter before, or an empty text when the change already tells of it."""
    change = kpi.previous
    if kpi.value is None or change is None or change is change_of(kpi) or change.value is None:
        return ""
    label = context.quarter_label(change.quarter, change.as_of)
    return context.words("change.previous", value=show(kpi.unit, change.value, context), quarter=label)


def _nothing_to_compare(kpi: Kpi, context: Context) -> str:
    change = kpi.year_ago or kpi.previous
    if change is None:
        return context.words("change.nothing")
    label = context.quarter_label(change.quarter, change.as_of)
    return context.words("change.undefined", quarter=label)
