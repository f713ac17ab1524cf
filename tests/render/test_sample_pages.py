"""The sample partners' packs as they are printed: page one on page one, six pages, none half empty, in Korean too."""

from __future__ import annotations

import re
from collections.abc import Callable

import pypdfium2
import pytest
from sample_packs import META, TEMPLATES, notebook

from kpilib.cohort import Cohort
from kpilib.render.pages import render_pack
from kpilib.review import Review
from kpilib.sample import write_sample
from kpilib.settings import load_settings
from kpilib.slicing import cut_slice
from kpilib.store import Store

ORDER = (
    "page_one", "outlook", "plan", "average_deal_size", "deal_count", "opportunity_pipeline", "marketing_channels",
    "close_rate", "deal_velocity", "quality_score", "deal_success", "appendix",
)  # fmt: skip
# Rich, no deal, joined last month, Korean; and one whose appendix would stand alone on the last page.
TELLING = ("P001", "P006", "P007", "P011", "P018")
# The lower margin, in points.
BOTTOM = 16 / 25.4 * 72
Printed = Callable[[str], tuple[Review, list[str], list[float]]]
ALL = [f"P{number:03d}" for number in range(1, 31)]


@pytest.fixture(scope="module")
def review_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Review]:
    root = tmp_path_factory.mktemp("sample")
    write_sample(root / "data")
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n\n[money]\ncurrency = "USD"\n', encoding="utf-8")
    settings = load_settings(root / "kpilib.toml")
    store = Store.open(settings)
    quarter = store.latest_quarter()
    cohort = Cohort.compute(store, settings, quarter, quarter.end)

    def make(partner: str) -> Review:
        return Review(
            cut_slice(
                store, cohort, settings, partner_id=partner, quarter=quarter, as_of=quarter.end,
                audience="partner", language=None, comment="A word on the quarter. " * 30, issued=None,
            )
        )  # fmt: skip

    return make


@pytest.fixture(scope="module")
def printed(review_of: Callable[[str], Review]) -> Printed:
    def make(partner: str) -> tuple[Review, list[str], list[float]]:
        review = review_of(partner)
        held = [part.data() for name in ORDER if (part := getattr(review, name)) is not None]
        book = notebook(*held, **{**META, "language": review.slice.language})
        with pypdfium2.PdfDocument(render_pack(book, templates=TEMPLATES).pdf) as document:
            texts = [squeezed(page.get_textpage().get_text_bounded()) for page in document]
            return review, texts, [room_at_foot(page) for page in document]

    return make


def room_at_foot(page: pypdfium2.PdfPage) -> float:
    """How much of a page's height is free between its last drawn thing and its footer."""
    feet = [thing.get_bounds()[1] for thing in page.get_objects()]
    return (min(foot for foot in feet if foot > BOTTOM - 4) - BOTTOM) / page.get_height()


def squeezed(text: str) -> str:
    return re.sub(r"[\s\x02\u200b]+", "", text)


def check_reading_order(review: Review, said: str) -> None:
    """The PDF's text comes card by card and section by section, each with all that belongs to it, as it is read."""
    page = review.page_one
    wanted = [page.masthead.kicker, page.masthead.title, *page.masthead.lines, page.verdict.lead, page.verdict.text]
    for card in page.cards:
        wanted += [card.name, card.status.word, card.value, card.unit, card.previous, card.cohort]
    wanted += [page.legend, page.picture.title if page.picture else ""]
    sections = [section for name in ORDER[1:] if (section := getattr(review, name)) is not None]
    for section in sections:
        answer = section.answer if isinstance(section.answer, str) else "".join(run.text for run in section.answer)
        wanted += [section.title, section.question, answer, *section.small]
    place = 0
    for text in map(squeezed, wanted):
        found = said.find(text, place)
        assert found >= 0, text
        place = found + len(text)


def check(review: Review, pages: list[str], room: list[float]) -> None:
    # What a page has to spare is spread over its gaps; a last page is never almost empty.
    assert max(room[1:-1]) < 0.1
    assert room[-1] < 0.55
    page, first = review.page_one, pages[0]
    assert squeezed(page.masthead.title + page.verdict.lead) not in "".join(pages[1:])
    for text in (page.verdict.lead, page.verdict.text, *(card.name for card in page.cards)):
        assert squeezed(text) in first
    for part in (page.agreed, page.plan, page.outlook, page.comment):
        assert part is None or squeezed(part.title) in first
    # What looks ahead comes before what looks back.
    assert squeezed(review.plan.question) in "".join(pages[:2])
    assert len(pages) <= 6
    check_reading_order(review, "".join(pages))
    # A heading stands on the page of what answers it.
    for name in ORDER[1:]:
        section = getattr(review, name)
        first_part = next(iter(section.data()["parts"]), None) if section is not None else None
        if first_part is not None and first_part.get("title"):
            wanted = squeezed(section.question), squeezed(first_part["title"])
            assert any(all(text in page for text in wanted) for page in pages), name


@pytest.mark.parametrize("partner", TELLING)
def test_page_one_is_page_one_and_the_plan_follows(printed: Printed, partner: str) -> None:
    check(*printed(partner))


@pytest.mark.slow
@pytest.mark.parametrize("partner", ALL)
def test_so_it_is_for_every_partner(printed: Printed, partner: str) -> None:
    check(*printed(partner))
