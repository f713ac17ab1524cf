"""A page of the documentation as a session in a workspace: each block does what a reader would do with it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Self

from blocks import Block, Command

from kpilib.settings import load_settings

PROGRAMS = {"kpilib", "papermill", "jupyter", "dask", "cp", "cd"}
_SECTION = re.compile(r"(?m)^(?=\[)")


class Session:
    """A workspace, and the folder in which the reader is; what was started in the background ends with it."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.running: list[subprocess.Popen[bytes]] = []
        self.environment = {**os.environ, "PATH": beside, "COLUMNS": "160", **environment}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.running):
            process.terminate()
            process.wait(30)

    def follow(self, block: Block) -> None:
        """Do what a block says."""
        if block.language == "console":
            for command in block.commands():
                self._type(command)
        elif block.language == "toml":
            merge_settings(self.folder / "kpilib.toml", block.text)
        elif block.caption:
            self._keep(block)

    def _type(self, command: Command) -> None:
        words = shlex.split(command.text)
        if words[0] == "cd":
            self.folder /= words[1]
            return
        if words[-1] == "&":
            log = (self.folder / f"{len(self.running)}.log").open("wb")
            self.running.append(
                subprocess.Popen(words[:-1], cwd=self.folder, env=self.environment, stdout=log, stderr=log)
            )
            log.close()
            return
        ended = subprocess.run(
            words, check=False, cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        said = " ".join(ended.stdout.split())
        assert ended.returncode == 0, f"$ {command.text}\n{ended.stdout}"
        for line in command.shown:
            place = said.find(" ".join(line.split()))
            assert place >= 0, f"$ {command.text}\ndoes not say {line!r}:\n{ended.stdout}"

    def _keep(self, block: Block) -> None:
        """Write the file that a block is, or what it adds to one."""
        name, _, how = block.caption.partition(", ")
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if how in {"a new cell", "a new Markdown cell"}:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            new = {"id": f"new-{len(notebook['cells'])}", "metadata": {}, "source": block.text.rstrip("\n")}
            code = {"cell_type": "code", "outputs": [], "execution_count": None}
            notebook["cells"].append(new | ({"cell_type": "markdown"} if "Markdown" in how else code))
            path.write_text(json.dumps(notebook), encoding="utf-8")
        elif how == "at the end":
            path.write_text(path.read_text(encoding="utf-8") + block.text, encoding="utf-8")
        else:
            assert not how, f"{block.caption!r} does not say what to do"
            path.write_text(block.text, encoding="utf-8")


def merge_settings(path: Path, text: str) -> None:
    """Put sections into a settings file in place of those of the same name, and make sure that it can be used."""
    old, new = (_SECTION.split(held) for held in (path.read_text(encoding="utf-8"), text))
    names = {_name(section) for section in new if section.startswith("[")}
    kept = [section for section in old if not section.startswith("[") or _name(section) not in names]
    path.write_text("".join(kept).rstrip("\n") + "\n\n" + "".join(new), encoding="utf-8")
    load_settings(path)


def _name(section: str) -> str:
    return re.split(r"[].]", section.lstrip("["), maxsplit=1)[0].strip()
