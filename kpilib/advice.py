"""The rules of the plan: what a review recommends, and from which figures of the pack.

One rule is one function: it looks at the KPIs and returns the fields of its texts, or None when it has nothing
to say. Its texts stand in the catalogues under ``[advice.<name of the rule>]``: ``text`` (what to do),
``evidence`` (figures of this pack) and ``effect`` (what to expect if it works). The order of the functions is
the order of the plan; at most five are recommended. To change a rule, change its condition here; to change its
words, change the catalogues.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kpilib.formats import Formats
from kpilib.kpis.kpi import Change, Kpi

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MOST", "RULES", "Advice", "Evidence", "advise"]

MOST = 5
"""A plan of more than so many actions is not carried out."""

AT_ONCE = 10
"""So many opportunities can be gone through in one sitting."""
MUCH = 2
"""More opportunities than so many times those that are open is no advice: it is success that lacks."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What the rules look at: the KPIs, how many agreed actions are overdue, and how values are written."""

    kpis: Mapping[str, Kpi]
    overdue: int
    formats: Formats

    @property
    def new(self) -> bool:
        """Whether the records of the partner begin in this quarter."""
        deals = self.kpis.get("deal_count")
        return deals is not None and len(deals.trend) > 1 and all(value is None for value in deals.trend[:-1])

    def companion(self, key: str, name: str) -> Any:
        """Return a companion of a KPI, None when the pack does not have it."""
        kpi = self.kpis.get(key)
        return None if kpi is None else kpi.companions.get(name)

    def worse(self, key: str) -> Change | None:
        """Return the comparison that shows a KPI distinguishably worse, if one does."""
        kpi = self.kpis.get(key)
        changes = () if kpi is None else (kpi.year_ago, kpi.previous)
        return next((change for change in changes if change is not None and change.claim == "worse"), None)


@dataclass(frozen=True)
class Advice:
    """One recommended action: the rule's name, the KPI that it serves, and its texts."""

    rule: str
    kpi: str
    text: str
    evidence: str
    effect: str


Rule = Callable[[Evidence], Fields | None]
RULES: dict[str, tuple[str, Rule]] = {}
"""Name → (key of the KPI, rule), in the order of the plan."""


def rule(kpi: str) -> Callable[[Rule], Rule]:
    """Register a rule that serves a KPI."""

    def register(function: Rule) -> Rule:
        RULES[function.__name__] = (kpi, function)
        return function

    return register


def advise(kpis: Mapping[str, Kpi], formats: Formats, *, overdue: int = 0) -> list[Advice]:
    """Return the recommended actions, the most pressing first, at most five."""
    evidence, plan = Evidence(kpis, overdue, formats), []
    for name, (kpi, look) in RULES.items():
        fields = look(evidence)
        if fields is not None:
            texts = (formats.words(f"advice.{name}.{part}", **fields) for part in ("text", "evidence", "effect"))
            plan.append(Advice(name, kpi, *texts))
    return plan[:MOST]


@rule("deal_count")
def settle_overdue(evidence: Evidence) -> Fields | None:
    """Something agreed in the last review is overdue."""
    return {"count": evidence.overdue} if evidence.overdue else None


@rule("opportunity_pipeline")
def first_steps(evidence: Evidence) -> Fields | None:
    """The records begin in this quarter, and opportunities are open."""
    pipeline = evidence.kpis.get("opportunity_pipeline")
    if pipeline is None or not evidence.new or not pipeline.companions.get("count"):
        return None
    write = evidence.formats
    return {"count": int(pipeline.companions["count"]), "amount": write.money(pipeline.value)}


@rule("close_rate")
def first_leads(evidence: Evidence) -> Fields | None:
    """The records begin in this quarter, and leads came."""
    kpi = evidence.kpis.get("close_rate")
    return {"count": kpi.n} if kpi is not None and evidence.new and kpi.n else None


@rule("marketing_channels")
def move_money(evidence: Evidence) -> Fields | None:
    """A segment costs more than it brings, on enough evidence: half of its money goes to the best one."""
    verdicts = evidence.companion("marketing_channels", "verdicts")
    if verdicts is None:
        return None
    cut = verdicts[verdicts["verdict"] == "cut"]
    if cut.empty:
        return None
    worst = max(_rows(cut), key=lambda row: Decimal(row["spend"]))
    judged = [row for row in _rows(verdicts) if row["verdict"] != "too_little"]
    others = [row for row in judged if _known(row["roi"]) and row["roi"] > 0]
    best = max(others, key=lambda row: row["roi"], default=None)
    write, words = evidence.formats, evidence.formats.words
    target = words("advice.no_segment") if best is None else words(f"segments.{best['segment']}")
    # Half of the money, and half of the return seen: the next thousand rarely brings what the last ones did.
    moved = Decimal(worst["spend"]) / 4 / 2
    return {
        "segment": words(f"segments.{worst['segment']}"),
        "target": target,
        "spend": write.money(worst["spend"]),
        "revenue": write.money(worst["revenue"]),
        "leads": write.count(int(worst["leads"])),
        "moved": write.money(moved),
        "return_": write.money(0 if best is None else moved * (1 + Decimal(str(best["roi"]))) / 2),
        "now": write.money(Decimal(worst["revenue"]) / 4 / 2),
    }


