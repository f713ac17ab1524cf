"""Both formats of a pack from one executed notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from kpilib.render.document import read_document
from kpilib.render.environment import find_templates
from kpilib.render.typeset import draw_pdf
from kpilib.render.webpage import draw_html

__all__ = ["Rendered", "page_metadata", "render_pack"]


@dataclass(frozen=True)
class Rendered:
    """The pages of a pack, and what a person should know of them."""

    html: bytes
    pdf: bytes
    title: str
    warnings: tuple[str, ...] = ()


def page_metadata(content: Mapping[str, Any], *, audience: str) -> dict[str, Any]:
    """Return what the page's furniture needs, so that nbconvert alone draws the same pages from the notebook.

    Parameters
    ----------
    content
        a slice's, or a portfolio's gathering's.
    """
    settings = content["settings"]
    return {
        "as_of": content["as_of"],
        "audience": audience,
        "brand": settings["brand"],
        "language": content["language"],
        "paper": settings["paper"],
        **({"catalogue": content["catalogue"]} if "catalogue" in content else {}),
    }


def render_pack(
    notebook: Any,
    *,
    templates: Path | None = None,
    audience: str | None = None,
    day: date | None = None,
    strict: bool = True,
) -> Rendered:
    """Return the HTML and PDF of an executed notebook; same notebook, templates and day, same bytes.

    Parameters
    ----------
    templates
        the folder ``partner_review``; default: the workspace's, else the one that comes with kpilib.
    audience
        ``partner`` or ``internal``: the latter also shows cells tagged ``internal``. Default: as the notebook says.
    day
        the date that the PDF states as its making; default: the notebook's as-of date.
    strict
        whether a picture without alternative text is an error.

    Raises
    ------
    RenderError
        naming the cells that cannot be drawn, or what the template lacks.
    """
    folder = templates or find_templates()
    document = read_document(notebook, audience=audience, strict=strict)
    return Rendered(
        draw_html(document, folder), draw_pdf(document, folder, day=day), document.page.title, tuple(document.warnings)
    )
