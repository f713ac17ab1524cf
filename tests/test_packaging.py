"""pyproject.toml, the lock and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
ASKED = [
    Requirement(text)
    for text in (
        *PROJECT["project"]["dependencies"],
        *(text for extra in EXTRAS.values() for text in extra),
        *PROJECT["dependency-groups"]["dev"],
    )
]


def locked() -> dict[str, list[str]]:
    """Name → versions of the lock (more than one where they differ by Python)."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            requirement = Requirement(line)
            (specifier,) = requirement.specifier
            assert specifier.operator == "==", f"{line!r} is not pinned"
            found.setdefault(canonicalize_name(requirement.name), []).append(specifier.version)
    return found


@pytest.mark.parametrize("requirement", ASKED, ids=str)
def test_the_lock_holds_every_dependency_at_a_version_that_fits(requirement: Requirement) -> None:
    versions = locked()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version) for version in versions)


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "environment.yml"])
def test_no_registry_is_named(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"index[-_]?url|https?://", text)


def test_conda_takes_python_and_the_package_against_the_same_lock() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    *conda, pip = environment["dependencies"]
    assert {re.split(r"[<>=]", name)[0] for name in conda} == {"python", "pip", "make"}
    (python,) = (name for name in conda if name.startswith("python"))
    assert Requirement(python).specifier.contains("3.11")
    constraint, package = pip["pip"]
    assert constraint == "-c requirements.lock"
    assert set(Requirement(package.removeprefix("-e .").join(("kpilib", ""))).extras) == set(EXTRAS)


def test_every_dependency_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for requirement in ASKED:
        lines = [line for line in text.splitlines() if f'"{requirement.name}' in line and "requires =" not in line]
        assert any(re.search(r"#\s+\S", line) for line in lines), f"{requirement.name} has no reason"
