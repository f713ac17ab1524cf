"""What a notebook shows, as data: charts, tables, notes, sections, page one.

A part holds texts that are already formatted in the pack's language. Its ``data()`` is plain JSON, and the
templates of both formats draw from that alone, so that HTML and PDF say the same. What belongs here is the
shape of the parts; what they say is written in `kpilib.review`, and how they look in the templates.
"""

from __future__ import annotations

from kpilib.parts.page_one import (
    Action,
    Actions,
    Card,
    Comment,
    Masthead,
    Outlook,
    OutlookLabels,
    PageOne,
    Plan,
    PlanItem,
    Spark,
    TargetBar,
    Verdict,
)
from kpilib.parts.part import (
    MIME,
    Part,
    Rich,
    Run,
    StatusMark,
    plain_text,
)
from kpilib.parts.shown import (
    Cell,
    Chart,
    Column,
    Group,
    Note,
    Row,
    Section,
    Table,
)

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
