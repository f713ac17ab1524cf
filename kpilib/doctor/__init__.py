"""What this machine and this workspace lack for making packs, and how to get it: one check, one function."""

from __future__ import annotations

from kpilib.doctor import machine, workspace
from kpilib.doctor.check import CHECKS, Check, Report, State, examine

__all__ = ["CHECKS", "Check", "Report", "State", "examine"]

_MODULES = (machine, workspace)
