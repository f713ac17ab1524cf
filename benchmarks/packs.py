"""What a pack costs, beside the loop that a user would write: all in one run, in turn, as ratios.

    make bench                                  # ten minutes; writes docs/benchmarks.md
    .venv/bin/python benchmarks/packs.py --packs 1000

The loop is `papermill`, `nbconvert --to html` and a browser's print of that page, a process each, as in a shell
script; without Chromium it has no PDF, and the table says so. kpilib's figures are those of the command, start-up
included. The machine's speed drifts: only the ratios are worth comparing, and only within one run.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
QUARTER = "2026Q3"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VERSIONS = ("papermill", "nbconvert", "ipykernel", "pandas", "matplotlib", "seaborn", "typst")


@dataclass
class Workspace:
    """A workspace of sample data in a folder of its own, and the ids of its active partners."""

    folder: Path
    partners: list[str]

    def kpilib(self, *arguments: str) -> None:
        """Run the command as a user does."""
        command = [str(BIN / "kpilib"), "--quiet", "--settings", str(self.folder / "kpilib.toml"), *arguments]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def build(self, jobs: int, partners: list[str], *more: str) -> float:
        """Build some packs, fresh or not, and return the seconds per pack."""
        named = [word for partner in partners for word in ("--partner", partner)]
        seconds = timed(lambda: self.kpilib("build", QUARTER, "--jobs", str(jobs), "--force", *more, *named))
        return seconds / len(partners)

    def loop(self, partner: str) -> None:
        """Make one pack as a shell script would."""
        out = self.folder / "loop" / partner
        out.mkdir(parents=True, exist_ok=True)
        jupyter = [str(BIN / "jupyter"), "nbconvert", "--log-level=ERROR"]
        commands = [
            [str(BIN / "papermill"), "--no-progress-bar", "--log-level=ERROR", "notebooks/partner_review.ipynb",
             str(out / "out.ipynb"), "-r", "partner", partner, "-r", "quarter", QUARTER],
            [*jupyter, "--to", "html", str(out / "out.ipynb")],
        ]  # fmt: skip
        if CHROMIUM:
            profile = f"--user-data-dir={out / 'profile'}"
            commands.append(
                [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", profile,
                 f"--print-to-pdf={out / 'out.pdf'}", str(out / "out.html")]
            )  # fmt: skip
        for command in commands:
            subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_workspace(folder: Path, partners: int) -> Workspace:
    """Lay out a workspace with sample data and read it once, so that nobody's figure holds that."""
    for name in ("notebooks", "templates", "comments"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "kpilib.toml", folder)
    made = Workspace(folder, [])
    made.kpilib("sample", "--partners", str(partners))
    made.kpilib("check")
    from kpilib.settings import load_settings
    from kpilib.store import Store

    made.partners = Store.open(load_settings(folder / "kpilib.toml")).partner_ids(active_only=True)
    return made


