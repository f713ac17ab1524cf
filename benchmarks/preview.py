"""How long a saved file takes to be seen in `kpilib preview`: from the save to the painted page, in a real browser.

    .venv/bin/python benchmarks/preview.py               # a workspace of sample data of its own; a minute
    .venv/bin/python benchmarks/preview.py --times 20

Three files are saved in turn, as an editor does (written aside, renamed): the style sheet, a template, and the
notebook, in whose case the default partner's whole notebook is executed in a new kernel. The page itself takes the time
at which it is painted; nothing is asked again and again. What else the machine does is in the figures: it is told.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import sync_playwright

KPILIB = [sys.executable, "-m", "kpilib"]
QUARTER, PARTNER = "2026Q3", "P002"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LIMITS = {"style sheet": 1.0, "template": 1.0, "notebook": 2.0}
# The next page that is shown is painted two frames after it took the place of the one before.
WATCH = """() => { window.painted = new Promise(done => {
  new MutationObserver((_, watcher) => { watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(Date.now() / 1000)));
  }).observe(document.body, { attributeFilter: ["data-shown"] });
}); }"""


def save(path: Path, text: str) -> float:
    """Write a file as an editor does, and return when it lay there."""
    aside = path.with_name(f".{path.name}.aside")
    aside.write_text(text, encoding="utf-8")
    saved = time.time()
    aside.rename(path)
    return saved


def changes(folder: Path) -> dict[str, Callable[[int], float]]:
    """Return for each kind of file how its next version is saved."""
    templates, notebook = folder / "templates" / "partner_review", folder / "notebooks" / "partner_review.ipynb"

    def style(number: int) -> float:
        path = templates / "style.css"
        return save(path, f"{path.read_text(encoding='utf-8')}\n.kp h1 {{ letter-spacing: {number % 3}px; }}\n")

    def template(number: int) -> float:
        path = templates / "index.html.j2"
        return save(path, f"{path.read_text(encoding='utf-8')}\n<!-- {number} -->\n")

    def cells(number: int) -> float:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        cell = code[2 + number % (len(code) - 2)]  # any but the parameters and the opening
        cell["source"] = ["".join(cell["source"]).partition("  # version")[0] + f"  # version {number}"]
        return save(notebook, json.dumps(content))

    return {"style sheet": style, "template": template, "notebook": cells}


def measure(page: Any, change: Callable[[int], float], times: int) -> list[float]:
    """Return the seconds from a save to the page, some times over."""
    found = []
    for number in range(times + 1):
        page.evaluate(WATCH)
        saved = change(number)
        found.append(page.evaluate("() => window.painted") - saved)
    return found[1:]  # the first one warms up


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=10)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        folder = Path(made) / "workspace"
        subprocess.run([*KPILIB, "--quiet", "new", str(folder)], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*KPILIB, "--quiet", "sample"], check=True, cwd=folder, stdout=subprocess.DEVNULL)
        command = [*KPILIB, "preview", PARTNER, QUARTER, "--port", "0"]
        served = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
        assert served.stdout is not None
        try:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1200, "height": 800})
            page.goto(served.stdout.readline().split()[0])
            page.wait_for_selector("body[data-shown='1']", timeout=120_000)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before this began; {times} saves each\n")
            print("| saved | median, s | slowest, s | wanted, s |\n| --- | --- | --- | --- |")
            for name, change in changes(folder).items():
                found = measure(page, change, times)
                print(f"| {name} | {median(found):.2f} | {max(found):.2f} | < {LIMITS[name]:.0f} |", flush=True)
            browser.close()
        finally:
            served.send_signal(signal.SIGINT)
            served.wait(20)


if __name__ == "__main__":
    main()
