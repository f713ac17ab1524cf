"""How pages and charts look: colours, faces, and matplotlib's parameters.

The palette and the font files serve the templates as well as the charts, so that a chart and the page around it are
of one kind. Nothing is drawn here, and matplotlib is only loaded by what needs it.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from kpilib.errors import SettingsError

__all__ = ["Palette", "Theme", "contrast", "font_files", "known_faces", "lightness", "mix"]

WHITE = "#ffffff"
LATIN, HANGUL = "Source Sans Pro", "NanumGothic"
# comes with matplotlib, and has signs that the other two lack
FALLBACK = "DejaVu Sans"
# WCAG 2.2, 1.4.3: the least contrast of text up to 18 pt.
TEXT_CONTRAST = 4.5
# Face and weight of each file: matplotlib guesses the weight from names, and gets some of them wrong.
_FACES = {
    "SourceSansPro-Regular.otf": (LATIN, 400, "normal"),
    "SourceSansPro-It.otf": (LATIN, 400, "italic"),
    "SourceSansPro-Semibold.otf": (LATIN, 600, "normal"),
    "SourceSansPro-SemiboldIt.otf": (LATIN, 600, "italic"),
    "SourceSansPro-Bold.otf": (LATIN, 700, "normal"),
    "SourceSansPro-BoldIt.otf": (LATIN, 700, "italic"),
    "NanumGothic.ttf": (HANGUL, 400, "normal"),
    "NanumGothicBold.ttf": (HANGUL, 700, "normal"),
}
_DISTRIBUTIONS = ("font-source-sans-pro", "koreanize-matplotlib")


@dataclass(frozen=True)
class Palette:
    """The colours of a page: two greys beside ink, one accent, three for a status.

    All but ``line`` and ``paper`` carry text on white and on ``paper``. The three status colours lie far enough
    apart in lightness that a grey print still tells them: act is the darkest, watch the lightest.
    """

    accent: str = "#0b5cad"
    ink: str = "#1c2430"
    soft: str = "#5b6675"
    line: str = "#d9dee5"
    paper: str = "#f5f7f9"
    good: str = "#1a6b3d"
    watch: str = "#9a6700"
    act: str = "#971a12"

    def status(self, key: str) -> str:
        """Return the colour of a status; soft for one that is none."""
        return {"good": self.good, "watch": self.watch, "act": self.act}.get(key, self.soft)

    @cached_property
    def deep(self) -> str:
        """The darkest tint of the accent on which ink can still be read: the dark end of a heat map."""
        tints = (self.tint("accent", step / 100) for step in range(100))
        return next(tint for tint in tints if contrast(self.ink, tint) >= TEXT_CONTRAST)

    def tint(self, name: str, share: float) -> str:
        """Return one of the colours by name, lightened: a share of 0 is the colour, 1 is white."""
        return mix(getattr(self, name), WHITE, share)


@dataclass(frozen=True)
class Theme:
    """A workspace's own look: accent colour and faces, as ``[brand]`` in its settings says.

    Raises
    ------
    SettingsError
        when text in the accent colour could not be read on white.
    """

    accent: str = "#0b5cad"
    font: str = LATIN
    heading_font: str | None = None

    def __post_init__(self) -> None:
        found = contrast(self.accent, WHITE)
        if found < TEXT_CONTRAST:
            raise SettingsError(
                f"[brand] accent = {self.accent!r} cannot be read on white: its contrast is {found:.1f} : 1, "
                f"text needs {TEXT_CONTRAST} : 1 (WCAG 2.2 AA). "
                f"The nearest shade of it that can: {_darken(self.accent)!r}.",
                accent=self.accent,
                contrast=found,
            )

    @classmethod
    def from_brand(cls, brand: Mapping[str, Any]) -> Theme:
        """Return the theme that a slice's or workspace's ``brand`` describes; what it lacks is ours."""
        ours = cls()
        return cls(
            accent=brand.get("accent") or ours.accent,
            font=brand.get("font") or ours.font,
            heading_font=brand.get("heading_font") or None,
        )

    @cached_property
    def palette(self) -> Palette:
        """The colours."""
        return Palette(accent=self.accent)

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The faces of running text, by preference: the brand's, ours for Latin, ours for Hangul."""
        return tuple(dict.fromkeys((self.font, LATIN, HANGUL)))

    def parameters(self) -> dict[Any, Any]:
        """Return matplotlib's parameters: 8 pt, text kept as text, bytes that repeat, nothing that needs no ink."""
        from cycler import cycler

        known = _register_fonts()
        colours = self.palette
        return {
            "font.family": [*(name for name in self.families if name in known), FALLBACK],
            "font.size": 8.0,
            "axes.titlesize": 9.0,
            "axes.titleweight": 600,
            "axes.titlelocation": "left",
            "axes.labelsize": 8.0,
            "axes.labelcolor": colours.soft,
            "axes.edgecolor": colours.line,
            "axes.facecolor": "none",
            "axes.linewidth": 0.5,
            "axes.prop_cycle": cycler(color=[colours.accent, colours.soft, colours.ink, colours.tint("accent", 0.5)]),
            "axes.spines.left": False,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.unicode_minus": True,
            "figure.facecolor": "none",
            "figure.dpi": 72,
            "savefig.facecolor": "none",
            "savefig.bbox": None,
            "lines.linewidth": 1.2,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
            "patch.linewidth": 0.0,
            "text.color": colours.ink,
            "text.parse_math": False,  # a product may be called $CALE or have $ in it twice
            "xtick.color": colours.soft,
            "ytick.color": colours.soft,
            "xtick.major.size": 0.0,
            "ytick.major.size": 0.0,
            "svg.fonttype": "none",
            "svg.hashsalt": "kpilib",
        }

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Draw in this theme; afterwards matplotlib's parameters are as they were."""
        import matplotlib as mpl

        with mpl.rc_context(self.parameters()):
            yield


