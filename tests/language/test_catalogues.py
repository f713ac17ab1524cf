"""The catalogues say the same in every language, and hold what the code asks for and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest

from kpilib.language import Words, languages

ROOT = Path(__file__).parents[2]
OTHERS = [code for code in languages() if code != "en"]


def texts(language: str) -> dict[str, str | dict[str, str]]:
    # Currencies' names are a language's own: a code that has none is written as it is.
    return {key: text for key, text in Words(language).keys().items() if not key.startswith("formats.currency.")}


def forms(text: str | dict[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def fields(text: str | dict[str, str]) -> set[str]:
    return {name for form in forms(text) for _, name, _, _ in Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_there_in_every_language(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert sorted(english.keys() - other.keys()) == []
    assert sorted(other.keys() - english.keys()) == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_asks_for_the_same_fields_in_every_language(language: str) -> None:
    english, other = texts("en"), texts(language)
    differing = {key: (fields(english[key]), fields(other[key])) for key in english}
    assert {key: pair for key, pair in differing.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize("language", languages())
def test_a_text_with_plural_forms_has_those_of_its_language(language: str) -> None:
    needed = set(Words(language).locale.plural_form.tags) | {"other"}
    plural = {key: set(text) for key, text in texts(language).items() if not isinstance(text, str)}
    assert {key: found for key, found in plural.items() if found != needed} == {}


def test_korean_is_written_in_korean() -> None:
    # What is left without fields and names of files: words in small letters would be English.
    english = re.compile("[A-Za-z][a-z]{3,}")
    names = re.compile(r"\{[^}]*\}|kpilib( [a-z]+)?|[a-z]+\.(xlsx|json|csv)|Typst")
    left = {key: [names.sub("", form) for form in forms(text)] for key, text in texts("ko").items()}
    assert [key for key, kept in left.items() if any(english.search(form) for form in kept)] == []


@pytest.mark.parametrize("language", languages())
def test_punctuation_is_that_of_print(language: str) -> None:
    straight = re.compile(r"(?<!\w)-\d|\.\.\.| %|  ")
    assert {key for key, text in texts(language).items() if any(straight.search(form) for form in forms(text))} == set()


def test_every_key_that_the_code_names_is_in_the_catalogue() -> None:
    known = texts("en")
    missing = {
        f"{path.relative_to(ROOT)}: {key}"
        for path in sources(".py")
        for key, literal in asked_for(path)
        if literal and key not in known
    }
    assert sorted(missing) == []


def test_every_text_of_the_catalogue_is_asked_for() -> None:
    literals: set[str] = set()
    patterns: set[str] = set()
    for path in sources(".py"):
        for key, literal in mentioned(path):
            (literals if literal else patterns).add(key)
    for path in sources(".j2", ".typ"):
        literals |= set(re.findall(r"[\"']([a-z_0-9]+(?:\.[a-z_0-9-]+)+)[\"']", path.read_text(encoding="utf-8")))
        written = re.findall(r"[\"']([a-z_0-9.]+\.)[\"']\s*[~+]", path.read_text(encoding="utf-8"))
        patterns |= {re.escape(start) + r"[^.]+" for start in written}
    # A table's columns are named by their own words alone.
    literals |= {f"column.{word}" for word in literals}
    dynamic = [re.compile(pattern) for pattern in patterns if pattern != r"column\.[^.]+"]
    unsaid = [key for key in texts("en") if key not in literals and not key.startswith("language.")]
    assert [key for key in unsaid if not any(pattern.fullmatch(key) for pattern in dynamic)] == []


def sources(*endings: str) -> list[Path]:
    folders = [ROOT / "kpilib", ROOT / "templates"]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in endings)


@cache
def mentioned(path: Path) -> list[tuple[str, bool]]:
    """Return texts of a file that may be keys, and patterns of those put together."""
    found: list[tuple[str, bool]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append((node.value, True))
        elif isinstance(node, ast.JoinedStr) and (pattern := pattern_of(node)):
            found.append((pattern, False))
    return found


def asked_for(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the keys of calls to words."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        if name == "words" or name.endswith(".words"):
            key = node.args[0]
            if isinstance(key, ast.Constant):
                yield str(key.value), True


def pattern_of(node: ast.JoinedStr) -> str:
    """Return the pattern of a key put together; it begins with one of our tables or is none."""
    first = node.values[0]
    if not (isinstance(first, ast.Constant) and re.match(r"[a-z_]+\.", str(first.value))):
        return ""
    return "".join(
        re.escape(str(value.value)) if isinstance(value, ast.Constant) else r"[^.]+" for value in node.values
    )
