"""Page one: whose review it is, the verdict, eight cards, one picture, what was agreed, the manager's words."""

from __future__ import annotations

from kpilib.parts import Actions, Chart, Masthead, Outlook, PageOne, Plan
from kpilib.review.agreed import agreed_actions
from kpilib.review.cards import card_of
from kpilib.review.comment import read_comment
from kpilib.review.context import Context
from kpilib.review.sections.opportunity_pipeline import bridge_picture
from kpilib.review.verdict import write_verdict

__all__ = ["compose_page_one"]


def compose_page_one(context: Context, *, plan: Plan | None = None, outlook: Outlook | None = None) -> PageOne:
    """Return page one; the plan and the outlook are made by what looks ahead, and left out when None."""
    cards = tuple(card_of(kpi, context) for kpi in context.kpis.values())
    picture = _picture(context)
    if context.new and picture is None:
        # So short a page one that the section of the plan follows on it.
        plan = None
    drawn = any(card.spark is not None for card in cards)
    return PageOne(
        masthead=_masthead(context),
        verdict=write_verdict(context, outlook),
        cards=cards,
        legend=context.words("page_one.legend") if drawn else "",
        picture=picture,
        agreed=_agreed(context),
        plan=plan,
        outlook=outlook,
        comment=read_comment(context),
        notes=tuple(_notes(context)),
    )


def _picture(context: Context) -> Chart | None:
    """Return the quarter's bridge; None at the start, when nothing but what came in could be shown."""
    kpi = context.kpis["opportunity_pipeline"]
    bridge = kpi.companions.get("bridge_quarter")
    if context.new and bridge is not None and not bridge.empty:
        row = bridge.iloc[0]
        if not any(row[f"{name}_count"] for name in ("opening", "won", "lost", "lost_to_competitor")):
            return None
    return bridge_picture(kpi, context)


def _agreed(context: Context) -> Actions | None:
    """Return what was agreed; None in a first review, before which nothing could be."""
    agreed = agreed_actions(context)
    return None if agreed is not None and context.new and not agreed.rows else agreed


def _masthead(context: Context) -> Masthead:
    words, formats = context.words, context.formats
    partner = context.slice.content["partner"]
    about = [words("page_one.tier", tier=partner["tier"]) if partner.get("tier") else "", partner.get("region") or ""]
    manager = words("page_one.manager", manager=partner["manager"]) if partner.get("manager") else ""
    as_of = words("page_one.as_of", date=formats.date(context.as_of))
    if context.partial:
        day, days = context.day, context.quarter.days
        as_of = words("page_one.as_of_partial", date=formats.date(context.as_of), day=day, days=days)
    lines = [" · ".join(line for line in about if line), manager, as_of]
    if context.internal:
        lines.append(words("page_one.internal"))
    return Masthead(
        kicker=words("page_one.kicker", quarter=formats.quarter(context.quarter)),
        title=partner.get("name") or context.slice.partner_id,
        lines=tuple(line for line in lines if line),
        logo=context.slice.content["settings"]["brand"].get("logo"),
    )


def _notes(context: Context) -> list[str]:
    """Return what a reader must know before reading the cards: what they cannot show, and why."""
    words, slice_ = context.words, context.slice
    notes = []
    missing = [name for name in ("leads", "spend", "targets", "actions") if not slice_.has(name)]
    if missing:
        tables = context.formats.join(words(f"table_names.{name}") for name in missing)
        notes.append(words("page_one.missing", tables=tables))
    if slice_.has("targets") and not slice_.content["tables"].get("targets", {}).get("metric"):
        notes.append(words("page_one.no_targets"))
    if context.kpis["opportunity_pipeline"].companions.get("lead_with_count"):
        notes.append(words("page_one.few_amounts"))
    withheld = [kpi for kpi in context.kpis.values() if kpi.cohort is not None and kpi.cohort.median is None]
    if withheld:
        notes.append(words("page_one.withheld"))
    if all(kpi.year_ago is None or kpi.year_ago.value is None for kpi in context.kpis.values()):
        notes.append(words("page_one.no_year_ago"))
    return notes
