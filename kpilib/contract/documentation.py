"""The contract as Markdown: the sections of ``data/README.md`` that are made from the code.

Such a section stands between ``<!-- NAME: … -->`` and ``<!-- /NAME -->``; ``make docs`` writes it, and a test
holds it to the code.
"""

from __future__ import annotations

import re
from pathlib import Path

from kpilib.contract.reasons import ACTIONS, REASONS
from kpilib.contract.tables import TABLES, Column, Table

__all__ = ["describe_reasons", "describe_tables", "fill_sections", "main"]

_KINDS = {
    "text": "text",
    "date": "date",
    "decimal": "amount",
    "number": "number",
    "flag": "yes or no",
    "quarter": "quarter",
}


def describe_tables() -> str:
    """Return every table with its columns, kinds and needs."""
    return "\n\n".join(_describe(table) for table in TABLES.values())


def _describe(table: Table) -> str:
    need = "required" if table.required else "optional"
    key = "all columns" if set(table.key) == set(table.names) else ", ".join(f"`{name}`" for name in table.key)
    lines = [
        f"### {table.name}",
        "",
        f"{table.about[:1].upper()}{table.about[1:]}. The table is {need}; a row is identified by {key}.",
        "",
        "| column | kind | |",
        "| --- | --- | --- |",
        *(_row(column) for column in table.columns),
    ]
    for column in table.derived:
        lines += ["", f"Made from the others: `{column.name}` ({_KINDS[column.kind]}), {column.about}."]
    return "\n".join(lines)


def _row(column: Column) -> str:
    return f"| `{column.name}`{'*' if column.required else ''} | {_KINDS[column.kind]} | {_about(column)} |"


def _about(column: Column) -> str:
    choices = ", ".join(f"`{choice}`" for choice in column.choices)
    return "; ".join(part for part in (choices, column.about) if part)


def describe_reasons() -> str:
    """Return every reason with what it means and where it occurs, by what becomes of the row."""
    parts = []
    for action in ACTIONS:
        rows = [
            f"| `{reason.code}` | {reason.about} | {', '.join(reason.tables) or 'all'} |"
            for reason in REASONS.values()
            if reason.action == action
        ]
        head = [f"### {action.capitalize()}", "", "| reason | | tables |", "| --- | --- | --- |"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts)


_SECTIONS = {"tables": describe_tables, "reasons": describe_reasons}


def fill_sections(text: str) -> str:
    """Return a Markdown text with its sections made anew."""
    for name, describe in _SECTIONS.items():
        start = re.search(rf"<!-- {name}: [^>]*-->\n", text)
        end = text.find(f"<!-- /{name} -->")
        if start is not None and end >= start.end():
            text = f"{text[: start.end()]}\n{describe()}\n\n{text[end:]}"
    return text


def main(path: Path = Path("data/README.md")) -> None:
    """Write the sections of a file anew."""
    path.write_text(fill_sections(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
