"""What a notebook shows, as data: charts, tables, notes, sections, page one.

A part holds texts that are already formatted in the pack's language. Its ``data()`` is plain JSON, and the
templates of both formats draw from that alone, so that HTML and PDF say the same. What belongs here is the
shape of the parts; what they say is written in `kpilib.review`, and how they look in the templates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

__all__ = [
    "MIME",
    "Action",
    "Actions",
    "Card",
    "Cell",
    "Chart",
    "Column",
    "Comment",
    "Group",
    "Masthead",
    "Note",
    "Outlook",
    "OutlookLabels",
    "PageOne",
    "Part",
    "Plan",
    "PlanItem",
    "Rich",
    "Row",
    "Run",
    "Section",
    "Spark",
    "StatusMark",
    "Table",
    "TargetBar",
    "Verdict",
    "plain_text",
]

MIME = "application/vnd.kpilib.part+json"
"""The MIME type under which a part's data stand in an executed notebook."""

StatusKey = Literal["good", "watch", "act", "none"]


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    strong: bool = False
    emph: bool = False

    def data(self) -> dict[str, Any]:
        """Return the run as JSON; a style that it does not have is left out."""
        styles = {name: True for name in ("strong", "emph") if getattr(self, name)}
        return {"text": self.text, **styles}


Rich = str | tuple[Run, ...]
"""A text: plain, or runs of it in their styles."""


def plain_text(text: Rich) -> str:
    """Return a text without its styles.

    >>> plain_text((Run("Won "), Run("14", strong=True)))
    'Won 14'
    """
    return text if isinstance(text, str) else "".join(run.text for run in text)


@dataclass(frozen=True)
class Part:
    """Anything that a notebook displays and a pack holds."""

    kind: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """Return the part as plain JSON values, with its ``kind``."""
        return {"kind": self.kind, **_fields(self)}

    def text(self) -> str:
        """Return the part as plain text, for a terminal."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        data = self.data()
        return {MIME: data, "text/html": _draw_html(data), "text/plain": self.text()}


@dataclass(frozen=True)
class Chart(Part):
    """A chart as SVG, with the text that says the same to who cannot see it.

    ``width``: ``full`` is the content's width (178 mm), ``half`` less than half of it (86 mm).
    """

    kind: ClassVar[str] = "chart"
    svg: str = field(repr=False)
    alt: str
    title: str
    subtitle: str = ""
    width: Literal["full", "half"] = "full"

    def text(self) -> str:
        """Return the title and the alternative text."""
        return f"{self.title}\n{self.alt}"


@dataclass(frozen=True)
class Column:
    """A table's column: its label, and whether it holds numbers (``right``)."""

    label: str
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Cell:
    """A cell of a heat map: its text and how dark its ground is, 0 to 1."""

    text: str
    shade: float


@dataclass(frozen=True)
class Row:
    """A table's row; ``strong`` for a sum or the whole."""

    cells: tuple[str | Cell, ...]
    strong: bool = False


@dataclass(frozen=True)
class Table(Part):
    """A small table; the first cell of a row names it when ``row_header``."""

    kind: ClassVar[str] = "table"
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""
    row_header: bool = True

    def text(self) -> str:
        """Return the table in columns of equal width."""
        lines = [[column.label for column in self.columns]]
        lines += [[cell if isinstance(cell, str) else cell.text for cell in row.cells] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = [
            "  ".join(
                cell.rjust(width) if column.align == "right" else cell.ljust(width)
                for cell, width, column in zip(line, widths, self.columns, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([self.title, *aligned, *([self.note] if self.note else [])])


@dataclass(frozen=True)
class Note(Part):
    """A paragraph beside the figures."""

    kind: ClassVar[str] = "note"
    body: Rich
    tone: Literal["small", "info", "warning"] = "info"

    def data(self) -> dict[str, Any]:
        """Return the note as JSON."""
        return {"kind": self.kind, "text": _plain(self.body), "tone": self.tone}

    def text(self) -> str:
        """Return the paragraph."""
        return plain_text(self.body)


@dataclass(frozen=True)
class Group(Part):
    """Parts that stand together: two half-width ones stand side by side."""

    kind: ClassVar[str] = "group"
    parts: tuple[Part, ...]

    def text(self) -> str:
        """Return the parts' texts, one below the other."""
        return "\n\n".join(part.text() for part in self.parts)


@dataclass(frozen=True)
class StatusMark:
    """A status: its key (which gives shape and colour) and its word."""

    key: StatusKey
    word: str


@dataclass(frozen=True)
class Section(Part):
    """A section of the pack: a question as its heading, the answer, what shows it, and the small print."""

    kind: ClassVar[str] = "section"
    id: str
    title: str
    question: str
    answer: Rich
    parts: tuple[Part, ...] = ()
    status: StatusMark | None = None
    headline: str = ""
    small: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """Return the section as JSON; the headline, a figure as text, is its ``value``."""
        held = super().data()
        return {**{name: value for name, value in held.items() if name != "headline"}, "value": held["headline"]}

    def text(self) -> str:
        """Return the section as plain text."""
        head = " · ".join(word for word in (self.title, self.headline, self.status.word if self.status else "") if word)
        blocks = [head, self.question, plain_text(self.answer), *(part.text() for part in self.parts), *self.small]
        return "\n\n".join(block for block in blocks if block)


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
    spark: Spark
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
        held = _fields(self)
        return {"title": held["title"], "text": held["body"], **{k: v for k, v in held.items() if k not in _RENAMED}}


_RENAMED = ("title", "body")


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


def _fields(thing: Any) -> dict[str, Any]:
    """Return a dataclass's fields as JSON; those marked ``metadata={"data": False}`` are the analyst's."""
    return {
        field.name: _plain(getattr(thing, field.name)) for field in fields(thing) if field.metadata.get("data", True)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (Part, Run, Outlook)):
        return value.data()
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _draw_html(data: dict[str, Any]) -> str:
    """Return a part as the packaged template draws it: what a person sees in JupyterLab."""
    return _template()(data)


@cache
def _template() -> Callable[[dict[str, Any]], str]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    # In an installed package the templates lie in it; in the repository beside it.
    folders = [here / "workspace" / "templates" / "partner_review", here.parent / "templates" / "partner_review"]
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    module = environment.get_template("parts.html.j2").module
    return lambda data: str(module.draw(data))  # type: ignore[attr-defined]
