"""Pictures as pages may hold them: SVG without scripts and addresses, and bitmaps with their size."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any
from xml.etree import ElementTree as ET
from xml.parsers import expat

from kpilib.errors import RenderError

__all__ = ["Bitmap", "clean_svg", "prefix_ids", "read_bitmap", "svg_size"]

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_SHAPES = ("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
_TEXTS = ("text", "tspan", "title", "desc", "image")
_PAINTS = ("clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop", "filter")
_FILTERS = (
    "feGaussianBlur",
    "feOffset",
    "feMerge",
    "feMergeNode",
    "feColorMatrix",
    "feComposite",
    "feFlood",
    "feBlend",
)
_ELEMENTS = frozenset((*_SHAPES, *_TEXTS, *_PAINTS, *_FILTERS))
_PROLOG = re.compile(r"\s*<\?xml[^>]*\?>|<!DOCTYPE[^>\[]*>|<!--.*?-->|<metadata\b.*?</metadata>", re.DOTALL)
# What matplotlib writes into each SVG; in a page it would hold for all of them.
_MATPLOTLIB = re.compile(
    r"<defs>\s*<style type=\"text/css\">\s*\*\{stroke-linejoin: round; stroke-linecap: butt\}</style>\s*</defs>"
)
_GROUP_ID = re.compile(
    r" id=\"(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|LineCollection|PathCollection|legend)_\d+\""
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*(?:\bid=|#)[^<>]*>")
_ID = re.compile(r"(\bid=\"|url\(['\"]?#|href=\"#)(?=[^\"])")
_LENGTH = re.compile(r"\s*([\d.]+)\s*(pt|px|mm|cm|in|)\s*")
_POINTS = {"pt": 1.0, "px": 0.75, "": 0.75, "mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0}
_BITMAPS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif"}


@dataclass(frozen=True)
class Bitmap:
    """A bitmap: its bytes, its format (``png``, ``jpg``, ``gif``), and its size in pixels."""

    data: bytes
    format: str
    width: int
    height: int

    @property
    def address(self) -> str:
        """The bitmap as a data address."""
        kind = "jpeg" if self.format == "jpg" else self.format
        return f"data:image/{kind};base64,{base64.b64encode(self.data).decode()}"

    @property
    def framed(self) -> str:
        """The bitmap within an SVG: Typst's files in memory are texts."""
        size = f'width="{self.width}" height="{self.height}"'
        box = f'viewBox="0 0 {self.width} {self.height}"'
        return f'<svg xmlns="{SVG}" {size} {box}><image {size} href="{self.address}"/></svg>'


@lru_cache(maxsize=64)
def clean_svg(svg: str) -> str:
    """Return an SVG that is well formed and draws only itself: no script, no style sheet, no address.

    Raises
    ------
    RenderError
        when it is not well-formed XML.
    """
    svg = _PROLOG.sub("", svg)
    svg, styles = _MATPLOTLIB.subn("", svg)
    svg = _GROUP_ID.sub("", svg).strip()
    if f'"{SVG}"' not in svg[: svg.find(">")]:
        svg = svg.replace("<svg", f'<svg xmlns="{SVG}"', 1)
    if styles:
        svg = svg.replace("<svg ", '<svg stroke-linejoin="round" ', 1)
    try:
        clean = _is_clean(svg)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise RenderError(f"A picture is not well-formed SVG: {error}.") from None
    return svg if clean else _strip(svg)


def prefix_ids(svg: str, prefix: str) -> str:
    """Return an SVG whose ids, and what points to them, begin with a prefix: two on one page never meet."""
    return _TAG.sub(lambda tag: _ID.sub(rf"\g<1>{prefix}", tag[0]), svg)


def svg_size(svg: str) -> tuple[float, float]:
    """Return an SVG's width and height in points; (0, 0) when it states none."""
    head = svg[svg.find("<svg") : svg.find(">", svg.find("<svg"))]
    sizes = []
    for name in ("width", "height"):
        found = re.search(rf"\s{name}=\"([^\"]*)\"", head)
        length = _LENGTH.fullmatch(found[1]) if found else None
        sizes.append(float(length[1]) * _POINTS[length[2]] if length else 0.0)
    if not all(sizes):
        box = re.search(r"viewBox=\"[\d.eE+-]+[\s,]+[\d.eE+-]+[\s,]+([\d.]+)[\s,]+([\d.]+)\"", head)
        return (float(box[1]) * 0.75, float(box[2]) * 0.75) if box else (0.0, 0.0)
    return sizes[0], sizes[1]


def read_bitmap(data: str | bytes) -> Bitmap:
    """Return the bitmap in some bytes, or in a text that holds them in Base64.

    Raises
    ------
    RenderError
        when it is no PNG, JPEG or GIF.
    """
    from PIL import Image

    try:
        raw = data if isinstance(data, bytes) else base64.b64decode("".join(data.split()), validate=True)
        form = next(form for magic, form in _BITMAPS.items() if raw.startswith(magic))
        with Image.open(BytesIO(raw), formats=["PNG", "JPEG", "GIF"]) as image:
            width, height = image.size
    except (binascii.Error, StopIteration, OSError, ValueError):
        raise RenderError("A picture cannot be read: it is neither PNG nor JPEG nor GIF.") from None
    return Bitmap(raw, form, width, height)


def _is_clean(svg: str) -> bool:
    """Parse an SVG and say whether everything in it is allowed."""
    found: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if space not in {"", SVG} or local not in _ELEMENTS or any(not _allowed(*pair) for pair in attributes.items()):
            found.append(name)

    parser.StartElementHandler = start
    parser.EntityDeclHandler = _refuse_entity
    parser.ProcessingInstructionHandler = lambda *_: found.append("instruction")
    parser.Parse(svg.encode(), True)  # noqa: FBT003
    return not found and svg.startswith("<svg")


def _allowed(name: str, value: str) -> bool:
    local = name.rpartition(" ")[2].lower()
    if local.startswith("on"):
        return False
    if local == "href":
        return value.startswith(("#", "data:image/png;base64,", "data:image/jpeg;base64,"))
    folded = value.lower()
    return "url(" not in folded or not re.search(r"url\(\s*['\"]?(?!#)", folded)


def _strip(svg: str) -> str:
    """Return an SVG without the elements and attributes that are not allowed."""
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    root = ET.fromstring(svg)  # noqa: S314 (entities were refused before)
    _strip_element(root)
    if root.tag != f"{{{SVG}}}svg":
        raise RenderError("A picture is not SVG: its root is no svg element of the SVG namespace.")
    return ET.tostring(root, encoding="unicode")


def _refuse_entity(*_: Any) -> None:
    raise RenderError("A picture declares XML entities, which are not read.")


def _strip_element(element: ET.Element) -> None:
    for name, value in list(element.attrib.items()):
        if not _allowed(name.replace("}", " "), value):
            del element.attrib[name]
    for child in list(element):
        space, _, local = str(child.tag).rpartition("}")
        if space not in {"", f"{{{SVG}"} or local not in _ELEMENTS:
            element.remove(child)
        else:
            _strip_element(child)
