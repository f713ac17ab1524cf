"""Pages in a real browser: accessible (WCAG 2.2 AA), quiet, loading nothing, readable narrow and wide, and in print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sample_packs import META, TEMPLATES, long_page, markdown, notebook, parts, shows

from kpilib.render.document import read_document
from kpilib.render.webpage import draw_html

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
OVERFLOWING = """[...document.querySelectorAll('main p, main li, main h1, main h2')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')
    .map(each => each.textContent)"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    # playwright's event loop leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

FOREIGN = (
    markdown("## An analyst's own\n\nProse with a [link](https://example.org) and `code`.\n\n```\na block\n```"),
    shows({"text/html": "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x</td></tr></table>"}),
    shows({"text/plain": "[1, 2]"}),
)
BOOKS = {
    "rich": (*parts("rich")[:5], *FOREIGN),
    "empty": tuple(parts("empty")),
    "korean": tuple(parts("korean")),
    "long": (long_page(), *parts("rich")[1:2]),
    "foreign": FOREIGN,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    brand = {"accent": "#7a1f5c", "heading_font": "NanumGothic"}
    for name, held in BOOKS.items():
        language = "ko" if name == "korean" else "en"
        document = read_document(
            notebook(*held, **{**META, "language": language, "brand": brand if name == "long" else {}})
        )
        (folder / f"{name}.html").write_bytes(draw_html(document, TEMPLATES))
    return {name: folder / f"{name}.html" for name in BOOKS}


@pytest.fixture
def open_page(browser: Any, files: dict[str, Path]) -> Iterator[Any]:
    pages = []

    def open_(name: str, width: int) -> tuple[Any, list[str]]:
        page = browser.new_page(viewport={"width": width, "height": 900})
        pages.append(page)
        heard: list[str] = []
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: heard.append(request.url) if not request.url.startswith("data:") else None)
        page.goto(files[name].as_uri())
        page.evaluate("document.fonts.ready.then(() => true)")
        return page, heard

    yield open_
    for page in pages:
        page.close()


@pytest.mark.parametrize(
    ("name", "width"),
    [("rich", 360), ("rich", 1440), ("empty", 360), ("korean", 1440), ("long", 360), ("foreign", 1440)],
)
def test_no_violation_no_sound_no_request_nothing_cut_off(open_page: Any, files: Any, name: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, heard = open_page(name, width)

    results = Axe().run(page, options=RULES)

    violations = [
        (found["id"], node["target"], node["failureSummary"])
        for found in results.response["violations"]
        for node in found["nodes"]
    ]
    assert violations == []
    assert heard == [files[name].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERFLOWING) == []


def test_our_own_faces_are_used_and_hangul_too(open_page: Any) -> None:
    page, _ = open_page("korean", 1440)

    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family.replaceAll('\"', ''))"
    )

    assert {"Source Sans Pro", "NanumGothic"} <= set(loaded)


def test_cards_of_a_row_have_their_values_level(open_page: Any) -> None:
    page, _ = open_page("long", 1440)

    figures = "[...document.querySelectorAll('.kp-figure')]"
    tops = page.evaluate(f"{figures}.map(each => Math.round(each.getBoundingClientRect().top))")

    assert len(tops) == 8
    assert len(set(tops)) == 2


def test_text_is_large_enough_to_read_on_a_phone(open_page: Any) -> None:
    page, _ = open_page("rich", 360)

    smallest = page.evaluate("""Math.min(...[...document.querySelectorAll('main *')]
        .filter(each => !each.closest('svg'))
        .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
        .map(each => parseFloat(getComputedStyle(each).fontSize)))""")

    assert smallest >= 12


def test_print_hides_what_a_screen_needs_and_cuts_no_chart(open_page: Any, tmp_path: Path) -> None:
    page, _ = open_page("rich", 1440)

    page.emulate_media(media="print")

    assert page.evaluate("getComputedStyle(document.querySelector('.kp-contents')).display") == "none"
    assert page.evaluate("getComputedStyle(document.querySelector('.kp-chart')).breakInside") == "avoid"


def test_a_fault_would_be_seen(open_page: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page, _ = open_page("empty", 1440)
    page.evaluate("document.querySelector('main').innerHTML += '<p style=\"color: #ccc\">pale</p><img src=\"data:,\">'")

    results = Axe().run(page, options=RULES)

    assert {"color-contrast", "image-alt"} <= {found["id"] for found in results.response["violations"]}


def test_colour_and_face_of_the_brand_are_used(open_page: Any) -> None:
    page, _ = open_page("long", 1440)

    style = "getComputedStyle(document.querySelector({}))"
    assert page.evaluate(f"{style.format(repr('.kp-kicker'))}.color") == "rgb(122, 31, 92)"
    assert page.evaluate(f"{style.format(repr('h1'))}.fontFamily").startswith("NanumGothic")
