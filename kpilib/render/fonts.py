"""The faces of the pages: a folder of them for Typst, and WOFF2 cuts of what an HTML page uses.

Our Latin face is cut once to the signs of European languages; every other face to what the page holds. Cuts are
kept in the user's cache folder, so that a second build, and every worker, finds them.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import tempfile
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from kpilib.language import read, shipped, texts_in
from kpilib.theme import font_files

__all__ = ["Face", "cache_folder", "covered", "embed_faces", "faces", "font_folder", "replace_unknown"]

# Letters and signs of European languages: Latin to Extended-A, punctuation, and the signs that pages use.
_SIGNS = "€₩™←↑→↓−≈≠≤≥▲◆✓"
_LATIN = frozenset(
    (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2028), *range(0x2030, 0x203B), *map(ord, _SIGNS))
)
# Signs without a shape of their own: a typesetter needs no glyph for them.
_SHAPELESS = frozenset((*range(0x20), 0xAD, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2060, *range(0xFE00, 0xFE10)))
_FEATURES = ["kern", "lnum", "tnum", "pnum", "liga", "ccmp", "locl", "mark", "mkmk"]
_LAST_RESORT = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf")


@dataclass(frozen=True)
class Face:
    """One font file: its family, weight and style as CSS names them, and the code points it has."""

    path: Path
    family: str
    weight: int
    italic: bool
    covers: frozenset[int]


@cache
def faces() -> tuple[Face, ...]:
    """Return the faces of pages, best first: ours, then DejaVu Sans (matplotlib carries it) for all other signs."""
    return tuple(_read_face(path) for path in (*font_files(), *_last_resort()))


@cache
def covered() -> frozenset[int]:
    """Return the code points that some upright face can show."""
    return frozenset().union(*(face.covers for face in faces() if not face.italic and "Mono" not in face.family))


def replace_unknown(text: str) -> str:
    """Return a text with U+FFFD for every sign that none of our faces can show."""
    if text.isascii():
        return text
    known = covered()
    return "".join(sign if (point := ord(sign)) in known or point in _SHAPELESS else "\ufffd" for sign in text)


@cache
def font_folder() -> Path:
    """Return a folder that holds exactly our font files: Typst's choice never depends on the machine."""
    files = [face.path for face in faces()]
    key = hashlib.sha256("\n".join(map(str, files)).encode()).hexdigest()[:16]
    folder = cache_folder() / f"typst-{key}"
    if not folder.is_dir():
        aside = Path(tempfile.mkdtemp(dir=folder.parent))
        for path in files:
            (aside / path.name).symlink_to(path)
        try:
            aside.rename(folder)
        except OSError:  # another process was first
            if not folder.is_dir():
                raise
    return folder


@cache
def cache_folder() -> Path:
    """Return the folder for what can be made again: the user's cache, or a temporary one where that is not writable."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kpilib"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        pass
    return Path(tempfile.mkdtemp(prefix="kpilib-"))


def embed_faces(text: str) -> str:
    """Return the ``@font-face`` rules, fonts included, for a page that holds this text.

    Latin faces come as one fixed cut. A sign that it lacks comes from the first face that has it.
    """
    wanted = {ord(sign) for sign in set(text)}
    return "\n".join(_rules(frozenset(wanted - _LATIN)))


@lru_cache(maxsize=32)
def _rules(others: frozenset[int]) -> tuple[str, ...]:
    rules = []
    left = others
    for family in dict.fromkeys(face.family for face in faces() if "Mono" not in face.family):
        cuts = [face for face in faces() if face.family == family]
        latin = cuts[0] is faces()[0]
        taken = left & cuts[0].covers
        for face in cuts:
            groups = [_LATIN] if latin else []
            rules += [_rule(face, group & face.covers) for group in (*groups, *_share(taken)) if group & face.covers]
        left = left - taken
    return tuple(rules)


def _share(points: frozenset[int]) -> list[frozenset[int]]:
    """Return the signs of a page as groups to cut: what every page of a language has is cut once for all of them."""
    common = _common_signs()
    return [common, points - common] if len(points & common) > 100 else [points]


@cache
def _common_signs() -> frozenset[int]:
    """Return the signs of our catalogues' texts that the Latin cut lacks; a workspace's own do not change the cut."""
    texts = (text for language in sorted(shipped()) for text in texts_in(read(language)).values())
    signs = {sign for text in texts for part in ([text] if isinstance(text, str) else text.values()) for sign in part}
    return frozenset(map(ord, signs)) - _LATIN


@lru_cache(maxsize=64)
def _rule(face: Face, points: frozenset[int]) -> str:
    data = base64.b64encode(_cut(face, points)).decode()
    style = "italic" if face.italic else "normal"
    return (
        f'@font-face{{font-family:"{face.family}";font-weight:{face.weight};font-style:{style};'
        f'unicode-range:{_ranges(points)};src:url(data:font/woff2;base64,{data}) format("woff2")}}'
    )


def _ranges(points: frozenset[int]) -> str:
    """Return code points as CSS writes them, neighbours joined.

    >>> _ranges(frozenset([65, 66, 67, 97]))
    'U+41-43,U+61'
    """
    spans: list[list[int]] = []
    for point in sorted(points):
        if spans and spans[-1][1] == point - 1:
            spans[-1][1] = point
        else:
            spans.append([point, point])
    return ",".join(f"U+{first:X}" if first == last else f"U+{first:X}-{last:X}" for first, last in spans)


def _cut(face: Face, points: frozenset[int]) -> bytes:
    import fontTools

    made_of = (fontTools.version, face.path.name, face.path.stat().st_size, _FEATURES, sorted(points))
    key = hashlib.sha256(repr(made_of).encode()).hexdigest()
    kept = cache_folder() / f"{key[:32]}.woff2"
    try:
        data = kept.read_bytes()
        if data[:4] == b"wOF2":
            return data
    except OSError:
        pass
    data = _subset(face, points)
    aside = kept.with_suffix(f".{os.getpid()}")
    try:
        aside.write_bytes(data)
        aside.rename(kept)
    except OSError:  # a full disk costs time, not the page
        aside.unlink(missing_ok=True)
    return data


def _subset(face: Face, points: frozenset[int]) -> bytes:
    from fontTools import subset

    options = subset.Options(
        flavor="woff2",
        layout_features=_FEATURES,
        hinting=False,
        name_IDs=[1, 2],
        notdef_outline=True,
        ignore_missing_unicodes=True,
    )
    options.drop_tables += ["DSIG", "FFTM", "TSI0", "TSI1", "TSI2", "TSI3", "TSI5"]
    with subset.load_font(str(face.path), options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(unicodes=points)
        subsetter.subset(font)
        written = BytesIO()
        subset.save_font(font, written, options)
    return written.getvalue()


def _read_face(path: Path) -> Face:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True) as font:
        family = font["name"].getBestFamilyName()
        weight = font["OS/2"].usWeightClass
        italic = bool(font["OS/2"].fsSelection & 1)
        covers = frozenset(font.getBestCmap())
    # NanumGothic Bold calls itself semibold: as the only other cut it serves as both.
    return Face(path, family, 700 if family == "NanumGothic" and weight >= 600 else weight, italic, covers)


def _last_resort() -> list[Path]:
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        return []
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    return [folder / name for name in _LAST_RESORT if (folder / name).is_file()]
