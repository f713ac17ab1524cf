"""The one Jinja environment of the pages, and where their templates lie.

It escapes everything and stops at what is undefined. Formatting is done before: a template holds no number format.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kpilib.errors import RenderError

__all__ = ["environment", "find_templates"]


@lru_cache(maxsize=16)
def environment(folder: Path) -> Environment:
    """Return the environment of a folder of templates: strict, escaping, without extensions."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def find_templates(
    name: str = "partner_review", start: Path | None = None, *, folder: str = "templates", file: str = "index.html.j2"
) -> Path:
    """Return the folder of a template: the workspace's own, else the one that comes with kpilib.

    Parameters
    ----------
    name
        the template, a folder of the workspace's templates.
    start
        where the search for the workspace begins (the nearest ``kpilib.toml``); default: the current folder.
    folder
        where the workspace keeps its templates (``[packs] templates``).
    file
        what a template of this kind must hold.

    Raises
    ------
    RenderError
        when there is none of that name.
    """
    start = (start or Path.cwd()).absolute()
    package = Path(__file__).absolute().parents[1]
    workspace = next((folder for folder in (start, *start.parents) if (folder / "kpilib.toml").is_file()), None)
    bases = [workspace / folder] if workspace else []
    # In an installed package the templates lie in it; in the repository beside it.
    bases += [package / "workspace" / "templates", package.parent / "templates"]
    for base in bases:
        if (base / name / file).is_file():
            return base / name
    raise RenderError(
        f"No template {name!r}: there is no {name}/{file} in {' or '.join(str(base) for base in bases)}.",
        template=name,
    )
