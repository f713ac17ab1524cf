"""The pages of the documentation that are made from the code: settings, KPIs, commands, rules and checks.

Each function returns one page as Markdown; `docs/make.py` writes them, and a test holds them to the code.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from blocks import pages, read_blocks
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from typer.main import get_command
from typer.testing import CliRunner

from kpilib.cli import app
from kpilib.doctor import CHECKS
from kpilib.kpis import KPIS
from kpilib.language import Words
from kpilib.lint import RULES
from kpilib.settings import Settings

__all__ = ["PAGES"]

NOTE = "<!-- made from the code by `make docs`, checked by the tests -->"
_UNITS = {
    "money": "money",
    "money_per_day": "money per day",
    "count": "a count",
    "rate": "a share, 0 to 1",
    "ratio": "a ratio",
    "score": "a score; 100 is the cohort's mean",
}
_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def settings() -> str:
    """Return the page of all settings."""
    parts = [
        "# Settings",
        NOTE,
        (
            "All of them have a default but the source's address. They stand in `kpilib.toml`; an environment variable "
            "`KPILIB_SECTION__KEY` (`KPILIB_PACKS__REPORTS=/srv/packs`) goes before the file. Secrets come from the "
            "environment alone: `KPILIB_SOURCE_USER` and `KPILIB_SOURCE_PASSWORD` for a database, `KPILIB_SMTP_USER` "
            "and `KPILIB_SMTP_PASSWORD` (or `KPILIB_SMTP_PASSWORD_FILE`) for the mail server."
        ),
    ]
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            rows = [
                (f"`{key}`", _type(inner.annotation), _default(inner), _line(inner.description))
                for key, inner in kind.model_fields.items()
            ]
            about = (kind.__doc__ or "").splitlines()[0]
            parts += [f"## [{name}]", about, _table(("key", "is", "default", ""), rows)]
        elif name != "root":
            parts += [f"## [{name}]", _line(field.description), f"Each line: name = {_type(get_args(kind)[1])}."]
    return _page(parts)


def kpis() -> str:
    """Return the page of the KPIs."""
    words = Words("en")
    parts = [
        "# KPIs",
        NOTE,
        (
            "D is the as-of date, q the quarter. What the words mean, and how changes are judged: "
            "[Definitions](../explanation/definitions.md), [Statistics](../explanation/statistics.md)."
        ),
    ]
    for key, definition in KPIS.items():
        rows = [
            ("formula", definition.formula),
            ("numerator", definition.numerator),
            ("denominator", definition.denominator or "none"),
            ("window", definition.window),
            ("unit", _UNITS[definition.unit]),
            ("when empty", definition.empty),
            ("better", definition.better),
            ("a change is claimed through", ", ".join(f"`{name}`" for name in definition.claims_through) or "never"),
        ]
        parts += [f"## {words(f'kpi.{key}.name')}", f"`{key}`: {definition.why}", _table(("", ""), rows)]
    return _page(parts)


def commands() -> str:
    """Return the page of the command line: what `--help` prints."""
    group: Any = get_command(app)
    parts = [
        "# Commands",
        NOTE,
        (
            "Exit codes: 0, all went well; 1, a pack failed, a message could not be sent, or something was found; "
            "2, the command, the data or the settings cannot be used."
        ),
        _help(),
    ]
    for name in group.commands:
        parts += [f"## kpilib {name}", _help(name)]
    return _page(parts)


def rules() -> str:
    """Return the page of the rules of `kpilib lint` and the checks of `kpilib doctor`."""
    found = [(f"`{code}`", rule.about) for code, rule in sorted(RULES.items())]
    looked = [(check.name, check.about) for check in CHECKS.values()]
    return _page(
        [
            "# Rules and checks",
            NOTE,
            "## kpilib lint",
            (
                "A notebook is read, not run. Each finding names its cell and how to mend it. What is meant can be "
                "allowed in its cell, with the reason: `# allow KL202: the programme's first day`."
            ),
            _table(("code", "a notebook without findings"), found),
            "## kpilib doctor",
            _table(("looks at", "for"), looked),
        ]
    )


def untested() -> str:
    """Return the page that lists the blocks which no test runs."""
    rows = [
        (f"[{block.heading}]({block.page})", block.untested)
        for page in pages()
        for block in read_blocks(page)
        if block.untested
    ]
    about = "Every other command and every other block of TOML or Python in these pages runs in a test. These do not:"
    return _page(["# What is not tested", NOTE, about, _table(("where", "why"), rows)])


PAGES = {
    Path("untested.md"): untested,
    Path("reference/settings.md"): settings,
    Path("reference/kpis.md"): kpis,
    Path("reference/commands.md"): commands,
    Path("reference/rules.md"): rules,
}
"""Every page that is made from the code, by its path in ``docs``."""


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _help(*command: str) -> str:
    shown = CliRunner().invoke(app, [*command, "--help"], prog_name="kpilib", terminal_width=100)
    return f"```text\n{shown.output.strip()}\n```"


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def _type(kind: Any) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_type(each) for each in inner if each is not type(None))
    if origin is dict:
        return "a table"
    if origin is list:
        return f"a list of {_type(inner[0])}s"
    return getattr(kind, "__name__", "anything").lower() if kind is not Any else "anything"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or value is None or value == "":
        return ""
    return f"`{value}`" if not isinstance(value, dict | list) or value else "none"
