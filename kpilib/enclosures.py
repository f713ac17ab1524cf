"""What lies in a workspace beside its data and belongs into a slice: the manager's comment, what was issued.

Both are files that people or earlier packs wrote: ``comments/<quarter>/<partner>.md``, and the kpis.json of the
quarter before as it was issued, ``reports/issued/<quarter>/<partner>/kpis.json``. Either may be absent.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kpilib.errors import SettingsError
from kpilib.folders import folder_name, issued_folder
from kpilib.quarter import Quarter
from kpilib.settings import Settings

__all__ = ["comment_path", "issued_path", "read_comment", "read_issued", "read_issued_before"]


def comment_path(settings: Settings, quarter: Quarter, partner_id: str) -> Path:
    """Return where the channel manager's comment on a partner's quarter lies."""
    return settings.root / settings.packs.comments / str(quarter) / f"{folder_name(partner_id)}.md"


def issued_path(settings: Settings, quarter: Quarter, partner_id: str) -> Path:
    """Return where the figures of a partner's pack of a quarter lie, as they were issued."""
    return issued_folder(settings.reports, str(quarter), partner_id) / "kpis.json"


def read_comment(settings: Settings, quarter: Quarter, partner_id: str) -> str | None:
    """Return the channel manager's comment, or None when there is none.

    Raises
    ------
    SettingsError
        when the file cannot be read, or is not UTF-8 text.
    """
    path = comment_path(settings, quarter, partner_id)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        raise SettingsError(f"The comment {_shown(path, settings)} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(f"The comment {_shown(path, settings)} cannot be read: {error.strerror}.") from None
    return text.strip() or None


def _shown(path: Path, settings: Settings) -> Path:
    """Return a path as messages show it: as it lies in the workspace, if it does."""
    return path.relative_to(settings.root) if path.is_relative_to(settings.root) else path


def read_issued_before(settings: Settings, quarter: Quarter, partner_id: str) -> dict[str, Any] | None:
    """Return the figures that were issued for the quarter before, or None when none were.

    Raises
    ------
    SettingsError
        when the file does not hold the figures of that partner and quarter.
    """
    return read_issued(settings, quarter.shift(-1), partner_id)


def read_issued(settings: Settings, quarter: Quarter, partner_id: str) -> dict[str, Any] | None:
    """Return the figures of a pack as it was last issued, or None when it never was.

    Raises
    ------
    SettingsError
        when the file does not hold the figures of that partner and quarter.
    """
    path = issued_path(settings, quarter, partner_id)
    try:
        issued: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        issued = None
    held = {name: issued.get(name) for name in ("partner_id", "quarter")} if isinstance(issued, dict) else {}
    if held != {"partner_id": partner_id, "quarter": str(quarter)} or not isinstance(issued.get("kpis"), dict):
        raise SettingsError(
            f"{_shown(path, settings)} does not hold the figures issued to {partner_id} for {quarter}. "
            "Put the kpis.json of that pack there, or remove the file.",
            path=path,
        )
    return dict(issued)
