"""The index of a quarter: every partner, whether a review is ready, and the way to it.

It tells what lies on disk, so that it is right after a build of one partner too.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import TemplateError

from kpilib.build.manifest import Failure, Manifest
from kpilib.build.round import Round
from kpilib.build.write import ASIDE, put_file
from kpilib.errors import RenderError
from kpilib.formats import Formats
from kpilib.language import Words, fallback_language
from kpilib.pack import Pack
from kpilib.render.environment import environment, find_templates
from kpilib.theme import Theme

__all__ = ["Row", "draw_index", "index_rows", "write_index"]

_STATUSES = ("ready", "outdated", "failed", "missing")


@dataclass(frozen=True)
class Row:
    """One partner of the index; ``status`` is ready, outdated, failed or missing; ``links`` are label key → address."""

    partner_id: str
    name: str
    region: str
    tier: str
    status: str
    links: tuple[tuple[str, str], ...]
    message: str


def write_index(around: Round) -> Path:
    """Write ``index.html`` beside the packs and return its path.

    Raises
    ------
    RenderError
        when the template cannot be drawn, or the file not written.
    """
    place = _place(around)
    put_file(place / "index.html", draw_index(around, index_rows(around)), aside=place / ASIDE)
    return place / "index.html"


def index_rows(around: Round) -> list[Row]:
    """Return the partners that get a pack, and those that have one, by name."""
    known = around.store.partner_ids(active_only=False)
    active = set(around.store.partner_ids(active_only=True))
    rows = [_row(around, partner_id) for partner_id in known]
    shown = [row for row in rows if row.partner_id in active or row.status != "missing"]
    return sorted(shown, key=lambda row: (row.name.casefold(), row.partner_id))


def draw_index(around: Round, rows: list[Row]) -> bytes:
    """Return the page.

    Raises
    ------
    RenderError
        when the template cannot be drawn.
    """
    words = Words(around.language or fallback_language(around.settings.packs.language))
    formats = Formats(words.language, around.settings.money.currency)
    counts = {status: sum(row.status == status for row in rows) for status in _STATUSES}
    ready = counts["ready"] + counts["outdated"]
    said = [words("index.summary", count=len(rows)), words("index.ready", count=ready)]
    said += [words(f"index.{status}", count=counts[status]) for status in ("failed", "missing") if counts[status]]
    values: dict[str, Any] = {
        "language": words.language,
        "title": f"{words('index.title')} {formats.quarter(around.quarter)}",
        "as_of": words("index.as_of", date=formats.date(around.as_of)),
        "internal": words("index.internal") if around.audience == "internal" else "",
        "summary": said,
        "nobody": words("index.nobody"),
        "columns": {key: words(f"index.column.{key}") for key in ("partner", "region", "tier", "review", "status")},
        "statuses": {key: words(f"index.status.{key}") for key in _STATUSES},
        "labels": {key: words(f"index.file.{key}") for key in ("html", "pdf", "notebook")},
        "rows": rows,
        "palette": Theme.from_brand(around.settings.brand.model_dump()).palette,
    }
    folder = find_templates("index", around.settings.root)
    try:
        return environment(folder).get_template("index.html.j2").render(values).encode()
    except TemplateError as error:
        raise RenderError(f"The index cannot be drawn with {folder / 'index.html.j2'}: {error}.") from None


def _row(around: Round, partner_id: str) -> Row:
    partner = around.store.partner(partner_id)
    pack = Pack(partner_id, around.quarter, around.as_of, around.audience)
    reports = around.settings.reports
    folder, failed = pack.folder(reports), pack.failed_folder(reports)
    manifest, failure = Manifest.read(folder), Failure.read(failed)
    links: list[tuple[str, str]] = []
    if manifest is not None:
        links += [(key, _address(folder / f"review.{key}", around)) for key in ("html", "pdf")]
    if failure is not None and (failed / "review.ipynb").is_file():
        links.append(("notebook", _address(failed / "review.ipynb", around)))
    status = ("outdated" if failure else "ready") if manifest else ("failed" if failure else "missing")
    return Row(
        partner_id,
        partner.get("name") or partner_id,
        partner.get("region") or "",
        partner.get("tier") or "",
        status,
        tuple(links),
        failure.message if failure else "",
    )


def _place(around: Round) -> Path:
    quarter = around.settings.reports / str(around.quarter)
    return quarter / "internal" if around.audience == "internal" else quarter


def _address(path: Path, around: Round) -> str:
    return quote(path.relative_to(_place(around)).as_posix())
