"""A fresh workspace: what `kpilib new` lays out."""

from __future__ import annotations

from kpilib.workspace.lay_out import lay_out

__all__ = ["lay_out"]
