"""Executing one pack's notebook: in, a slice and a notebook; out, the executed notebook or why there is none."""

from __future__ import annotations

import hashlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kpilib.errors import ExecutionError
from kpilib.execute.environment import kernel_environment
from kpilib.execute.failure import explain, not_started
from kpilib.execute.parameters import check_parameters
from kpilib.execute.scratch import scratch_folder
from kpilib.execute.tidy import prepare, tidy
from kpilib.pack import Pack

__all__ = ["Limits", "execute_notebook", "read_notebook"]

ENGINE = "kpilib"


@dataclass(frozen=True)
class Limits:
    """What one notebook may use: seconds per cell, MiB of memory, characters of output."""

    cell_timeout: float = 120
    memory: int = 2048
    output: int = 100_000_000
    start_timeout: int = 120


def execute_notebook(
    pack: Pack,
    slice_bytes: bytes,
    notebook: bytes,
    *,
    name: str = "the notebook",
    limits: Limits = Limits(),
) -> Any:
    """Return the executed notebook's node, the same one each time: nothing in it tells when or where it ran.

    The kernel starts in an empty folder that holds ``slice.json`` alone (for a portfolio ``portfolio.json``), without
    the variables of this process that a source or a mail server is reached with.

    Parameters
    ----------
    slice_bytes
        all that the notebook may know.
    notebook
        the notebook's file.
    name
        how messages call it.

    Raises
    ------
    ExecutionError
        with ``partner_id``, ``quarter``, ``kind`` (``parameters``, ``start``, ``error``, ``timeout``, ``death``,
        ``output``), ``cell`` (its position in the notebook, from 1, or None) and ``notebook`` (the executed one as
        JSON text, the failing cell marked, or None).
    """
    with _without("rfc3987_syntax"):
        import papermill
        from jupyter_client.kernelspec import NoSuchKernel
        from papermill.engines import papermill_engines

        from kpilib.execute.client import PackEngine, Stopped

    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    papermill_engines.register(ENGINE, PackEngine)
    try:
        node = prepare(read_notebook(notebook, name=name))
        check_parameters(node, pack.parameters(), name=name)
    except ExecutionError as error:
        raise not_started(pack, error.parts.get("kind", "parameters"), str(error)) from None
    with scratch_folder() as scratch:
        folder = scratch / "pack"
        folder.mkdir()
        (folder / pack.holds).write_bytes(slice_bytes)
        try:
            # In two steps: in one, Papermill writes what was executed to nowhere, which takes as long as to a file.
            prepared = papermill.execute_notebook(
                node,
                None,
                parameters=pack.parameters(),
                engine_name=ENGINE,
                kernel_name="python3",
                language="python",
                prepare_only=True,
            )
            executed = papermill_engines.execute_notebook_with_engine(
                ENGINE,
                prepared,
                "python3",
                progress_bar=False,
                start_timeout=limits.start_timeout,
                scratch=scratch,
                environment=kernel_environment(scratch),
                memory_limit=limits.memory,
                output_limit=limits.output,
                extra_arguments=[f"--IPKernelApp.exec_lines={_opening(pack)}"],
                timeout_func=lambda _: limits.cell_timeout,
            )
        except Stopped as stopped:
            raise explain(stopped, pack, name=name, limits=limits) from None
        except NoSuchKernel:
            text = f"no kernel runs {name}: there is none named python3. Install it: pip install ipykernel"
            raise not_started(pack, "start", text) from None
    return tidy(executed)


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let imports do without a module, if it is not loaded yet.

    With this one jsonschema compiles a grammar of addresses, which no notebook's schema asks for, in a second.
    """
    loaded = name in sys.modules
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if not loaded:
            sys.modules.pop(name, None)


def _opening(pack: Pack) -> str:
    """Return a line that a kernel runs first.

    What a notebook draws at random is drawn alike each time. The garbage collector looks less often: charts are made
    of many small things that refer to each other, and the kernel ends before they could fill its memory.
    """
    seed = int.from_bytes(hashlib.sha256(f"{pack.partner_id}\0{pack.quarter}".encode()).digest()[:4], "big")
    seeding = f"__import__('random').seed({seed}); __import__('numpy.random').random.seed({seed})"
    return f"{seeding}; __import__('gc').set_threshold(50_000, 20, 50)"


def read_notebook(data: bytes, *, name: str = "the notebook") -> Any:
    """Return a notebook's node.

    Raises
    ------
    ExecutionError
        when the bytes are no notebook, or one in another language than Python.
    """
    import nbformat

    try:
        node = nbformat.reads(data.decode(), as_version=4)  # type: ignore[no-untyped-call]
    except AttributeError:  # JSON, but no object
        raise ExecutionError(f"{name} is not a Jupyter notebook: it has no cells.", kind="notebook") from None
    except (ValueError, KeyError, nbformat.ValidationError) as error:
        raise ExecutionError(f"{name} is not a Jupyter notebook: {error}.", kind="notebook") from None
    language = node.metadata.get("kernelspec", {}).get("language") or "python"
    if language.lower() != "python":
        raise ExecutionError(f"{name} is written in {language}; packs are made from Python notebooks.", kind="notebook")
    return node