def floor(workspace: Workspace, partners: list[str]) -> float:
    """Return the seconds per pack of plain Python in this warm process: slice, KPIs, charts, both pages, no kernel."""
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    from kpilib import Review
    from kpilib.build.round import Round
    from kpilib.render.pages import page_metadata, render_pack
    from kpilib.settings import load_settings

    around = Round.open(load_settings(workspace.folder / "kpilib.toml"), QUARTER)
    calls = [
        "".join(cell.source).removeprefix("review.")
        for cell in nbformat.read(workspace.folder / "notebooks/partner_review.ipynb", 4).cells
        if cell.cell_type == "code" and "".join(cell.source).startswith("review.")
    ]

    def one(partner: str) -> None:
        slice_ = around.cut(partner)
        review = Review(slice_)
        cells = []
        for call in calls:
            shown = getattr(review, call)
            for part in shown.values() if isinstance(shown, Mapping) else filter(None, [shown]):
                data = part._repr_mimebundle_()
                cells.append(new_code_cell(outputs=[new_output("execute_result", data, execution_count=1)]))
        metadata = {"kpilib": page_metadata(slice_.content, audience="partner")}
        render_pack(new_notebook(cells=cells, metadata=metadata), templates=around.templates)

    one(partners[0])
    return timed(lambda: [one(partner) for partner in partners]) / len(partners)


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[str]:
    """Yield the address of a Dask scheduler on this machine, with some worker processes."""
    folder.mkdir()
    file = folder / "scheduler.json"
    place = ["--scheduler-file", str(file), "--no-dashboard"]
    commands = [
        ["dask_scheduler", "--host", "127.0.0.1", "--port", "0", *place],
        ["dask_worker", "--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder), *place],
    ]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *options],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name, *options in commands
    ]
    try:
        from distributed import Client

        while not file.exists():
            time.sleep(0.1)
        with Client(scheduler_file=str(file), set_as_default=False) as client:
            client.wait_for_workers(workers)
            address = client.scheduler.address
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def watched_memory() -> Iterator[list[float]]:
    """Yield a list that grows by the memory of all child processes, in MiB (PSS: what they share counts once)."""
    found: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            total = 0.0
            for child in psutil.Process().children(recursive=True):
                try:
                    total += child.memory_full_info().pss / 2**20
                except psutil.Error:
                    continue
            found.append(total)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def main() -> None:
    """Measure and write docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=int, default=100, help="packs of the long build, whose memory is watched")
    parser.add_argument("--few", type=int, default=100, help="packs of each build with one worker")
    parser.add_argument("--many", type=int, default=100, help="packs of each build with two workers")
    parser.add_argument("--loop", type=int, default=4, help="packs of the user's loop, per round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = make_workspace(Path(folder), max(given.packs, given.many) + 2)
        few, many = workspace.partners[: given.few], workspace.partners[: given.many]
        loop, two = [], []
        figures: dict[str, list[float]] = {"single": [], "one": [], "two": [], "floor": [], "dask": []}
        for number in range(given.rounds):
            some = workspace.partners[number * given.loop : (number + 1) * given.loop]
            loop.append(timed(lambda some=some: [workspace.loop(partner) for partner in some]) / len(some))
            figures["single"].append(workspace.build(1, few[:1]))
            figures["one"].append(workspace.build(1, few))
            figures["floor"].append(floor(workspace, few))
            with ThreadPoolExecutor(2) as pool:
                two.append(timed(lambda some=some, pool=pool: list(pool.map(workspace.loop, some))) / len(some))
            figures["two"].append(workspace.build(2, many))
            with cluster(Path(folder) / f"dask-{number}", 2) as address:
                figures["dask"].append(workspace.build(2, many, "--dask", address))
        with watched_memory() as memory:
            long = workspace.build(os.cpu_count() or 1, workspace.partners[: given.packs])
        count = len(workspace.partners[: given.packs])
        named = [word for partner in workspace.partners[: given.packs] for word in ("--partner", partner)]
        again = timed(lambda: workspace.kpilib("build", QUARTER, *named))
    write_report(given.out, (given.few, given.many), loop, two, figures, (count, long, again), memory)


def write_report(
    path: Path,
    packs: tuple[int, int],
    loop: list[float],
    two: list[float],
    figures: dict[str, list[float]],
    long: tuple[int, float, float],
    memory: list[float],
) -> None:
    """Write the table."""
    single, one, pair, bare, far = (median(figures[name]) for name in ("single", "one", "two", "floor", "dask"))
    alone, together = median(loop), median(two)
    (few, many), (count, per_pack, again) = packs, long
    made_of = "papermill, nbconvert to HTML" + (", Chromium's print to PDF" if CHROMIUM else "; no Chromium, so no PDF")
    running = (one * few - single) / (few - 1)
    ratios = (
        f"{alone / one:.1f}× the loop; {one / bare:.2f}× the floor's time, {running / bare:.2f}× after the first pack"
    )
    beside = f"{together / pair:.1f}× the loop side by side; {one / pair:.2f}× one worker"
    rows = [
        (f"the user's loop, one at a time ({made_of})", alone, ""),
        ("the user's loop, two side by side", together, ""),
        ("`kpilib build`, 1 pack", single, ""),
        (f"`kpilib build --jobs 1`, {few} packs", one, ratios),
        (f"`kpilib build --jobs 2`, {many} packs", pair, beside),
        (f"`kpilib build --dask`, 2 workers, {many} packs", far, f"{pair / far:.2f}× the local pool"),
        ("the floor: plain Python in one warm process, same pages", bare, f"1/{alone / bare:.0f} of the loop"),
        (f"`kpilib build`, {count} packs", per_pack, f"{60 / per_pack:.0f} packs a minute"),
    ]
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    memory_size = psutil.virtual_memory().total / 2**30
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, "
        f"{memory_size:.0f} GiB; {versions}."
    )
    tenths = [memory[len(memory) * each // 10 : len(memory) * (each + 1) // 10] or [0.0] for each in range(10)]
    curve = ", ".join(f"{median(part):.0f}" for part in tenths)
    lines = [
        "# Benchmarks",
        "",
        "Made by `make bench` (`benchmarks/packs.py`), everything in one run, in turn. Only the ratios are worth",
        "comparing: the same work drifts from run to run on a shared machine. Builds are whole commands, start-up",
        "included.",
        "",
        machine,
        "",
        "| what | seconds per pack | |",
        "| --- | --- | --- |",
        *(f"| {name} | {seconds:.2f} | {ratio} |" for name, seconds, ratio in rows),
        "",
        f"A second build of {count} packs with nothing changed: {again:.1f} s, start-up included.",
        "",
        f"Memory of the build of {count} packs (parent, workers, kernels; shared pages counted once), in MiB, the",
        f"median of each tenth of its time: {curve}; peak {max(memory, default=0):.0f}.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
