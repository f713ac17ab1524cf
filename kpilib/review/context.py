"""What every text of a pack is written from: the slice, the KPIs, and the language's words and formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from kpilib.formats import Formats
from kpilib.kpis.definition import Definition
from kpilib.kpis.kpi import Kpi
from kpilib.kpis.own import own_definitions, texts_of
from kpilib.language import Words
from kpilib.quarter import Quarter
from kpilib.slice import Slice
from kpilib.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from kpilib.charts.canvas import Look
    from kpilib.parts import Chart

__all__ = ["Context"]


@dataclass(frozen=True)
class Context:
    """One pack's figures and its language."""

    slice: Slice
    kpis: Mapping[str, Kpi]

    @cached_property
    def words(self) -> Words:
        """The texts of the pack's language."""
        return Words(self.slice.language, self._own_texts)

    @cached_property
    def formats(self) -> Formats:
        """How the pack writes values."""
        return Formats(self.words.language, self.slice.currency, self._own_texts)

    @cached_property
    def own(self) -> Mapping[str, Definition]:
        """The KPIs of the workspace's own."""
        return own_definitions(self.slice)

    @cached_property
    def _own_texts(self) -> Mapping[str, str | Mapping[str, str]]:
        return texts_of(self.own, self.slice.language)

    @cached_property
    def look(self) -> Look:
        """How the pack's charts look."""
        from kpilib.charts.canvas import Look

        return Look(self.formats, Theme.from_brand(self.slice.content["settings"]["brand"]), self.quarter, self.as_of)

    @property
    def quarter(self) -> Quarter:
        """The quarter under review."""
        return self.slice.quarter

    @property
    def as_of(self) -> date:
        """D, the last day that counts."""
        return self.slice.as_of

    @property
    def internal(self) -> bool:
        """Whether the pack is for the channel team alone."""
        return self.slice.audience == "internal"

    @property
    def partial(self) -> bool:
        """Whether the quarter is read before its end."""
        return self.as_of < self.quarter.end

    @cached_property
    def new(self) -> bool:
        """Whether the partner's first opportunity or lead falls into this quarter."""
        dates = [
            min(values) for name in ("opportunities", "leads")
            if (values := self.slice.content["tables"].get(name, {}).get("created_on"))
        ]  # fmt: skip
        return not dates or min(dates) >= self.quarter.start.isoformat()

    @property
    def day(self) -> int:
        """How many of the quarter's days have passed by D."""
        return (self.as_of - self.quarter.start).days + 1

    def chart(
        self, figure: Figure, *, alt: str, title: str, subtitle: str = "", width: Literal["full", "half"] = "full"
    ) -> Chart:
        """Return a matplotlib figure as a chart of the pack; see `kpilib.review.review.Review.chart`."""
        return self.look.chart(figure, alt=alt, title=title, subtitle=subtitle, width=width, call="review.chart")

    def quarter_label(self, quarter: str, as_of: date) -> str:
        """Return the name of a quarter, with the day to which it is read when that is not its end."""
        named = Quarter.parse(quarter, self.quarter.first_month)
        label = self.formats.quarter(named)
        if as_of >= named.end:
            return label
        return self.words("change.to_date", quarter=label, day=self.formats.short_date(as_of))
