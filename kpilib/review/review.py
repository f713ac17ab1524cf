"""The review: what a notebook opens, and whose parts display themselves."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from kpilib.advice import Advice
from kpilib.errors import KpilibError, did_you_mean
from kpilib.facts import Facts
from kpilib.kpis import evaluate
from kpilib.kpis.kpi import Kpi
from kpilib.outlook import Outlook
from kpilib.parts import Chart, Note, PageOne, Section
from kpilib.review.ahead import (
    compose_outlook,
    compose_plan,
    describe_outlook,
    describe_plan,
    look_ahead,
    plan_of,
)
from kpilib.review.appendix import describe_appendix, small_print
from kpilib.review.context import Context
from kpilib.review.frames import tidy_actions, tidy_leads, tidy_opportunities, tidy_spend, tidy_targets
from kpilib.review.opening import open_slice
from kpilib.review.page_one import compose_page_one
from kpilib.review.restated import describe_restated
from kpilib.review.sections import KpiSection, Sections, describe
from kpilib.slice import Slice
from kpilib.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Review"]


class Review:
    """One partner's quarter: the KPIs, the parts of the pack, and the rows behind them.

    >>> review = Review.open("P001", "2026Q3")  # doctest: +SKIP
    >>> review.page_one  # shows itself  # doctest: +SKIP
    >>> review.deal_count.value  # doctest: +SKIP
    14
    >>> review.opportunities.query("outcome == 'won'").groupby("product")["amount"].sum()  # doctest: +SKIP
    """

    def __init__(self, slice_: Slice) -> None:
        self.slice = slice_

    @classmethod
    def open(
        cls, partner: str, quarter: str, *, as_of: str = "", audience: str = "partner", language: str = ""
    ) -> Review:
        """Return the review of a partner's quarter.

        From the ``slice.json`` in the current folder if there is one, as in `kpilib build`; else from the
        workspace whose ``kpilib.toml`` lies nearest above the current folder.

        Parameters
        ----------
        partner
            the partner's id, as text: ``"00123"``.
        quarter
            like ``"2026Q3"``.
        as_of
            the day at which the data are looked at, like ``"2026-08-15"``; empty: as the settings say.
        audience
            ``"partner"`` or ``"internal"``.
        language
            ``"en"``, ``"ko"``…; empty: as the settings or the partner's locale say.

        Raises
        ------
        SettingsError
            when a parameter cannot be used, or there is no workspace.
        PartnerError
            when the data hold no such partner.
        QuarterError
            when the quarter is none, or starts after the as-of date.

        >>> Review.open("00123", "2026Q3", as_of="2026-08-15")  # doctest: +SKIP
        <Review of 00123, 2026Q3, as of 2026-08-15>
        """
        return cls(open_slice(partner, quarter, as_of=as_of, audience=audience, language=language))

    def __repr__(self) -> str:
        return f"<Review of {self.slice.partner_id}, {self.slice.quarter}, as of {self.slice.as_of}>"

    @cached_property
    def kpis(self) -> dict[str, Kpi]:
        """The KPIs by key, as plain values with their companions' frames.

        >>> review.kpis["deal_success"].companions["by_rep"]  # doctest: +SKIP
        """
        return evaluate(self.slice)

    @cached_property
    def _context(self) -> Context:
        return Context(self.slice, self.kpis)

    # The parts of the pack, in its order

    @cached_property
    def page_one(self) -> PageOne:
        """Page one: the verdict, a card per KPI, what was agreed, the manager's words.

        >>> review.page_one.cards[0].value  # doctest: +SKIP
        '16.7'
        """
        context = self._context
        return compose_page_one(
            context, plan=compose_plan(self.advice, context), outlook=compose_outlook(self._outlook, context)
        )

    @cached_property
    def average_deal_size(self) -> KpiSection:
        """The section that asks whether each customer is worth more over time.

        >>> review.average_deal_size.chart  # doctest: +SKIP
        """
        return self.sections["average_deal_size"]

    @cached_property
    def deal_count(self) -> KpiSection:
        """The section on how many deals were won, and what they are worth.

        >>> review.deal_count.table  # doctest: +SKIP
        """
        return self.sections["deal_count"]

    @cached_property
    def opportunity_pipeline(self) -> KpiSection:
        """The section on where the pipeline stands, and what changed it.

        >>> review.opportunity_pipeline.kpi.companions["bridge"]  # doctest: +SKIP
        """
        return self.sections["opportunity_pipeline"]

    @cached_property
    def marketing_channels(self) -> KpiSection:
        """The section on which channels earn what is spent on them.

        >>> review.marketing_channels.kpi.companions["verdicts"]  # doctest: +SKIP
        """
        return self.sections["marketing_channels"]

    @cached_property
    def close_rate(self) -> KpiSection:
        """The section on how many leads become customers.

        >>> review.close_rate.value  # doctest: +SKIP
        0.112
        """
        return self.sections["close_rate"]

    @cached_property
    def deal_velocity(self) -> KpiSection:
        """The section on how fast revenue comes.

        >>> review.deal_velocity.table  # doctest: +SKIP
        """
        return self.sections["deal_velocity"]

    @cached_property
    def quality_score(self) -> KpiSection:
        """The section that compares the quarter with the past and with other partners.

        >>> review.quality_score.value  # doctest: +SKIP
        131
        """
        return self.sections["quality_score"]

    @cached_property
    def deal_success(self) -> KpiSection:
        """The section on how well opportunities are picked and turned into sales.

        >>> review.deal_success.chart  # doctest: +SKIP
        """
        return self.sections["deal_success"]

    def __getitem__(self, key: str) -> KpiSection:
        """Return a KPI's section by the KPI's key: of the eight, or of one's own (``kpis/certified_staff.py``).

        >>> review["certified_staff"]  # doctest: +SKIP
        """
        if key not in self.kpis:
            raise KpilibError(f"No KPI {key!r}: there are {', '.join(self.kpis)}.{did_you_mean(key, self.kpis)}")
        return self.sections[key]

    @cached_property
    def sections(self) -> Sections:
        """The sections of all KPIs by key; in a cell of its own it shows them all, one after the other.

        >>> list(review.sections)[:2]  # doctest: +SKIP
        ['average_deal_size', 'deal_count']
        """
        return Sections(self.kpis, lambda key: describe(self.kpis[key], self._context))

    @cached_property
    def own(self) -> Sections:
        """The sections of the KPIs of one's own, those of the workspace's folder ``kpis``; nothing without any.

        >>> review.own["certified_staff"].chart  # doctest: +SKIP
        """
        return Sections([key for key in self.kpis if key in self._context.own], self.sections.__getitem__)

    @cached_property
    def outlook(self) -> Section | None:
        """The section on what the next quarter may bring: the range, its target, and what it is made of.

        None where no range can be given, since the past is too short or the quarter is not over.

        >>> review.outlook  # doctest: +SKIP
        """
        return describe_outlook(self._outlook, self._context, self._facts)

    @cached_property
    def plan(self) -> Section:
        """The section on the recommended actions, each with its evidence and what to expect.

        >>> review.plan.parts[0]  # doctest: +SKIP
        """
        return describe_plan(self.advice, self._context)

    @cached_property
    def _outlook(self) -> Outlook:
        return look_ahead(self._context, self._facts)

    @cached_property
    def advice(self) -> list[Advice]:
        """The recommended actions, as `kpilib.advice` gives them.

        >>> [advice.rule for advice in review.advice]  # doctest: +SKIP
        """
        return plan_of(self._context)

    @cached_property
    def restated(self) -> Section | None:
        """What changed in last quarter's figures since they were issued; None when nothing did.

        >>> review.restated  # doctest: +SKIP
        """
        return describe_restated(self._context)

    @cached_property
    def appendix(self) -> Section:
        """Thresholds, what was left out, and on what the pack stands.

        >>> review.appendix  # doctest: +SKIP
        """
        return describe_appendix(self._context)

    @cached_property
    def small_print(self) -> Note:
        """What was left out, and on what the pack stands, in one paragraph: for a pack without the appendix.

        >>> review.small_print  # doctest: +SKIP
        """
        return small_print(self._context)

    # The rows behind it

    @cached_property
    def _facts(self) -> Facts:
        return Facts(self.slice)

    @property
    def opportunities(self) -> pd.DataFrame:
        """One row per opportunity that the review may know, by id.

        Columns
        -------
        opportunity_id, created_on, created_quarter
            text; day; its fiscal quarter, like ``2026Q3``
        closed_on, closed_quarter
            day on which it was won or lost, and its fiscal quarter; missing while open
        outcome
            ``open``, ``won`` or ``lost``, as of the review's day
        stage
            as of that day; missing where unknown
        amount
            float, major units of the reporting currency; 0 where blank
        days
            from creation to closing, or to the review's day while open
        rep, product, region, channel, lost_reason, lost_to
            text; missing where blank

        >>> review.opportunities.query("closed_quarter == '2026Q3'").groupby("rep")["amount"].sum()  # doctest: +SKIP
        """
        return tidy_opportunities(self.slice, self._facts)

    @property
    def leads(self) -> pd.DataFrame:
        """One row per lead, by id.

        Columns
        -------
        lead_id, created_on, created_quarter, channel, region
            text; day; its fiscal quarter, like ``2026Q3``; text; text
        segment
            ``paid``, ``earned``, ``owned`` or ``unassigned``
        opportunity_id
            of the opportunity that it became; missing otherwise
        won
            whether that opportunity is won as of the review's day

        >>> review.leads.groupby("channel")["won"].mean()  # doctest: +SKIP
        """
        return tidy_leads(self.slice, self._facts)

    @property
    def spend(self) -> pd.DataFrame:
        """One row per channel and month.

        Columns
        -------
        month, quarter
            its first day; its fiscal quarter, like ``2026Q3``
        channel, segment
            text
        amount
            float, major units of the reporting currency

        >>> review.spend.pivot_table("amount", "month", "segment", "sum")  # doctest: +SKIP
        """
        return tidy_spend(self.slice, self._facts)

    @property
    def targets(self) -> pd.DataFrame:
        """One row per quarter and metric that has a target, up to the next quarter.

        Columns
        -------
        quarter
            like ``2026Q3``
        metric
            a KPI's key, or ``won_amount``
        value
            float

        >>> review.targets.query("metric == 'won_amount'")  # doctest: +SKIP
        """
        return tidy_targets(self.slice)

    @property
    def actions(self) -> pd.DataFrame:
        """One row per action that a review agreed.

        Columns
        -------
        action_id, quarter, text, owner
            text; ``quarter`` is that of the review
        due_on, done_on
            days; missing where blank
        status
            ``open``, ``done`` or ``dropped``, as of the review's day
        overdue
            open and due before that day

        >>> review.actions.query("overdue")  # doctest: +SKIP
        """
        return tidy_actions(self.slice)

    # What an analyst adds

    @cached_property
    def theme(self) -> Theme:
        """The look of the pack's charts: draw inside ``applied()``.

        >>> with review.theme.applied():  # doctest: +SKIP
        ...     axes = sns.histplot(review.opportunities, x="days")
        """
        return Theme.from_brand(self.slice.content["settings"]["brand"])

    def chart(
        self, figure: Figure, *, alt: str, title: str, subtitle: str = "", width: Literal["full", "half"] = "full"
    ) -> Chart:
        """Return a figure of one's own as a chart of the pack.

        Parameters
        ----------
        alt
            what the chart shows, in words, with its numbers: for readers who cannot see it.

        Raises
        ------
        RenderError
            when the alt text or the title is empty.

        >>> with review.theme.applied():  # doctest: +SKIP
        ...     axes = sns.histplot(review.opportunities, x="days")
        >>> review.chart(axes.figure, alt="Most deals take 30 to 60 days.", title="Days to a deal")  # doctest: +SKIP
        """
        return self._context.chart(figure, alt=alt, title=title, subtitle=subtitle, width=width)