@cache
def font_files() -> list[Path]:
    """Return the font files of pages and charts: Source Sans Pro in six cuts, NanumGothic in two.

    Raises
    ------
    SettingsError
        when the packages that carry them are not whole.
    """
    found: dict[str, Path] = {}
    for distribution in _DISTRIBUTIONS:
        try:
            files = importlib.metadata.files(distribution) or []
        except importlib.metadata.PackageNotFoundError:
            files = []
        found.update({file.name: Path(str(file.locate())) for file in files if file.name in _FACES})
    missing = [name for name in _FACES if name not in found or not found[name].is_file()]
    if missing:
        raise SettingsError(
            f"The font files {', '.join(missing)} are missing. "
            f"Install the packages {' and '.join(_DISTRIBUTIONS)} again.",
            missing=missing,
        )
    return [found[name] for name in _FACES]


def lightness(colour: str) -> float:
    """Return how light a colour is to the eye, and so in grey print: CIE L*, 0 (black) to 100 (white)."""
    luminance = _luminance(colour)
    return 116 * luminance ** (1 / 3) - 16 if luminance > 216 / 24389 else luminance * 24389 / 27


def contrast(colour: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it, 1 to 21.

    >>> round(contrast("#ffffff", "#000000"), 6)
    21.0
    """
    low, high = sorted((_luminance(colour), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(colour: str, other: str, share: float) -> str:
    """Return a colour with a share of another in it.

    >>> mix("#000000", "#ffffff", 0.2)
    '#333333'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _darken(colour: str) -> str:
    shades = (mix(colour, "#000000", step / 100) for step in range(1, 101))
    return next(shade for shade in shades if contrast(shade, WHITE) >= TEXT_CONTRAST)


def known_faces() -> frozenset[str]:
    """Return the names of all faces that charts can be drawn in: ours, and those that are installed."""
    return _register_fonts()


@cache
def _register_fonts() -> frozenset[str]:
    """Tell matplotlib of our files, and return the names of all faces that it knows."""
    from matplotlib.font_manager import FontEntry, fontManager

    known = fontManager.ttflist
    for path in reversed(font_files()):
        name, weight, style = _FACES[path.name]
        # first in the list, so that an installed copy of the face, which may be another version, is never taken
        known.insert(
            0, FontEntry(fname=str(path), name=name, weight=weight, style=style, variant="normal", size="scalable")
        )
    # neither has a semibold cut; matplotlib would say on stderr that it takes the bold one
    bold = [entry for entry in known if entry.name in {HANGUL, FALLBACK} and entry.weight == 700]
    known.extend(replace(entry, weight=600) for entry in bold)
    return frozenset(entry.name for entry in known)
