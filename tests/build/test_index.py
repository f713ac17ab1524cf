"""The index: what it says of each partner, and that it can be worked with, in a real browser and without a script."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from kpilib.build.figures import read_figures
from kpilib.build.index import read_states, write_index
from kpilib.build.index_row import spark_line
from kpilib.build.manifest import FAILURE, MANIFEST, Failure, Manifest
from kpilib.build.round import Round
from kpilib.build.write import put_folder
from kpilib.deliver.approve import approve_packs
from kpilib.errors import ExecutionError, RenderError
from kpilib.kpis import document, evaluate, to_json
from kpilib.ledger import Ledger
from kpilib.settings import Settings

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
in_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
    # playwright's event loop leaves sockets to the collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

PARTNERS = """
partner_id | name               | region       | tier   | manager   | active
P1         | Alder & Sons       | North        | gold   | Ana Ruiz  | true
P2         | Birch <b>Ltd</b>   | North        | silver | Ben       | true
P3         | 느티나무            | South "East" | gold   | Ana Ruiz  | true
P4         | Gone Away          | North        | gold   | Ben       | false
P5         | Elm                | North        | gold   | Ben       | true
"""
OPPORTUNITIES = """
opportunity_id | partner_id | created_on | closed_on  | outcome | amount
O1             | P1         | 2026-07-01 | 2026-07-15 | won     | 20000.00
O2             | P1         | 2026-07-02 | 2026-07-16 | won     | 4000.00
O3             | P1         | 2026-04-02 | 2026-04-16 | won     | 4000.00
O4             | P2         | 2026-07-03 | 2026-08-01 | won     | 100000.00
O5             | P2         | 2026-07-03 | 2026-08-01 | lost    | 100.00
O6             | P3         | 2026-08-04 |            | open    | 300.00
"""


def put_packs(around: Round) -> None:
    """Packs of P1, P2 and P3 without pages; the latest build of P2 failed, as did the only one of P5."""
    reports = around.settings.reports
    aside = reports / str(around.quarter) / ".making"
    notebook = around.settings.root / around.settings.packs.notebook
    notebook.parent.mkdir()
    notebook.write_bytes(b"{}")  # never executed here: it is only hashed
    for partner_id in ("P1", "P2", "P3"):
        slice_ = around.cut(partner_id)
        pack = around.pack(slice_)
        kpis = f"{to_json(document(slice_, evaluate(slice_)))}\n".encode()
        files = {"review.html": b"<p>", "review.pdf": b"%PDF", "review.ipynb": b"{}", "kpis.json": kpis}
        manifest = Manifest.of(pack, around.name(partner_id), around.origin(slice_), files)
        put_folder(pack.folder(reports), {**files, MANIFEST: manifest.to_bytes()}, aside=aside)
    for partner_id in ("P2", "P5"):
        slice_ = around.cut(partner_id)
        pack = around.pack(slice_)
        error = ExecutionError(f"{pack}: cell 3 failed: KeyError: '</pre><script>alert(1)</script>'.", cell=3)
        failure = Failure.of(pack, around.name(partner_id), error)
        files = {FAILURE: failure.to_bytes(), "review.ipynb": b"{}"}
        put_folder(pack.failed_folder(reports), files, aside=aside)


@pytest.fixture(scope="module")
def around(module_workspace: Callable[..., Settings]) -> Round:
    settings = module_workspace(partners=PARTNERS, opportunities=OPPORTUNITIES)
    around = Round.open(settings, "2026Q3")
    put_packs(around)
    return around


@pytest.fixture(scope="module")
def page(around: Round) -> str:
    return write_index(around).read_text(encoding="utf-8")


def row(page: str, name: str) -> str:
    (found,) = [part for part in page.split("<tr ")[1:] if f'<span class="name">{name}' in part]
    return re.sub(r"\s+", " ", found.partition("</tr>")[0])


def texts(part: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part)).replace("\u00a0", " ")


def test_who_is_listed(page: str) -> None:
    names = re.findall(r'<span class="name">([^<]*)', page)
    assert names == ["Alder &amp; Sons", "Birch &lt;b&gt;Ltd&lt;/b&gt;", "Elm", "느티나무"]
    assert "Gone Away" not in page
    assert "4 partners · 3 reviews ready · 1 failed · as of 30 September 2026" in texts(page)


def test_a_partners_row(page: str) -> None:
    """Two deals of 24,000: 12,000 on average; 100 % success. Sorted by plain numbers; undefined sorts as nothing."""
    alder = row(page, "Alder")
    assert 'href="P1/review.html" aria-label="Alder &amp; Sons: HTML"' in alder
    assert 'href="P1/review.pdf"' in alder
    assert 'href="xlsx/P1.xlsx"' in alder
    assert "P1 · gold · North · Ana Ruiz" in texts(alder)
    values = dict(re.findall(r'data-label="([^"]*)" data-value="([^"]*)"', alder))
    assert values["Average deal size, USD"] == "12000.0"
    assert values["Deal success"] == "1.0"
    assert values["Close rate"] == ""
    assert "12 k" in texts(alder)
    assert "Average deal size, 2024 Q4 to 2026 Q3: –, –, –, –, –, –, 4 k USD and 12 k USD." in (
        alder.replace("\u00a0", " ")
    )


def test_what_failed_says_why_and_nothing_of_it_is_markup(page: str) -> None:
    elm, birch = row(page, "Elm"), row(page, "Birch")
    assert 'data-status="failed"' in elm
    assert 'data-status="outdated"' in birch
    assert 'href="failed/P5/review.ipynb" aria-label="Elm: notebook"' in elm
    assert "no figures" in elm
    assert page.count("<script") == 1
    assert "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in elm
    assert 'data-region="South &#34;East&#34;"' in page


def test_the_script_is_allowed_by_its_hash_alone(page: str) -> None:
    import base64
    import hashlib

    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; font-src data:" in page


def test_the_same_page_is_not_drawn_again(around: Round, page: str) -> None:
    path = write_index(around)
    assert path.read_text(encoding="utf-8") == page
    stamp = path.stat().st_mtime_ns
    write_index(around)
    assert path.stat().st_mtime_ns == stamp


def test_figures_are_read_again_when_the_cache_is_gone_or_broken(around: Round) -> None:
    place = around.settings.reports / "2026Q3"
    known = read_figures(place, ["P1", "P2", "P3", "P5"])
    assert sorted(known) == ["P1", "P2", "P3"]
    assert set(known["P1"].document["kpis"]["deal_count"]["companions"]) == {"won_amount"}
    for broken in (b"", b"[]", b'{"version": 1, "figures": {"P1": {"sha256": 3}}}'):
        (place / ".figures.json").write_bytes(broken)
        assert read_figures(place, ["P1", "P2", "P3"]) == known


def test_approval_and_its_loss(module_workspace: Callable[..., Settings]) -> None:
    settings = module_workspace(partners=PARTNERS, opportunities=OPPORTUNITIES)
    around = Round.open(settings, "2026Q3")
    put_packs(around)
    packs = [around.pack(around.cut(partner_id)) for partner_id in ("P1", "P3")]
    with Ledger(settings.reports / "ledger.sqlite") as ledger:
        approve_packs(ledger, packs, settings.reports, by="ana", at=datetime(2026, 10, 2, tzinfo=UTC))
    page = write_index(around).read_text(encoding="utf-8")
    assert re.search(r'<span class="slot approved" title="[^"]+, 20[^"]+">approved</span>', row(page, "Alder"))
    assert '<span class="slot">not approved</span>' in row(page, "Birch")
    assert "2 approved" in texts(page)
    changed = packs[0].folder(settings.reports)
    manifest = Manifest.read(changed)
    assert manifest is not None
    files = {**manifest.files, "review.pdf": {"sha256": "0" * 64, "bytes": 4}}
    (changed / MANIFEST).write_bytes(Manifest(**{**manifest.__dict__, "files": files}).to_bytes())
    page = write_index(around).read_text(encoding="utf-8")
    assert re.search(r'<span class="slot lost" title="[^"]+">approval lost: changed since</span>', row(page, "Alder"))


def test_in_korean_and_for_the_internal_audience(around: Round) -> None:
    korean = Round.open(around.settings, "2026Q3", language="ko", audience="internal")
    page = write_index(korean).read_text(encoding="utf-8")
    assert '<html lang="ko">' in page
    assert "채널 팀 전용" in page
    assert 'class="delivery"' not in page
    assert {state.status for state in read_states(korean)} == {"missing"}


def test_nobody(module_workspace: Callable[..., Settings]) -> None:
    one = "\n".join(OPPORTUNITIES.strip().splitlines()[:2])
    settings = module_workspace(partners="partner_id | name | active\nP1 | Gone | false", opportunities=one)
    page = write_index(Round.open(settings, "2026Q3")).read_text(encoding="utf-8")
    assert "The data hold no active partner." in page
    assert "<table" not in page


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("index.html.j2", b"\n{{ nope }}", "index/index.html.j2, line 2: 'nope' is undefined"),
        ("index.html.j2", b'{{ 1 + "a" }}',
         "index/index.html.j2, line 1: unsupported operand type(s) for +: 'int' and 'str'"),
        ("index.html.j2", b"{% if %}",
         "index/index.html.j2, line 1: Expected an expression, got 'end of statement block'"),
        ("index.html.j2", b"f\xfcr", "it is not UTF-8 text"),
        ("style.css", b"f\xfcr", "it is not UTF-8 text"),
        ("index.js", None, "No such file or directory"),
    ],
)  # fmt: skip
def test_what_the_workspaces_own_template_fails_at_is_said(
    around: Round, name: str, text: bytes | None, said: str
) -> None:
    templates = around.settings.root / "templates" / "index"
    shutil.rmtree(templates, ignore_errors=True)
    shutil.copytree(Path(__file__).parents[2] / "templates" / "index", templates)
    if text is None:
        (templates / name).unlink()
    else:
        (templates / name).write_bytes(text)
    with pytest.raises(RenderError) as caught:
        write_index(around)
    shutil.rmtree(templates)
    assert str(caught.value) == f"The index cannot be drawn with {templates / name}: {said}."


def test_a_pack_without_its_figures_has_a_row_without_them(module_workspace: Callable[..., Settings]) -> None:
    """kpis.json was removed after a build; the workbooks are laid out anew."""
    around = Round.open(module_workspace(partners=PARTNERS, opportunities=OPPORTUNITIES), "2026Q3")
    put_packs(around)
    place = write_index(around).parent
    (place / "P1" / "kpis.json").unlink()
    (place / ".made.json").unlink()
    page = write_index(around).read_text(encoding="utf-8")
    assert "no figures" in row(page, "Alder")
    assert "no figures" not in row(page, "느티나무")


@pytest.mark.parametrize(
    ("values", "line", "dot"),
    [
        ([], "", None),
        ([None, None], "", None),
        ([5.0, 5.0], "M3 9L73 9", ("73", "9")),
        ([0.0, 1.0], "M3 15L73 3", ("73", "3")),
        ([0.0, 1.0, None], "M3 15L38 3", None),
        ([None, 4.0], "M73 9L73 9", ("73", "9")),
    ],
)
def test_a_trend_as_a_line(values: list[float | None], line: str, dot: tuple[str, str] | None) -> None:
    assert spark_line(values) == (line, dot)


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, around: Round, page: str) -> Iterator[Callable[..., Any]]:
    contexts = []

    def open_(width: int, *, script: bool = True) -> tuple[Any, list[str]]:
        context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        contexts.append(context)
        opened = context.new_page()
        heard: list[str] = []
        opened.on("console", lambda message: heard.append(message.text))
        opened.on("pageerror", lambda error: heard.append(str(error)))
        opened.on("request", lambda request: heard.append(request.url) if not request.url.startswith("data:") else None)
        opened.goto((around.settings.reports / "2026Q3" / "index.html").as_uri())
        return opened, heard

    yield open_
    for context in contexts:
        context.close()


class TestInABrowser:
    pytestmark = in_browser

    @staticmethod
    def names(page: Any) -> list[str]:
        return [name.inner_text() for name in page.query_selector_all("tbody tr:not([hidden]) .name")]

    @pytest.mark.parametrize("width", [360, 1440])
    def test_accessible_quiet_and_within_its_width(self, open_page: Callable[..., Any], width: int) -> None:
        from axe_playwright_python.sync_playwright import Axe

        page, heard = open_page(width)
        assert len(heard) == 1, heard  # the page itself
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page, options=RULES).response
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []

    def test_sorting(self, open_page: Callable[..., Any]) -> None:
        """Figures: the largest first, then the smallest; what is undefined stays last, and its state is said."""
        page, _ = open_page(1440)
        assert self.names(page) == ["Alder & Sons", "Birch <b>Ltd</b>", "Elm", "느티나무"]
        head = page.get_by_role("columnheader", name="Average deal size")
        head.get_by_role("button").click()
        assert self.names(page)[:2] == ["Birch <b>Ltd</b>", "Alder & Sons"]
        assert head.get_attribute("aria-sort") == "descending"
        head.get_by_role("button").click()
        assert self.names(page)[:2] == ["Alder & Sons", "Birch <b>Ltd</b>"]
        assert head.get_attribute("aria-sort") == "ascending"
        page.get_by_label("Sort by").select_option("deal_count")
        assert self.names(page)[0] == "Alder & Sons"
        assert head.get_attribute("aria-sort") is None

    def test_filtering(self, open_page: Callable[..., Any]) -> None:
        """By words anywhere in name, id and manager, whatever their case; by region; all together."""
        page, _ = open_page(1440)
        page.get_by_label("Find").fill("ana ALDER")
        assert self.names(page) == ["Alder & Sons"]
        assert page.locator("output").inner_text() == "1 of 4 shown"
        page.get_by_label("Find").fill("")
        page.get_by_label("Region").select_option('South "East"')
        assert self.names(page) == ["느티나무"]
        page.locator("select[name=status]").select_option("failed")
        assert self.names(page) == []
        assert page.locator("output").inner_text() == "No partner fits."
        page.get_by_role("button", name="Show all").click()
        page.get_by_text("4 of 4 shown").wait_for()  # the form is emptied after the click

    def test_useful_without_a_script(self, open_page: Callable[..., Any]) -> None:
        page, heard = open_page(360, script=False)
        assert len(heard) == 1
        assert page.locator("form.tools").is_hidden()
        assert page.get_by_role("link", name="Alder & Sons: PDF").is_visible()
        assert page.get_by_text("why it failed").first.is_visible()

    def test_every_printed_page_names_its_columns(self, open_page: Callable[..., Any]) -> None:
        """Chromium prints no button again where it repeats a table's head."""
        page, _ = open_page(1440)
        page.evaluate("""() => {
            const body = document.querySelector('tbody'), rows = [...body.rows];
            for (let time = 0; time < 12; time++) body.append(...rows.map(row => row.cloneNode(true)));
        }""")
        with pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True)) as document:
            texts = [re.sub(r"\s", "", sheet.get_textpage().get_text_bounded()) for sheet in document]
        assert len(texts) > 2
        for text in texts:
            assert "Partner" in text
            assert "Standing" in text
            assert "Dealsuccess" in text
