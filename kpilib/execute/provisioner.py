"""Kernels from the fork server, for any client of Jupyter: a provisioner of jupyter_client.

Where no zygote can fork a kernel it starts as usual.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from kpilib.execute.forkserver import Unavailable, fork_kernel

__all__ = ["WarmProvisioner"]


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork of a process that has imported what notebooks need."""

    process: Any

    async def launch_kernel(self, cmd: list[str], **options: Any) -> Any:
        """Fork a kernel; where that cannot be done, start it."""
        environment = dict(options.get("env") or os.environ)
        environment["JPY_PARENT_PID"] = str(os.getpid())
        folder = str(options.get("cwd") or Path.cwd())
        try:
            streams = _streams(options.get("stdout"), options.get("stderr"))
            self.process = fork_kernel(cmd, environment, folder=folder, streams=streams)
        except Unavailable as why:
            self.log.warning("kpilib-warm: this kernel starts as usual: %s.", why)
            return await super().launch_kernel(cmd, **options)
        for failed in self.process.failed:
            self.log.warning("kpilib-warm: not imported beforehand: %s.", failed)
        self.pid = self.pgid = self.process.pid
        self.cwd = Path(folder)
        return self.connection_info

    async def wait(self) -> int | None:
        """Wait for the end of the kernel's process; a look each hundredth of a second costs nothing."""
        while self.process is not None and await self.poll() is None:
            await asyncio.sleep(0.01)
        return await super().wait()


def _streams(stdout: Any, stderr: Any) -> tuple[int, int]:
    """Return the descriptors of what Popen would be given: numbers, files, or None for this process's own."""
    first = _descriptor(stdout, 1)
    return first, first if stderr == subprocess.STDOUT else _descriptor(stderr, 2)


def _descriptor(stream: Any, default: int) -> int:
    found = default if stream is None else stream if isinstance(stream, int) else int(stream.fileno())
    if found < 0:  # a pipe, or nothing: Popen's own business
        raise Unavailable("its output is to be a pipe")
    return found
