"""SVG that may stand in a page, and bitmaps."""

from __future__ import annotations

import base64

import pytest
from sample_packs import bars

from kpilib.errors import RenderError
from kpilib.render.pictures import clean_svg, prefix_ids, read_bitmap, svg_size

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90pt" height="60pt">'


def test_matplotlibs_svg_loses_what_would_reach_the_page_around_it() -> None:
    svg = clean_svg(bars([1, 2], ["a < b", "c"], 90, 60))

    assert svg.startswith('<svg stroke-linejoin="round" ')
    assert [part for part in ("<?xml", "<!DOCTYPE", "<metadata", "<style", 'id="patch') if part in svg] == []
    assert "a &lt; b" in svg


@pytest.mark.parametrize(
    "part",
    [
        "<script>alert(1)</script>",
        "<g onclick='alert(1)'/>",
        "<foreignObject><p>x</p></foreignObject>",
        "<image href='https://x.example/a.png'/>",
        "<image xlink:href='file:///etc/passwd'/>",
        "<use href='other.svg#a'/>",
        "<rect style='fill: url(https://x.example/a)'/>",
        "<a href='javascript:alert(1)'><text>x</text></a>",
        "<animate attributeName='href' values='javascript:alert(1)'/>",
        "<style>* { display: none }</style>",
        "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>",
    ],
)
def test_scripts_addresses_and_style_sheets_are_taken_out_and_the_rest_stays(part: str) -> None:
    svg = clean_svg(f"{HEAD}{part}<text>kept</text></svg>")

    assert "kept" in svg
    for bad in ("alert", "example", "passwd", "other.svg", "foreignObject", "display"):
        assert bad not in svg


def test_embedded_bitmaps_and_inner_references_stay() -> None:
    svg = f'{HEAD}<defs><clipPath id="c"><rect width="1"/></clipPath></defs><image href="data:image/png;base64,AA"/>'
    svg += '<g clip-path="url(#c)"><use xlink:href="#c"/></g></svg>'

    assert clean_svg(svg) == svg


def test_entities_are_refused() -> None:
    bomb = f'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>{HEAD}<text>&b;</text></svg>'

    with pytest.raises(RenderError) as caught:
        clean_svg(bomb)

    assert caught.value.message == "A picture declares XML entities, which are not read."


def test_ids_of_two_pictures_never_meet_and_texts_stay() -> None:
    svg = f'{HEAD}<g id="a"/><use xlink:href="#a"/><g clip-path="url(#a)"/><text>id="a" #a</text></svg>'

    assert prefix_ids(svg, "p1-") == (
        f'{HEAD}<g id="p1-a"/><use xlink:href="#p1-a"/><g clip-path="url(#p1-a)"/><text>id="a" #a</text></svg>'
    )


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="90pt" height="60pt"', (90, 60)),
        ('width="96" height="48px"', (72, 36)),
        ('width="25.4mm" height="1in"', (72, 72)),
        ('viewBox="0 0 96 48"', (72, 36)),
        ('width="100%" height="50%"', (0, 0)),
    ],
)
def test_size_in_points(attributes: str, size: tuple[float, float]) -> None:
    assert svg_size(f"<svg {attributes}></svg>") == pytest.approx(size)


def test_a_bitmap_knows_its_size_and_format() -> None:
    gif = base64.b64decode("R0lGODlhAgABAIAAAAAAAP///yH5BAAAAAAALAAAAAACAAEAAAICBAoAOw==")

    bitmap = read_bitmap(gif)

    assert (bitmap.format, bitmap.width, bitmap.height) == ("gif", 2, 1)
    assert bitmap.framed.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1" viewBox="0 0 2 1">')
