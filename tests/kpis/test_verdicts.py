from __future__ import annotations

import pytest

from kpilib.kpis.verdicts import Segment, judge
from kpilib.statistics import newcombe

STRONG = Segment(leads=100, conversions=40, deals=40, revenue=4000, spend=1000)


@pytest.mark.parametrize(
    ("segment", "verdict"),
    [
        # ROI −0.5, and 5 of 100 is distinguishably below 40 of 100.
        (Segment(100, 5, 5, 500, 1000), "cut"),
        # The same rate, but money comes back: ROI 0 is not below 0, and not above the overall 2500 / 2000 − 1.
        (Segment(100, 5, 5, 1000, 1000), "hold"),
        # ROI −0.5, but the rate is as good as the others'.
        (Segment(100, 38, 38, 500, 1000), "hold"),
        # ROI 9 of an overall 12; a rate distinguishably below is not invested in.
        (Segment(100, 5, 5, 20000, 1000), "hold"),
        (Segment(100, 38, 38, 20000, 1000), "invest"),
        # One lead, or one deal, too few.
        (Segment(19, 0, 9, 0, 1000), "too_little"),
        (Segment(100, 0, 4, 0, 1000), "too_little"),
        (Segment(20, 9, 5, 20000, 1000), "invest"),
        # Without spend by the rate alone, and never cut.
        (Segment(100, 41, 41, 10, 0), "invest"),
        (Segment(100, 39, 39, 9000, 0), "hold"),
        (Segment(100, 5, 5, 0, 0), "hold"),
    ],
)
def test_verdict(segment: Segment, verdict: str) -> None:
    assert judge({"other": STRONG, "this": segment})["this"].verdict == verdict


def test_the_evidence() -> None:
    verdict = judge({"other": STRONG, "this": Segment(100, 5, 5, 500, 1000)})["this"]
    assert (verdict.rate, verdict.others_rate, verdict.roi, verdict.overall_roi) == (0.05, 0.4, -0.5, 1.25)
    assert newcombe((5, 100), (40, 100))[1] < 0
    assert verdict.rate_low is not None
    assert verdict.rate_low < 0.05


def test_a_segment_alone_has_nobody_to_be_below() -> None:
    assert judge({"this": Segment(100, 5, 5, 500, 1000)})["this"].verdict == "invest"
    assert judge({"this": Segment(100, 5, 5, 500, 0)})["this"].verdict == "hold"
    verdict = judge({"this": Segment(0, 0, 0, 0, 10)})["this"]
    assert (verdict.verdict, verdict.rate, verdict.rate_low, verdict.others_rate) == ("too_little", None, None, None)
    assert judge({}) == {}
