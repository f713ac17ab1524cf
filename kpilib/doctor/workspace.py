"""Checks of the workspace: its data, notebooks and templates, its mail server, and where packs are written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from kpilib.doctor.check import Report, State, check

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__: list[str] = []

_ROOM = 2 * 2**30


@check("source", "the data")
def source(settings: Settings | None) -> Report | None:
    """Look whether the source's files or database can be reached, and hold the required tables and columns."""
    if settings is None:
        return None
    from kpilib.sources import open_sources

    tables = open_sources(settings).tables
    return Report(State.GOOD, ", ".join(tables))


@check("notebooks", "what packs are made of")
def notebooks(settings: Settings | None) -> Report | None:
    """Look whether the notebooks are there, are notebooks, and take a pack's parameters."""
    if settings is None:
        return None
    from kpilib.lint import lint_notebook

    names = [settings.packs.notebook, *settings.packs.tiers.values(), *settings.packs.partners.values()]
    findings = [found for name in dict.fromkeys(names) for found in lint_notebook(settings.root / name, name=name)]
    if findings:
        return Report(State.MISSING, f"{len(findings)} findings", "See them: kpilib lint")
    return Report(State.GOOD, ", ".join(dict.fromkeys(names)))


@check("templates", "how packs look")
def templates(settings: Settings | None) -> Report | None:
    """Look whose templates are taken."""
    if settings is None:
        return None
    from kpilib.render.environment import find_templates

    folder = find_templates("partner_review", settings.root, folder=settings.packs.templates)
    own = folder.is_relative_to(settings.root)
    return Report(State.GOOD, str(folder.relative_to(settings.root)) if own else "kpilib's own")


@check("brand", "logo, accent colour and fonts")
def brand(settings: Settings | None) -> Report | None:
    """Look whether the logo is there, the accent colour can be read on white, and the fonts are installed."""
    if settings is None:
        return None
    from kpilib.theme import LATIN, Theme, known_faces

    Theme.from_brand(settings.brand.model_dump())
    logo = settings.brand.logo
    if logo and not (settings.root / logo).is_file():
        return Report(State.MISSING, f"no file {logo}", "[brand] logo names a file of the workspace, SVG or PNG.")
    wanted = tuple(dict.fromkeys(filter(None, (settings.brand.font, settings.brand.heading_font))))
    if wanted != (LATIN,) and (missing := [name for name in wanted if name not in known_faces()]):
        found = f"font not installed: {', '.join(missing)}"
        return Report(State.MISSING, found, f"Install it on this machine; until then {LATIN} stands in its place.")
    return Report(State.GOOD, ", ".join((settings.brand.accent, logo or "no logo", *wanted)))


@check("languages", "the texts of pages")
def own_languages(settings: Settings | None) -> Report | None:
    """Look how much of each catalogue of the workspace's own is there, and whether pages ask for all of it."""
    if settings is None:
        return None
    from kpilib.language import languages, own_catalogues
    from kpilib.language.own import list_unknown, tell_missing
    from kpilib.own_kpis import read_own_kpis

    held = own_catalogues()
    kpis = read_own_kpis(settings).codes
    unknown = [f"{code}.toml has {line}" for code, each in held.items() for line in list_unknown(code, each, kpis)]
    if unknown:
        return Report(State.MISSING, f"{len(unknown)} texts that no page asks for", " ".join(unknown))
    told = [line for code, each in held.items() if (line := tell_missing(code, each))]
    if told:
        codes = ", ".join(f"kpilib texts {code}" for code in held)
        return Report(State.OPTIONAL, "; ".join(told), f"English stands in for the others. They are printed by {codes}")
    return Report(State.GOOD, ", ".join(languages()))


@check("email", "kpilib send")
def email(settings: Settings | None) -> Report | None:
    """Look whether host, sender, user and password are set; nothing is connected to."""
    if settings is None:
        return None
    section = settings.email
    unset = [f"[email] {name}" for name in ("host", "sender") if not getattr(section, name)]
    if unset:
        return Report(State.OPTIONAL, f"{' and '.join(unset)} not set", "Packs can be built and approved, not sent.")
    user = bool(os.environ.get("KPILIB_SMTP_USER"))
    password = bool(os.environ.get("KPILIB_SMTP_PASSWORD") or os.environ.get("KPILIB_SMTP_PASSWORD_FILE"))
    if user != password:
        lacking = "KPILIB_SMTP_PASSWORD" if user else "KPILIB_SMTP_USER"
        return Report(State.MISSING, f"{lacking} is not set", "Set user and password in the environment, or neither.")
    login = "with a login" if user else "without a login"
    return Report(State.GOOD, f"{section.sender} by {section.host}:{section.port} ({section.security}), {login}")


@check("write rights", "packs and the store of accepted rows")
def rights(settings: Settings | None) -> Report | None:
    """Write a file where packs go, and where the accepted rows are kept."""
    if settings is None:
        return None
    for folder in (settings.reports, settings.root / ".kpilib"):
        there = _nearest(folder)
        try:
            with tempfile.NamedTemporaryFile(dir=there, prefix=".kpilib-"):
                pass
        except OSError as error:
            do = f"Give yourself the right (chmod u+w {there}), or name another folder in [packs] reports."
            return Report(State.MISSING, f"{there} cannot be written to: {error.strerror}", do)
    return Report(State.GOOD, str(settings.reports))


@check("disk", "packs: about 1 MB each")
def disk(settings: Settings | None) -> Report:
    """Look how much room is left where packs go, and for what is made aside."""
    places = [Path(tempfile.gettempdir()), *([_nearest(settings.reports)] if settings else [])]
    tight = [place for place in places if shutil.disk_usage(place).free < _ROOM]
    if tight:
        free = shutil.disk_usage(tight[0]).free / 2**30
        return Report(State.MISSING, f"{free:.1f} GiB free in {tight[0]}", "Free some: 2 GiB are enough for most.")
    return Report(State.GOOD, f"{min(shutil.disk_usage(place).free for place in places) / 2**30:.0f} GiB free")


def _nearest(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_dir())
