"""The site: every link leads somewhere, and nothing is loaded from outside."""

from __future__ import annotations

import re
from pathlib import Path

import make
import pytest


@pytest.mark.slow
def test_the_site_loads_nothing_from_outside(tmp_path: Path) -> None:
    make.make_site(tmp_path)  # a warning of Sphinx, such as a link that leads nowhere, is an error
    pages = sorted(tmp_path.rglob("*.html"))
    assert {"index.html", "tutorial.html", "reference/settings.html"} <= {
        page.relative_to(tmp_path).as_posix() for page in pages
    }
    loading = re.compile(
        r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"(?:https?:)?//[^\"]*|<link\b(?![^>]*rel=\"canonical\")[^>]*\bhref=\"(?:https?:)?//[^\"]*"
    )
    assert [match[0] for page in pages for match in loading.finditer(page.read_text(encoding="utf-8"))] == []
    styles = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.css")]
    assert [
        found for style in styles for found in re.findall(r"url\([\"']?(?:https?:)?//[^)]*|@import[^;]*//[^;]*", style)
    ] == []
