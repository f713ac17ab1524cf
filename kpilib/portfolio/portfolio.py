"""The portfolio review: what its notebook opens, and whose parts display themselves."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from kpilib.parts import Chart, PageOne, Section
from kpilib.portfolio.context import Context
from kpilib.portfolio.frames import tidy_kpis, tidy_partners, tidy_quarters
from kpilib.portfolio.gathering import Gathering
from kpilib.portfolio.member import Member
from kpilib.portfolio.opening import open_gathering
from kpilib.portfolio.page_one import compose_page_one
from kpilib.portfolio.sections import (
    describe_appendix,
    describe_concentration,
    describe_growth,
    describe_low_success,
    describe_needs,
    describe_own,
    describe_ranking,
    describe_segments,
    describe_targets,
    describe_versus,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Portfolio"]


class Portfolio:
    """All partners of one quarter: the parts of the review, and the figures behind them.

    >>> portfolio = Portfolio.open("2026Q3")  # doctest: +SKIP
    >>> portfolio.ranking  # shows itself  # doctest: +SKIP
    >>> portfolio.partners.nlargest(5, "won_amount")["name"]  # doctest: +SKIP
    """

    def __init__(self, gathering: Gathering) -> None:
        self.gathering = gathering
        self._context = Context(gathering)

    @classmethod
    def open(cls, quarter: str, *, as_of: str = "", language: str = "") -> Portfolio:
        """Return the portfolio of a quarter.

        From the ``portfolio.json`` in the current folder if there is one, as in `kpilib build`; else from the
        workspace whose ``kpilib.toml`` lies nearest above the current folder.

        Parameters
        ----------
        quarter
            like ``"2026Q3"``.
        as_of
            the day at which the data are looked at, like ``"2026-08-15"``; empty: as the settings say.
        language
            ``"en"``, ``"ko"``…; empty: as the settings say.

        Raises
        ------
        SettingsError
            when a parameter cannot be used, or there is no workspace.
        QuarterError
            when the quarter is none, or starts after the as-of date.
        """
        return cls(open_gathering(quarter, as_of=as_of, language=language))

    def __repr__(self) -> str:
        held = self.gathering
        return f"<Portfolio of {len(held.members)} partners, {held.quarter}, as of {held.as_of}>"

    @property
    def members(self) -> tuple[Member, ...]:
        """The partners, by id: those with work in the quarter, and the active ones without."""
        return self.gathering.members

    # The parts of the review, in its order

    @cached_property
    def page_one(self) -> PageOne:
        """Page one: the verdict on the whole, its eight cards, and where to look first."""
        return compose_page_one(self._context)

    @cached_property
    def ranking(self) -> Section:
        """All partners by quality score, with its trend."""
        return describe_ranking(self._context)

    @cached_property
    def growth(self) -> Section:
        """Won amount against its change since last year."""
        return describe_growth(self._context)

    @cached_property
    def needs(self) -> Section:
        """Who needs help, and why; and who did better."""
        return describe_needs(self._context)

    @cached_property
    def low_success(self) -> Section:
        """Whose deal success is lastingly low: who may need to be replaced."""
        return describe_low_success(self._context)

    @cached_property
    def segments(self) -> Section:
        """Regions, tiers and marketing segments; each table adds up to the whole."""
        return describe_segments(self._context)

    @cached_property
    def targets(self) -> Section:
        """How much of its target each partner has won."""
        return describe_targets(self._context)

    @cached_property
    def concentration(self) -> Section:
        """How much of the won amount hangs on a few partners."""
        return describe_concentration(self._context)

    @cached_property
    def own(self) -> Section | None:
        """The KPIs of the workspace's own, partner by partner; nothing without any.

        >>> portfolio.own  # doctest: +SKIP
        """
        return describe_own(self._context)

    def versus(self, a: str = "", b: str = "") -> Section:
        """Return two partners side by side; where one is not named, the best scored of the others.

        Raises
        ------
        PartnerError
            when there is no such partner.

        >>> portfolio.versus("P001", "P002")  # doctest: +SKIP
        """
        return describe_versus(self._context, a, b)

    @cached_property
    def appendix(self) -> Section:
        """How the lists are judged, who is in them, and on what the review stands."""
        return describe_appendix(self._context)

    # The figures behind it

    @cached_property
    def partners(self) -> pd.DataFrame:
        """One row per partner, by id.

        Columns
        -------
        partner_id, name, tier, region, manager
            text; missing where blank
        active, in_cohort, new
            flags; ``in_cohort``: worked any opportunity in the quarter; ``new``: first seen in it
        quality_score
            of the quarter; missing outside the cohort
        won_amount, won_amount_year_ago, target, pipeline
            money in major units; missing where there is none
        deals, lost, leads, conversions, open
            counts
        spend, sourced
            money in major units: marketing, and what deals with a lead brought

        >>> portfolio.partners.groupby("region")["won_amount"].sum()  # doctest: +SKIP
        """
        return tidy_partners(self._context)

    @cached_property
    def kpis(self) -> pd.DataFrame:
        """One row per partner and KPI.

        Columns
        -------
        partner_id, kpi, unit, status, reason
            text
        value, n, attainment
            numbers; ``value`` in major units, a rate as a fraction, missing when undefined

        >>> portfolio.kpis.pivot(index="partner_id", columns="kpi", values="value")  # doctest: +SKIP
        """
        return tidy_kpis(self._context)

    @cached_property
    def quarters(self) -> pd.DataFrame:
        """One row per partner and each of the last eight quarters.

        Columns
        -------
        partner_id, quarter
            text
        deals, lost, leads, conversions, open
            counts; ``open`` on the quarter's last day
        won_amount, pipeline
            money in major units
        quality_score
            missing where there is none

        >>> portfolio.quarters.groupby("quarter")["won_amount"].sum()  # doctest: +SKIP
        """
        return tidy_quarters(self._context)

    # What an analyst adds

    @property
    def theme(self) -> object:
        """The look of the review's charts; draw inside ``with portfolio.theme.applied():``."""
        return self._context.look.theme

    def chart(
        self, figure: Figure, *, alt: str, title: str, subtitle: str = "", width: Literal["full", "half"] = "full"
    ) -> Chart:
        """Return a figure of one's own as a chart of the review.

        Parameters
        ----------
        alt
            what the chart shows, in words, with its numbers: for readers who cannot see it.

        Raises
        ------
        RenderError
            when the alt text or the title is empty.
        """
        look = self._context.look
        return look.chart(figure, alt=alt, title=title, subtitle=subtitle, width=width, call="portfolio.chart")
