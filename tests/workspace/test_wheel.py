"""The built wheel in an environment of its own: all that a workspace needs is in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        check=True, capture_output=True, cwd=ROOT,
    )  # fmt: skip
    (path,) = folder.glob("kpilib-*.whl")
    return path


def test_what_the_wheel_carries(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for name in ("notebooks", "templates"):
        ours = (path for path in (ROOT / name).rglob("*") if path.is_file() and "checkpoints" not in str(path))
        assert {f"kpilib/workspace/{path.relative_to(ROOT).as_posix()}" for path in ours} <= names
    wanted = {"kpilib/workspace/files/gitignore", "kpilib/sources/presets/salesforce.toml", "kpilib/language/ko.toml"}
    assert wanted <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests", "data", "docs"))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_from_the_wheel_to_a_pack(wheel: Path, tmp_path: Path) -> None:
    """An empty environment, the wheel, and the dependencies of this one: nothing is fetched."""
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("KPILIB_", "PYTHON"))}

    def run(*command: object, cwd: Path = tmp_path) -> str:
        arguments = [str(each) for each in command]
        ended = subprocess.run(
            arguments, check=False, capture_output=True, text=True, cwd=cwd, env=variables, timeout=600
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    assert Path(run(python, "-c", "import kpilib; print(kpilib.__file__)").strip()).is_relative_to(site)

    kpilib = environment / "bin" / "kpilib"
    run(kpilib, "new", "mine")
    workspace = tmp_path / "mine"
    run(kpilib, "--quiet", "sample", "--partners", "8", "--years", "2", cwd=workspace)
    run(kpilib, "lint", cwd=workspace)
    run(kpilib, "build", "2026Q3", "--partner", "P001", cwd=workspace)
    pack = workspace / "reports" / "2026Q3" / "P001"
    assert (pack / "review.pdf").read_bytes().startswith(b"%PDF-")
    assert json.loads((pack / "kpis.json").read_text(encoding="utf-8"))["partner_id"] == "P001"

    # Without templates of its own the workspace takes those that the package carries.
    (workspace / "templates").rename(workspace / "unused")
    assert "0 to make, 1 fresh." in run(kpilib, "build", "2026Q3", "--partner", "P001", "--plan", cwd=workspace)
