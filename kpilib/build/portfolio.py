"""The portfolio in a build: after the packs, all partners beside each other; made anew only when it would differ.

Its files lie in the quarter's own folder, where approval and sending never look.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kpilib.build.fingerprint import Origin, environment_hash, kpilib_hash, tree_hash
from kpilib.build.job import Made
from kpilib.build.manifest import FAILURE, Failure
from kpilib.build.packed import PackedFolder
from kpilib.build.plan import Planned
from kpilib.build.pool import Pool
from kpilib.build.round import Round
from kpilib.build.write import ASIDE, put_file, put_folder, remove_folder
from kpilib.errors import KpilibError, RenderError, SettingsError
from kpilib.execute.notebook import Limits, execute_notebook
from kpilib.language import fallback_language, own_catalogue
from kpilib.pack import PORTFOLIO, PortfolioPack
from kpilib.slice import Slice

if TYPE_CHECKING:
    from kpilib.portfolio.member import Member

__all__ = ["MANIFEST", "PortfolioJob", "PortfolioOutcome", "build_portfolio", "make_portfolio"]

MANIFEST = "portfolio.json"
Result = TypeVar("Result")

_VERSION = 1
_FEW = 12  # so many partners are described sooner than a pool of workers has started


@dataclass(frozen=True)
class PortfolioOutcome:
    """What became of a build's portfolio: made, fresh, or failed and why; ``warnings`` are of its pages."""

    pack: PortfolioPack
    made: bool = False
    error: KpilibError | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class PortfolioJob:
    """What a portfolio review is made from, but for the code: as `kpilib.build.job.Job`."""

    pack: PortfolioPack
    gathering: bytes
    notebook: bytes
    notebook_name: str
    templates: PackedFolder
    limits: Limits


def build_portfolio(
    around: Round, planned: Iterable[Planned], *, workers: int = 1, force: bool = False
) -> PortfolioOutcome | None:
    """Make the quarter's portfolio review unless it is fresh; None in a workspace without such a notebook.

    Parameters
    ----------
    planned
        the plan of all active partners' packs: it already knows the hashes of their rows.
    """
    path = around.settings.root / around.settings.packs.portfolio
    if not path.is_file():
        return None
    language = around.language or fallback_language(around.settings.packs.language)
    pack = PortfolioPack.of(around.quarter, around.as_of, language)
    reports = around.settings.reports
    try:
        notebook = _read(path)
        origin = _origin(around, planned, notebook, language)
        if not force and _is_fresh(pack, origin, reports):
            return PortfolioOutcome(pack)
        made = _make(around, pack, notebook, path.name, workers)
        _put(pack, origin, made, reports)
    except KpilibError as error:
        _put_failure(pack, error, reports)
        return PortfolioOutcome(pack, error=error)
    return PortfolioOutcome(pack, made=True, warnings=made.warnings)


def make_portfolio(job: PortfolioJob) -> Made:
    """Execute the notebook over what was gathered, and draw both formats.

    Raises
    ------
    ExecutionError
        when the notebook does not reach its end.
    RenderError
        when a page cannot be drawn; ``notebook`` then holds the executed one.
    """
    from time import perf_counter

    import nbformat

    from kpilib.portfolio.gathering import Gathering
    from kpilib.render.pages import page_metadata, render_pack

    started = perf_counter()
    executed = execute_notebook(job.pack, job.gathering, job.notebook, name=job.notebook_name, limits=job.limits)
    held = Gathering.from_bytes(job.gathering)
    executed.metadata["kpilib"] = page_metadata(held.content, audience="internal")
    text: str = nbformat.writes(executed)  # type: ignore[no-untyped-call]
    try:
        rendered = render_pack(executed, templates=job.templates.unpack(), audience="internal")
    except KpilibError as error:
        raise RenderError(f"{job.pack}: {error}", **{**error.parts, "notebook": text}) from None
    files = {"portfolio.html": rendered.html, "portfolio.pdf": rendered.pdf, "portfolio.ipynb": f"{text}\n".encode()}
    return Made(files, tuple(rendered.warnings), perf_counter() - started)


# What it is made from


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"The notebook {path} cannot be read: {error.strerror}.", path=str(path)) from None


