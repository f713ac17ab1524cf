"""Laying out a workspace from what the package carries: notebooks, templates, settings, Makefile.

In the installed package the notebooks and templates lie beside this file; in the repository at its root.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from kpilib.errors import SettingsError

__all__ = ["lay_out"]

_HERE = Path(__file__).parent
_NAMES = {"gitignore": ".gitignore"}
_CACHES = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "*.pyc")


def lay_out(folder: Path) -> list[Path]:
    """Make a workspace and return its files; the folder must be new or empty.

    Raises
    ------
    SettingsError
        when there is something in the folder, or it cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{folder} is a file. Name a new folder.", folder=str(folder))
    if folder.is_dir() and any(folder.iterdir()):
        raise SettingsError(
            f"{folder} is not empty, and nothing is ever written over. Name a new folder, or empty this one.",
            folder=str(folder),
        )
    try:
        for name in ("notebooks", "templates"):
            shutil.copytree(_carried(name), folder / name, ignore=_CACHES)
        for source in sorted((_HERE / "files").rglob("*")):
            if source.is_file():
                target = folder / source.relative_to(_HERE / "files").with_name(_NAMES.get(source.name, source.name))
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    except OSError as error:
        raise SettingsError(f"{folder} cannot be written to: {error.strerror or error}.", folder=str(folder)) from None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _carried(name: str) -> Path:
    packaged = _HERE / name
    return packaged if packaged.is_dir() else _HERE.parents[1] / name
