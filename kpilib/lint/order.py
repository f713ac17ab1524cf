"""The rule on the order of cells: from top to bottom, in a fresh kernel, each name is there before it is used."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Sheet

__all__: list[str] = []

_IPYTHON = ("get_ipython", "display", "In", "Out", "_", "__", "___", "__name__", "exit", "quit")
_GIVEN = frozenset((*dir(builtins), *_IPYTHON))


@rule("KL403", "Run from top to bottom, each name is assigned before it is used.")
def used_before_assigned(sheet: Sheet) -> Iterator[Hit]:
    """Find names that only a later cell assigns, or none."""
    later = {cell.number: _bound_by(cell.tree) for cell in sheet.code}
    names = _Names()
    for cell in sheet.code:
        names.missing.clear()
        names.visit(cell.tree)
        if names.anything:
            return  # after `from … import *` it cannot be known what is there
        for name, line in dict.fromkeys(names.missing):
            places = [number for number, bound in later.items() if number >= cell.number and name in bound]
            if places and places[0] > cell.number:
                what = f"`{name}` is used here, and first assigned in cell {places[0]}"
                fix = "Move that cell before this one: a pack's notebook runs from top to bottom, once."
            elif places:
                what = f"`{name}` is used before the line that assigns it"
                fix = "Assign it first: it is only there while a kernel remembers an earlier run."
            else:
                what = f"`{name}` is assigned nowhere"
                fix = "Assign or import it: it is only there while a kernel remembers a cell that is gone."
            yield Hit(cell, what, fix, line)
            names.bound.add(name)  # said once


def _bound_by(tree: ast.Module) -> set[str]:
    names = _Names()
    names.visit(tree)
    return names.bound - _GIVEN


class _Names(ast.NodeVisitor):
    """Follows a module's statements in the order in which they run, and notes which names are there."""

    def __init__(self) -> None:
        self.bound: set[str] = set(_GIVEN)
        self.missing: list[tuple[str, int]] = []
        self.anything = False

    def visit_Name(self, node: ast.Name) -> None:
        """Take a name: assigned, removed, or used."""
        if isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)
        elif isinstance(node.ctx, ast.Del):
            self.bound.discard(node.id)
        elif node.id not in self.bound:
            self.missing.append((node.id, node.lineno))

    def visit_Assign(self, node: ast.Assign) -> None:
        """Read the value before the names are assigned."""
        self.visit(node.value)
        self._each(node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Pass over the annotation: it is for people."""
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Take the target as used, then as assigned."""
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.visit_Name(ast.Name(node.target.id, ast.Load(), lineno=node.lineno))
        self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """Read the value before the name is assigned."""
        self.visit(node.value)
        self.visit(node.target)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        """Read what is gone over before the loop's names are assigned."""
        self.visit(node.iter)
        self.visit(node.target)
        self._each([*node.body, *node.orelse])

    visit_AsyncFor = visit_For  # noqa: N815 - named as the nodes are

    def visit_Import(self, node: ast.Import) -> None:
        """Assign the modules' names."""
        self.bound.update(alias.asname or alias.name.split(".")[0] for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Assign the names taken from a module; of `*` it is unknown which."""
        self.anything = self.anything or any(alias.name == "*" for alias in node.names)
        self.bound.update(alias.asname or alias.name for alias in node.names)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        """Assign the error's name."""
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self.bound.add(node.name)
        self._each(node.body)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        """Assign a pattern's name."""
        self.generic_visit(node)
        if node.name:
            self.bound.add(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        """Assign a pattern's name."""
        if node.name:
            self.bound.add(node.name)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Pass over the body: it runs when it is called, and definitions are a finding of their own."""
        self._each([*node.decorator_list, *node.args.defaults, *(each for each in node.args.kw_defaults if each)])
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Pass over the body, as a function's."""
        self._each([*node.decorator_list, *node.bases])
        self.bound.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """Read the body with the arguments there, as if it were called at once."""
        self._each([*node.args.defaults, *(each for each in node.args.kw_defaults if each)])
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        arguments += [each for each in (node.args.vararg, node.args.kwarg) if each]
        outside = set(self.bound)
        self.bound.update(each.arg for each in arguments)
        self.visit(node.body)
        self.bound = outside

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        """Read the generators first; their names end with the expression."""
        self._comprehend(node.generators, [node.elt])

    visit_SetComp = visit_ListComp  # noqa: N815
    visit_GeneratorExp = visit_ListComp  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> None:
        """Read the generators first; their names end with the expression."""
        self._comprehend(node.generators, [node.key, node.value])

    def _comprehend(self, generators: list[ast.comprehension], results: list[ast.expr]) -> None:
        outside = set(self.bound)
        for generator in generators:
            self.visit(generator.iter)
            self.visit(generator.target)
            self._each(generator.ifs)
        self._each(results)
        self.bound = outside

    def _each(self, nodes: list[ast.stmt] | list[ast.expr] | list[ast.expr | ast.stmt]) -> None:
        for node in nodes:
            self.visit(node)
