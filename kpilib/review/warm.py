"""What every review reads before its first line is drawn: loaded once, by the process that forks kernels.

Only files are read and kept: no thread starts, nothing is drawn, no setting of another library changes.
"""

from __future__ import annotations

from pathlib import Path

from babel import localedata

import kpilib.review.review  # noqa: F401 - all that a review imports
from kpilib.language import Words, languages
from kpilib.parts.part import _template

__all__ = ["READ"]

_PACKAGE = Path(__file__).parents[1]


def _load() -> tuple[Path, ...]:
    _template()
    for language in languages():
        words = Words(language)
        words.keys()
        localedata.load(str(words.locale))
    folders = (_PACKAGE / "language", _PACKAGE.parent / "templates" / "partner_review")
    return tuple(sorted(path for folder in folders for path in folder.glob("*.*") if path.suffix != ".py"))


READ = _load()
"""Files that a process which imported this module has read; who edits one wants it read again."""
