"""How the rooms lie: imports run one way, the command starts light, a kernel loads nothing of what runs beside it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kpilib"

# Bottom to top; a file imports only from its own row and those below it.
ROWS = (
    "errors folders folding quarter money amounts rounding formats language",
    "settings",
    "contract sources store slice slicing enclosures own_kpis cohort facts kpis statistics experience",
    "outlook backtest advice",
    "theme charts parts review portfolio",
    "pack spreadsheet digest ledger",
    "execute",
    "render",
    "build",
    "deliver",
    "sample preview lint compare doctor workspace cli __main__",
)
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row.split()}
PRODUCING = RANK["pack"]


def imports(path: Path) -> list[tuple[str, bool]]:
    """Return the modules that a file imports, and whether for the type checker alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in for_types) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append((node.module or "", id(node) in for_types))
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def test_every_part_has_its_row() -> None:
    assert {part_of(path) for path in FILES} <= set(RANK)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in FILES
        for module, for_types in imports(path)
        if module.startswith("kpilib.") and not for_types and RANK[module.split(".")[1]] > RANK[part_of(path)]
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["papermill", "nbconvert", "nbclient", "jupyter_client", "smtplib", "typst"])
def test_the_calculating_half_never_imports_what_produces(library: str) -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in FILES
        if RANK[part_of(path)] < PRODUCING and any(module.split(".")[0] == library for module, _ in imports(path))
    ]
    assert wrong == []


def test_notebooks_import_the_calculating_half_alone() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        nodes = list(ast.walk(ast.parse(code)))
        modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        ours = [module.split(".")[1] for module in modules if module.startswith("kpilib.")]
        assert all(RANK[part] < PRODUCING for part in ours), path.name


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def loaded_by(code: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys, json\nprint(json.dumps([*sys.modules]))"],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    return {name.split(".")[0] for name in json.loads(ended.stdout.splitlines()[-1])}


def test_the_command_line_starts_light() -> None:
    heavy = {"pandas", "numpy", "seaborn", "matplotlib", "papermill", "nbconvert", "nbclient", "duckdb", "pyarrow"}
    assert loaded_by("import kpilib.cli") & heavy == set()


def test_a_review_loads_nothing_of_what_runs_beside_it() -> None:
    assert loaded_by("from kpilib import Review") & {"papermill", "nbconvert", "nbclient", "smtplib", "typst"} == set()


def test_what_a_build_runs_beside_kernels_loads_no_charts() -> None:
    modules = ("build.job", "build.run", "portfolio.member", "render.pages", "render.readback")
    code = "import " + ", ".join(f"kpilib.{module}" for module in modules)
    assert loaded_by(code) & {"matplotlib", "seaborn", "scipy", "IPython"} == set()
