"""Both formats of one pack: whole, equal in what they say, the same bytes twice."""

from __future__ import annotations

import re
from datetime import date
from io import BytesIO

import pikepdf
import pypdfium2
import pytest
from sample_packs import META, MIME, TEMPLATES, long_page, markdown, notebook, parts, shows

from kpilib.errors import RenderError
from kpilib.render import fonts, typeset
from kpilib.render.checks import find_gaps, find_tag_faults
from kpilib.render.pages import Rendered, render_pack
from kpilib.render.readback import read_files, read_html

BOOKS = {
    "rich": lambda: notebook(*parts("rich"), **META),
    "empty": lambda: notebook(*parts("empty"), **META),
    "korean": lambda: notebook(*parts("korean"), **{**META, "language": "ko"}),
    "long": lambda: notebook(long_page(), *parts("rich")[1:], **{**META, "paper": "us-letter"}),
}


@pytest.fixture(scope="module")
def packs() -> dict[str, Rendered]:
    return {name: render_pack(make(), templates=TEMPLATES) for name, make in BOOKS.items()}


def pages(rendered: Rendered) -> list[str]:
    with pypdfium2.PdfDocument(rendered.pdf) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def seen(rendered: Rendered) -> str:
    return next(read_html(rendered.html.decode(), "x")).text


def squeezed(text: str) -> str:
    return re.sub(r"[\s\x02\u200b]+", "", text)


@pytest.mark.parametrize("name", BOOKS)
def test_same_notebook_gives_same_bytes(packs: dict[str, Rendered], name: str) -> None:
    again = render_pack(BOOKS[name](), templates=TEMPLATES)

    assert (again.html, again.pdf) == (packs[name].html, packs[name].pdf)


def texts_of(value: object, key: str = "") -> list[str]:
    if isinstance(value, str):
        return [] if key in {"kind", "svg", "alt", "id", "key", "kpi", "align", "width", "status", "tone"} else [value]
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in texts_of(inner, name)]
    return [text for inner in value for text in texts_of(inner, key)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["rich", "empty", "korean"])
def test_both_formats_say_every_text_of_the_parts(packs: dict[str, Rendered], name: str) -> None:
    page, printed = squeezed(seen(packs[name])), squeezed("".join(pages(packs[name])))

    missing = [text for text in texts_of(parts(name)) if squeezed(text) not in page or squeezed(text) not in printed]

    assert missing == []


@pytest.mark.parametrize("name", BOOKS)
def test_pages_have_no_gaps_and_all_tags(packs: dict[str, Rendered], name: str) -> None:
    files = {"review.html": packs[name].html, "review.pdf": packs[name].pdf}

    assert find_gaps(read_files(files)) == []
    assert find_tag_faults(packs[name].pdf) == []


@pytest.mark.parametrize("name", BOOKS)
def test_page_one_is_one_page(packs: dict[str, Rendered], name: str) -> None:
    first, *others = pages(packs[name])

    page = BOOKS[name]().cells[0].outputs[0].data[MIME]
    for card in page["cards"]:
        assert squeezed(card["name"] + card["status"]["word"] + card["value"]) in squeezed(first)
    assert squeezed(page["agreed"]["title"]) in squeezed(first)
    assert all(squeezed(page["legend"]) not in squeezed(other) for other in others)


def test_what_page_one_has_no_room_for_leads_page_two(packs: dict[str, Rendered]) -> None:
    first, second, *_ = pages(packs["long"])

    assert "What we agreed in July" in first
    assert "From your channel manager" not in first
    assert second.index("From your channel manager") < second.index("Is each customer worth more")


def test_a_quarter_with_little_to_tell_leaves_no_empty_page(packs: dict[str, Rendered]) -> None:
    (only,) = pages(packs["empty"])

    assert "No deal was closed this quarter." in only
    assert "Is each customer worth more over time?" in only


@pytest.mark.parametrize(("name", "number"), [("long", 1), ("empty", 0)])
def test_the_first_section_keeps_its_distance_from_what_stands_above_it(
    packs: dict[str, Rendered], name: str, number: int
) -> None:
    """Below what page one had no room for, and below a short page one: more than the 12 points of a line."""
    with pypdfium2.PdfDocument(packs[name].pdf) as document:
        held = document[number].get_textpage()
        place, _ = held.search("Average deal size", index=held.get_text_range().rindex("Average deal size")).get_next()
        _, _, _, head = held.get_charbox(place)
        rectangles = [held.get_rect(each) for each in range(held.count_rects())]
    above = min(foot for _, foot, _, _ in rectangles if foot > head)

    assert above - head > 20


def test_paper_is_what_the_settings_say(packs: dict[str, Rendered]) -> None:
    sizes = {}
    for name in ("rich", "long"):
        with pypdfium2.PdfDocument(packs[name].pdf) as document:
            sizes[name] = [round(length) for length in document[0].get_size()]

    assert sizes == {"rich": [595, 842], "long": [612, 792]}


