"""The engine that executes a pack's notebook: Papermill's own, with limits, and with a word on how it stopped.

Papermill loses the executed notebook when a cell runs out of time or the kernel dies; here it is kept in every
case, and the cell is named.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbclient.util import run_sync
from nbformat import ValidationError
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger
from traitlets import Any as AnyTrait

from kpilib.execute.environment import limit_memory
from kpilib.execute.warm import WarmClient

__all__ = ["PackClient", "PackEngine", "Stopped"]

_OPTIONS = ("scratch", "environment", "memory_limit", "output_limit", "timeout_func")


class Stopped(Exception):  # noqa: N818 - a signal between the engine and its caller, never shown
    """An execution that did not reach the notebook's end.

    ``kind`` is ``error`` (a cell raised), ``timeout``, ``death`` (the kernel), ``output`` (too much of it),
    ``invalid`` (an output that a notebook cannot hold) or ``start`` (no kernel came up, ``index`` is then -1).
    """

    def __init__(self, kind: str, notebook: Any, index: int, detail: str = "") -> None:
        super().__init__(kind, notebook, index, detail)  # all of them, so that it can travel as another's context
        self.kind = kind
        self.notebook = notebook
        self.index = index
        self.detail = detail


class PackClient(WarmClient):
    """The warm client with the kernel's place, environment, memory and amount of output given."""

    scratch = AnyTrait(help="this run's own folder: the kernel's sockets and log; the kernel starts in `pack` of it")
    environment = AnyTrait(help="the kernel's variables")
    memory_limit = AnyTrait(help="MiB")
    output_limit = AnyTrait(help="characters of all outputs")

    def __init__(self, nb_man: Any, **options: Any) -> None:
        super().__init__(nb_man, **options)
        self.index = -1
        self.output_size = 0

    @property
    def log_file(self) -> Path:
        """What the kernel's process says that no cell catches: why it did not start."""
        return Path(self.scratch) / "kernel.log"

    @property
    def overflowed(self) -> bool:
        """Whether the outputs grew beyond their limit."""
        return bool(self.output_size > self.output_limit)

    def create_kernel_manager(self) -> Any:
        """Create the manager of a kernel that nobody else on the machine can reach."""
        manager = super().create_kernel_manager()
        manager.connection_file = str(Path(self.scratch) / "kernel.json")
        if sys.platform != "win32":
            manager.transport = "ipc"
            manager.ip = str(Path(self.scratch) / "socket")
        return manager

    async def async_start_new_kernel(self, **options: Any) -> None:
        """Start the kernel in its folder and environment, then limit its memory."""
        with self.log_file.open("wb") as log:
            await super().async_start_new_kernel(
                cwd=str(Path(self.scratch) / "pack"),
                env=dict(self.environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                **options,
            )
        pid = getattr(self.km.provisioner, "pid", None)
        if pid is not None:
            limit_memory(pid, self.memory_limit)

    start_new_kernel = run_sync(async_start_new_kernel)

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **options: Any) -> Any:
        """Execute a cell, and remember which it was."""
        self.index = cell_index
        return super().execute_cell(cell, cell_index, *args, **options)

    def process_message(self, msg: Any, *args: Any, **options: Any) -> Any:
        """Take an output, unless there are too many: then the kernel is killed."""
        content = msg["content"]
        self.output_size += len(content.get("text", "")) + sum(map(_size, content.get("data", {}).values()))
        if self.overflowed:
            self.kill()
            return None
        return super().process_message(msg, *args, **options)


class PackEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine with our client; raises `Stopped` whenever the notebook's end was not reached."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> None:
        """Execute the notebook that the manager holds."""
        client = PackClient(
            nb_man,
            kernel_name=kernel_name,
            log=logger,
            startup_timeout=options["start_timeout"],
            record_timing=False,
            shutdown_kernel="immediate",
            extra_arguments=options["extra_arguments"],
            **{name: options[name] for name in _OPTIONS},
        )
        try:
            client.execute()
        except CellTimeoutError:
            raise Stopped("timeout", nb_man.nb, client.index) from None
        except DeadKernelError:
            kind = "output" if client.overflowed else "death"
            raise Stopped(kind, nb_man.nb, client.index) from None
        except ValidationError as error:
            raise Stopped("invalid", nb_man.nb, client.index, str(error).split("\n")[0]) from None
        except (RuntimeError, OSError) as error:
            if client.overflowed:
                raise Stopped("output", nb_man.nb, client.index) from None
            if client.index >= 0:
                raise
            words = client.log_file.read_text(errors="replace").split("\n") if client.log_file.exists() else []
            raise Stopped("start", nb_man.nb, -1, next(filter(None, reversed(words)), str(error))) from error
        for index, cell in enumerate(nb_man.nb.cells):
            if any(output.output_type == "error" for output in cell.get("outputs", ())):
                raise Stopped("error", nb_man.nb, index)
        if nb_man.nb.metadata.papermill.get("exception"):
            raise Stopped("error", nb_man.nb, client.index)


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str) else len(str(value))
