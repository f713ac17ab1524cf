"""What every part is: data, and the three ways in which it shows itself in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal

__all__ = ["MIME", "Part", "Rich", "Run", "StatusKey", "StatusMark", "field_data", "plain_text", "to_data"]

MIME = "application/vnd.kpilib.part+json"
"""The MIME type under which a part's data stand in an executed notebook."""

StatusKey = Literal["good", "watch", "act", "none"]


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    strong: bool = False
    emph: bool = False

    def data(self) -> dict[str, Any]:
        """Return the run as JSON; a style that it does not have is left out."""
        styles = {name: True for name in ("strong", "emph") if getattr(self, name)}
        return {"text": self.text, **styles}


Rich = str | tuple[Run, ...]
"""A text: plain, or runs of it in their styles."""


def plain_text(text: Rich) -> str:
    """Return a text without its styles.

    >>> plain_text((Run("Won "), Run("14", strong=True)))
    'Won 14'
    """
    return text if isinstance(text, str) else "".join(run.text for run in text)


@dataclass(frozen=True)
class StatusMark:
    """A status: its key (which gives shape and colour) and its word."""

    key: StatusKey
    word: str


@dataclass(frozen=True)
class Part:
    """Anything that a notebook displays and a pack holds."""

    kind: ClassVar[str]

    def data(self) -> dict[str, Any]:
        """Return the part as plain JSON values, with its ``kind``."""
        return {"kind": self.kind, **field_data(self)}

    def text(self) -> str:
        """Return the part as plain text, for a terminal."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:  # noqa: ARG002
        data = self.data()
        return {MIME: data, "text/html": _draw_html(data), "text/plain": self.text()}


def field_data(thing: Any) -> dict[str, Any]:
    """Return a dataclass's fields as JSON; those marked ``metadata={"data": False}`` are the analyst's."""
    return {
        field.name: to_data(getattr(thing, field.name)) for field in fields(thing) if field.metadata.get("data", True)
    }


def to_data(value: Any) -> Any:
    """Return a value, of dataclasses all the way down or not, as JSON; what has ``data()`` says itself how."""
    if hasattr(value, "data"):
        return value.data()
    if is_dataclass(value):
        return field_data(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_data(item) for item in value]
    if isinstance(value, dict):
        return {key: to_data(item) for key, item in value.items()}
    return value


def _draw_html(data: dict[str, Any]) -> str:
    """Return a part as the packaged template draws it, with its style: what a person sees in JupyterLab."""
    draw, style = _template()
    return f'<style>{style}</style>\n<div class="kp">{draw(data)}</div>'


@cache
def _template() -> tuple[Callable[[dict[str, Any]], str], str]:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parents[1]
    # In an installed package the templates lie in it; in the repository beside it.
    folders = [here / "workspace" / "templates" / "partner_review", here.parent / "templates" / "partner_review"]
    environment = Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined)
    module: Any = environment.get_template("parts.html.j2").module
    style = next(folder / "style.css" for folder in folders if folder.is_dir()).read_text(encoding="utf-8")
    return lambda data: str(module.draw(data)), style
