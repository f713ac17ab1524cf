"""A partner's id as the name of a folder or file, and where what was issued to a partner lies."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

__all__ = ["folder_name", "issued_folder"]

_PLAIN = re.compile(rb"[A-Za-z0-9_.~+=@ -]")
_RESERVED = re.compile(
    r"internal|failed|issued|outbox|xlsx|portfolio|cohort.*\.json|(?:index|run|cohort|portfolio|kpis)\..*",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST = 100


@lru_cache(maxsize=8192)
def folder_name(partner_id: str) -> str:
    """Return a partner's id as the name of a folder: different ids give different names, none leaves its folder.

    Letters, digits and a few signs stay; every other byte of the UTF-8 text becomes ``%XX``; so does the first
    one of a name that would be hidden or is ours; a very long name is cut and ends in its hash.

    >>> folder_name("../P 1")
    '%2E.%2FP 1'
    """
    data = partner_id.encode("utf-8", "surrogatepass")
    parts = [chr(byte) if _PLAIN.match(bytes([byte])) else f"%{byte:02X}" for byte in data]
    if parts and (parts[0] in {".", " "} or _RESERVED.fullmatch(partner_id)):
        parts[0] = f"%{data[0]:02X}"
    if len(parts) > 1 and parts[-1] in {".", " "}:
        parts[-1] = f"%{data[-1]:02X}"
    name = "".join(parts) or "%"
    if len(name) > _LONGEST:
        name = f"{name[:_LONGEST].rpartition('%')[0] or name[:_LONGEST]}%{hashlib.sha256(data).hexdigest()[:16]}"
    return name


def issued_folder(reports: Path, quarter: str, partner_id: str) -> Path:
    """Return where a partner's pack of a quarter lies, as it was issued."""
    return reports / "issued" / quarter / folder_name(partner_id)