def _origin(around: Round, planned: Iterable[Planned], notebook: bytes, language: str) -> Origin:
    """Return the hashes of all that the review is made from, without cutting the active partners' slices anew."""
    rows = {each.pack.partner_id: [each.origin.parts["rows"], each.origin.parts["settings"]] for each in planned}
    for partner_id in sorted(set(around.cohort.own[0].deals) - set(rows)):
        parts = around.origin(around.cut(partner_id)).parts
        rows[partner_id] = [parts["rows"], parts["settings"]]
    own = [
        {"quarter": each.quarter, "as_of": each.as_of, "deals": each.deals, "amounts": each.amounts}
        for each in around.cohort.own
    ]
    code = tree_hash(Path(__file__).parents[1] / "portfolio")  # no part of the packs' own
    held = [rows, around.own_kpis.fingerprint, around.cohort.to_json(), own, [language, own_catalogue(language)], code]
    text = json.dumps(held, sort_keys=True, ensure_ascii=False)
    return Origin(
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        {},
        hashlib.sha256(notebook).hexdigest(),
        around.packed_templates.digest,
        kpilib_hash(),
        environment_hash(),
    )


def _make(around: Round, pack: PortfolioPack, notebook: bytes, name: str, workers: int) -> Made:
    from kpilib.portfolio.gathering import Gathering, cut_slices

    def cut() -> Iterator[Slice]:
        return cut_slices(around.store, around.cohort, around.settings, quarter=around.quarter, as_of=around.as_of)

    first = next(cut(), None)
    if first is None:
        raise SettingsError(f"{pack}: the table partners is empty, there is nobody to review.")
    count = len(around.store.partner_ids(active_only=False))
    members = list(_describe_all((slice_.to_bytes() for slice_ in cut()), count, workers))
    gathering = Gathering.of(first, members, language=pack.language)
    packs = around.settings.packs
    limits = Limits(cell_timeout=packs.cell_timeout, memory=packs.memory_limit)
    job = PortfolioJob(pack, gathering.to_bytes(), notebook, name, around.packed_templates, limits)
    pool: Pool[PortfolioJob, Made] = Pool(make_portfolio, 1)
    (made,) = _raising(pool.run([job]))
    return made


def _describe_all(slices: Iterable[bytes], count: int, workers: int) -> Iterator[Member]:
    if count <= _FEW:
        yield from map(_describe, slices)
        return
    pool: Pool[bytes, Member] = Pool(_describe, workers)
    yield from _raising(pool.run(slices))


def _describe(data: bytes) -> Member:
    from kpilib.portfolio.member import describe_partner

    return describe_partner(Slice.from_bytes(data))


def _raising(results: Generator[tuple[Any, Result | KpilibError], None, None]) -> Iterator[Result]:
    # Closed here: the error's traceback would hold the pool until Python itself ends, and then its workers cannot be.
    with closing(results):
        for _, result in results:
            if isinstance(result, KpilibError):
                raise result
            yield result


# What lies on disk


def _is_fresh(pack: PortfolioPack, origin: Origin, reports: Path) -> bool:
    held = _read_json(pack.folder(reports) / MANIFEST)
    if held.get("version") != _VERSION or held.get("made_from") != origin.to_json():
        return False
    if held.get("as_of") != pack.as_of.isoformat() or (pack.failed_folder(reports) / FAILURE).is_file():
        return False
    return all(_hash(pack.folder(reports) / name) == held.get("files", {}).get(name) for name in PORTFOLIO)


def _put(pack: PortfolioPack, origin: Origin, made: Made, reports: Path) -> None:
    folder, aside = pack.folder(reports), pack.folder(reports) / ASIDE
    for name in PORTFOLIO:
        put_file(folder / name, made.files[name], aside=aside)
    values = {
        "version": _VERSION,
        "quarter": str(pack.quarter),
        "as_of": pack.as_of.isoformat(),
        "language": pack.language,
        "made_from": origin.to_json(),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in made.files.items()},
    }
    text = json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    put_file(folder / MANIFEST, text.encode(), aside=aside)
    remove_folder(pack.failed_folder(reports), aside=aside)


def _put_failure(pack: PortfolioPack, error: KpilibError, reports: Path) -> None:
    files: dict[str, bytes] = {FAILURE: Failure.of(pack, "", error).to_bytes()}
    if error.parts.get("notebook"):
        files["portfolio.ipynb"] = str(error.parts["notebook"]).encode()
    try:
        put_folder(pack.failed_folder(reports), files, aside=pack.folder(reports) / ASIDE)
    except KpilibError:
        return  # the failure itself is told; a full disk cannot take its account


def _hash(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
