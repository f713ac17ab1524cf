"""A workspace made by the test: files in a folder, and the settings that name them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from kpilib.settings import Settings
from kpilib.sources import Sources, TableSource, open_sources

PARTNERS = "partner_id,name\nP1,Acme\nP2,Borealis\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write files into the workspace's folder ``data``; text becomes UTF-8."""

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "data"
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            path = folder / name.replace("__", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder

    return write


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Sources]:
    """Open the workspace's source with some settings."""

    def read(mapping: Mapping[str, Any] | None = None, **source: Any) -> Sources:
        if "url" not in source:
            source.setdefault("path", "data")
        return open_sources(Settings(root=tmp_path, source={**source, "mapping": mapping or {}}))

    return read


def rows_of(table: TableSource) -> list[dict[str, Any]]:
    """Return all rows as dictionaries, with their number as ``#``."""
    rows = []
    for batch in table.batches():
        assert batch.data.num_rows == len(batch.rows) <= 100_000
        for number, row in zip(batch.rows.to_pylist(), batch.data.to_pylist(), strict=True):
            rows.append({"#": number, **row})
    return rows


def broken_of(table: TableSource) -> list[tuple[int, str, str]]:
    """Return all lines that are no rows."""
    return [tuple(line) for batch in table.batches() for line in batch.broken]


def left_out_of(table: TableSource) -> dict[str, int]:
    """Return what was left out on purpose."""
    total: dict[str, int] = {}
    for batch in table.batches():
        for why, count in batch.left_out.items():
            total[why] = total.get(why, 0) + count
    return total


@pytest.fixture
def rows() -> Callable[[TableSource], list[dict[str, Any]]]:
    return rows_of


@pytest.fixture
def broken() -> Callable[[TableSource], list[tuple[int, str, str]]]:
    return broken_of


@pytest.fixture
def left_out() -> Callable[[TableSource], dict[str, int]]:
    return left_out_of


@pytest.fixture
def partners() -> str:
    return PARTNERS
