"""A workspace's own templates are a person's code: whatever stops one is said with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

from kpilib.errors import RenderError
from kpilib.render.webpage import say_template_error

__all__ = ["draw_template", "read_beside"]


def draw_template(environment: Environment, path: Path, values: Mapping[str, Any], *, what: str) -> str:
    """Return what a template draws.

    Parameters
    ----------
    what
        what is drawn, for the error's text: ``The index``.

    Raises
    ------
    RenderError
        when the template cannot be read, is not valid, or fails in any way.
    """
    try:
        return environment.get_template(path.name).render(values)
    except Exception as error:  # noqa: BLE001 - an expression in a template fails as any code does
        raise RenderError(f"{what} cannot be drawn with {path}: {_say(error, path)}.", path=path) from None


def read_beside(path: Path, *, what: str) -> str:
    """Return the text of a file that lies beside a template: a style sheet, a script.

    Raises
    ------
    RenderError
        when it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RenderError(f"{what} cannot be drawn with {path}: {_say(error, path)}.", path=path) from None


def _say(error: Any, path: Path) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return say_template_error(error, path.parent)
