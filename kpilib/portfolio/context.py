"""What every text of a portfolio review is written from: what was gathered, what it says, and the language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from kpilib.formats import Formats
from kpilib.kpis.own import texts_of
from kpilib.language import Words
from kpilib.money import to_major
from kpilib.portfolio.claims import Claims, judge_changes
from kpilib.portfolio.gathering import Gathering
from kpilib.portfolio.groups import Concentration, Group, measure_concentration, whole
from kpilib.portfolio.lasting import LowSuccess, find_low_success
from kpilib.portfolio.member import Member
from kpilib.portfolio.needs import Need, find_needs
from kpilib.quarter import Quarter
from kpilib.theme import Theme

if TYPE_CHECKING:
    from kpilib.charts.canvas import Look

__all__ = ["Context"]


@dataclass(frozen=True, eq=False)
class Context:
    """One portfolio, judged, and its language."""

    gathering: Gathering

    @cached_property
    def words(self) -> Words:
        """The texts of the review's language."""
        language = self.gathering.language
        return Words(language, texts_of(self.gathering.own, language))

    @cached_property
    def formats(self) -> Formats:
        """How the review writes values."""
        return Formats(self.words.language, self.gathering.currency, self.words.more)

    @property
    def internal(self) -> bool:
        """Always: a portfolio is for the channel team alone."""
        return True

    @cached_property
    def look(self) -> Look:
        """How the review's charts look."""
        from kpilib.charts.canvas import Look

        theme = Theme.from_brand(self.gathering.content["settings"]["brand"])
        return Look(self.formats, theme, self.quarter, self.as_of)

    @property
    def quarter(self) -> Quarter:
        """The quarter under review."""
        return self.gathering.quarter

    @property
    def as_of(self) -> date:
        """D, the last day that counts."""
        return self.gathering.as_of

    @property
    def over(self) -> bool:
        """Whether the quarter is read to its end."""
        return self.as_of >= self.quarter.end

    @property
    def days(self) -> int:
        """How many days of the quarter count."""
        return (self.as_of - self.quarter.start).days + 1

    @property
    def members(self) -> tuple[Member, ...]:
        """The partners, by id."""
        return self.gathering.members

    @cached_property
    def cohort(self) -> tuple[Member, ...]:
        """The partners that worked any opportunity in the quarter."""
        return tuple(one for one in self.members if one.in_cohort)

    @cached_property
    def ranked(self) -> tuple[Member, ...]:
        """The cohort by quality score, the best first."""
        scored = [one for one in self.cohort if one.score is not None]
        return tuple(sorted(scored, key=lambda one: (-(one.score or 0), one.name, one.partner_id)))

    @cached_property
    def whole(self) -> Group:
        """All partners as one."""
        return whole(self.members)

    @cached_property
    def claims(self) -> Claims:
        """The changes that may be claimed over all partners."""
        return judge_changes(self.members)

    @cached_property
    def _reasons(self) -> list[Need]:
        far_below = float(self.thresholds["act_below_target"])
        return find_needs(
            self.members, self.claims, far_below=far_below, currency=self.gathering.currency, over=self.over
        )

    @cached_property
    def needs(self) -> list[Need]:
        """The partners that need help."""
        return [need for need in self._reasons if need.urgent]

    @cached_property
    def others_short(self) -> list[Need]:
        """The partners that far miss another target than that for the won amount, and nothing else."""
        return [need for need in self._reasons if not need.urgent]

    @cached_property
    def low_success(self) -> LowSuccess:
        """The partners whose deal success is low, and for whom it lasts."""
        return find_low_success(self.members)

    @cached_property
    def concentration(self) -> Concentration | None:
        """How the won amount spreads over the partners."""
        return measure_concentration(self.members)

    @property
    def thresholds(self) -> dict[str, Decimal]:
        """The settings of a status."""
        return dict(self.gathering.content["settings"]["status"])

    def share(self, reached: float | None) -> str:
        """Return how much of a target is reached; 100 % is never said of one that is not."""
        if reached is not None and 0.995 <= reached < 1:
            return self.formats.rate(min(reached, 0.999), 1)
        return self.formats.rate(reached, 0)

    def money(self, minor: int) -> str:
        """Return minor units as a compact amount."""
        return self.formats.money(self.major(minor))

    def major(self, minor: int) -> Decimal:
        """Return minor units as money in major units."""
        return to_major(minor, self.gathering.currency)

    def quarter_label(self, quarter: str, as_of: date) -> str:
        """Return the name of a quarter, with the day to which it is read when that is not its end."""
        named = Quarter.parse(quarter, self.quarter.first_month)
        label = self.formats.quarter(named)
        if as_of >= named.end:
            return label
        return self.words("change.to_date", quarter=label, day=self.formats.short_date(as_of))

    @property
    def year_ago(self) -> str:
        """The name of the same quarter of last year, read at the same day."""
        then = self.quarter.shift(-4)
        return self.quarter_label(str(then), then.day_like(self.quarter, self.as_of))

    def name_some(self, members: Iterable[Member], most: int = 6) -> str:
        """Return partners' names as a list in words, with how many more there are."""
        held = list(members)
        names = [one.name for one in held[:most]]
        if len(held) <= most:
            return self.formats.join(names)
        return self.words("portfolio.more", names=self.words("formats.comma").join(names), count=len(held) - most)
