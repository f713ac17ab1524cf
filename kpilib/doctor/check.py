"""What a check is, and how all of them are run: one that fails says so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kpilib.errors import KpilibError

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["CHECKS", "Check", "Report", "State", "check", "examine"]


class State(StrEnum):
    """How a thing stands."""

    GOOD = "good"
    MISSING = "missing"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Report:
    """What a check found, and what to do where something is missing; ``optional``: packs are made without it."""

    state: State
    found: str
    do: str = ""


@dataclass(frozen=True)
class Check:
    """One check: its name, what it is needed for, and its function; ``settings`` are None outside a workspace."""

    name: str
    about: str
    look: Callable[[Settings | None], Report | None]


CHECKS: dict[str, Check] = {}
"""All checks by name, in their order."""


def check(name: str, about: str) -> Callable[[Callable[[Settings | None], Report | None]], Check]:
    """Register a function as a check; one that has nothing to look at returns None."""

    def add(look: Callable[[Settings | None], Report | None]) -> Check:
        CHECKS[name] = Check(name, about, look)
        return CHECKS[name]

    return add


def examine(settings: Settings | None) -> Iterator[tuple[Check, Report]]:
    """Yield every check with its report."""
    for one in CHECKS.values():
        try:
            report = one.look(settings)
        except KpilibError as error:
            first, *rest = str(error).splitlines()
            report = Report(State.MISSING, first, " ".join(line.strip() for line in rest))
        except (ImportError, OSError, RuntimeError, ValueError) as error:
            said = (str(error).splitlines() or [""])[0]
            report = Report(State.MISSING, f"{type(error).__name__}: {said}", "Install kpilib anew: pip install kpilib")
        if report is not None:
            yield one, report
