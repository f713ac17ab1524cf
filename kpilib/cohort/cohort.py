"""The cohort of a quarter: every partner's figures, and what of them one partner may be told.

Computed once per quarter and frozen at its first approval. A slice is handed medians of the others and its own
scores, never another partner's figure and never the means beneath the scores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from kpilib.cohort.counting import Counting, Counts, divide_partners
from kpilib.cohort.lives import read_lives
from kpilib.cohort.others import Others
from kpilib.cohort.scoring import Scoring
from kpilib.experience import QUARTERS, Experience, Prior
from kpilib.kpis.definition import Period
from kpilib.money import to_major
from kpilib.quarter import Quarter
from kpilib.rounding import to_two_digits

if TYPE_CHECKING:
    from kpilib.settings import Settings
    from kpilib.slicing import Audience
    from kpilib.store import Store

__all__ = ["Cohort"]

TREND = 8
ROWS_AT_A_TIME = 200_000
VERSION = 1


@dataclass(frozen=True)
class Cohort:
    """All partners' figures of one quarter as of a day.

    Attributes
    ----------
    figures
        KPI → the defined values of the members (partners with work in the quarter) and their weights; the
        quality score is not among them: it comes from ``scorings``.
    scorings
        the quarter under review first, then the seven before it and the two of comparison.
    success
        the members' deal success over the four quarters to the day, weighed by what was decided.
    own
        the scorings from which a partner's own deals are taken; those of this cohort unless it is frozen.
    prior
        what the partners' experience together tells the outlook; None where it would tell of one of them, or
        the quarter is not over.
    """

    quarter: Quarter
    as_of: date
    minimum_others: int
    largest_share: float
    figures: Mapping[str, Others]
    scorings: tuple[Scoring, ...]
    success: Others
    own: tuple[Scoring, ...]
    prior: Prior | None

    @classmethod
    def compute(
        cls, store: Store, settings: Settings, quarter: Quarter, as_of: date, *, rows_at_a_time: int = ROWS_AT_A_TIME
    ) -> Cohort:
        """Return the cohort of a quarter as of a day, from the rows of all partners.

        Parameters
        ----------
        rows_at_a_time
            about how many opportunities are held in memory; changes nothing else.

        Raises
        ------
        QuarterError
            when the as-of date lies before the quarter's start.
        """
        now = Period(quarter, quarter.read_as_of(as_of))
        earlier = [now.whole(-back) for back in range(1, TREND)]
        periods = [now, *dict.fromkeys([*earlier, now.shift(-1), now.shift(-4)])]
        tally = _Tally(now, periods, settings.money.currency)
        learned: list[Experience] = []
        for partner_ids in divide_partners(store, rows_at_a_time):
            tally.add(store, partner_ids)
            if now.day == quarter.end:
                learned += _learn(store, settings, quarter, between=(partner_ids[0], partner_ids[-1]))
        scorings = tally.scorings
        limits = settings.cohort
        return cls(
            quarter,
            now.day,
            limits.minimum_others,
            limits.largest_share,
            tally.figures,
            scorings,
            tally.success,
            scorings,
            Prior.pooled(learned, minimum=limits.minimum_others + 1, largest=limits.largest_share),
        )

    def hand_out(self, partner_id: str, audience: Audience) -> dict[str, Any]:
        """Return what a slice of a partner and an audience may know of the cohort, as plain JSON values."""
        medians = {
            key: self._position(others, partner_id, audience, self._reason(key, others, partner_id, audience))
            for key, others in self._all.items()
        }
        scores = [
            {
                "quarter": scoring.quarter,
                "as_of": scoring.as_of,
                "score": self._score(scoring, own, partner_id, audience),
            }
            for scoring, own in zip(self.scorings, self.own, strict=True)
        ]
        return {
            "medians": medians,
            "scores": sorted(scores, key=lambda entry: (str(entry["quarter"]), str(entry["as_of"]))),
            "deal_success": self._deal_success(partner_id, audience),
            "prior": None if self.prior is None else self.prior.data(),
        }

    def with_past(self, frozen: Cohort) -> Cohort:
        """Return this cohort with the earlier quarters scored as a frozen one scored them.

        Otherwise the difference between two packs' scores of one quarter would tell of who was corrected, or left.
        """
        held = {(scoring.quarter, scoring.as_of): scoring for scoring in frozen.scorings}
        now, *past = self.scorings
        return replace(self, scorings=(now, *(held.get((each.quarter, each.as_of), each) for each in past)))

    def with_own(self, fresh: Cohort) -> Cohort:
        """Return this frozen cohort with each partner's own deals as they are now.

        What the others say stays frozen; a partner's own corrected figures are scored against it.
        """
        return replace(self, own=fresh.scorings)

    def drift(self, fresh: Cohort) -> dict[str, tuple[float | None, float | None]]:
        """Return by KPI the median of all members, frozen and now, where the two differ."""
        pairs = {key: (others.median(""), fresh._all[key].median("")) for key, others in self._all.items()}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    def to_json(self) -> str:
        """Return the cohort as canonical text, to be frozen."""
        content = {
            "version": VERSION,
            "quarter": str(self.quarter),
            "first_month": self.quarter.first_month,
            "as_of": self.as_of.isoformat(),
            "minimum_others": self.minimum_others,
            "largest_share": self.largest_share,
            "figures": {key: _plain(others) for key, others in self.figures.items()},
            "scorings": [
                {
                    "quarter": scoring.quarter,
                    "as_of": scoring.as_of,
                    "deals": dict(scoring.deals),
                    "amounts": dict(scoring.amounts),
                }
                for scoring in self.scorings
            ],
            "success": _plain(self.success),
            "prior": None if self.prior is None else self.prior.data(),
        }
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Cohort:
        """Return the cohort that a text holds."""
        content = json.loads(text)
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        scorings = tuple(Scoring(**scoring) for scoring in content["scorings"])
        return cls(
            Quarter.parse(content["quarter"], content["first_month"]),
            date.fromisoformat(content["as_of"]),
            content["minimum_others"],
            content["largest_share"],
            {key: Others(**content["figures"][key]) for key in FIGURES},
            scorings,
            Others(**content["success"]),
            scorings,
            None if content["prior"] is None else Prior(**content["prior"]),
        )

    @cached_property
    def _all(self) -> dict[str, Others]:
        """Every KPI's figures, in the order in which packs show them."""
        scores = {"quality_score": self.scorings[0].scores}
        return {key: self.figures[key] if key in self.figures else scores[key] for key in ORDER}

    def _reason(self, key: str, others: Others, partner_id: str, audience: Audience) -> str | None:
        if key == "quality_score" and audience == "partner":
            return self._withheld(self.scorings[0], partner_id)
        return self._withheld(others, partner_id) if audience == "partner" else None

    def _withheld(self, figures: Others | Scoring, partner_id: str) -> str | None:
        return figures.withheld(partner_id, minimum=self.minimum_others, largest_share=self.largest_share)

    @staticmethod
    def _position(others: Others, partner_id: str, audience: Audience, reason: str | None) -> dict[str, Any]:
        median = others.median(partner_id)
        if reason is not None or median is None:
            return {"median": None, "others": None, "reason": reason or "too_few"}
        shown = median if audience == "internal" else to_two_digits(median)
        return {"median": shown, "others": others.count(partner_id), "reason": None}

    def _score(self, scoring: Scoring, own: Scoring, partner_id: str, audience: Audience) -> float | int | None:
        """Return a partner's score in a quarter; a partner sees it only where a median may stand beside it."""
        value = scoring.score(own.deals.get(partner_id, 0), own.amounts.get(partner_id, 0))
        if value is None or audience == "internal":
            return value
        return None if self._withheld(scoring, partner_id) else round(value)

    def _deal_success(self, partner_id: str, audience: Audience) -> float | None:
        """Return the members' deal success together; None where nothing was decided, or one could be guessed."""
        decided = sum(self.success.weights.values())
        if not decided or (audience == "partner" and self._withheld(self.success, partner_id)):
            return None
        share = sum(self.success.values.values()) / decided
        return share if audience == "internal" else to_two_digits(share)


