"""Checks of the machine: Python, packages, fonts, and the programs that make pages."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from kpilib.doctor.check import Report, State, check

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from kpilib.settings import Settings

__all__: list[str] = []

_OLDEST = (3, 11)
_EXTRAS = {
    "dask": "kpilib build --dask",
    "postgresql": "sources at postgresql+psycopg://",
    "lab": "make lab",
    "preview": "kpilib preview",
    "s3": "sources at s3://",
}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@check("Python", "runs kpilib")
def python(_: Settings | None) -> Report:
    """Look at Python's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST:
        return Report(State.MISSING, found, "kpilib needs Python 3.11 or later: make PYTHON=python3.12 env")
    return Report(State.GOOD, found)


@check("packages", "what kpilib stands on")
def packages(_: Settings | None) -> Report:
    """Look whether each package that kpilib needs is there, at a version that fits."""
    requirements = list(_requirements(""))
    wrong = [said for requirement in requirements if (said := _lacks(requirement))]
    if wrong:
        return Report(State.MISSING, "; ".join(wrong), "Install what kpilib needs: make env, or pip install kpilib")
    return Report(State.GOOD, f"{len(requirements)} packages")


@check("extras", "what only some need")
def extras(_: Settings | None) -> Report:
    """Look which extras are not installed."""
    lacking = [name for name in _EXTRAS if any(_lacks(each) for each in _requirements(name))]
    if not lacking:
        return Report(State.GOOD, ", ".join(_EXTRAS))
    uses = "; ".join(f"{name} for {_EXTRAS[name]}" for name in lacking)
    return Report(State.OPTIONAL, f"not installed: {uses}", f'To get them: pip install "kpilib[{",".join(lacking)}]"')


@check("fonts", "text in charts and PDFs")
def fonts(_: Settings | None) -> Report:
    """Look whether the font files are whole."""
    from kpilib.theme import font_files

    return Report(State.GOOD, f"{len(font_files())} font files")


@check("Typst", "sets the PDF")
def typst(_: Settings | None) -> Report:
    """Set a small document."""
    import typst as compiler

    pdf: object = compiler.compile(b"= Works", format="pdf")
    good = isinstance(pdf, bytes) and pdf.startswith(b"%PDF-")
    version = importlib.metadata.version("typst")
    return Report(State.GOOD if good else State.MISSING, version, "" if good else "pip install --force-reinstall typst")


@check("pandoc", "reads what an analyst adds in Markdown and HTML")
def pandoc(_: Settings | None) -> Report:
    """Ask pandoc for its version."""
    import pypandoc

    try:
        return Report(State.GOOD, str(pypandoc.get_pandoc_version()))
    except OSError:
        return Report(State.MISSING, "not found", "It comes with pypandoc_binary: pip install pypandoc_binary")


@check("kernel", "runs the notebook")
def kernel(_: Settings | None) -> Report:
    """Start a kernel, and let it import kpilib: one of another Python could not."""
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    advice = "Install the kernel of this Python: pip install ipykernel"
    try:
        with TemporaryDirectory(prefix="kpilib-") as folder:
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            manager, client = start_new_kernel(startup_timeout=60, kernel_name="python3", cwd=folder, **quiet)
            try:
                answer = client.execute("import kpilib", reply=True, timeout=60)["content"]
            finally:
                client.stop_channels()
                manager.shutdown_kernel(now=True)
    except (NoSuchKernel, RuntimeError, OSError, Empty) as error:
        said = (str(error).splitlines() or ["no answer"])[0]
        return Report(State.MISSING, f"no kernel starts ({said})", advice)
    if answer["status"] != "ok":
        other = "the kernel python3 cannot import kpilib: it is another Python's"
        return Report(State.MISSING, other, "Name this one python3: python -m ipykernel install --sys-prefix")
    return Report(State.GOOD, f"python3 answers (ipykernel {importlib.metadata.version('ipykernel')})")


@check("Chromium", "kpilib's own tests alone")
def chromium(_: Settings | None) -> Report:
    """Look for a browser."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        return Report(State.OPTIONAL, "not found", "To run kpilib's own tests: apt-get install chromium")
    return Report(State.GOOD, Path(found).name)


def _requirements(extra: str) -> Iterator[Requirement]:
    """Yield what kpilib requires on this machine: by itself, or for one of its extras."""
    from packaging.requirements import Requirement

    for text in importlib.metadata.requires("kpilib") or ():
        requirement = Requirement(text)
        marker = requirement.marker
        alone = marker is None or marker.evaluate({"extra": ""})
        if alone != bool(extra) and (marker is None or marker.evaluate({"extra": extra})):
            yield requirement


def _lacks(requirement: Requirement) -> str:
    """Return what is wrong with a required package; empty where it is there."""
    try:
        found = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(found, prereleases=True):
        return ""
    return f"{requirement.name} {found} is installed, {requirement.specifier} needed"
