"""The workbooks beside the packs: ``kpis.xlsx`` of the quarter, and ``xlsx/PARTNER.xlsx`` of each pack.

They are made from ``kpis.json`` as it lies there, and again only when it, a name or the layout changed. They are no
part of a pack: nothing of them is approved or sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from kpilib import spreadsheet
from kpilib.build.figures import Figures
from kpilib.build.pool import Pool
from kpilib.build.remembered import Remembered, hash_of
from kpilib.build.round import Round
from kpilib.errors import KpilibError
from kpilib.folders import folder_name
from kpilib.language import Words, fallback_language
from kpilib.spreadsheet import Entry, partner_workbook, quarter_workbook

__all__ = ["QUARTER", "partner_file", "write_spreadsheets"]

QUARTER = "kpis.xlsx"
_LAYOUT = Path(spreadsheet.__file__)
_FEW = 24  # so many workbooks are laid out sooner than a pool of workers has started


@dataclass(frozen=True, eq=False)
class _Task:
    """A partner's workbook that is to be laid out: its file, and what it is made from."""

    file: str
    path: Path
    name: str
    words: Words


def partner_file(partner_id: str) -> str:
    """Return the name of a partner's workbook in the quarter's folder."""
    return f"xlsx/{folder_name(partner_id)}.xlsx"


def write_spreadsheets(
    around: Round, place: Path, figures: Mapping[str, Figures], remembered: Remembered, *, workers: int = 1
) -> None:
    """Write the workbooks that are missing or no longer what they would be; none where there is no pack.

    Raises
    ------
    RenderError
        when one cannot be written.
    """
    own = around.own_kpis.fingerprint
    stale: dict[_Task, str] = {}
    for partner_id, each in figures.items():
        wanted = hash_of([each.sha256, each.name, each.language, own], _LAYOUT)
        if not remembered.is_same(partner_file(partner_id), wanted):
            words = around.own_kpis.words_in(fallback_language(each.language))
            path = place / folder_name(partner_id) / "kpis.json"
            stale[_Task(partner_file(partner_id), path, each.name, words)] = wanted
    for task, data in _lay_out_all(list(stale), workers):
        remembered.put(task.file, data, stale[task])
    if not figures:
        return
    language = around.language or fallback_language(around.settings.packs.language)
    partners = {partner_id: around.store.partner(partner_id) for partner_id in sorted(figures)}
    wanted = hash_of([language, own, partners, {key: figures[key].sha256 for key in partners}], _LAYOUT)
    if not remembered.is_same(QUARTER, wanted):
        entries = [Entry(partner, figures[key].document) for key, partner in partners.items()]
        currency = str(entries[0].document["currency"])
        quarter, as_of = str(around.quarter), around.as_of.isoformat()
        words = around.own_kpis.words_in(language)
        data = quarter_workbook(entries, quarter=quarter, as_of=as_of, currency=currency, words=words)
        remembered.put(QUARTER, data, wanted)


def _lay_out_all(tasks: Sequence[_Task], workers: int) -> Iterator[tuple[_Task, bytes]]:
    if len(tasks) <= _FEW:
        yield from ((task, _lay_out(task)) for task in tasks)
        return
    pool: Pool[_Task, bytes] = Pool(_lay_out, workers)
    with closing(pool.run(tasks)) as results:
        for task, data in results:
            if isinstance(data, KpilibError):
                raise data
            yield task, data


def _lay_out(task: _Task) -> bytes:
    document = json.loads(task.path.read_text(encoding="utf-8"), parse_float=Decimal)
    return partner_workbook(document, name=task.name, words=task.words)
