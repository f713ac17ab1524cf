"""The mappings under data/examples are documentation: they can be read, and each says how it reads its data."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpilib.settings import load_settings
from kpilib.sources.rules import read_mapping

EXAMPLES = sorted((Path(__file__).parents[2] / "data" / "examples").glob("*/kpilib.toml"))


def test_there_are_examples():
    assert [path.parent.name for path in EXAMPLES] == ["maven_crm", "olist_funnel", "zoho_crm"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_can_be_read(path: Path):
    text = path.read_text(encoding="utf-8")
    assert "# Reading: " in text
    settings = load_settings(path)
    assert settings.source.path == f"path/to/{path.parent.name}"
    assert {"partners", "opportunities"} <= set(read_mapping(settings.source.mapping))
