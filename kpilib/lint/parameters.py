"""Rules on the cell tagged `parameters`: what a pack passes is declared, typed and used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kpilib.errors import did_you_mean
from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Sheet

__all__: list[str] = []

_KINDS = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict, "tuple": tuple}


@rule("KL101", "One cell is tagged `parameters`.")
def one_parameters_cell(sheet: Sheet) -> Iterator[Hit]:
    """Find a notebook without such a cell, or with several."""
    if not sheet.parameters:
        example = ", ".join(sheet.asked)
        yield Hit(
            None, "no cell is tagged `parameters`",
            f"Write a cell that assigns {example}, and tag it `parameters` (in JupyterLab: the gear at the top right).",
        )  # fmt: skip
    for cell in sheet.parameters[1:]:
        yield Hit(
            cell, "a second cell is tagged `parameters`", "Move its lines into the first, since only that one counts."
        )


@rule("KL102", "Every parameter that a pack passes is declared.")
def undeclared(sheet: Sheet) -> Iterator[Hit]:
    """Find what a pack passes and the cell does not assign: Papermill would only warn."""
    for cell in sheet.parameters[:1]:
        for name in sheet.asked:
            if name not in sheet.declared:
                hint = did_you_mean(name, set(sheet.declared) - set(sheet.asked))
                yield Hit(cell, f"the parameter `{name}` is not declared.{hint}", f'Add a line: {name}: str = ""')


@rule("KL103", "Every parameter is used.")
def unused(sheet: Sheet) -> Iterator[Hit]:
    """Find parameters that no other cell reads: setting them would change nothing."""
    used = {
        node.id
        for cell in sheet.code
        for node in cell.nodes()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for cell in sheet.parameters[:1]:
        for name, statement in sheet.declared.items():
            if name not in used:
                asked = name in sheet.asked
                fix = f"Pass it on, like Review.open(…, {name}={name})." if asked else "Use it, or remove it."
                yield Hit(cell, f"the parameter `{name}` is used nowhere", fix, statement.lineno)


@rule("KL104", "Every parameter has a type and a default.")
def untyped(sheet: Sheet) -> Iterator[Hit]:
    """Find parameters without annotation or value."""
    for cell in sheet.parameters[:1]:
        for name, statement in sheet.declared.items():
            if isinstance(statement, ast.Assign):
                kind = "str" if name in sheet.asked else _kind(statement.value) or "str"
                fix = f"Write it as {name}: {kind} = {ast.unparse(statement.value)}"
                yield Hit(cell, f"the parameter `{name}` has no type", fix, statement.lineno)
            elif statement.value is None:
                fix = f"Write it as {ast.unparse(statement)} = … so that the notebook runs as it is."
                yield Hit(cell, f"the parameter `{name}` has no default", fix, statement.lineno)


@rule("KL105", "A parameter's type fits its default, and is text where a pack passes text.")
def mistyped(sheet: Sheet) -> Iterator[Hit]:
    """Find annotations that the default contradicts, and parameters of a pack that are not text."""
    for cell in sheet.parameters[:1]:
        for name, statement in sheet.declared.items():
            found = _annotation(statement) or _kind(statement.value)
            options = found.split(" | ") if found else []
            held = _kind(statement.value)
            if name in sheet.asked and options and "str" not in options:
                fix = f'Packs pass text, so that an id such as 00123 stays one. Write it as {name}: str = ""'
                yield Hit(cell, f"the parameter `{name}` is declared as {found}", fix, statement.lineno)
            elif held and options and not any(_fits(held, option) for option in options):
                fix = f"Write it as {name}: {held} = …, or give it a default of type {found}."
                yield Hit(cell, f"the parameter `{name}` is {found}, its default {held}", fix, statement.lineno)


@rule("KL106", "The cell tagged `parameters` holds assignments alone.")
def only_assignments(sheet: Sheet) -> Iterator[Hit]:
    """Find statements in it that are none, or compute: they run before a pack's values are set."""
    for cell in sheet.parameters[:1]:
        for statement in cell.tree.body:
            value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
            plain = isinstance(statement, ast.Assign | ast.AnnAssign) and (value is None or _is_literal(value))
            documented = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if not (plain or documented):
                text = ast.unparse(statement).splitlines()[0]
                fix = "Move it into the next cell: a pack's values are set after this one has run."
                yield Hit(cell, f"`{text}` is no plain assignment", fix, statement.lineno)


def _annotation(statement: ast.stmt) -> str:
    if not isinstance(statement, ast.AnnAssign):
        return ""
    annotation = statement.annotation
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value
    return ast.unparse(annotation)


def _kind(value: ast.expr | None) -> str:
    """Return the type of a literal by name; empty where it is none."""
    if value is None or not _is_literal(value):
        return ""
    kind = type(ast.literal_eval(value)).__name__
    return "None" if kind == "NoneType" else kind


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def _fits(held: str, option: str) -> bool:
    outer = option.partition("[")[0].strip()
    return held == outer or outer not in {*_KINDS, "None"} or (held, outer) == ("int", "float")
