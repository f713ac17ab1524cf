"""Where a pack's processor time goes: seconds in each of its steps, printed as a table.

    .venv/bin/python benchmarks/stages.py           # over twelve packs of sample data

What a worker does in a build is done here step by step in this process; kernels are forked as in a build.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path
from time import process_time

import nbformat
import psutil
from packs import QUARTER, make_workspace

from kpilib.build.inspection import Inspection
from kpilib.build.job import Made
from kpilib.build.round import Round
from kpilib.execute.forkserver import address_for_workers, kernel_server, offer
from kpilib.execute.notebook import execute_notebook
from kpilib.execute.tidy import keep_styles_once
from kpilib.kpis import document, evaluate, to_json
from kpilib.render.document import read_document
from kpilib.render.pages import page_metadata
from kpilib.render.readback import read_files
from kpilib.render.typeset import draw_pdf
from kpilib.render.webpage import draw_html
from kpilib.settings import load_settings


class Clock:
    """Adds up the processor time of this process by the step that it was spent in."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = process_time()

    def tick(self, step: str) -> None:
        """Book the time since the last tick on a step."""
        now = process_time()
        self.seconds[step] = self.seconds.get(step, 0.0) + now - self._last
        self._last = process_time()


def make(around: Round, inspection: Inspection, partner: str, clock: Clock) -> None:
    """Make one pack as `kpilib.build.job.make_pack` does, a tick after each step."""
    clock.tick("")
    slice_ = around.cut(partner)
    job = around.job(slice_)
    clock.tick("parent: cut the slice")
    executed = execute_notebook(job.pack, job.slice, job.notebook, name=job.notebook_name, limits=job.limits)
    clock.tick("worker: papermill's side of the kernel")
    executed.metadata["kpilib"] = page_metadata(slice_.content, audience="partner")
    drawn = read_document(executed, audience="partner", strict=True)
    files = {"review.html": draw_html(drawn, around.templates)}
    clock.tick("worker: HTML")
    files["review.pdf"] = draw_pdf(drawn, around.templates)
    clock.tick("worker: PDF")
    files["kpis.json"] = to_json(document(slice_, evaluate(slice_))).encode()
    clock.tick("worker: kpis.json")
    text: str = nbformat.writes(keep_styles_once(executed))  # type: ignore[no-untyped-call]
    files["review.ipynb"] = text.encode()
    passages = tuple(read_files(files))
    clock.tick("worker: the notebook's file, all files read back")
    inspection.inspect(job.pack, Made(files, (), 0.0, passages))
    clock.tick("parent: leak check")


def main(packs: int = 12) -> None:
    """Make some packs and print the table."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, kernel_server():
        workspace = make_workspace(Path(folder), max(packs + 4, 30))
        around = Round.open(load_settings(workspace.folder / "kpilib.toml"), QUARTER)
        inspection = Inspection(around)
        offer(address_for_workers())
        make(around, inspection, workspace.partners[0], clock)
        # As a worker does after its first pack.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        clock.seconds.clear()
        zygote = next(each for each in psutil.Process().children() if "kpilib.execute.zygote" in each.cmdline())
        before = zygote.cpu_times()
        for partner in workspace.partners[:packs]:
            make(around, inspection, partner, clock)
        after = zygote.cpu_times()
    kernels = after.children_user + after.children_system - before.children_user - before.children_system
    clock.seconds["kernel: start, cells, charts"] = kernels
    clock.seconds["zygote: forks"] = after.user + after.system - before.user - before.system
    del clock.seconds[""]
    print(f"{'processor time of a pack':50} seconds")
    for step, seconds in [*sorted(clock.seconds.items()), ("in all", sum(clock.seconds.values()))]:
        print(f"{step:50} {seconds / packs:.3f}")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
