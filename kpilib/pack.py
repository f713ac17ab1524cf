"""The pack: one request for one partner's review, and every path and parameter that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

from kpilib.folders import folder_name
from kpilib.quarter import Quarter

__all__ = ["FILES", "PORTFOLIO", "Audience", "Pack", "PortfolioPack"]

Audience = Literal["partner", "internal"]

FILES = ("review.html", "review.pdf", "review.ipynb", "kpis.json")
"""What a pack consists of, beside its manifest ``pack.json``."""

PORTFOLIO = ("portfolio.html", "portfolio.pdf", "portfolio.ipynb")
"""What a portfolio review consists of, beside its manifest ``portfolio.json``."""


@dataclass(frozen=True, order=True)
class Pack:
    """One partner's review of one quarter, read on one day, for one audience, in one language.

    ``as_of`` is D, the last day that counts: at most the quarter's end. An empty ``language`` lets the slice
    choose.

    >>> Pack("P001", Quarter(2026, 3), date(2026, 9, 30)).folder(Path("reports")).as_posix()
    'reports/2026Q3/P001'
    """

    partner_id: str
    quarter: Quarter
    as_of: date
    audience: Audience = "partner"
    language: str = ""

    holds: ClassVar[str] = "slice.json"
    """What lies beside the notebook when it runs: all that it may know."""

    def parameters(self) -> dict[str, str]:
        """Return the notebook's parameters; all of them text."""
        return {
            "partner": self.partner_id,
            "quarter": str(self.quarter),
            "as_of": self.as_of.isoformat(),
            "audience": self.audience,
            "language": self.language,
        }

    def folder(self, reports: Path) -> Path:
        """Return the pack's folder. Nothing in ``internal`` is ever approved or sent."""
        return _audience_folder(reports, self) / folder_name(self.partner_id)

    def failed_folder(self, reports: Path) -> Path:
        """Return where the executed notebook and the findings lie when the pack could not be made."""
        return _audience_folder(reports, self) / "failed" / folder_name(self.partner_id)

    def __str__(self) -> str:
        internal = " (internal)" if self.audience == "internal" else ""
        return f"{self.partner_id} {self.quarter}{internal}"


class PortfolioPack(Pack):
    """The review of all partners of one quarter, for the channel team alone."""

    holds: ClassVar[str] = "portfolio.json"

    @classmethod
    def of(cls, quarter: Quarter, as_of: date, language: str) -> PortfolioPack:
        """Return the request of a quarter's portfolio review."""
        return cls("", quarter, as_of, "internal", language)

    def parameters(self) -> dict[str, str]:
        """Return the notebook's parameters; which partners it compares is the notebook's own choice."""
        return {"quarter": str(self.quarter), "as_of": self.as_of.isoformat(), "language": self.language}

    def folder(self, reports: Path) -> Path:
        """Return the folder in which the review's files lie: the quarter's."""
        return reports / str(self.quarter)

    def failed_folder(self, reports: Path) -> Path:
        """Return where the executed notebook lies when the review could not be made."""
        return reports / str(self.quarter) / "failed" / "portfolio"

    def __str__(self) -> str:
        return f"portfolio {self.quarter}"


def _audience_folder(reports: Path, pack: Pack) -> Path:
    quarter = reports / str(pack.quarter)
    return quarter / "internal" if pack.audience == "internal" else quarter
