from __future__ import annotations

from pathlib import Path

from kpilib.contract.documentation import describe_reasons, describe_tables, fill_sections
from kpilib.contract.reasons import REASONS
from kpilib.contract.tables import TABLES

README = Path(__file__).parents[2] / "data" / "README.md"


def test_the_readme_says_what_the_code_says() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == fill_sections(text), "run `make docs`"


def test_each_table_column_and_reason_is_described() -> None:
    text = README.read_text(encoding="utf-8")
    assert all(f"### {table}\n" in text for table in TABLES)
    assert all(f"| `{column.name}`" in text for table in TABLES.values() for column in table.columns)
    assert all(f"| `{code}` | {reason.about} |" in text for code, reason in REASONS.items())


def test_a_table_is_its_columns_with_their_needs() -> None:
    assert describe_tables().split("### ")[7].splitlines() == [
        "stages",
        "",
        "The open stages and their chance to be won. The table is optional; a row is identified by `stage`.",
        "",
        "| column | kind | |",
        "| --- | --- | --- |",
        "| `stage`* | text |  |",
        "| `order`* | number |  |",
        "| `probability` | number | 0 to 1 |",
        "",
    ]


def test_only_the_sections_are_written_anew() -> None:
    opening, closing = "before\n<!-- reasons: made -->\n", "<!-- /reasons -->\nafter\n"
    for old in ("", "old\n"):
        assert fill_sections(opening + old + closing) == f"{opening}\n{describe_reasons()}\n\n{closing}"
    assert fill_sections("no sections\n") == "no sections\n"