def test_pdf_has_title_language_bookmarks_header_and_page_numbers(packs: dict[str, Rendered]) -> None:
    printed = pages(packs["rich"])
    with pikepdf.open(BytesIO(packs["rich"].pdf)) as document:
        title, language = str(document.docinfo["/Title"]), str(document.Root.Lang)
        with document.open_outline() as outline:
            (top,) = outline.root
            below = [str(item.title) for item in top.children]

    assert (title, language) == ("Partner review · 2026 Q3 – Nordlicht Systems", "en")
    assert below[0] == "Average deal size Is each customer worth more over time?"
    assert len(below) == 6
    assert "What we agreed in July" not in below
    assert f"1 of {len(printed)}" in printed[0]
    assert printed[1].lstrip().startswith("Nordlicht Systems")
    assert all("Nordlicht Systems · Partner review · 2026 Q3 · slice 7c1f 09ae" in page for page in printed)


def test_date_of_the_pdf_is_the_as_of_date_or_the_one_asked_for() -> None:
    book = notebook({"kind": "note", "text": "hello"}, **META)
    made = {}
    for day in (None, date(2027, 1, 31)):
        with pikepdf.open(BytesIO(render_pack(book, templates=TEMPLATES, day=day).pdf)) as document:
            made[day] = str(document.docinfo["/CreationDate"])

    assert made == {None: "D:20260930000000Z", date(2027, 1, 31): "D:20270131000000Z"}


def test_html_loads_nothing_and_runs_nothing(packs: dict[str, Rendered]) -> None:
    page = packs["rich"].html.decode()

    assert "default-src 'none'" in page
    assert not re.search(r"<script|\bon[a-z]+=|<link|<iframe|@import", page)
    assert set(re.findall(r"(?:src|href)=\"([^\"#]*)", page)) == {""}
    assert set(re.findall(r"url\((?!#)(.{10})", page)) == {"data:font/"}


def test_each_picture_has_its_alternative_text_in_both_formats(packs: dict[str, Rendered]) -> None:
    alts = [part["alt"] for section in parts("rich")[1:] for part in section["parts"] if part["kind"] == "chart"]
    alts += [card["spark"]["alt"] for card in parts("rich")[0]["cards"]] + [parts("rich")[0]["outlook"]["alt"]]
    read = list(read_files({"review.pdf": packs["rich"].pdf}))
    aloud = {passage.text for passage in read if passage.place == "review.pdf, alternative text"}

    page = packs["rich"].html.decode()

    assert len(alts) == 15
    assert [alt for alt in alts if alt not in aloud or f'aria-label="{alt}"' not in page] == []


def test_code_desk_and_internal_cells_are_not_on_a_partners_pages() -> None:
    book = notebook(
        shows({"text/plain": "for all"}),
        shows({"text/plain": "for the desk"}, tags=["desk"]),
        markdown("desk prose", tags=["desk"]),
        shows({"text/plain": "for us"}, tags=["internal"]),
        **META,
    )

    texts = {}
    for audience in ("partner", "internal"):
        rendered = render_pack(book, templates=TEMPLATES, audience=audience)
        texts[audience] = seen(rendered) + "".join(pages(rendered))

    for text in texts.values():
        assert text.count("for all") == 2
        assert "desk" not in text
        assert "secret_source" not in text
    assert "for us" not in texts["partner"]
    assert texts["internal"].count("for us") == 2


def test_internal_audience_of_the_notebook_itself_shows_internal_cells() -> None:
    book = notebook(shows({"text/plain": "for us"}, tags=["internal"]), audience="internal")

    assert "for us" in seen(render_pack(book, templates=TEMPLATES))


def test_a_template_that_asks_for_what_is_not_there_is_an_error(tmp_path) -> None:
    for file in TEMPLATES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "index.html.j2").write_text("<p>\n{{ page.titel }}", encoding="utf-8")

    with pytest.raises(RenderError) as caught:
        render_pack(notebook(**META), templates=tmp_path)

    assert caught.value.message == (
        f"The page could not be drawn: {tmp_path.name}/index.html.j2, line 2: "
        "'kpilib.render.document.Page object' has no attribute 'titel'."
    )


def test_a_template_that_would_fetch_a_package_is_an_error(tmp_path) -> None:
    for file in TEMPLATES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "pack.typ").open("a") as pack:
        pack.write('\n#import "@preview/cetz:0.3.0"\n')

    with pytest.raises(RenderError) as caught:
        render_pack(notebook(**META), templates=tmp_path)

    assert caught.value.message == (
        f"{tmp_path.name}/pack.typ asks for the package @preview/…, which would have to be fetched. "
        "Put its files beside pack.typ and import them from there."
    )


def test_typst_opens_no_file_of_the_machine(tmp_path) -> None:
    for file in TEMPLATES.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "index.typ.j2").write_text('#read("secret.txt")\n', encoding="utf-8")

    with pytest.raises(RenderError, match="file not found"):
        render_pack(notebook(**META), templates=tmp_path)


def test_after_the_first_pack_nothing_is_cut_or_loaded_anew() -> None:
    render_pack(notebook({"kind": "note", "text": "first"}), templates=TEMPLATES)
    before = fonts._rules.cache_info().misses, typeset._compiler.cache_info().misses

    render_pack(notebook({"kind": "note", "text": "hello"}), templates=TEMPLATES)

    assert (fonts._rules.cache_info().misses, typeset._compiler.cache_info().misses) == before