FIGURES = (
    "average_deal_size",
    "deal_count",
    "opportunity_pipeline",
    "marketing_channels",
    "close_rate",
    "deal_velocity",
    "deal_success",
)
ORDER = (*FIGURES[:-1], "quality_score", FIGURES[-1])


def _learn(store: Store, settings: Settings, quarter: Quarter, *, between: tuple[str, str]) -> list[Experience]:
    since = quarter.shift(1 - QUARTERS).start
    lives = read_lives(store, settings.money.currency, quarter.end, since=since, between=between)
    return [Experience.learn(each, quarter) for each in lives.values()]


class _Tally:
    """The members' figures, gathered block by block; where a denominator is 0 a value is undefined and left out."""

    def __init__(self, now: Period, periods: list[Period], currency: str) -> None:
        self._now, self._periods, self._currency = now, periods, currency
        self._unit = float(to_major(1, currency))
        self._first = min(period.start for period in periods)
        self._scorings: list[tuple[dict[str, int], dict[str, int]]] = [({}, {}) for _ in periods]
        self._values: dict[str, tuple[dict[str, float], dict[str, float]]] = {key: ({}, {}) for key in FIGURES}
        self._success: tuple[dict[str, float], dict[str, float]] = ({}, {})

    def add(self, store: Store, partner_ids: list[str]) -> None:
        """Count some partners."""
        counting = Counting(store, self._currency, period=self._now, first=self._first, partner_ids=partner_ids)
        counts = [counting.count(period) for period in self._periods]
        for (deals, amounts), count in zip(self._scorings, counts, strict=True):
            for place in np.flatnonzero(count.worked).tolist():
                deals[partner_ids[place]] = int(count.won[place])
                amounts[partner_ids[place]] = int(count.amount[place])
        self._add_figures(counting, counts[0])

    def _add_figures(self, counting: Counting, counts: Counts) -> None:
        now, unit = self._now, self._unit
        pipeline, sourced, spent = counting.pipeline(now.day), counting.sourced(now), counting.spent(now)
        hits, leads = counting.conversions(now)
        year_won, year_decided = counting.decided(now.trailing_start, now.day)
        for place in np.flatnonzero(counts.worked).tolist():
            partner_id = counting.partner_ids[place]
            won, lost, amount = int(counts.won[place]), int(counts.lost[place]), int(counts.amount[place])
            found = {
                "average_deal_size": _ratio(amount * unit, won),
                "deal_count": (float(won), float(won)),
                "opportunity_pipeline": (float(pipeline[place]) * unit, float(pipeline[place])),
                "marketing_channels": _ratio(int(sourced[place] - spent[place]), int(spent[place])),
                "close_rate": _ratio(int(hits[place]), int(leads[place])),
                "deal_velocity": _velocity(counts.worked[place], won, lost, amount * unit, counts.cycle_days[place]),
                "deal_success": _ratio(won, won + lost),
            }
            for key, pair in found.items():
                if pair is not None:
                    self._values[key][0][partner_id], self._values[key][1][partner_id] = pair
            if year_decided[place]:
                self._success[0][partner_id] = float(year_won[place])
                self._success[1][partner_id] = float(year_decided[place])

    @property
    def scorings(self) -> tuple[Scoring, ...]:
        return tuple(
            Scoring(str(period.quarter), period.day.isoformat(), deals, amounts)
            for period, (deals, amounts) in zip(self._periods, self._scorings, strict=True)
        )

    @property
    def figures(self) -> dict[str, Others]:
        return {key: Others(*pair) for key, pair in self._values.items()}

    @property
    def success(self) -> Others:
        return Others(*self._success)


def _ratio(numerator: float, denominator: int) -> tuple[float, float] | None:
    """Return a ratio and its weight, the denominator; None where that is 0."""
    return (numerator / denominator, float(denominator)) if denominator else None


def _velocity(worked: Any, won: int, lost: int, amount: float, cycle_days: Any) -> tuple[float, float] | None:
    """Return a velocity; money per day adds up over partners, so that it is its own weight."""
    if not won:
        return None
    value = amount * int(worked) * won / ((won + lost) * int(cycle_days))
    return value, value


def _plain(others: Others) -> dict[str, dict[str, float]]:
    return {"values": dict(others.values), "weights": dict(others.weights)}
