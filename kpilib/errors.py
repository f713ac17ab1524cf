"""The errors that kpilib raises on purpose, by whose turn it is to act.

A message says what could not be done to which thing, what was found, and what would be right. It never
holds a frame, another partner's row or a secret. The command line prints it without a traceback.

::

    KpilibError
    ├── SettingsError    the workspace's settings, or an argument          (exit 2)
    ├── SourceError      a file or database that cannot be read            (exit 2)
    ├── ContractError    rows that break the contract above the limit      (exit 2)
    ├── QuarterError     not a quarter, or one that the data do not hold   (exit 2)
    ├── PartnerError     a partner that the data do not hold               (exit 2)
    ├── ExecutionError   a notebook that could not be executed             (exit 1)
    ├── RenderError      a page that could not be made                     (exit 1)
    │   └── LeakError    a page that holds what is another partner's       (exit 1)
    └── DeliveryError    a pack that could not be approved or sent         (exit 1)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "ContractError",
    "DeliveryError",
    "ExecutionError",
    "KpilibError",
    "LeakError",
    "PartnerError",
    "QuarterError",
    "RenderError",
    "SettingsError",
    "SourceError",
    "did_you_mean",
]


class KpilibError(Exception):
    """Any error that kpilib raises on purpose; its parts are attributes and survive pickling."""

    exit_code = 1

    def __init__(self, message: str, **parts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.parts = parts
        for name, value in parts.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.parts)


class SettingsError(KpilibError, ValueError):
    """The workspace's settings, or an argument of a command, cannot be used."""

    exit_code = 2


class SourceError(KpilibError, OSError):
    """A file or database cannot be read as a table."""

    exit_code = 2

    def __str__(self) -> str:
        return self.message


class ContractError(KpilibError, ValueError):
    """More rows break the contract than the workspace allows."""

    exit_code = 2


class QuarterError(KpilibError, ValueError):
    """Not a quarter, or one that the data do not hold."""

    exit_code = 2


class PartnerError(KpilibError, LookupError):
    """A partner that the data do not hold."""

    exit_code = 2


class ExecutionError(KpilibError, RuntimeError):
    """A notebook could not be executed to its end."""


class RenderError(KpilibError, RuntimeError):
    """A page could not be made."""


class LeakError(RenderError):
    """A finished page holds what belongs to another partner."""


class DeliveryError(KpilibError, RuntimeError):
    """A pack could not be approved or sent."""


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return a sentence that names the nearest of the options, or an empty string when none is near.

    >>> did_you_mean("regoin", ["region", "tier"])
    ' Did you mean: region?'
    """
    by_lower = {option.lower(): option for option in options}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" Did you mean: {by_lower[near[0]]}?" if near else ""


def _rebuild(kind: type[KpilibError], message: str, parts: dict[str, Any]) -> KpilibError:
    return kind(message, **parts)
