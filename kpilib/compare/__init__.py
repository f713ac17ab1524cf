"""What a change to a notebook changes: a few packs made with both versions, held against each other.

Cells by their code and their outputs, numbers by where they stand, pages by their pictures. Nothing is written to
``reports/``.
"""

from __future__ import annotations

from kpilib.compare.base import read_base
from kpilib.compare.comparison import Comparison, compare_versions
from kpilib.compare.page import draw_page
from kpilib.compare.partners import choose_partners

__all__ = ["Comparison", "choose_partners", "compare_versions", "draw_page", "read_base"]
