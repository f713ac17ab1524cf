"""The index of a quarter: the page from which a manager works.

Every partner with its eight KPIs, how its review stands, what was approved and sent, and the way to each file. It
tells what lies on disk and in the ledger, so that it is right after a build of one partner too.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from kpilib.build import index_row
from kpilib.build.figures import Figures, read_figures
from kpilib.build.fingerprint import tree_hash
from kpilib.build.index_row import Row, Speaker, State, label_of, make_row
from kpilib.build.manifest import FAILURE, Failure, Manifest
from kpilib.build.remembered import Remembered, hash_of
from kpilib.build.round import Round
from kpilib.build.spreadsheets import QUARTER, partner_file, write_spreadsheets
from kpilib.build.template import draw_template, read_beside
from kpilib.digest import digest_of_hashes
from kpilib.formats import Formats
from kpilib.kpis import KPIS
from kpilib.language import Words, fallback_language
from kpilib.ledger import Ledger, Message
from kpilib.pack import Pack, PortfolioPack
from kpilib.render.environment import environment, find_templates
from kpilib.render.fonts import embed_faces
from kpilib.theme import Theme

__all__ = ["draw_index", "make_rows", "read_states", "write_index"]

NAME = "index.html"

STATUSES = ("failed", "outdated", "missing", "ready")
"""How a review may stand, the urgent first."""

_FACES = "/* faces */"
_WHAT = "The index"

Delivery = Callable[[Pack, Manifest], tuple[str, str, str, str]]


def write_index(around: Round, *, workers: int = 1) -> Path:
    """Write the workbooks and ``index.html`` beside the packs where they would differ; return the index's path.

    Raises
    ------
    RenderError
        when the template cannot be drawn, or a file not written.
    """
    place = _place(around)
    remembered = Remembered(place)
    figures = read_figures(place, around.store.partner_ids(active_only=False))
    write_spreadsheets(around, place, figures, remembered, workers=workers)
    states = read_states(around)
    wanted = _made_from(around, states, figures)
    if not remembered.is_same(NAME, wanted):
        remembered.put(NAME, draw_index(around, make_rows(around, states, figures)), wanted)
    remembered.save()
    return place / NAME


def read_states(around: Round) -> list[State]:
    """Return how the review of each partner stands that gets one, or has one."""
    active = set(around.store.partner_ids(active_only=True))
    with _deliveries(around) as delivery:
        states = [_state(around, partner_id, delivery) for partner_id in around.store.partner_ids(active_only=False)]
    return [state for state in states if state.partner_id in active or state.status != "missing"]


def make_rows(around: Round, states: Iterable[State], figures: Mapping[str, Figures]) -> list[Row]:
    """Return the rows of the index, by name."""
    speaker = _speaker(around)
    rows = [make_row(state, figures.get(state.partner_id), speaker, around.quarter) for state in states]
    return sorted(rows, key=lambda row: (row.name.casefold(), row.partner_id))


def _made_from(around: Round, states: Iterable[State], figures: Mapping[str, Figures]) -> str:
    """Return a hash of all that the index is drawn from."""
    folder = find_templates("index", around.settings.root, folder=around.settings.packs.templates)
    values = [
        [vars(state) for state in states],
        {key: each.sha256 for key, each in figures.items()},
        [
            around.language,
            around.settings.packs.language,
            around.settings.money.currency,
            around.as_of,
            around.audience,
        ],
        around.settings.brand.model_dump(),
        _portfolio(around),
        around.own_kpis.fingerprint,
        tree_hash(folder),
    ]
    return hash_of(values, Path(__file__), Path(index_row.__file__))


def draw_index(around: Round, rows: list[Row]) -> bytes:
    """Return the page: it needs nothing else, and its script only sorts and filters what is there.

    Raises
    ------
    RenderError
        when the template cannot be drawn.
    """
    speaker = _speaker(around)
    words, formats = speaker.words, speaker.formats
    folder = find_templates("index", around.settings.root, folder=around.settings.packs.templates)
    script = read_beside(folder / "index.js", what=_WHAT)
    portfolio = _portfolio(around)
    values: dict[str, Any] = {
        "language": words.language,
        "title": f"{words('index.title')} {formats.quarter(around.quarter)}",
        "as_of": words("index.as_of", date=formats.date(around.as_of)),
        "internal": words("index.internal") if around.audience == "internal" else "",
        "summary": _summary(rows, words),
        "say": words,
        "rows": rows,
        "kpis": [
            {"key": key, "name": label_of(key, definition.unit, speaker)}
            for key, definition in {**KPIS, **around.own_kpis.load()}.items()
            if words.has(f"kpi.{key}.name")
        ],
        "choices": _choices(rows),
        "statuses": [status for status in STATUSES if any(row.status == status for row in rows)],
        "delivers": around.audience == "partner",
        "portfolio": portfolio,
        "workbook": QUARTER if (_place(around) / QUARTER).is_file() else "",
        "palette": Theme.from_brand(around.settings.brand.model_dump()).palette,
        "style": Markup(read_beside(folder / "style.css", what=_WHAT)),  # noqa: S704 (the workspace's own)
        "script": Markup(script),  # noqa: S704 (the workspace's own)
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    page = draw_template(environment(folder), folder / "index.html.j2", values, what=_WHAT)
    # Only what the page holds is embedded, so that it is drawn first.
    return page.replace(_FACES, embed_faces(page), 1).encode("utf-8", "replace")


def _speaker(around: Round) -> Speaker:
    words = around.own_kpis.words_in(around.language or fallback_language(around.settings.packs.language))
    formats = Formats(words.language, around.settings.money.currency, words.more)
    return Speaker(words, formats, internal=around.audience == "internal")


def _summary(rows: list[Row], words: Words) -> list[str]:
    counts = {status: sum(row.status == status for row in rows) for status in STATUSES}
    ready = counts["ready"] + counts["outdated"]
    said = [words("index.summary", count=len(rows)), words("index.ready", count=ready)]
    said += [words(f"index.{status}", count=counts[status]) for status in ("failed", "missing") if counts[status]]
    for slot in ("approved", "sent"):
        count = sum(getattr(row, slot) == slot for row in rows)
        if count:
            said.append(words(f"index.{slot}", count=count))
    return said


def _choices(rows: list[Row]) -> dict[str, list[str]]:
    """Return by what the partners can be filtered: column → names, where there are at least two."""
    found = {name: sorted({getattr(row, name) for row in rows} - {""}) for name in ("region", "tier", "manager")}
    return {name: values for name, values in found.items() if len(values) > 1}


def _state(around: Round, partner_id: str, delivery: Delivery) -> State:
    pack = Pack(partner_id, around.quarter, around.as_of, around.audience)
    reports, place = around.settings.reports, _place(around)
    folder, failed = pack.folder(reports), pack.failed_folder(reports)
    manifest, failure = Manifest.read(folder), Failure.read(failed)
    links: list[tuple[str, str]] = []
    if manifest is not None:
        links += [(key, _address(folder / f"review.{key}", around)) for key in ("html", "pdf")]
        if (place / partner_file(partner_id)).is_file():
            links.append(("xlsx", _address(place / partner_file(partner_id), around)))
    if failure is not None and (failed / "review.ipynb").is_file():
        links.append(("notebook", _address(failed / "review.ipynb", around)))
    return State(
        around.store.partner(partner_id),
        status=("outdated" if failure else "ready") if manifest else ("failed" if failure else "missing"),
        links=tuple(links),
        message=failure.message if failure else "",
        delivery=("", "", "", "") if manifest is None else delivery(pack, manifest),
    )


def _portfolio(around: Round) -> dict[str, str]:
    """Return the addresses of the portfolio review, and why its latest build failed."""
    pack = PortfolioPack.of(around.quarter, around.as_of, "")
    reports = around.settings.reports
    found = {
        key: _address(pack.folder(reports) / f"portfolio.{key}", around)
        for key in ("html", "pdf")
        if (pack.folder(reports) / f"portfolio.{key}").is_file()
    }
    if (pack.failed_folder(reports) / FAILURE).is_file():
        failure = Failure.read(pack.failed_folder(reports))
        found["message"] = failure.message if failure else ""
    return found


@contextmanager
def _deliveries(around: Round) -> Iterator[Delivery]:
    """Yield what tells of a pack whether it is approved and sent: words of the catalogue, empty where neither."""
    path = around.settings.reports / "ledger.sqlite"
    if around.audience == "internal" or not path.is_file():
        yield lambda _pack, _manifest: ("", "", "", "")
        return
    with Ledger(path) as ledger:

        def tell(pack: Pack, manifest: Manifest) -> tuple[str, str, str, str]:
            approval = ledger.approval(str(pack.quarter), pack.partner_id)
            # By the manifest's hashes: sending itself reads the files.
            digest = digest_of_hashes({name: str(held["sha256"]) for name, held in manifest.files.items()})
            approved = "" if approval is None else "approved" if approval.digest == digest else "lost"
            messages = ledger.messages(str(pack.quarter), pack.partner_id)
            by = f"{approval.approved_by}, {approval.approved_at}" if approval else ""
            return approved, _became(messages, digest), by, _to_whom(messages)

        yield tell


def _became(messages: Sequence[Message], digest: str) -> str:
    """Return what became of a pack's latest message: sent (_earlier: other bytes), in_doubt, not_sent or empty."""
    if not messages:
        return ""
    if messages[-1].state == "sent":
        return "sent" if messages[-1].digest == digest else "sent_earlier"
    return {"handing_over": "in_doubt", "failed": "not_sent"}.get(messages[-1].state, "")


def _to_whom(messages: Sequence[Message]) -> str:
    """Return when a pack's latest message was sent, and to whom; why it was not, if it was refused."""
    last = messages[-1] if messages else None
    if last is None or last.state not in {"sent", "failed"}:
        return ""
    got = last.addresses("accepted")
    return f"{last.settled_at}: {', '.join(got) or last.reply}"


def _place(around: Round) -> Path:
    quarter = around.settings.reports / str(around.quarter)
    return quarter / "internal" if around.audience == "internal" else quarter


def _address(path: Path, around: Round) -> str:
    """Return a file's address as the index links to it."""
    place, text = _place(around).as_posix(), path.as_posix()
    if text.startswith(f"{place}/"):
        return quote(text[len(place) + 1 :])
    return "../" + quote(path.relative_to(_place(around).parent).as_posix())
