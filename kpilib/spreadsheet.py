"""kpis.xlsx: the figures of a pack, or of a quarter, as a workbook of real numbers.

A number is a number with a format, an id or a name is text and stays text: what looks like a formula, an error or an
escape in the data is none in the workbook. The same figures give the same bytes. What the figures are is decided in
`kpilib.kpis`; here a finished ``kpis.json`` is only laid out.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kpilib.language import Words
from kpilib.money import minor_digits

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

__all__ = ["Cell", "Entry", "Sheet", "partner_workbook", "quarter_workbook", "write_workbook"]

Kind = Literal["text", "date", "count", "money", "rate", "ratio", "score", "number", "days"]
Value = str | int | float | Decimal | date | None

_FIXED = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook's dates have no zone
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LONGEST = 32_767  # characters of a cell
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_SHEET_SIGNS = re.compile(r"[\\*?:/\[\]']")
_UNITS: dict[str, Kind] = {
    "money": "money", "money_per_day": "money", "count": "count", "rate": "rate", "ratio": "ratio", "score": "score",
}  # fmt: skip
_NUMBERS: dict[str, str] = {
    "count": "#,##0", "rate": "0.0%", "ratio": "+0.00;-0.00;0.00", "score": "0.0", "number": "0.00", "days": "0",
    "date": "yyyy-mm-dd", "text": "@",
}  # fmt: skip
_TABLES: dict[tuple[str, str], dict[str, Kind]] = {
    ("average_deal_size", "deals"): {
        "opportunity_id": "text", "closed_on": "date", "product": "text", "rep": "text", "amount": "money",
    },
    ("deal_count", "by_month"): {"month": "date", "won": "count", "lost": "count", "amount": "money"},
    ("deal_count", "by_rep"): {"rep": "text", "won": "count", "lost": "count", "amount": "money"},
    ("deal_count", "by_product"): {"product": "text", "won": "count", "lost": "count", "amount": "money"},
    ("opportunity_pipeline", "bridge"): {
        "month": "date", "opening": "money", "created": "money", "won": "money", "lost": "money",
        "lost_to_competitor": "money", "revaluation": "money", "closing": "money",
    },
    ("opportunity_pipeline", "by_stage"): {
        "stage": "text", "count": "count", "amount": "money", "probability": "rate", "weighted": "money",
    },
    ("opportunity_pipeline", "by_age"): {"bucket": "text", "count": "count", "amount": "money"},
    ("marketing_channels", "by_channel"): {
        "segment": "text", "channel": "text", "leads": "count", "conversions": "count", "rate": "rate",
        "revenue": "money", "spend": "money", "cost_per_lead": "money", "roi": "ratio",
    },
    ("close_rate", "maturity"): {
        "quarter": "text", "leads": "count", "q0": "rate", "q1": "rate", "q2": "rate", "q3": "rate",
    },
    ("deal_success", "by_product"): {"product": "text", "won": "count", "lost": "count", "rate": "rate"},
    ("deal_success", "by_rep"): {"rep": "text", "won": "count", "lost": "count", "rate": "rate"},
    ("deal_success", "reasons"): {"reason": "text", "count": "count", "amount": "money"},
    ("deal_success", "lost_to"): {"competitor": "text", "count": "count", "amount": "money"},
}  # fmt: skip
"""The companions that a partner's workbook holds, a sheet each: column → what it holds."""


@dataclass(frozen=True)
class Cell:
    """A value and what it is."""

    value: Value
    kind: Kind = "text"


@dataclass(frozen=True)
class Sheet:
    """One sheet: its name, its header, its rows; the first ``frozen`` columns stay when the rest is scrolled."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    frozen: int = 1


@dataclass(frozen=True)
class Entry:
    """One partner of a quarter's workbook: its row of the table partners, and its ``kpis.json``."""

    partner: Mapping[str, str | None]
    document: Mapping[str, Any]


