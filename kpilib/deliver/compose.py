"""The message that carries a pack: composed from the approved bytes, without a server or a clock.

Texts are templates of the workspace (``templates/email/<language>/``); everything that the data bring into them
is text: escaped in HTML, free of line breaks in headers.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kpilib.build.template import draw_template
from kpilib.deliver.recipients import Recipients
from kpilib.errors import DeliveryError, RenderError
from kpilib.formats import Formats
from kpilib.language import fallback_language
from kpilib.own_kpis import read_own_kpis
from kpilib.quarter import Quarter
from kpilib.render.environment import find_templates
from kpilib.settings import Settings

__all__ = ["Change", "Figure", "Letter", "compose", "headline", "what_changed"]

_HEADLINE = ("deal_count", "opportunity_pipeline", "deal_success", "quality_score")
_LONGEST_NAME = 80
_LONGEST_TEXT = 200
# Any server takes it, whatever it announces.
_SEVEN_BIT = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True)
class Figure:
    """One of the partner's own figures, as it stands in the pack."""

    name: str
    value: str


@dataclass(frozen=True)
class Change:
    """What a reissue says of a figure: as it was issued, and as it is now."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class Letter:
    """A message: everything but its date, which is that of the sending."""

    message: EmailMessage

    def as_bytes(self, at: datetime | None = None) -> bytes:
        """Return the message as it goes over the line; the same bytes for the same moment."""
        dated = deepcopy(self.message)
        if at is not None:
            dated["Date"] = format_datetime(at)
        return dated.as_bytes(policy=_SEVEN_BIT)


def compose(
    settings: Settings,
    partner: Mapping[str, str | None],
    recipients: Recipients,
    files: Mapping[str, bytes],
    *,
    message_id: str,
    reissue: bool = False,
    before: Mapping[str, Any] | None = None,
    test_to: str | None = None,
) -> Letter:
    """Return the message for one partner.

    Parameters
    ----------
    files
        the approved pack: ``review.pdf`` is attached, ``kpis.json`` gives the figures in the body.
    reissue
        whether the partner already has an earlier one, and the message says so.
    before
        the kpis.json of that one, to say what changed.
    test_to
        the only recipient of a test, which says so and names whom it stands for.

    Raises
    ------
    DeliveryError
        when a template of the workspace cannot be used.
    """
    figures = json.loads(files["kpis.json"], parse_float=Decimal)
    language = fallback_language(settings.packs.language or partner.get("locale"))
    formats = Formats(language, figures["currency"], read_own_kpis(settings).words_in(language).more)
    quarter = formats.quarter(Quarter.parse(figures["quarter"], settings.calendar.fiscal_year_start))
    values = {
        "partner": _clean(partner["name"] or ""),
        "contact": _clean(partner.get("contact_name") or ""),
        "manager": _clean(partner.get("manager") or ""),
        "sender": settings.email.sender_name or settings.brand.name,
        "quarter": quarter,
        "as_of": formats.date(datetime.fromisoformat(figures["as_of"]).date()),
        "figures": headline(figures, formats),
        "reissue": reissue,
        "changes": what_changed(before, figures, formats) if before is not None else [],
        "compared": before is not None,
        "stands_for": list(recipients.all) if test_to is not None else [],
    }
    texts = _render(_templates(settings, language), values)
    message = EmailMessage(policy=_SEVEN_BIT)
    message["Subject"] = _clean(texts["subject.txt.j2"])
    message["From"] = Address(settings.email.sender_name, addr_spec=settings.email.sender)
    message["To"] = [Address(addr_spec=address) for address in ([test_to] if test_to else recipients.to)]
    if recipients.cc and not test_to:
        message["Cc"] = [Address(addr_spec=address) for address in recipients.cc]
    if recipients.reply_to:
        message["Reply-To"] = Address(addr_spec=recipients.reply_to)
    message["Message-ID"] = message_id
    message.set_content(texts["body.txt.j2"])
    message.add_alternative(texts["body.html.j2"], subtype="html")
    name = _file_name(formats.words("email.file", partner=values["partner"], quarter=quarter))
    message.add_attachment(files["review.pdf"], maintype="application", subtype="pdf", filename=name)
    _fix_boundaries(message, message_id)
    return Letter(message)


def headline(figures: Mapping[str, Any], formats: Formats) -> list[Figure]:
    """Return the partner's own figures that the body names: won amount and four KPIs, undefined ones left out."""
    kpis = figures["kpis"]
    won = _won(figures)
    shown = [Figure(formats.words("email.won_amount"), formats.money(won))] if won is not None else []
    known = [key for key in _HEADLINE if key in kpis and kpis[key]["value"] is not None]
    return shown + [Figure(formats.words(f"kpi.{key}.name"), _show(kpis[key], formats)) for key in known]


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any], formats: Formats) -> list[Change]:
    """Return the won amount and the KPIs whose value differs from what was issued, as both are written.

    A difference too small to be seen in the compact form is written exactly.
    """
    changes = []
    held = _compared(before)
    for name, kpi in _compared(now).items():
        then = held.get(name)
        if not formats.words.has(name) or then is None or _number(then["value"]) == _number(kpi["value"]):
            continue
        texts = [_show(each, formats) for each in (then, kpi)]
        if texts[0] == texts[1]:
            texts = [_show(each, formats, exact=True) for each in (then, kpi)]
        if texts[0] != texts[1]:
            changes.append(Change(formats.words(name), *texts))
    return changes


