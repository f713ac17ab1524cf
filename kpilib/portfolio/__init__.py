"""The portfolio: all partners of a quarter beside each other, for the channel team alone.

`Portfolio` is what its notebook opens. One partner's figures are in `member` and `tally`; what they say together is
judged in `claims`, `needs`, `lasting`, `groups` and `versus`, and told in `page_one` and `sections`.
"""

from __future__ import annotations

from kpilib.portfolio.portfolio import Portfolio

__all__ = ["Portfolio"]
