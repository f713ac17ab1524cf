"""Strict parameters: what Papermill would only warn of is an error here, before any kernel starts."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from kpilib.errors import ExecutionError, did_you_mean

__all__ = ["check_parameters"]


def check_parameters(notebook: Any, parameters: Mapping[str, str], *, name: str = "the notebook") -> None:
    """Refuse parameters that a notebook does not declare, or declares as another type than text.

    Parameters
    ----------
    notebook
        the notebook's node.
    parameters
        what will be passed; all of our parameters are text, so that an id such as ``00123`` stays one.
    name
        how the messages call the notebook.

    Raises
    ------
    ExecutionError
        with every problem found.
    """
    cell = next((cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), None)
    if cell is None:
        raise ExecutionError(
            f"{name} has no parameters: no cell is tagged `parameters`. "
            f"Tag the cell that assigns {', '.join(parameters)}.",
            kind="parameters",
        )
    try:
        declared = _declared(ast.parse(cell.source))
    except SyntaxError as error:
        raise ExecutionError(
            f"{name}: the cell tagged `parameters` is not plain Python (line {error.lineno}: {error.msg}). "
            "It should hold assignments alone.",
            kind="parameters",
        ) from None
    problems = []
    for parameter in parameters:
        if parameter not in declared:
            hint = did_you_mean(parameter, set(declared) - set(parameters))
            problems.append(f"  {parameter}: not declared in the cell tagged `parameters`.{hint}")
        elif "str" not in declared[parameter].split(" | "):
            found = declared[parameter]
            problems.append(f'  {parameter}: declared as {found}, but it is text. Write it like {parameter}: str = "".')
    if problems:
        raise ExecutionError(
            "\n".join([f"{name} does not take the parameters of a pack:", *problems]), kind="parameters"
        )


def _declared(tree: ast.Module) -> dict[str, str]:
    """Return the names that a cell assigns, each with its annotation, else the type of its default.

    Papermill's own inspection reads line by line and misses an annotation such as ``str | None``.
    """
    found = {}
    for statement in tree.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            annotation = statement.annotation
            quoted = annotation.value if isinstance(annotation, ast.Constant) else None
            found[statement.target.id] = quoted if isinstance(quoted, str) else ast.unparse(annotation)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = _type_of(statement.value)
    return found


def _type_of(value: ast.expr) -> str:
    try:
        return type(ast.literal_eval(value)).__name__
    except ValueError:
        return "str"  # what an expression gives is not known before it runs
