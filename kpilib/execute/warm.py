"""Papermill's client over the fork server, without the fixed waits of the clients beneath it.

What a notebook's cells yield is what plain Papermill yields; only the kernel's start and end, and the moment at which
its death is noticed, are quicker.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from queue import Empty
from time import monotonic
from typing import Any

import zmq
from nbclient.exceptions import DeadKernelError
from nbclient.util import ensure_async, run_sync
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.log import logger
from papermill.utils import merge_kwargs, remove_args

from kpilib.execute.provisioner import WarmProvisioner

__all__ = ["Engine", "WarmClient"]

_ANSWER = 0.25
_HEARD = 0.02
_LOOK = 0.1
_RECONNECT = 2  # milliseconds


class WarmClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes a notebook in a kernel that the fork server forks."""

    km: Any
    kc: Any

    def create_kernel_manager(self) -> Any:
        """Create the manager of a forked kernel, unless its kernel spec says who else is to start it."""
        manager = super().create_kernel_manager()
        spec = manager.kernel_spec
        if manager.provisioner is None and spec is not None and "kernel_provisioner" not in spec.metadata:
            manager.provisioner = WarmProvisioner(kernel_spec=spec, parent=manager, log=self.log)
        return manager

    async def async_start_new_kernel_client(self) -> Any:
        """Connect to the kernel, and return as soon as it answers; nbclient then waits a fixed while for silence."""
        self.kc = self.km.client()
        # The kernel's sockets are not there yet; ZeroMQ would come back after a tenth of a second.
        self.kc.context.setsockopt(zmq.RECONNECT_IVL, _RECONNECT)
        self.kc.start_channels(hb=False, stdin=False)
        self.kc.allow_stdin = False
        deadline = monotonic() + self.startup_timeout
        try:
            while not await self._answers():
                if not await ensure_async(self.km.is_alive()):
                    raise RuntimeError("Kernel died before replying to kernel_info")
                if monotonic() > deadline:
                    raise RuntimeError(f"Kernel didn't respond in {self.startup_timeout} seconds")
        except BaseException:
            await self._async_cleanup_kernel()
            raise
        return self.kc

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _answers(self) -> bool:
        """Say whether the kernel answers on both channels: to a request, and with its state to all who listen.

        What it tells to all before our subscription has reached it is lost, so it is asked again soon.
        """
        asked = self.kc.kernel_info()
        try:
            while (await self.kc.get_shell_msg(timeout=_ANSWER))["parent_header"].get("msg_id") != asked:
                pass
            while not _is_idle(await self.kc.get_iopub_msg(timeout=_HEARD), asked):
                pass
        except Empty:
            return False
        return True

    async def _async_poll_kernel_alive(self) -> None:
        """Notice a kernel's death; nbclient looks once a second."""
        while True:
            await asyncio.sleep(_LOOK)
            if self.kc is None:  # it has ended as it should
                return
            try:
                await self._async_check_alive()
            except DeadKernelError:
                self.task_poll_for_reply.cancel()
                return

    async def _async_cleanup_kernel(self) -> None:
        """End the kernel, politely unless it is to end at once, and close what led to it."""
        if self.shutdown_kernel == "graceful" and self.km.has_kernel and await ensure_async(self.km.is_alive()):
            await ensure_async(self.km.interrupt_kernel())
            await ensure_async(self.km.request_shutdown())
            patience = self.km.provisioner.get_shutdown_wait_time(recommended=self.km.shutdown_wait_time) / 2
            try:
                await asyncio.wait_for(self.km.provisioner.wait(), patience)
            except TimeoutError:
                await ensure_async(self.km.provisioner.terminate())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.km.provisioner.wait(), patience)
        self.kill()
        if self.km.has_kernel:
            await self.km.provisioner.wait()
        if self.kc is not None:
            self.kc.stop_channels()
            self.kc = None
        await ensure_async(self.km.cleanup_resources())
        self.km = None

    _cleanup_kernel = run_sync(_async_cleanup_kernel)

    def kill(self) -> None:
        """Kill the kernel at once: an endless stream of messages would keep any polite request from its turn."""
        if not self.km.has_kernel:
            return
        pid = self.km.provisioner.pid
        try:
            if hasattr(os, "killpg"):
                os.killpg(pid, signal.SIGKILL)
            else:
                os.kill(pid, signal.SIGTERM)
        except (ProcessLookupError, PermissionError):
            return


class Engine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine, with the warm client in place of its client."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any) -> Any:
        """Execute the notebook that the manager holds."""
        given = remove_args(["input_path", "timeout", "startup_timeout"], **options)
        settings = {
            "log_output": given.pop("log_output", False),
            "startup_timeout": given.pop("start_timeout", 60),
            "timeout": given.pop("execution_timeout", None) or options.get("timeout"),
        }
        return WarmClient(nb_man, **merge_kwargs(given, kernel_name=kernel_name, log=logger, **settings)).execute()


def _is_idle(message: Any, asked: str) -> bool:
    """Say whether a message on IOPub says that a request was done."""
    same = message["parent_header"].get("msg_id") == asked
    return bool(same and message["content"].get("execution_state") == "idle")
