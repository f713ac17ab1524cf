"""Builds from beginning to end: real workers, kernels and pages over a small workspace."""

from __future__ import annotations

import hashlib
import inspect
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

import pytest

import kpilib
from kpilib.build.fingerprint import _ELSEWHERE, kpilib_hash, tree_hash
from kpilib.build.frozen import cohort_path, freeze_cohort
from kpilib.build.lock import hold
from kpilib.build.manifest import Failure, Manifest
from kpilib.build.plan import plan_packs
from kpilib.build.round import Round
from kpilib.build.run import Outcome, _jobs, build_packs
from kpilib.render.finish import finish_pack
from kpilib.render.pages import page_metadata, render_pack
from kpilib.settings import load_settings

ROOT = Path(__file__).parents[2]
NOT_P2 = "assert partner != 'P2', 'not this one'"


def run(root: Path, *partners: str, **options: object) -> Outcome:
    around = Round.open(load_settings(root / "kpilib.toml"))
    return build_packs(around, around.partners(partners), jobs=2, **options)  # type: ignore[arg-type]


def reasons(root: Path) -> dict[str, tuple[str, ...]]:
    around = Round.open(load_settings(root / "kpilib.toml"))
    return {each.pack.partner_id: each.reasons for each in plan_packs(around, around.partners())}


def packs(folder: Path) -> set[str]:
    return {path.parent.name for path in (*folder.glob("*/pack.json"), *folder.glob("*/failure.json"))}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_a_build_and_the_builds_after_it(workspace: Path) -> None:
    """One fails and stops no other; what is fresh stays; a change of one partner's rows rebuilds that pack alone."""
    quarter = workspace / "reports" / "2026Q3"
    assert reasons(workspace) == {"P1": ("new",), "P2": ("new",), "P3": ("new",)}
    first = run(workspace)
    assert sorted(pack.partner_id for pack in first.made) == ["P1", "P3"]
    assert [(pack.partner_id, str(error)) for pack, error in first.failed] == [
        ("P2", f"P2 2026Q3: cell 4 of partner_review.ipynb ({NOT_P2}) failed: AssertionError: not this one.")
    ]
    assert packs(quarter) == {"P1", "P3"}
    assert packs(quarter / "failed") == {"P2"}
    assert {"index.html", "run.json"} <= {path.name for path in quarter.iterdir()}
    assert set(digests(quarter / "P1")) == {"review.html", "review.pdf", "review.ipynb", "kpis.json", "pack.json"}
    assert set(digests(quarter / "failed" / "P2")) == {"failure.json", "review.ipynb"}

    manifest = Manifest.read(quarter / "P1")
    assert manifest is not None
    assert {name: file["sha256"] for name, file in manifest.files.items()}.items() <= digests(quarter / "P1").items()
    assert json.loads((quarter / "P1" / "kpis.json").read_text())["kpis"]["average_deal_size"]["value"] == 300
    assert "Alder &amp; Sons" in (quarter / "P1" / "review.html").read_text(encoding="utf-8")
    failure = Failure.read(quarter / "failed" / "P2")
    assert failure is not None
    assert (failure.kind, failure.cell) == ("error", 4)
    account = json.loads((quarter / "run.json").read_text(encoding="utf-8"))
    assert (account["made"], account["fresh"], [*account["failed"]]) == (["P1", "P3"], [], ["P2"])
    index = (quarter / "index.html").read_text(encoding="utf-8")
    assert 'href="P1/review.pdf"' in index
    assert 'href="failed/P2/review.ipynb"' in index
    assert "Birch &lt;b&gt;Ltd&lt;/b&gt;" in index
    assert "Gone Away" not in index

    before = digests(quarter / "P1"), digests(quarter / "P3")
    assert reasons(workspace) == {"P1": (), "P2": ("failed last time",), "P3": ()}
    freeze_cohort(load_settings(workspace / "kpilib.toml"), Round.open(load_settings(workspace / "kpilib.toml")).cohort)
    opportunities = workspace / "data" / "opportunities.csv"
    opportunities.write_text(opportunities.read_text().replace("300.00", "300.01"))
    assert reasons(workspace) == {"P1": (), "P2": ("failed last time",), "P3": ("rows changed",)}
    second = run(workspace, "P1", "P3")
    assert ([str(pack) for pack in second.made], [str(pack) for pack in second.fresh]) == (["P3 2026Q3"], ["P1 2026Q3"])
    third = run(workspace, "P1", force=True)
    assert [str(pack) for pack in third.made] == ["P1 2026Q3"]
    assert digests(quarter / "P1") == before[0]
    assert digests(quarter / "P3") != before[1]


