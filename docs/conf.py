"""Sphinx's settings: Markdown by MyST, the look by Furo, nothing loaded from outside."""

from __future__ import annotations

import kpilib

project = "kpilib"
author = "The kpilib authors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = kpilib.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = "kpilib"
html_show_copyright = False
html_copy_source = False
html_static_path: list[str] = []
