"""The mappings under data/examples are documentation: they can be read, and each says how it reads its data."""

# ruff: noqa: E501 - a line of the guide stays whole
from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from kpilib.contract.tables import TABLES
from kpilib.settings import Settings, load_settings
from kpilib.sources import rules
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


GUIDE = (Path(__file__).parents[2] / "data" / "sources.md").read_text(encoding="utf-8")


def test_the_guide_names_every_column():
    rows = {line.split("|")[1].strip(" `*"): line for line in GUIDE.split("## The tables")[1].split("\n") if line.startswith("| `")}
    assert set(rows) == set(TABLES)
    for table in TABLES.values():
        found = re.findall(r"`(\w+)`(\*?)", rows[table.name].split("|")[2])
        assert found == [(column.name, "*" if column.required else "") for column in table.columns]


def test_the_guide_names_every_rule():
    for rule in (*rules._TABLE_KEYS, *rules._FIELD_KEYS, *rules._JOIN_KEYS):
        if rule != "recognise":  # a preset's own
            assert re.search(rf"\b{rule}\b", GUIDE), rule


def test_the_guides_examples_can_be_read():
    blocks = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)]
    assert len(blocks) == 5
    for block in blocks:
        settings = Settings(**block)
        read_mapping(settings.source.mapping)
