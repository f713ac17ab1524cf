"""The accepted rows: typed Parquet files in the workspace, made from the sources when these changed."""

from __future__ import annotations

from kpilib.store.store import Store

__all__ = ["Store"]
