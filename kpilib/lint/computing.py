"""Rules on what a cell computes: definitions and KPIs belong into files that are tested."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kpilib.kpis import KPIS
from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Sheet, dotted

__all__: list[str] = []

_TOTALS = frozenset(("sum", "count", "nunique", "mean", "median", "size"))
_OPERATORS = ast.Add | ast.Sub | ast.Mult | ast.Div | ast.FloorDiv | ast.Mod | ast.Pow
_FIGURES = frozenset(("value", "companions", "trend", "table", "previous", "year_ago", "target"))


@rule("KL301", "No function and no class is defined in a cell.")
def defines(sheet: Sheet) -> Iterator[Hit]:
    """Find definitions, and lambdas that are given a name."""
    fix = "Write what it does where it is used, or move it into a file of the workspace that a test holds."
    for cell in sheet.code:
        for node in cell.nodes():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                yield Hit(cell, f"the {kind} `{node.name}` is defined in a cell", fix, node.lineno)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                name = ast.unparse(node.targets[0])
                yield Hit(cell, f"the function `{name}` is defined in a cell", fix, node.lineno)


@rule("KL302", "No KPI is computed in a cell: neither arithmetic on a KPI's figures nor one total over another.")
def computes_a_kpi(sheet: Sheet) -> Iterator[Hit]:
    """Find arithmetic on the figures of `review`, and a total divided by a total."""
    fix = (
        "Take the figure as `review` gives it (.value, .change, .companions), or make it a KPI of its own: "
        "one file, tested, and in kpis.json too."
    )
    reviews, figures, totals = {"review", "portfolio"}, set[str](), set[str]()
    for cell in sheet.code:
        for statement in cell.tree.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.BinOp | ast.AugAssign) and _is_kpi_arithmetic(node, reviews, figures, totals):
                    yield Hit(cell, f"`{_short(node)}` computes a KPI", fix, node.lineno)
                    break
            if isinstance(statement, ast.Assign):
                names, value = _names(statement), statement.value
                if isinstance(value, ast.Call) and dotted(value.func).endswith(("Review.open", "Portfolio.open")):
                    reviews |= names
                if _holds_figure(value, reviews, figures):
                    figures |= names
                if _is_total(value, totals):
                    totals |= names


def _names(statement: ast.Assign) -> set[str]:
    return {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _is_kpi_arithmetic(
    node: ast.BinOp | ast.AugAssign, reviews: set[str], figures: set[str], totals: set[str]
) -> bool:
    if not isinstance(node.op, _OPERATORS):
        return False
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.target, node.value]
    if any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in sides):
        return False
    if any(_holds_figure(side, reviews, figures) for side in sides):
        return True
    return isinstance(node.op, ast.Div) and all(_is_total(side, totals) for side in sides)


def _holds_figure(node: ast.expr, reviews: set[str], figures: set[str]) -> bool:
    """Say whether an expression holds a KPI's figures, as in `review.deal_count.value` or `review.kpis[…]`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner.id in figures:
            return True
        if isinstance(inner, ast.Attribute) and inner.attr in _FIGURES:
            names = dotted(inner.value).split(".")
            if names[0] in reviews and len(names) > 1 and (names[1] in KPIS or "kpi" in names):
                return True
        if isinstance(inner, ast.Subscript):
            names = dotted(inner.value).split(".")
            if names[0] in reviews and "kpis" in names:
                return True
    return False


def _is_total(node: ast.expr, totals: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in totals
    if isinstance(node, ast.Call):
        named = isinstance(node.func, ast.Name) and node.func.id in {"len", "sum"}
        return named or (isinstance(node.func, ast.Attribute) and node.func.attr in _TOTALS)
    if isinstance(node, ast.BinOp):
        return _is_total(node.left, totals) or _is_total(node.right, totals)
    return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
