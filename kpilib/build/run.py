"""A build: from a plan to packs on disk, the index, and the account of the run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import kpilib
from kpilib.build.cluster import Cluster, connect
from kpilib.build.frozen import refreeze_cohort
from kpilib.build.index import write_index
from kpilib.build.inspection import Inspection, look_again
from kpilib.build.job import Job, Made, make_pack
from kpilib.build.lock import hold
from kpilib.build.manifest import FAILURE, MANIFEST, Failure, Manifest
from kpilib.build.plan import Planned, plan_packs
from kpilib.build.pool import Pool, kept_workers
from kpilib.build.portfolio import PortfolioOutcome, build_portfolio
from kpilib.build.progress import Silence, Watcher
from kpilib.build.round import Round
from kpilib.build.write import ASIDE, put_file, put_folder, remove_folder, sweep
from kpilib.errors import ExecutionError, KpilibError, LeakError
from kpilib.execute.forkserver import kernel_server
from kpilib.execute.scratch import sweep_scratch
from kpilib.pack import Pack

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["Outcome", "build_packs"]

_OF_THE_POOL = {"worker", "unexpected"}


@dataclass
class Outcome:
    """What became of each pack of a build; ``interrupted`` when a person stopped it.

    ``unwritten``: why the account of the run, or the index, could not be written beside the packs.
    """

    made: list[Pack] = field(default_factory=list)
    fresh: list[Pack] = field(default_factory=list)
    failed: list[tuple[Pack, KpilibError]] = field(default_factory=list)
    warnings: list[tuple[Pack, str]] = field(default_factory=list)
    seconds: float = 0.0
    interrupted: bool = False
    index: Path = Path()
    portfolio: PortfolioOutcome | None = None
    unwritten: list[KpilibError] = field(default_factory=list)


def build_packs(
    around: Round,
    partners: Iterable[str],
    *,
    jobs: int | None = None,
    dask: str | Client | None = None,
    force: bool = False,
    portfolio: bool = False,
    watcher: Watcher | None = None,
) -> Outcome:
    """Make the packs of some partners that are not fresh; write the index and ``run.json``.

    One pack that fails stops no other: it is kept as far as it went in ``failed/``. Ctrl-C ends the workers, and
    what is finished by then stays.

    Parameters
    ----------
    jobs
        worker processes; default: the settings', else one per core.
    dask
        the address of a scheduler whose workers make the packs, in place of this machine's; or a client of it, from
        `kpilib.build.cluster.connect`, which is left open.
    force
        make fresh packs too.
    portfolio
        make the review of all partners too; ``partners`` are then all active ones.

    Raises
    ------
    KpilibError
        when no pack could be made: the folder cannot be written, the notebook cannot be read.
    """
    watcher = watcher or Silence()
    started = perf_counter()
    reports = around.settings.reports
    quarter = reports / str(around.quarter)
    outcome = Outcome(index=quarter / "index.html")
    with hold(reports, say=watcher.say), kernel_server(), kept_workers():
        sweep(quarter / ASIDE)
        sweep_scratch()
        planned = plan_packs(around, partners, force=force)
        outcome.fresh = [each.pack for each in planned if each.fresh]
        _look_again(around, planned, outcome)
        wanted = {each.pack: each for each in planned if not each.fresh}
        watcher.total(len(wanted))
        most = jobs or around.settings.packs.jobs or _cores()
        workers = min(most, max(1, len(wanted)))
        try:
            with _pool(workers, dask, watcher) if wanted else nullcontext() as pool:
                # Not before all is at hand that a build needs: what cannot begin changes nothing.
                if around.refreshed:
                    refreeze_cohort(around.settings, around.cohort)
                if pool is not None:
                    _make(around, wanted, pool, watcher, outcome)
            if portfolio:
                outcome.portfolio = build_portfolio(around, planned, workers=most, force=force)
        except KeyboardInterrupt:
            outcome.interrupted = True
        outcome.seconds = perf_counter() - started
        _write_beside(around, outcome, workers=most)
        sweep(quarter / ASIDE)
    return outcome


def _write_beside(around: Round, outcome: Outcome, *, workers: int) -> None:
    """Write the account of the run and the index; what cannot be written takes neither the other nor the outcome."""
    quarter = around.settings.reports / str(around.quarter)
    steps = (
        lambda: put_file(quarter / _run_name(around), _account(around, outcome), aside=quarter / ASIDE),
        lambda: write_index(around, workers=workers),
    )
    for step in steps:
        try:
            step()
        except KpilibError as error:
            outcome.unwritten.append(error)


@contextmanager
def _pool(workers: int, dask: str | Client | None, watcher: Watcher) -> Iterator[Pool[Job, Made]]:
    if dask is None:
        yield Pool(make_pack, workers)
        return
    with connect(dask) if isinstance(dask, str) else nullcontext(dask) as client:
        yield Cluster(make_pack, client, watcher.say)


def _look_again(around: Round, planned: Iterable[Planned], outcome: Outcome) -> None:
    """Hold back what is fresh but names a partner who joined, or was renamed, after it was made."""
    if around.audience != "partner":
        return
    leaking = look_again(around, outcome.fresh, note=True)
    outcome.fresh = [pack for pack in outcome.fresh if pack not in leaking]
    outcome.failed += leaking.items()
    reports = around.settings.reports
    for each in planned:
        if each.pack in leaking:
            _put_failure(around, each, leaking[each.pack])
            if isinstance(leaking[each.pack], LeakError):
                remove_folder(each.pack.folder(reports), aside=reports / str(around.quarter) / ASIDE)


def _make(
    around: Round, wanted: dict[Pack, Planned], pool: Pool[Job, Made], watcher: Watcher, outcome: Outcome
) -> None:
    inspection = Inspection(around)

    def started(job: Job) -> None:
        watcher.started(wanted[job.pack].name)

    for job, result in pool.run(_jobs(around, wanted), started=started):
        _take(around, wanted[job.pack], result, inspection, outcome)
        watcher.finished(wanted[job.pack].name)


def _take(
    around: Round, planned: Planned, result: Made | KpilibError, inspection: Inspection, outcome: Outcome
) -> None:
    """Put a finished pack in place, or keep why it failed."""
    try:
        if isinstance(result, KpilibError):
            raise result
        inspection.inspect(planned.pack, result)
        _put(around, planned, result, inspection.watched)
        outcome.made.append(planned.pack)
        outcome.warnings += [(planned.pack, warning) for warning in result.warnings]
    except KpilibError as error:
        named = _named(planned.pack, error)
        outcome.failed.append((planned.pack, named))
        _put_failure(around, planned, named)


def _named(pack: Pack, error: KpilibError) -> KpilibError:
    """Return an error that says whose pack could not be made: a pool does not know."""
    if error.parts.get("kind") in _OF_THE_POOL:
        return ExecutionError(f"{pack}: {error}", **error.parts)
    return error


def _jobs(around: Round, wanted: dict[Pack, Planned]) -> Iterator[Job]:
    """Yield the jobs as they are asked for: slices are cut anew, so that a thousand of them need no room.

    The largest come first, so that no worker begins with them when all others have ended; neighbours in the store
    stay neighbours otherwise, since they are read together.
    """
    sizes = {pack: around.store.size(pack.partner_id).bit_length() for pack in wanted}
    for pack in sorted(wanted, key=lambda pack: -sizes[pack]):
        slice_ = around.cut(pack.partner_id)
        if slice_.fingerprint != wanted[pack].origin.slice:  # somebody wrote a comment since the plan
            wanted[pack] = replace(wanted[pack], origin=around.origin(slice_))
        yield around.job(slice_)


def _put(around: Round, planned: Planned, made: Made, watched: str) -> None:
    reports = around.settings.reports
    aside = reports / str(around.quarter) / ASIDE
    manifest = Manifest.of(planned.pack, planned.name, planned.origin, made.files, watched=watched)
    put_folder(planned.pack.folder(reports), {**made.files, MANIFEST: manifest.to_bytes()}, aside=aside)
    remove_folder(planned.pack.failed_folder(reports), aside=aside)


def _put_failure(around: Round, planned: Planned, error: KpilibError) -> None:
    """Keep why a pack failed, the notebook as far as it ran, and of a leaking pack the pages that were held back."""
    reports = around.settings.reports
    files = {FAILURE: Failure.of(planned.pack, planned.name, error).to_bytes(), **error.parts.get("files", {})}
    if error.parts.get("notebook"):
        files["review.ipynb"] = str(error.parts["notebook"]).encode()
    try:
        put_folder(planned.pack.failed_folder(reports), files, aside=reports / str(around.quarter) / ASIDE)
    except KpilibError:
        return  # the failure itself is in the outcome; a full disk cannot take its account


def _run_name(around: Round) -> str:
    return "run.json" if around.audience == "partner" else f"{around.audience}/run.json"


def _account(around: Round, outcome: Outcome) -> bytes:
    """Return ``run.json``: what became of each pack. The only file that tells how long something took."""
    values = {
        "version": 1,
        "kpilib": kpilib.__version__,
        "quarter": str(around.quarter),
        "as_of": around.as_of.isoformat(),
        "audience": around.audience,
        "notebook": None if around.notebook is None else around.notebook.name,
        "interrupted": outcome.interrupted,
        "seconds": round(outcome.seconds, 1),
        "made": sorted(pack.partner_id for pack in outcome.made),
        "fresh": sorted(pack.partner_id for pack in outcome.fresh),
        "failed": {pack.partner_id: str(error) for pack, error in sorted(outcome.failed, key=lambda each: each[0])},
        "portfolio": _say_portfolio(outcome.portfolio),
        "warnings": [f"{pack}: {text}" for pack, text in sorted(outcome.warnings)],
    }
    return (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "surrogatepass")


def _say_portfolio(outcome: PortfolioOutcome | None) -> str | None:
    """Return what became of the portfolio: made, fresh, or its error; None where none was asked for."""
    if outcome is None:
        return None
    return str(outcome.error) if outcome.error else "made" if outcome.made else "fresh"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
