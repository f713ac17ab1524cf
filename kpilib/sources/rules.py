"""Reads a mapping from TOML: ``[source.mapping.<table>]`` of the settings, or a preset.

Every problem is gathered before one error names them all. The language itself is described in
``data/sources.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from kpilib.contract.tables import TABLES
from kpilib.errors import SettingsError, did_you_mean
from kpilib.sources.formats import named_date_format, named_decimal
from kpilib.sources.mapping import Constant, Field, FirstOf, Join, TableMapping, Take, Template

__all__ = ["overlay", "read_mapping"]

_TABLE_KEYS = ("file", "sheet", "header", "where", "where_not", "join", "once_per", "add_up", "footer", "recognise")
_FIELD_KEYS = ("column", "values", "date", "decimal", "constant", "template", "first_of")
_JOIN_KEYS = ("file", "on", "key", "first", "values")
_JOIN_NAME = re.compile(r"\w+")


def read_mapping(raw: Mapping[str, Any], place: str = "source.mapping") -> dict[str, tuple[TableMapping, ...]]:
    """Return the mappings of each table.

    Raises
    ------
    SettingsError
        with every problem: unknown tables, columns and keys, values of the wrong kind.
    """
    problems: list[str] = []
    mappings: dict[str, tuple[TableMapping, ...]] = {}
    for table, rules in raw.items():
        if table not in TABLES:
            problems.append(
                f"[{place}.{table}]: no such table.{did_you_mean(table, TABLES)} Tables: {', '.join(TABLES)}."
            )
            continue
        many = rules if isinstance(rules, list) else [rules]
        found = []
        for number, one in enumerate(many, 1):
            where = f"{place}.{table}" + (f" (number {number})" if len(many) > 1 else "")
            if isinstance(one, dict):
                found.append(_TableReader(table, where, problems).read(one))
            else:
                problems.append(f"[{where}]: not a table of rules (found {one!r}).")
        mappings[table] = tuple(found)
    if problems:
        raise SettingsError("\n".join(["The mapping cannot be used:", *(f"  {line}" for line in problems)]))
    return mappings


def overlay(preset: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a workspace's own rules over a preset's, key by key; a list of rules replaces the preset's as a whole."""
    merged = dict(preset)
    for table, rules in own.items():
        base = merged.get(table)
        if isinstance(rules, dict) and isinstance(base, list):
            merged[table] = [{**one, **rules} for one in base]
        else:
            merged[table] = {**base, **rules} if isinstance(rules, dict) and isinstance(base, dict) else rules
    return merged


