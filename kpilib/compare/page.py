"""The comparison as one HTML page that needs nothing else: cells, numbers, and pages side by side."""

from __future__ import annotations

import base64
from pathlib import Path

from kpilib.compare.comparison import Comparison

__all__ = ["draw_page"]


def draw_page(comparison: Comparison) -> bytes:
    """Return the page, UTF-8."""
    from kpilib.render.environment import environment

    template = environment(Path(__file__).parent).get_template("page.html.j2")
    return template.render(comparison=comparison, picture=_address).encode("utf-8", "replace")


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
