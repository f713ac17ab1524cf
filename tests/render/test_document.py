"""What pages say of themselves: from the notebook's metadata, else from what it holds, else by default."""

from __future__ import annotations

from datetime import date

import pytest
from sample_packs import markdown, notebook, parts, shows

from kpilib.errors import RenderError, SettingsError
from kpilib.render.document import read_document
from kpilib.render.environment import find_templates

NOTE = {"kind": "note", "text": "n"}


def test_metadata_goes_before_all() -> None:
    brand = {
        "accent": "#7a1f5c",
        "footer": "Acme channel team",
        "name": "Acme",
        "font": "Acme Sans",
        "heading_font": "Acme Slab",
    }
    held = {"language": "ko-KR", "paper": "us-letter", "as_of": "2026-09-30", "footer": "slice 1f", "brand": brand}

    page = read_document(notebook(*parts("rich"), **held)).page

    assert (page.language, page.paper, page.day) == ("ko", "us-letter", date(2026, 9, 30))
    assert page.title == "Partner review · 2026 Q3 – Nordlicht Systems"
    assert page.footer == "Nordlicht Systems · Partner review · 2026 Q3 · slice 1f · Acme channel team"
    assert page.colours["accent"] == "#7a1f5c"
    assert page.fonts == ("Acme Sans", "Source Sans Pro", "NanumGothic")
    assert page.heading_fonts[0] == "Acme Slab"


def test_without_metadata_page_one_tells_language_and_title() -> None:
    page = read_document(notebook(*parts("korean"))).page

    assert (page.language, page.paper, page.day) == ("ko", "a4", None)
    assert page.heading == "한빛정보통신시스템 주식회사"


def test_without_page_one_papermills_parameters_tell_language_and_day() -> None:
    book = notebook(NOTE)
    book.metadata["papermill"] = {"parameters": {"language": "ko", "as_of": "2026-08-15", "audience": "internal"}}
    book.cells.append(shows({"text/plain": "ours"}, tags=["internal"]))

    document = read_document(book)

    assert (document.page.language, document.page.day) == ("ko", date(2026, 8, 15))
    assert document.page.heading == "보고서"
    assert document.parts[-1]["text"] == "ours"


def test_an_accent_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot be read on white"):
        read_document(notebook(NOTE, brand={"accent": "#ffee00"}))


def test_ids_of_sections_are_plain_and_each_its_own() -> None:
    section = {"kind": "section", "title": "T"}
    held = [{**section, "id": identity} for identity in ("Deal Size", "deal-size", "한국", '"><b>', "x")]

    found = [part["id"] for part in read_document(notebook(*held)).parts]

    assert found == ["deal-size", "section-1", "section-2", "b", "x"]


def test_logo_of_the_brand_is_kept_clean() -> None:
    import base64

    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt"><script>x</script><path d="M0 0"/></svg>'
    logo = {"name": "logo.svg", "base64": base64.b64encode(svg).decode()}

    document = read_document(notebook(NOTE, brand={"logo": logo}))

    assert document.page.logo is not None
    assert "script" not in document.pictures[document.page.logo]
    assert "path" in document.pictures[document.page.logo]


def test_a_section_begins_headings_anew() -> None:
    document = read_document(
        notebook({"kind": "section", "id": "a", "title": "A"}, markdown("#### b\n\n# c\n\n##### d"))
    )

    assert [block["level"] for block in document.parts[1]["blocks"]] == [3, 2, 3]


def test_no_template_of_that_name(tmp_path) -> None:
    (tmp_path / "kpilib.toml").touch()

    with pytest.raises(RenderError) as caught:
        find_templates("partner_revue", tmp_path)

    assert caught.value.message.startswith(
        f"No template 'partner_revue': there is no partner_revue/index.html.j2 in {tmp_path}/templates or "
    )
