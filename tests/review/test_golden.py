"""The texts of whole parts, in both languages; `make golden` writes the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import kpilib
from kpilib.parts import Chart, Part

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = (
    "page_one",
    "average_deal_size",
    "deal_count",
    "opportunity_pipeline",
    "marketing_channels",
    "close_rate",
    "deal_velocity",
    "quality_score",
    "deal_success",
    "appendix",
)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_golden_texts_of_a_partner_with_two_years_behind_it(
    make_review: Any, golden: Callable[[str, str], None], language: str
) -> None:
    review = make_review(language=language, comment="Well **done**.\n\nNow *refill* the funnel.")
    text = "\n\n\n".join(without_alt_texts(getattr(review, part)) for part in PARTS)
    golden(f"nordlicht-{language}.txt", text.replace(f"kpilib {kpilib.__version__}", "kpilib"))


def without_alt_texts(part: Part) -> str:
    """Charts write those; their own tests hold them."""
    text = part.text()
    for chart in charts(part):
        text = text.replace(f"\n{chart.alt}", "")
    return text


def charts(part: Part) -> list[Chart]:
    inner = getattr(part, "parts", ())
    return [part] if isinstance(part, Chart) else [chart for each in inner for chart in charts(each)]