def partner_workbook(document: Mapping[str, Any], *, name: str, words: Words) -> bytes:
    """Return the workbook of one partner: the KPIs, their eight quarters, and the tables behind them.

    Parameters
    ----------
    document
        a ``kpis.json``; read it with ``parse_float=Decimal`` to keep all digits of money.
    """
    kpis = document["kpis"]
    about = [
        [Cell(words("xlsx.partner")), Cell(name)],
        [Cell(words("xlsx.partner_id")), Cell(document["partner_id"])],
        *_about(document, words),
    ]
    columns = ("kpi", *_FIGURES)
    sheets = [
        Sheet(words("xlsx.sheet.kpis"), _labels(columns, words), [_kpi_row(key, kpis[key], words) for key in kpis]),
        Sheet(
            words("xlsx.sheet.trend"), _trend_header(document, words), [_trend(key, kpis[key], words) for key in kpis]
        ),
        *_tables(kpis, words),
        Sheet(words("xlsx.sheet.about"), (words("xlsx.what"), words("xlsx.value")), about, frozen=0),
    ]
    return write_workbook(sheets, currency=document["currency"], title=f"{name} {document['quarter']}")


def quarter_workbook(entries: Sequence[Entry], *, quarter: str, as_of: str, currency: str, words: Words) -> bytes:
    """Return the workbook of a quarter: one row per partner, and one per partner and KPI."""
    keys = list(dict.fromkeys(key for entry in entries for key in entry.document["kpis"]))
    who = ("partner_id", "partner", "region", "tier", "manager")
    wide = [*_labels(who, words), words("xlsx.won_amount"), *(_name(key, words) for key in keys)]
    wide += [words("xlsx.status_of", kpi=_name(key, words)) for key in keys]
    long = [
        [*_who(entry), Cell(key), *_kpi_row(key, kpi, words)]
        for entry in entries
        for key, kpi in entry.document["kpis"].items()
    ]
    about = _about({"quarter": quarter, "as_of": as_of, "currency": currency}, words)
    sheets = [
        Sheet(words("xlsx.sheet.partners"), wide, [_wide_row(entry, keys, words) for entry in entries], frozen=2),
        Sheet(words("xlsx.sheet.kpis"), _labels((*who, "key", "kpi", *_FIGURES), words), long, frozen=2),
        Sheet(words("xlsx.sheet.about"), (words("xlsx.what"), words("xlsx.value")), about, frozen=0),
    ]
    return write_workbook(sheets, currency=currency, title=f"kpis {quarter}")


# What the sheets hold

_FIGURES = (
    "value", "unit", "n", "low", "high", "previous", "year_ago", "change", "claim", "target", "attainment", "median",
    "status", "because",
)  # fmt: skip


def _labels(columns: Iterable[str], words: Words) -> list[str]:
    return [words(f"xlsx.{column}") for column in columns]


def _name(key: str, words: Words) -> str:
    return words(f"kpi.{key}.name") if words.has(f"kpi.{key}.name") else key


def _about(document: Mapping[str, Any], words: Words) -> list[list[Cell]]:
    rows = [
        [Cell(words("xlsx.quarter")), Cell(document["quarter"])],
        [Cell(words("xlsx.as_of")), Cell(_day(document["as_of"]), "date")],
        [Cell(words("xlsx.currency")), Cell(document["currency"])],
    ]
    if document.get("fingerprint"):
        rows.append([Cell(words("xlsx.fingerprint")), Cell(document["fingerprint"])])
    return rows


def _who(entry: Entry) -> list[Cell]:
    partner = entry.partner
    texts = [partner.get(name) or "" for name in ("region", "tier", "manager")]
    name = partner.get("name") or entry.document["partner_id"]
    return [Cell(text) for text in (entry.document["partner_id"], name, *texts)]


def _wide_row(entry: Entry, keys: Sequence[str], words: Words) -> list[Cell]:
    kpis = entry.document["kpis"]
    won = kpis.get("deal_count", {}).get("companions", {}).get("won_amount")
    values = [Cell(kpis[key]["value"], _UNITS[kpis[key]["unit"]]) if key in kpis else Cell(None) for key in keys]
    statuses = [Cell(words(f"status.{kpis[key]['status']['key']}") if key in kpis else "") for key in keys]
    return [*_who(entry), Cell(won, "money"), *values, *statuses]


