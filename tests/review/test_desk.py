"""What an analyst finds by tab: the useful names, each explained with an example; every KPI in three shapes."""

from __future__ import annotations

import inspect
from functools import cached_property

import pytest

from kpilib import Review
from kpilib.kpis import KPIS
from kpilib.parts import Chart, Table

PARTS = ("page_one", "sections", "own", "outlook", "plan", "restated", "appendix", "small_print")
ROWS = ("opportunities", "leads", "spend", "targets", "actions")
ELSE = ("open", "slice", "kpis", "advice", "theme", "chart")


def test_tab_completion_lists_the_useful_names_alone(nordlicht_review: Review) -> None:
    assert {name for name in dir(nordlicht_review) if not name.startswith("_")} == {*KPIS, *PARTS, *ROWS, *ELSE}


@pytest.mark.parametrize("name", sorted({*KPIS, *PARTS, *ROWS, *ELSE} - {"slice"}))
def test_every_part_is_explained_with_an_example(name: str) -> None:
    part = inspect.getattr_static(Review, name)
    held = part.func if isinstance(part, cached_property) else part
    text = inspect.getdoc(held) or ""
    assert ">>> " in text, name
    assert text.splitlines()[0].endswith((".", ":")), name


def test_frames_are_documented_column_by_column(nordlicht_review: Review) -> None:
    for name in ROWS:
        text = inspect.getdoc(inspect.getattr_static(Review, name)) or ""
        columns = text.partition("Columns\n-------\n")[2].partition(">>>")[0]
        said = {word.strip() for line in columns.splitlines() if not line.startswith(" ") for word in line.split(",")}
        assert said - {""} == set(getattr(nordlicht_review, name).columns), name


@pytest.mark.parametrize("key", KPIS)
def test_a_kpi_is_a_number_a_table_and_a_chart(nordlicht_review: Review, key: str) -> None:
    section = getattr(nordlicht_review, key)
    assert section.value == nordlicht_review.kpis[key].value
    assert section.value is not None
    assert isinstance(section.table, Table)
    assert isinstance(section.chart, Chart)
    assert section.chart.alt
    shown = section._repr_mimebundle_()
    assert {"text/html", "text/plain"} < shown.keys()


def test_a_kpi_alone_is_said_in_a_line(nordlicht_review: Review) -> None:
    said = repr(nordlicht_review.kpis["deal_count"])
    assert said.startswith("Kpi(key='deal_count', unit='count', value=")
    assert "DataFrame" not in said
    assert "companions" not in said
