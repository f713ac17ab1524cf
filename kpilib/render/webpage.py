"""A document as one HTML page that needs nothing else: styles and fonts in it, no script, nothing loaded."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError
from markupsafe import Markup

from kpilib.errors import RenderError
from kpilib.render.document import Document
from kpilib.render.environment import environment
from kpilib.render.fonts import embed_faces
from kpilib.render.shape import walk_texts

__all__ = ["draw_html", "page_context"]


def draw_html(document: Document, templates: Path) -> bytes:
    """Return the HTML of a document, UTF-8.

    Raises
    ------
    RenderError
        when the template fails: it asks for what is not there, or is not valid.
    """
    try:
        text = environment(templates).get_template("index.html.j2").render(page_context(document, templates))
    except TemplateError as error:
        raise RenderError(f"The page could not be drawn: {say_template_error(error, templates)}.") from error
    return text.lstrip().encode()


def page_context(document: Document, templates: Path) -> dict[str, Any]:
    """Return what ``index.html.j2`` may use."""
    texts = (
        "".join(walk_texts(document.parts))
        + document.page.title
        + document.page.footer
        + "".join(document.words.values())
    )
    logo = document.page.logo
    style = (templates / "style.css").read_text(encoding="utf-8")
    return {
        "document": document.parts,
        "page": document.page,
        "page_one": document.page_one,
        "sections": [part for part in document.parts if part["kind"] == "section"],
        "words": document.words,
        "logo": Markup(document.pictures[logo]) if logo else None,  # noqa: S704 (cleaned when it was read)
        "faces": Markup(embed_faces("".join({*texts, *"".join(document.pictures.values())}))),  # noqa: S704 (our own rules)
        "style": Markup(style),  # noqa: S704 (the workspace's own style sheet)
    }


def say_template_error(error: TemplateError, templates: Path) -> str:
    """Return what a template failed at, and where: ``partner_review/parts.html.j2, line 12: 'x' is undefined``."""
    if isinstance(error, TemplateSyntaxError):
        place = f"{templates.name}/{error.name}, line {error.lineno}"
        return f"{place}: {(error.message or 'not valid').rstrip('.')}"
    frames = [each for each in extract_tb(error.__traceback__) if Path(each.filename).is_relative_to(templates)]
    told = str(error).rstrip(".")
    if not frames:
        return f"{templates.name}: {told}"
    return f"{templates.name}/{Path(frames[-1].filename).relative_to(templates)}, line {frames[-1].lineno}: {told}"
