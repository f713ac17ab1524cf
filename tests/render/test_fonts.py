"""The faces: each sign from the first that has it, cut to what a page holds, the same bytes twice."""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from kpilib.language import Words
from kpilib.render import fonts
from kpilib.render.fonts import cache_folder, embed_faces, faces, font_folder, replace_unknown


def rules(text: str) -> dict[tuple[str, str, str], TTFont]:
    found = re.findall(
        r'font-family:"([^"]*)";font-weight:(\d+);font-style:(\w+);.*?base64,([A-Za-z0-9+/=]*)', embed_faces(text)
    )
    cuts: dict[tuple[str, str, str], TTFont] = {}
    for family, weight, style, data in found:
        cuts[family, weight, style] = TTFont(
            BytesIO(base64.b64decode(data))
        )  # the last rule wins: the page's own signs
    return cuts


def test_a_page_of_latin_letters_holds_our_latin_face_alone() -> None:
    cuts = rules("Grünfelder – 12 €")

    assert set(cuts) == {
        ("Source Sans Pro", weight, style) for weight in ("400", "600", "700") for style in ("normal", "italic")
    }
    assert all(ord("ü") in cut.getBestCmap() for cut in cuts.values())


def test_hangul_comes_in_exactly_the_syllables_of_the_page() -> None:
    cut = rules("한빛 시스템즈")["NanumGothic", "400", "normal"]

    assert {chr(point) for point in cut.getBestCmap()} == set("한빛시스템즈")


def test_pages_of_one_language_share_the_cut_of_its_own_texts() -> None:
    catalogue = "".join(text for text in Words("ko").keys().values() if isinstance(text, str))

    one, other = (
        {rule.partition("src:")[0] for rule in embed_faces(catalogue + name).splitlines()} for name in ("빛컴", "뷁")
    )

    # of NanumGothic's two cuts each page adds its own few syllables, and shares the rest
    assert len(one - other) == len(other - one) == 2
    assert all("NanumGothic" in rule for rule in (one ^ other))


def test_what_neither_has_comes_from_the_last_resort() -> None:
    assert ord("ا") in rules("ا")["DejaVu Sans", "400", "normal"].getBestCmap()


def test_figures_of_the_latin_face_are_of_one_width() -> None:
    cut = rules("1")["Source Sans Pro", "400", "normal"]
    names = cut.getBestCmap()

    assert len({cut["hmtx"][names[ord(figure)]][0] for figure in "0123456789"}) == 1
    assert "pnum" in {feature.FeatureTag for feature in cut["GSUB"].table.FeatureList.FeatureRecord}


def test_cuts_are_the_same_bytes_without_the_cache() -> None:
    face, points = faces()[0], frozenset(map(ord, "abc"))

    assert fonts._cut(face, points) == fonts._subset(face, points)


def test_a_cut_of_any_face_says_nothing_to_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    for face in faces():
        fonts._subset(face, frozenset(map(ord, "a한")))

    assert caplog.messages == []


def test_a_spoilt_cut_in_the_cache_is_made_again() -> None:
    face, points = faces()[0], frozenset(map(ord, "xyzq"))
    whole = fonts._cut(face, points)
    held = [path for path in cache_folder().glob("*.woff2") if path.read_bytes() == whole]
    held[0].write_bytes(b"half a")

    assert fonts._cut(face, points) == whole


def test_typst_gets_each_face_once() -> None:
    families = [(face.family, face.weight, face.italic) for face in faces()]

    assert len(set(families)) == len(families)
    assert sorted(path.name for path in font_folder().iterdir()) == sorted(face.path.name for face in faces())


def test_a_machine_without_a_home_gets_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    folder = cache_folder.__wrapped__()

    assert folder.is_dir()
    assert not folder.is_relative_to(tmp_path / "file")


def test_signs_without_a_shape_are_kept_and_unknown_ones_replaced() -> None:
    assert replace_unknown("a\u00ad\u200b 한 ا 🦀") == "a\u00ad\u200b 한 ا \ufffd"
