"""Making packs with both versions of a notebook, and what differs between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kpilib.build.job import Job, Made, make_pack
from kpilib.build.pool import Pool
from kpilib.compare.cells import CellChange, changed_cells, changed_outputs
from kpilib.compare.figures import Move, find_moves, read_texts
from kpilib.compare.pictures import PagePair, changed_pages
from kpilib.errors import KpilibError
from kpilib.execute.forkserver import kernel_server
from kpilib.execute.notebook import read_notebook

if TYPE_CHECKING:
    from kpilib.build.round import Round
    from kpilib.compare.base import Surroundings, Version

__all__ = ["Comparison", "PartnerComparison", "compare_versions"]


@dataclass(frozen=True)
class PartnerComparison:
    """What differs in one partner's pack; ``failures`` say why a version could not be made (base, now)."""

    partner_id: str
    name: str
    outputs: tuple[tuple[int, str], ...] = ()
    moves: tuple[Move, ...] = ()
    pages: tuple[PagePair, ...] = ()
    page_count: int = 0
    failures: tuple[str | None, str | None] = (None, None)

    @property
    def told_failures(self) -> list[tuple[str, str]]:
        """The versions that could not be made, ``before`` or ``now``, and why."""
        return [(which, text) for which, text in zip(("before", "now"), self.failures, strict=True) if text]

    @property
    def same(self) -> bool:
        """Whether both versions make the same pack."""
        return not (self.outputs or self.moves or self.pages or any(self.failures))


@dataclass(frozen=True)
class Comparison:
    """Two versions of a notebook: the cells that differ, and partner by partner what became of it."""

    base: str
    now: str
    cells: tuple[CellChange, ...]
    partners: tuple[PartnerComparison, ...]
    files: tuple[str, ...] = ()
    """Templates and own KPIs that differ too."""

    @property
    def failed(self) -> bool:
        """Whether the newer version fails for a partner."""
        return any(partner.failures[1] for partner in self.partners)


def compare_versions(
    around: Round,
    partners: Iterable[str],
    base: Version,
    now: Version,
    *,
    surroundings: Surroundings | None = None,
    workers: int = 2,
) -> Comparison:
    """Make the packs of some partners with both versions, and return what differs.

    Parameters
    ----------
    surroundings
        of the base; default: those of now.

    Raises
    ------
    ExecutionError
        when one of the two is no Python notebook.
    """
    nodes = [read_notebook(version.data, name=version.name) for version in (base, now)]
    chosen = list(partners)
    jobs: dict[tuple[str, int], Job] = {}
    before = around if surroundings is None else replace(around, settings=surroundings.settings)
    for partner_id in chosen:
        for place, (version, of) in enumerate(((base, before), (now, around))):
            job = of.job(of.cut(partner_id))
            jobs[partner_id, place] = replace(job, notebook=version.data, notebook_name=version.name)
    results: dict[tuple[str, int], Made | KpilibError] = {}
    tasks = {id(job): key for key, job in jobs.items()}
    with kernel_server():
        pool: Pool[Job, Made] = Pool(make_pack, min(workers, max(1, len(jobs))))
        for job, result in pool.run(jobs.values()):
            results[tasks[id(job)]] = result
    compared = (
        _compare(partner_id, around.name(partner_id), results[partner_id, 0], results[partner_id, 1])
        for partner_id in chosen
    )
    files = () if surroundings is None else surroundings.changed
    return Comparison(base.name, now.name, tuple(changed_cells(*nodes)), tuple(compared), files)


def _compare(partner_id: str, name: str, before: Made | KpilibError, now: Made | KpilibError) -> PartnerComparison:
    if isinstance(before, KpilibError) or isinstance(now, KpilibError):
        failures = tuple(str(made) if isinstance(made, KpilibError) else None for made in (before, now))
        return PartnerComparison(partner_id, name, failures=(failures[0], failures[1]))
    nodes = [_read(made) for made in (before, now)]
    texts = [_texts(node) for node in nodes]
    pages, count = changed_pages(before.files["review.pdf"], now.files["review.pdf"])
    return PartnerComparison(
        partner_id,
        name,
        outputs=tuple(changed_outputs(*nodes)),
        moves=tuple(find_moves(*texts)),
        pages=tuple(pages),
        page_count=count,
    )


def _read(made: Made) -> Any:
    return read_notebook(made.files["review.ipynb"])


def _texts(node: Any) -> dict[str, str]:
    from kpilib.render.document import read_document

    return read_texts(read_document(node).parts)
