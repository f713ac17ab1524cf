"""What a rule is: a code, what it asks for, and the function that finds where a notebook falls short of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpilib.lint.sheet import Cell, Sheet

__all__ = ["RULES", "Finding", "Hit", "Rule", "rule"]


@dataclass(frozen=True)
class Hit:
    """One place at which a rule is broken: what was found, and how to mend it. ``line`` counts within the cell."""

    cell: Cell | None
    what: str
    fix: str
    line: int | None = None


@dataclass(frozen=True)
class Finding:
    """A hit with its rule's code and its place: the cell's position in the notebook, the first being 1."""

    notebook: str
    code: str
    cell: int | None
    line: int | None
    what: str
    fix: str

    def __str__(self) -> str:
        place = self.notebook
        if self.cell is not None:
            place += f": cell {self.cell}" + (f", line {self.line}" if self.line else "")
        return f"{place}: {self.code} {self.what}\n    {self.fix}"


Find = Callable[["Sheet"], Iterator[Hit]]


@dataclass(frozen=True)
class Rule:
    """One rule: its code, what a notebook should be, and its function."""

    code: str
    about: str
    find: Find


RULES: dict[str, Rule] = {}
"""All rules by code, in the order of their codes."""


def rule(code: str, about: str) -> Callable[[Find], Find]:
    """Register a function as a rule.

    Parameters
    ----------
    code
        ``KL`` and three digits; the first of them is the subject.
    about
        what a notebook that keeps the rule is like, as a sentence.
    """

    def add(find: Find) -> Find:
        RULES[code] = Rule(code, about, find)
        return find

    return add