def _kpi_row(key: str, kpi: Mapping[str, Any], words: Words) -> list[Cell]:
    kind = _UNITS[kpi["unit"]]
    interval, target, cohort = (kpi.get(name) or {} for name in ("interval", "target", "cohort"))
    previous, year_ago = (kpi.get(name) or {} for name in ("previous", "year_ago"))
    change = year_ago if year_ago.get("value") is not None else previous
    status = kpi["status"]
    because = words(f"status.because.{status['because']}") if words.has(f"status.because.{status['because']}") else ""
    if kpi["value"] is None and kpi.get("reason") and words.has(f"reason.{kpi['reason']}"):
        because = words(f"reason.{kpi['reason']}")
    claim = f"xlsx.claimed.{change.get('claim')}"
    return [
        Cell(_name(key, words)),
        Cell(kpi["value"], kind),
        Cell(words(f"xlsx.unit_name.{kpi['unit']}")),
        Cell(kpi["n"], "count"),
        *(Cell(interval.get(end), kind) for end in ("low", "high")),
        Cell(previous.get("value"), kind),
        Cell(year_ago.get("value"), kind),
        Cell(change.get("difference"), kind),
        Cell(words(claim) if words.has(claim) else ""),
        Cell(target.get("value"), kind),
        Cell(target.get("attainment"), "rate"),
        Cell(cohort.get("median"), kind),
        Cell(words(f"status.{status['key']}")),
        Cell(because),
    ]


def _trend_header(document: Mapping[str, Any], words: Words) -> list[str]:
    longest = max((len(kpi["trend"]) for kpi in document["kpis"].values()), default=0)
    year, number = document["quarter"].split("Q")
    last = int(year) * 4 + int(number) - 1
    quarters = [last + 1 - longest + place for place in range(longest)]
    return [words("xlsx.kpi"), *(f"{each // 4:04d}Q{each % 4 + 1}" for each in quarters)]


def _trend(key: str, kpi: Mapping[str, Any], words: Words) -> list[Cell]:
    return [Cell(_name(key, words)), *(Cell(value, _UNITS[kpi["unit"]]) for value in kpi["trend"])]


def _tables(kpis: Mapping[str, Any], words: Words) -> list[Sheet]:
    sheets = []
    for (key, companion), columns in _TABLES.items():
        rows = kpis.get(key, {}).get("companions", {}).get(companion)
        if not rows:
            continue
        held = [name for name in columns if name in rows[0]]
        cells = [[_companion(name, row[name], columns[name], words) for name in held] for row in rows]
        header = [words(f"column.{name}") if words.has(f"column.{name}") else words(f"xlsx.{name}") for name in held]
        sheets.append(Sheet(words(f"xlsx.table.{key}.{companion}"), header, cells))
    return sheets


def _companion(name: str, value: Any, kind: Kind, words: Words) -> Cell:
    if name == "segment" and words.has(f"segments.{value}"):
        return Cell(words(f"segments.{value}"))
    return Cell(_day(value) if kind == "date" else value, kind)


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


# Writing


