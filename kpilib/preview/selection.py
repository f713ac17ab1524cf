"""What a browser asks to see, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Failure", "Generations", "Kind", "Selection", "Shown"]

Kind = Literal["page", "print"]
"""The HTML pack, or the pages of its PDF."""


@dataclass(frozen=True)
class Selection:
    """One pack, seen in one way; ``language`` empty: the partner's own."""

    partner: str
    quarter: str
    language: str = ""
    audience: str = "partner"
    kind: Kind = "page"

    @classmethod
    def parse(cls, values: Mapping[str, str], default: Selection) -> Selection:
        """Return the selection of an address's query; what it does not name is as by default."""
        return cls(
            values.get("partner", default.partner),
            values.get("quarter", default.quarter),
            values.get("language", default.language),
            "internal" if values.get("audience", default.audience) == "internal" else "partner",
            "print" if values.get("kind", default.kind) == "print" else "page",
        )


@dataclass(frozen=True)
class Generations:
    """How often each thing that a pack is made from has changed since the preview began."""

    workspace: int = 0
    notebook: int = 0
    templates: int = 0


@dataclass(frozen=True)
class Failure:
    """Why there is no new page: a sentence, and of a failing cell its place, its code and the traceback."""

    message: str
    cell: int | None = None
    source: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Shown:
    """A page, or why there is none; how long it took, and what had to be done for it."""

    page: bytes | None
    failure: Failure | None
    seconds: float
    steps: tuple[str, ...]
