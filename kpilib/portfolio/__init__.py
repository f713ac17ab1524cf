"""The portfolio: all partners of a quarter beside each other, for the channel team alone.

`Portfolio` is what its notebook opens. One partner's figures are in `member` and `tally`; what they say together is
judged in `claims`, `needs`, `lasting`, `groups` and `versus`, and told in `page_one` and `sections`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpilib.portfolio.portfolio import Portfolio

__all__ = ["Portfolio"]


def __getattr__(name: str) -> object:
    # As in `kpilib.review`: a build describes partners without charts.
    if name == "Portfolio":
        from kpilib.portfolio.portfolio import Portfolio

        return Portfolio
    raise AttributeError(f"module 'kpilib.portfolio' has no attribute {name!r}")