def test_what_makes_a_pack_stale(workspace: Path, notebook: Callable[..., None]) -> None:
    """Only P1 is built; then each thing that it is made from changes, and the plan names it."""
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    run(workspace, "P1")

    def plan() -> tuple[str, ...]:
        return reasons(workspace)["P1"]

    settings = workspace / "kpilib.toml"
    plain = settings.read_text()
    assert plan() == ()
    settings.write_text(plain + '[brand]\naccent = "#005500"\n')
    assert plan() == ("settings changed",)
    settings.write_text(plain + '[packs]\nlanguage = "ko"\n')
    assert plan() == ("language changed",)
    settings.write_text(plain + "[packs]\ncell_timeout = 7\n")
    assert plan() == ()
    settings.write_text(plain)
    comment = workspace / "comments" / "2026Q3" / "P1.md"
    comment.parent.mkdir(parents=True)
    comment.write_text("Well done.")
    assert plan() == ("comment changed",)
    comment.unlink()
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner", "quarter")
    assert plan() == ("notebook changed",)
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    (workspace / "reports" / "2026Q3" / "P1" / "review.pdf").write_bytes(b"")
    assert plan() == ("files missing",)


def test_ctrl_c_leaves_nothing_half_written(workspace: Path, notebook: Callable[..., None]) -> None:
    """P1 is quick, P3 never ends: stopped by a person, P1 is there whole, of P3 nothing, and no process is left."""
    marks = workspace / "mark"
    notebook(
        workspace / "notebooks" / "partner_review.ipynb",
        "import os, time",
        f"if partner == 'P3':\n    open({str(marks)!r}, 'w').write(str(os.getpid()))\n    time.sleep(600)",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "kpilib", "build", "--jobs", "2", "--partner", "P1", "--partner", "P3"],
        cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    quarter = workspace / "reports" / "2026Q3"
    deadline = time.monotonic() + 60
    while not (marks.exists() and marks.read_text() and (quarter / "P1").exists()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert process.returncode == 130, said
    assert "Stopped. What was finished stays; the next build goes on from there." in said
    assert packs(quarter) == {"P1"}
    assert not (quarter / ".making").exists()
    assert json.loads((quarter / "run.json").read_text())["interrupted"] is True
    with pytest.raises(ProcessLookupError):
        os.kill(int(marks.read_text()), 0)


def test_a_build_whose_index_cannot_be_drawn_gives_its_account_first(
    workspace: Path, kpilib: Callable[..., str]
) -> None:
    templates = workspace / "templates" / "index"
    shutil.copytree(ROOT / "templates" / "index", templates)
    (templates / "index.html.j2").write_text("{{ nope }}")
    told = kpilib(workspace, "build", "--jobs", "1", "--partner", "P2", said=1)
    failure = f"P2 2026Q3: cell 4 of partner_review.ipynb ({NOT_P2}) failed: AssertionError: not this one.\n"
    said = "index/index.html.j2, line 1: 'nope' is undefined."
    assert failure in told
    assert "0 made, 0 fresh, 1 failed" in told
    assert "Open:" not in told
    assert told.splitlines()[-1] == f"The index cannot be drawn with {templates / 'index.html.j2'}: {said}"
    account = json.loads((workspace / "reports" / "2026Q3" / "run.json").read_text(encoding="utf-8"))
    assert [*account["failed"]] == ["P2"]


def test_a_build_that_made_all_but_its_index_ends_as_failed(workspace: Path, kpilib: Callable[..., str]) -> None:
    """A folder lies where the index would."""
    run(workspace, "P1")
    index = workspace / "reports" / "2026Q3" / "index.html"
    index.unlink()
    index.mkdir()
    told = kpilib(workspace, "build", "--partner", "P1", said=1)
    assert told.splitlines()[-1] == f"{index} cannot be written: Is a directory."
    assert "0 made, 1 fresh, 0 failed" in told


def test_the_largest_come_first(workspace: Path) -> None:
    """By the order of magnitude of their rows, so that the last pack is not the longest; else by their ids."""
    more = [f"M{n},P3,2026-07-01,2026-07-15,won,1.00,USD,Closed\n" for n in range(9)]
    with (workspace / "data" / "opportunities.csv").open("a") as stream:
        stream.writelines(more)
    around = Round.open(load_settings(workspace / "kpilib.toml"))
    sizes = {partner_id: around.store.size(partner_id) for partner_id in around.partners()}
    assert sizes == {"P1": 3, "P2": 2, "P3": 11}  # its own row of partners too
    wanted = {each.pack: each for each in plan_packs(around, ["P1", "P2", "P3"])}
    assert [job.pack.partner_id for job in _jobs(around, wanted)] == ["P3", "P1", "P2"]


def test_a_slice_that_changed_since_the_plan_is_described_as_it_is(workspace: Path) -> None:
    around = Round.open(load_settings(workspace / "kpilib.toml"))
    wanted = {each.pack: each for each in plan_packs(around, ["P1"])}
    (workspace / "comments" / "2026Q3").mkdir(parents=True)
    (workspace / "comments" / "2026Q3" / "P1.md").write_text("Written while others were made.")
    (job,) = _jobs(around, wanted)
    assert hashlib.sha256(job.slice).hexdigest() == wanted[job.pack].origin.slice


def test_a_build_that_cannot_begin_leaves_the_frozen_cohort(
    workspace: Path, kpilib: Callable[..., str], notebook: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistyped partner, a notebook that is not there, a cluster that does not answer, a plan; then a build."""
    monkeypatch.setattr("kpilib.build.cluster._PATIENCE", "0.2s")
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    kpilib(workspace, "build", "2026Q3", "--partner", "P1")
    around = Round.open(load_settings(workspace / "kpilib.toml"))
    freeze_cohort(around.settings, around.cohort)
    path = cohort_path(around.settings, around.quarter, around.as_of)
    frozen = path.read_bytes()
    opportunities = workspace / "data" / "opportunities.csv"
    opportunities.write_text(opportunities.read_text().replace("500.00", "600.00"))
    refresh = ("build", "2026Q3", "--refresh-cohort", "--partner")
    assert "No partner 'P01' in the table partners." in kpilib(workspace, *refresh, "P01", said=2)
    assert "cannot be read" in kpilib(workspace, *refresh, "P1", "--notebook", "none.ipynb", said=2)
    assert "No Dask scheduler" in kpilib(workspace, *refresh, "P3", "--dask", "tcp://127.0.0.1:1", said=2)
    assert "1 to make, 0 fresh." in kpilib(workspace, *refresh, "P3", "--plan")
    assert path.read_bytes() == frozen
    kpilib(workspace, *refresh, "P1")
    assert path.read_bytes() != frozen


def test_a_build_goes_on_with_the_rows_that_it_began_with(
    workspace: Path, kpilib: Callable[..., str], notebook: Callable[..., None]
) -> None:
    """While it waits for its turn, another command reads rows that changed."""
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    opportunities = workspace / "data" / "opportunities.csv"
    with hold(workspace / "reports", say=print):
        process = subprocess.Popen(
            [sys.executable, "-m", "kpilib", "build", "2026Q3", "--partner", "P1"],
            cwd=workspace, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stderr is not None
        while "Waiting for its end." not in (line := process.stderr.readline()):
            assert line
        opportunities.write_text(opportunities.read_text().replace("200.00", "201.00"))
        kpilib(workspace, "check")
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert "1 made, 0 fresh, 0 failed" in said
    assert reasons(workspace)["P1"] == ("rows changed",)


def test_a_pack_that_could_not_be_inspected_is_held_back(workspace: Path, notebook: Callable[..., None]) -> None:
    """The file from which ids are read for the last look is lost."""
    notebook(workspace / "notebooks" / "partner_review.ipynb", "partner")
    around = Round.open(load_settings(workspace / "kpilib.toml"))
    (around.store.folder / "opportunities.parquet").unlink()
    outcome = build_packs(around, ["P1"], jobs=1)
    ((_, error),) = outcome.failed
    assert str(error).startswith(
        "P1 2026Q3: the finished pages could not be searched for what belongs to another partner, and were held back: "
        "IOException: IO Error: No files found that match the pattern"
    )
    quarter = workspace / "reports" / "2026Q3"
    assert (packs(quarter), packs(quarter / "failed")) == (set(), {"P1"})


def test_a_template_that_is_edited_during_a_build_changes_no_page_of_it(
    workspace: Path, notebook: Callable[..., None]
) -> None:
    """Both notebooks edit the style sheet; the pages hold the rules that their manifests name."""
    ours = Path(__file__).parents[2] / "templates" / "partner_review"
    style = Path(shutil.copytree(ours, workspace / "templates" / "partner_review")) / "style.css"
    edit = f"with open({str(style)!r}, 'a') as stream:\n    stream.write('.edited {{ color: red }}')"
    plain = style.read_bytes()
    notebook(workspace / "notebooks" / "partner_review.ipynb", edit)
    notebook(workspace / "notebooks" / "portfolio_review.ipynb", edit)
    portfolio = workspace / "notebooks" / "portfolio_review.ipynb"
    portfolio.write_text(portfolio.read_text().replace('partner: str = \\"P1\\"\\n', "").replace(
        'audience: str = \\"partner\\"\\n', ""))  # fmt: skip
    outcome = run(workspace, portfolio=True)
    assert (len(outcome.made), outcome.portfolio and outcome.portfolio.error) == (3, None)
    assert style.read_bytes() == plain + b".edited { color: red }" * 4
    pages = [*(workspace / "reports" / "2026Q3").glob("P*/review.html"), outcome.index.parent / "portfolio.html"]
    assert ["edited" in page.read_text(encoding="utf-8") for page in pages] == [False] * 4
    assert set(reasons(workspace).values()) == {("templates changed",)}
    style.write_bytes(plain)
    assert set(reasons(workspace).values()) == {()}


def test_what_workers_unpack_lies_in_one_folder_and_goes_with_them(
    workspace: Path, notebook: Callable[..., None]
) -> None:
    """One worker makes three packs and finds the template where it was; nothing is left of it when it ended."""
    with tempfile.TemporaryDirectory(dir="/tmp") as temporary:
        seen = workspace / "seen"
        notebook(
            workspace / "notebooks" / "partner_review.ipynb",
            "import glob",
            f"found = glob.glob('{temporary}/kpilib-*/*/partner_review/style.css')\n"
            f"with open({str(seen)!r}, 'a') as stream:\n    print(partner, *found, file=stream)",
        )
        subprocess.run(
            [sys.executable, "-m", "kpilib", "-q", "build", "2026Q3", "--jobs", "1"], cwd=workspace, check=True,
            env={**os.environ, "TMPDIR": temporary},
        )  # fmt: skip
        first, second, third = (line.split()[1:] for line in seen.read_text().splitlines())
        assert (len(first), len(second), second) == (0, 1, third)
        assert [path.name for path in Path(temporary).glob("kpilib-*")] == []


@pytest.mark.parametrize("shapes", [finish_pack, page_metadata, render_pack], ids=lambda shapes: shapes.__name__)
def test_a_change_of_what_shapes_a_page_makes_packs_stale(tmp_path: Path, shapes: Callable[..., object]) -> None:
    here, package = Path(kpilib.__file__).parent, tmp_path / "kpilib"
    shutil.copytree(here, package)
    before = tree_hash(package, skip=frozenset(_ELSEWHERE))
    with (package / Path(inspect.getfile(shapes)).relative_to(here)).open("a") as stream:
        stream.write("# changed\n")
    assert before == kpilib_hash() != tree_hash(package, skip=frozenset(_ELSEWHERE))
