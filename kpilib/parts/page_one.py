"""Page one and what stands on it: masthead, verdict, cards, what was agreed, what is proposed, the outlook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from kpilib.parts.part import Part, Rich, StatusMark, field_data, plain_text
from kpilib.parts.shown import Chart

__all__ = [
    "Action",
    "Actions",
    "Card",
    "Comment",
    "Masthead",
    "Outlook",
    "OutlookLabels",
    "PageOne",
    "Plan",
    "PlanItem",
    "Spark",
    "TargetBar",
    "Verdict",
]


@dataclass(frozen=True)
class Masthead:
    """Whose review it is, of when: ``lines`` stand at the right; ``logo`` is the slice's, or None."""

    kicker: str
    title: str
    lines: tuple[str, ...]
    logo: dict[str, str] | None = None


@dataclass(frozen=True)
class Verdict:
    """The quarter in two or three sentences; ``lead`` is the first."""

    lead: str
    text: str


@dataclass(frozen=True)
class Spark:
    """Eight quarters' values, oldest first; ``year_ago`` is the place of the same quarter of last year."""

    values: tuple[float | None, ...]
    year_ago: int | None
    alt: str


@dataclass(frozen=True)
class TargetBar:
    """How much of a target is reached: ``share`` may exceed 1."""

    text: str
    share: float | None
    reached: bool


@dataclass(frozen=True)
class Card:
    """One KPI on page one; every card has the same six slots."""

    key: str
    name: str
    value: str
    unit: str
    status: StatusMark | None
    change: Rich
    previous: str
    spark: Spark | None
    target: TargetBar | None
    cohort: str


@dataclass(frozen=True)
class Action:
    """What was agreed in a review, and what became of it."""

    status: Literal["done", "open", "overdue", "dropped"]
    word: str
    text: str
    owner: str = ""
    due: str = ""


@dataclass(frozen=True)
class Actions:
    """What was agreed in the last review; ``empty`` says so when nothing was."""

    title: str
    rows: tuple[Action, ...]
    empty: str = ""


@dataclass(frozen=True)
class PlanItem:
    """One recommended action; who does it and by when is left to people."""

    text: str
    evidence: str
    effect: str
    kpi: str
    owner: str = ""
    due: str = ""


@dataclass(frozen=True)
class Plan:
    """The recommended actions, at most five."""

    title: str
    subtitle: str
    items: tuple[PlanItem, ...]


@dataclass(frozen=True)
class OutlookLabels:
    """The outlook's figures as texts."""

    low: str
    median: str
    high: str
    target: str = ""


@dataclass(frozen=True)
class Outlook:
    """The next quarter's won amount as a range, with the target in it."""

    title: str
    body: Rich
    low: float | None
    median: float | None
    high: float | None
    target: float | None
    labels: OutlookLabels | None
    alt: str

    def data(self) -> dict[str, Any]:
        """Return the outlook as JSON."""
        held = field_data(self)
        return {"title": held.pop("title"), "text": held.pop("body"), **held}


@dataclass(frozen=True)
class Comment:
    """The channel manager's own words."""

    title: str
    paragraphs: tuple[Rich, ...]
    author: str = ""


@dataclass(frozen=True)
class PageOne(Part):
    """The page that a partner reads first."""

    kind: ClassVar[str] = "page_one"
    masthead: Masthead
    verdict: Verdict
    cards: tuple[Card, ...]
    legend: str
    picture: Chart | None = None
    agreed: Actions | None = None
    plan: Plan | None = None
    outlook: Outlook | None = None
    comment: Comment | None = None
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the masthead, the verdict and a line per card."""
        cards = [_say_card(card) for card in self.cards]
        head = " · ".join((self.masthead.kicker, self.masthead.title, *self.masthead.lines))
        return "\n".join([head, f"{self.verdict.lead} {self.verdict.text}".strip(), *cards])


def _say_card(card: Card) -> str:
    status = f"({card.status.word})" if card.status else ""
    return " ".join(filter(None, (f"{card.name}:", card.value, card.unit, status, plain_text(card.change))))
