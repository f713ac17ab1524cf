"""What would make a notebook unfit for a batch, found without running it: one rule, one function."""

from __future__ import annotations

# Each module registers its rules.
from kpilib.lint import chance, charts, computing, literals, order, parameters, state
from kpilib.lint.rule import RULES, Finding, Rule
from kpilib.lint.run import lint_notebook, read_watchlist

__all__ = ["RULES", "Finding", "Rule", "lint_notebook", "read_watchlist"]

_MODULES = (parameters, literals, computing, state, order, charts, chance)
