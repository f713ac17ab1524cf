"""The workbooks beside the packs: ``kpis.xlsx`` of the quarter, and ``xlsx/PARTNER.xlsx`` of each pack.

They are made from ``kpis.json`` as it lies there, and again only when it, a name or the layout changed. They are no
part of a pack: nothing of them is approved or sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from kpilib import spreadsheet
from kpilib.build.figures import Figures
from kpilib.build.remembered import Remembered, hash_of
from kpilib.build.round import Round
from kpilib.folders import folder_name
from kpilib.language import fallback_language
from kpilib.spreadsheet import Entry, partner_workbook, quarter_workbook

__all__ = ["QUARTER", "partner_file", "write_spreadsheets"]

QUARTER = "kpis.xlsx"
_LAYOUT = Path(spreadsheet.__file__)


def partner_file(partner_id: str) -> str:
    """Return the name of a partner's workbook in the quarter's folder."""
    return f"xlsx/{folder_name(partner_id)}.xlsx"


def write_spreadsheets(around: Round, place: Path, figures: Mapping[str, Figures], remembered: Remembered) -> None:
    """Write the workbooks that are missing or no longer what they would be; none where there is no pack.

    Raises
    ------
    RenderError
        when one cannot be written.
    """
    for partner_id, each in figures.items():
        wanted = hash_of([each.sha256, each.name, each.language], _LAYOUT)
        if not remembered.is_same(partner_file(partner_id), wanted):
            text = (place / folder_name(partner_id) / "kpis.json").read_text(encoding="utf-8")
            document = json.loads(text, parse_float=Decimal)
            data = partner_workbook(document, name=each.name, language=fallback_language(each.language))
            remembered.put(partner_file(partner_id), data, wanted)
    if not figures:
        return
    language = around.language or fallback_language(around.settings.packs.language)
    partners = {partner_id: around.store.partner(partner_id) for partner_id in sorted(figures)}
    wanted = hash_of([language, partners, {key: figures[key].sha256 for key in partners}], _LAYOUT)
    if not remembered.is_same(QUARTER, wanted):
        entries = [Entry(partner, figures[key].document) for key, partner in partners.items()]
        currency = str(entries[0].document["currency"])
        quarter, as_of = str(around.quarter), around.as_of.isoformat()
        data = quarter_workbook(entries, quarter=quarter, as_of=as_of, currency=currency, language=language)
        remembered.put(QUARTER, data, wanted)