@rule("deal_success")
def counter_competitor(evidence: Evidence) -> Fields | None:
    """At least three losses of the quarter, and three in ten, went to one competitor."""
    rivals, lost = evidence.companion("deal_success", "lost_to"), evidence.companion("deal_success", "lost")
    if rivals is None or rivals.empty or not lost:
        return None
    first = max(_rows(rivals), key=lambda row: row["count"])
    count = int(first["count"])
    if count < 3 or count / lost < 0.3:
        return None
    write = evidence.formats
    return {
        "competitor": str(first["competitor"]),
        "count": count,
        "lost": write.count(int(lost)),
        "amount": write.money(first["amount"]),
        "third": write.money(Decimal(first["amount"]) / 3),
    }


@rule("deal_count")
def revive_deals(evidence: Evidence) -> Fields | None:
    """A quarter without a deal, while opportunities are open."""
    deals, pipeline = evidence.kpis.get("deal_count"), evidence.kpis.get("opportunity_pipeline")
    if deals is None or pipeline is None or deals.value != 0 or not pipeline.companions.get("count") or evidence.new:
        return None
    write = evidence.formats
    held: Mapping[str, Any] = pipeline.companions
    count = int(held["count"])
    few = count <= AT_ONCE
    return {
        "count": count,
        "which": write.words(f"advice.which.{'all' if few else 'largest'}", count=count if few else AT_ONCE, of=count),
        "amount": write.money(pipeline.value),
        "weighted": write.money(held.get("weighted")),
    }


@rule("opportunity_pipeline")
def clear_stale(evidence: Evidence) -> Fields | None:
    """At least three opportunities are open for longer than twice the partner's usual cycle."""
    stale, limit = (evidence.companion("opportunity_pipeline", name) for name in ("stale", "stale_limit"))
    if stale is None or len(stale) < 3:
        return None
    write, pipeline = evidence.formats, evidence.kpis["opportunity_pipeline"].value
    amount = sum((Decimal(value) for value in stale["amount"]), Decimal(0))
    return {
        "count": len(stale),
        "limit": write.days(float(limit)),
        "amount": write.money(amount),
        "share": write.rate(float(amount / Decimal(pipeline)) if pipeline else None, 0),
    }


@rule("opportunity_pipeline")
def fill_pipeline(evidence: Evidence) -> Fields | None:
    """The pipeline does not carry the next target at the partner's own rate of success, and more of it could."""
    coverage = evidence.companion("opportunity_pipeline", "coverage")
    target = evidence.companion("opportunity_pipeline", "next_target")
    success, size = evidence.kpis.get("deal_success"), evidence.kpis.get("average_deal_size")
    if coverage is None or target is None or success is None or not success.value or size is None or not size.value:
        return None
    needed = 1 / float(success.value)
    if success.n < 5 or coverage >= needed:
        return None
    amount = Decimal(target.value if hasattr(target, "value") else target)
    gap = amount * Decimal(str(needed - coverage))
    more = max(round(gap / Decimal(size.value)), 1)
    if more > MUCH * evidence.companion("opportunity_pipeline", "count"):
        return None
    write = evidence.formats
    return {
        "coverage": write.number(coverage, 1),
        "needed": write.number(needed, 1),
        "rate": write.rate(float(success.value), 0),
        "gap": write.money(gap),
        "count": more,
        "target": write.money(amount),
        "brings": write.money(gap * Decimal(str(success.value))),
    }


@rule("deal_success")
def qualify_earlier(evidence: Evidence) -> Fields | None:
    """Deal success is distinguishably worse, or far below its target."""
    kpi, change = evidence.kpis.get("deal_success"), evidence.worse("deal_success")
    if kpi is None or kpi.value is None or (change is None and kpi.status.key != "act"):
        return None
    reasons, write = kpi.companions.get("reasons"), evidence.formats
    first = None if reasons is None or reasons.empty else max(_rows(reasons), key=lambda row: row["count"])
    reference = change.value if change is not None else kpi.target.value if kpi.target is not None else None
    size = evidence.kpis["average_deal_size"].value
    more = Decimal(kpi.n) * (Decimal(str(reference)) - Decimal(str(kpi.value))) if reference is not None else Decimal(0)
    return {
        "rate": write.rate(float(kpi.value), 0),
        "decided": write.count(kpi.n),
        "reference": write.rate(None if reference is None else float(reference), 0),
        "reason": write.words("advice.no_reason") if first is None else str(first["reason"]),
        "more": _about(max(more, Decimal(0)), write),
        "amount": write.money(None if size is None else max(more, Decimal(0)) * Decimal(size)),
    }


