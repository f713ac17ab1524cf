"""The cohort: what the other partners' figures may say beside a partner's own, computed once per quarter."""

from __future__ import annotations

from kpilib.cohort.cohort import Cohort

__all__ = ["Cohort"]