class _TableReader:
    """Reads the rules of one table, and gathers what is wrong with them."""

    def __init__(self, table: str, place: str, problems: list[str]) -> None:
        self._table = TABLES[table]
        self._place = place
        self._problems = problems

    def read(self, rules: Mapping[str, Any]) -> TableMapping:
        fields: dict[str, Field] = {}
        without = []
        for key, value in rules.items():
            if key in self._table.names:
                if value is False:
                    without.append(key)
                else:
                    made = self._field(key, value)
                    if made is not None:
                        fields[key] = made
            elif key not in _TABLE_KEYS:
                self._say(key, f"no such column or rule.{did_you_mean(key, (*self._table.names, *_TABLE_KEYS))}")
        header = rules.get("header")
        if header is not None and (not isinstance(header, int) or isinstance(header, bool) or header < 1):
            self._say("header", f"not a row number (found {header!r}). The first row is 1.")
            header = None
        return TableMapping(
            self._table.name,
            files=self._words("file", rules.get("file")),
            fields=fields,
            without=frozenset(without),
            where=self._filter("where", rules.get("where")),
            where_not=self._filter("where_not", rules.get("where_not")),
            joins=tuple(self._joins(rules.get("join"))),
            once_per=self._our_column("once_per", rules.get("once_per"), self._table.names),
            add_up=self._our_column("add_up", rules.get("add_up"), self._decimals()),
            footer=self._words("footer", rules.get("footer")),
            recognise=tuple(self._words("recognise", group) for group in rules.get("recognise", ())),
            sheet=self._word("sheet", rules.get("sheet")),
            header=header,
        )

    def _say(self, key: str, problem: str) -> None:
        self._problems.append(f"[{self._place}] {key}: {problem}")

    def _decimals(self) -> list[str]:
        return [column.name for column in self._table.columns if column.kind == "decimal"]

    def _word(self, key: str, value: Any) -> str | None:
        if isinstance(value, str) and value.strip():
            return value
        if value is not None:
            self._say(key, f"not a text (found {value!r}).")
        return None

    def _words(self, key: str, value: Any) -> tuple[str, ...]:
        if value is None:
            return ()
        values = value if isinstance(value, list) else [value]
        if values and all(isinstance(one, str) and one.strip() for one in values):
            return tuple(values)
        self._say(key, f"neither a text nor a list of texts (found {value!r}).")
        return ()

    def _our_column(self, key: str, value: Any, names: Iterable[str]) -> str | None:
        names = list(names)
        if value is None or value in names:
            return None if value is None else str(value)
        self._say(key, f"{value!r} is not one of {', '.join(names)}.{did_you_mean(str(value), names)}")
        return None

    def _filter(self, key: str, value: Any) -> dict[str, tuple[str, ...]]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._say(key, f'not a table such as {{ "Record Type" = "Partner" }} (found {value!r}).')
            return {}
        filters = {}
        for column, patterns in value.items():
            texts = [self._scalar(f"{key}.{column}", one) for one in _as_list(patterns)]
            filters[column] = tuple(text for text in texts if text is not None)
        return filters

    def _joins(self, value: Any) -> Iterable[Join]:
        if value is None:
            return
        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            self._say("join", 'write it as join.NAME = { file = "accounts.csv", on = "Account Id", key = "Id" }.')
            return
        for name, rule in value.items():
            where = f"join.{name}"
            for key in rule:
                if key not in _JOIN_KEYS:
                    self._say(f"{where}.{key}", f"no such rule.{did_you_mean(key, _JOIN_KEYS)}")
            file, on = self._word(f"{where}.file", rule.get("file")), self._word(f"{where}.on", rule.get("on"))
            lookup = self._word(f"{where}.key", rule.get("key", on))
            first = rule.get("first", False)
            if not isinstance(first, bool):
                self._say(f"{where}.first", f"neither true nor false (found {first!r}).")
            if not _JOIN_NAME.fullmatch(name):
                self._say(where, "a join's name has letters, digits and underscores alone.")
            if file is None or on is None or lookup is None:
                self._say(where, "needs file (the other file) and on (the column by which it is looked up).")
            else:
                yield Join(name, file, on, lookup, first is True, self._values(where, rule))

    def _field(self, key: str, value: Any) -> Field | None:
        if isinstance(value, str | list):
            columns = self._words(key, value)
            return Take(columns) if columns else None
        if not isinstance(value, dict):
            problem = f"neither a column's name nor a rule (found {value!r})."
            self._say(key, f"{problem} For a fixed value: {{ constant = … }}.")
            return None
        for name in value:
            if name not in _FIELD_KEYS:
                self._say(f"{key}.{name}", f"no such rule.{did_you_mean(name, _FIELD_KEYS)}")
        kinds = [name for name in ("column", "constant", "template", "first_of") if name in value]
        if len(kinds) != 1:
            self._say(key, f"say one of column, constant, template, first_of (found {', '.join(kinds) or 'none'}).")
            return None
        if kinds != ["column"] and len(value) > 1:
            others = ", ".join(name for name in value if name not in kinds)
            self._say(key, f"{others}: goes with column, not with {kinds[0]}.")
        return getattr(self, f"_{kinds[0]}")(key, value)  # type: ignore[no-any-return]

    def _column(self, key: str, rule: Mapping[str, Any]) -> Field | None:
        columns = self._words(f"{key}.column", rule["column"])
        pattern, decimal = rule.get("date"), rule.get("decimal")
        place = f"[{self._place}] {key}"
        try:
            pattern = None if pattern is None else named_date_format(str(pattern), f"{place}.date")
            decimal = None if decimal is None else named_decimal(str(decimal), f"{place}.decimal")
        except SettingsError as error:
            self._problems.append(error.message)
            pattern = decimal = None
        return Take(columns, self._values(key, rule), pattern, decimal) if columns else None

    def _values(self, key: str, rule: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        values = rule.get("values", {})
        if not isinstance(values, dict):
            self._say(f"{key}.values", f'not a table such as {{ "Closed Won" = "won" }} (found {values!r}).')
            return ()
        pairs = [(old, self._scalar(f"{key}.values.{old}", new)) for old, new in values.items()]
        return tuple((old, new) for old, new in pairs if new is not None)

    def _constant(self, key: str, rule: Mapping[str, Any]) -> Field | None:
        text = self._scalar(f"{key}.constant", rule["constant"])
        return None if text is None else Constant(text)

    def _template(self, key: str, rule: Mapping[str, Any]) -> Field | None:
        text = self._word(f"{key}.template", rule["template"])
        return None if text is None else Template(text)

    def _first_of(self, key: str, rule: Mapping[str, Any]) -> Field | None:
        parts = rule["first_of"]
        if not isinstance(parts, list) or not parts:
            self._say(f"{key}.first_of", f"not a list of columns or rules (found {parts!r}).")
            return None
        fields = [self._field(f"{key}.first_of", part) for part in parts]
        return FirstOf(tuple(one for one in fields if one is not None))

    def _scalar(self, key: str, value: Any) -> str | None:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | Decimal | float | date):
            return str(value)
        self._say(key, f"not a single value (found {value!r}).")
        return None


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