@rule("close_rate")
def follow_up_leads(evidence: Evidence) -> Fields | None:
    """The close rate is distinguishably worse, or far below its target."""
    kpi, change = evidence.kpis.get("close_rate"), evidence.worse("close_rate")
    if kpi is None or kpi.value is None or (change is None and kpi.status.key != "act"):
        return None
    reference = change.value if change is not None else kpi.target.value if kpi.target is not None else None
    write = evidence.formats
    more = kpi.n * (float(reference) - float(kpi.value)) if reference is not None else 0.0
    return {
        "rate": write.known_rate(float(kpi.value)),
        "leads": write.count(kpi.n),
        "reference": write.known_rate(None if reference is None else float(reference)),
        "more": _about(max(more, 0.0), write),
    }


@rule("deal_velocity")
def shorten_cycle(evidence: Evidence) -> Fields | None:
    """Velocity is distinguishably worse, and it is the cycle that slowed it most."""
    kpi, change = evidence.kpis.get("deal_velocity"), evidence.worse("deal_velocity")
    factors = evidence.companion("deal_velocity", "factors")
    if kpi is None or kpi.value is None or change is None or factors is None:
        return None
    column = "year_ago" if change is kpi.year_ago else "previous"
    known = [row for row in _rows(factors) if _known(row[f"log_{column}"])]
    slowest = min(known, key=lambda row: row[f"log_{column}"], default=None)
    if slowest is None or slowest["factor"] != "cycle":
        return None
    write = evidence.formats
    return {
        "cycle": write.days(float(slowest["now"])),
        "before": write.days(float(slowest[column])),
        "velocity": write.money(kpi.value),
        "then": write.money(Decimal(str(kpi.value)) * Decimal(str(slowest["now"])) / Decimal(str(slowest[column]))),
    }


@rule("average_deal_size")
def defend_size(evidence: Evidence) -> Fields | None:
    """Deals are distinguishably smaller."""
    kpi, change = evidence.kpis.get("average_deal_size"), evidence.worse("average_deal_size")
    if kpi is None or kpi.value is None or change is None or change.value is None:
        return None
    write = evidence.formats
    return {
        "size": write.money(kpi.value),
        "before": write.money(change.value),
        "count": kpi.n,
        "amount": write.money((Decimal(str(change.value)) - Decimal(str(kpi.value))) * kpi.n),
    }


@rule("average_deal_size")
def widen_base(evidence: Evidence) -> Fields | None:
    """Two deals brought more than half of the money of five or more."""
    deals, won = evidence.companion("average_deal_size", "deals"), evidence.companion("deal_count", "won_amount")
    if deals is None or len(deals) < 5 or not won:
        return None
    two = sum(sorted((Decimal(value) for value in deals["amount"]), reverse=True)[:2], Decimal(0))
    if two / Decimal(won) <= Decimal("0.5"):
        return None
    write, median = evidence.formats, evidence.companion("average_deal_size", "median")
    return {
        "share": write.rate(float(two / Decimal(won)), 0),
        "won": write.money(won),
        "count": len(deals),
        "median": write.money(median),
        "each": write.money(Decimal(median) * 3),
    }


@rule("marketing_channels")
def invest_more(evidence: Evidence) -> Fields | None:
    """A segment earns at least the overall return, and none is to be cut for it."""
    verdicts = evidence.companion("marketing_channels", "verdicts")
    if verdicts is None or (verdicts["verdict"] == "cut").any():
        return None
    good = [row for row in _rows(verdicts) if row["verdict"] == "invest" and _known(row["roi"]) and row["roi"] > 0]
    if not good:
        return None
    best, write = max(good, key=lambda row: row["roi"]), evidence.formats
    extra = Decimal(best["spend"]) / 4 / 4
    return {
        "segment": write.words(f"segments.{best['segment']}"),
        "spend": write.money(best["spend"]),
        "revenue": write.money(best["revenue"]),
        "leads": write.count(int(best["leads"])),
        "extra": write.money(extra),
        "return_": write.money(extra * (1 + Decimal(str(best["roi"]))) / 2),
    }


@rule("opportunity_pipeline")
def complete_amounts(evidence: Evidence) -> Fields | None:
    """More than one open opportunity in ten, and at least three, have no amount."""
    share, count = (evidence.companion("opportunity_pipeline", name) for name in ("valued_share", "count"))
    if share is None or not count or share >= 0.9:
        return None
    blank = round(count * (1 - share))
    if blank < 3:
        return None
    return {"count": blank, "open": evidence.formats.count(int(count))}


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _about(count: Decimal | float, write: Formats) -> str:
    """Return a number of deals that would have been: whole, but where it is less than two."""
    return write.number(count, 0 if count >= 2 else 1)


def _known(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is not itself