def write_workbook(sheets: Sequence[Sheet], *, currency: str, title: str) -> bytes:
    """Return a workbook's bytes: the same sheets, the same bytes.

    Parameters
    ----------
    currency
        of all money: it decides the digits.
    """
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    digits = minor_digits(currency)
    formats = {**_NUMBERS, "money": "#,##0" + ("." + "0" * digits if digits else "")}
    book = Workbook()
    book.remove(book.active)
    taken: set[str] = set()
    styles: dict[tuple[str, bool], Any] = {}
    for sheet in sheets:
        _fill(book.create_sheet(_sheet_name(sheet.name, taken)), sheet, formats, styles)
    book.properties.creator = "kpilib"
    book.properties.title = _clean(title)
    book.properties.created = book.properties.modified = _FIXED
    buffer = BytesIO()
    # Not Workbook.save: that writes the time of the day into the workbook and into each of its files.
    with _FixedZip(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()
    return buffer.getvalue()


class _FixedZip(zipfile.ZipFile):
    """A ZIP archive whose members have no time of their own."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *_: Any, **__: Any) -> None:
        info = zipfile.ZipInfo(str(zinfo_or_arcname), date_time=_EPOCH)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        super().writestr(info, data)

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        self.writestr(arcname or filename, Path(filename).read_bytes())


def _fill(place: Worksheet, sheet: Sheet, formats: Mapping[str, str], styles: dict[tuple[str, bool], Any]) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side
    from openpyxl.utils import get_column_letter

    head, rule = Font(bold=True), Border(bottom=Side(style="thin"))
    for column, label in enumerate(sheet.header, start=1):
        cell = place.cell(1, column)
        _set_text(cell, label)
        right = bool(sheet.rows) and column <= len(sheet.rows[0]) and sheet.rows[0][column - 1].kind != "text"
        if ("head", right) not in styles:
            cell.number_format, cell.font, cell.border = "@", head, rule
            cell.alignment = Alignment(horizontal="right" if right else "left", vertical="bottom", wrap_text=True)
            styles["head", right] = cell._style  # noqa: SLF001
        cell._style = styles["head", right]  # noqa: SLF001
    widths = [len(label) for label in sheet.header]
    for row, cells in enumerate(sheet.rows, start=2):
        for column, held in enumerate(cells, start=1):
            if held.value is not None and held.value != "":
                _set(place.cell(row, column), held, formats, styles)
            widths[column - 1] = max(widths[column - 1], _width(held))
    for column, width in enumerate(widths, start=1):
        place.column_dimensions[get_column_letter(column)].width = min(max(width + 2, 9), 48)
    place.freeze_panes = place.cell(2, sheet.frozen + 1)
    if len(sheet.rows) > 1 and sheet.header:
        place.auto_filter.ref = f"A1:{get_column_letter(len(sheet.header))}{len(sheet.rows) + 1}"
    place.page_setup.orientation = "landscape"
    place.page_setup.fitToHeight = 0
    place.sheet_properties.pageSetUpPr.fitToPage = True
    place.print_title_rows = "1:1"


def _set(cell: Any, held: Cell, formats: Mapping[str, str], styles: dict[tuple[str, bool], Any]) -> None:
    if isinstance(held.value, str):
        _set_text(cell, held.value)
        # Excel then keeps it a text when a person edits it.
        looks_like_formula = held.value[:1] in {"=", "+", "-", "@", "'"}
        _style(cell, ("@", looks_like_formula), styles)
    else:
        cell.value = held.value
        _style(cell, (formats[held.kind], False), styles)


def _style(cell: Any, wanted: tuple[str, bool], styles: dict[tuple[str, bool], Any]) -> None:
    """Style a cell as the first one that was to look like this: looking a style up takes longer than writing it."""
    if wanted not in styles:
        cell.number_format, cell.quotePrefix = wanted
        styles[wanted] = cell._style  # noqa: SLF001
    cell._style = styles[wanted]  # noqa: SLF001


def _set_text(cell: Any, text: str) -> None:
    """Write a text as text, whatever it looks like."""
    cell._value = _clean(text)[:_LONGEST]  # noqa: SLF001 - the setter would read "=1+1" as a formula
    cell.data_type = "s"


def _clean(text: str) -> str:
    """Return a text without signs that a workbook cannot hold; ``_x0041_`` stays what it is, no escape."""
    return _ESCAPE.sub("_x005F_", _ILLEGAL.sub("\ufffd", text))


def _width(cell: Cell) -> int:
    if isinstance(cell.value, str):
        # Hangul and other wide signs take twice the room.
        return sum(2 if ord(sign) >= 0x1100 else 1 for sign in cell.value[:60])
    return 12 if cell.value is not None else 0


def _sheet_name(name: str, taken: set[str]) -> str:
    """Return a sheet's name as Excel allows it: at most 31 characters, none of its signs, each name once."""
    plain = _SHEET_SIGNS.sub(" ", _clean(name)).strip()[:31].strip() or "Sheet"
    chosen, number = plain, 2
    while chosen.casefold() in taken:
        chosen, number = f"{plain[:28]} {number}", number + 1
    taken.add(chosen.casefold())
    return chosen