def _compared(figures: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what of a kpis.json a reissue is compared by: the key of its name → value and unit."""
    won = {"value": _won(figures), "unit": "money"}
    return {"email.won_amount": won, **{f"kpi.{key}.name": kpi for key, kpi in figures["kpis"].items()}}


def _won(figures: Mapping[str, Any]) -> Any:
    return figures["kpis"].get("deal_count", {}).get("companions", {}).get("won_amount")


def _show(kpi: Mapping[str, Any], formats: Formats, *, exact: bool = False) -> str:
    value, unit = kpi["value"], kpi["unit"]
    if value is None:
        return formats.number(None)
    if unit in {"money", "money_per_day"}:
        text = formats.money(value, compact=not exact)
        return formats.words("unit.per_day", money=text) if unit == "money_per_day" else text
    if unit == "rate":
        return formats.rate(float(value), 3 if exact else 1)
    if unit == "ratio":
        return formats.number(value, 3 if exact else 1, signed=True)
    return formats.number(value, 0)


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _templates(settings: Settings, language: str) -> Path:
    """Return the folder of a language's email: the workspace's own, else the one that comes with kpilib.

    A language of the workspace's own that has no templates writes the English email.
    """
    folder, file = settings.packs.templates, "subject.txt.j2"
    names = [f"email/{each}" for each in dict.fromkeys((language, "en"))]
    try:
        for name in names[:-1]:
            with suppress(RenderError):
                return find_templates(name, settings.root, folder=folder, file=file)
        return find_templates(names[-1], settings.root, folder=folder, file=file)
    except RenderError as error:
        raise DeliveryError(error.message, **error.parts) from None


def _render(folder: Path, values: Mapping[str, Any]) -> dict[str, str]:
    texts = {}
    for name in ("subject.txt.j2", "body.txt.j2", "body.html.j2"):
        # A text is no HTML: escaping is for the one that is.
        environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=".html" in name,  # noqa: S701
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        try:
            texts[name] = draw_template(environment, folder / name, values, what="The email")
        except RenderError as error:
            raise DeliveryError(error.message, **error.parts) from None
    return texts


def _clean(text: str) -> str:
    """Return a text on one line of bearable length, without what could dress it up: control and formatting signs."""
    kept = (" " if char.isspace() else char for char in text if unicodedata.category(char) not in {"Cf", "Cs", "Co"})
    line = " ".join("".join(char for char in kept if unicodedata.category(char) != "Cc").split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 1]}…"


def _file_name(text: str) -> str:
    plain = "".join("_" if char in '<>:"/\\|?*' else char for char in _clean(text.replace("\u00a0", " ")))
    return f"{plain[:_LONGEST_NAME].strip(' .')}.pdf"


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    """Give each multipart a boundary that follows from the message, so that equal messages have equal bytes."""
    for place, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{message_id.strip('<>').partition('@')[0]}_{place}")
