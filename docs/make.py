"""What `make docs` makes: pages from the code, the README's KPI table, its picture, the sample pack, and the site.

Run it in the repository after `make env`. One pack of the sample data is built in a folder of its own; the site, which
loads nothing from outside, lies in ``site/``. ``--site`` leaves the pack as it is.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pypdfium2
from PIL import Image
from reference import PAGES

from kpilib.contract import documentation
from kpilib.kpis import KPIS
from kpilib.own_kpis import read_own_kpis
from kpilib.settings import load_settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SITE = ROOT / "site"
README = ROOT / "README.md"
BEGIN = "<!-- kpis: made from the registry by `make docs`, checked by the tests -->"
END = "<!-- /kpis -->"
PARTNER, QUARTER = "P001", "2026Q3"


def kpi_table(workspace: Path = ROOT) -> str:
    """Return the README's table of all KPIs: the registry's, and those of the workspace's own folder ``kpis``."""
    own = read_own_kpis(load_settings(workspace / "kpilib.toml"))
    words = own.words_in("en")
    lines = ["| key | KPI | formula | when empty | better |", "| --- | --- | --- | --- | --- |"]
    for key, definition in {**KPIS, **own.load()}.items():
        cells = (f"`{key}`", words(f"kpi.{key}.name"), definition.formula, definition.empty, definition.better)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """Return the README with its KPI table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{kpi_table()}\n{END}{after}"


def write_pages() -> None:
    """Write what is made from the code: the pages of the reference, the README's table, the data's contract."""
    for path, page in PAGES.items():
        (DOCS / path).parent.mkdir(exist_ok=True)
        (DOCS / path).write_text(page(), encoding="utf-8")
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
    documentation.main(ROOT / "data" / "README.md")


def make_pack() -> None:
    """Build the sample pack and keep its PDF and the picture of its first page."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        for name in ("notebooks", "templates", "comments"):
            shutil.copytree(ROOT / name, workspace / name)
        shutil.copy(ROOT / "kpilib.toml", workspace)
        kpilib = [sys.executable, "-m", "kpilib", "--quiet", "--settings", str(workspace / "kpilib.toml")]
        subprocess.run([*kpilib, "sample"], check=True)
        subprocess.run([*kpilib, "build", QUARTER, "--partner", PARTNER], check=True)
        pdf = workspace / "reports" / QUARTER / PARTNER / "review.pdf"
        shutil.copy(pdf, DOCS / "sample-pack.pdf")
    page = pypdfium2.PdfDocument(DOCS / "sample-pack.pdf")[0]
    # Few pixels are amber: the usual way of choosing 64 colours would show *watch* in the red of *act*.
    picture = page.render(scale=1.4).to_pil().convert("RGB").quantize(64, method=Image.Quantize.MAXCOVERAGE)
    picture.save(DOCS / "pack-page-1.png", optimize=True)


def make_site(folder: Path = SITE) -> None:
    """Build the site; a link that leads nowhere, or any other warning, is an error."""
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env"]
    subprocess.run([sys.executable, "-m", "sphinx", *options, str(DOCS), str(folder)], check=True)


if __name__ == "__main__":
    write_pages()
    if "--site" not in sys.argv[1:]:
        make_pack()
    make_site()
