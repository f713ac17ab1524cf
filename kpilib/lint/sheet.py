"""A notebook as the rules read it: its cells with their syntax trees; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpilib.render.leaks import Watchlist

__all__ = ["Cell", "Sheet", "Text", "dotted"]

_ALLOWED = re.compile(r"(?:#|<!--)\s*allow\s+(KL\d{3}(?:\s*,\s*KL\d{3})*)\s*:\s*\w")
_TYPED = ast.AnnAssign | ast.Assign


@dataclass(frozen=True)
class Text:
    """A text that stands in a cell: a literal of its code, or a line of its Markdown."""

    cell: Cell
    line: int
    text: str


@dataclass(frozen=True, eq=False)
class Cell:
    """One cell; ``number`` is its position in the notebook, the first being 1."""

    number: int
    kind: str
    source: str
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    outputs: int = 0
    executed: bool = False

    @property
    def is_code(self) -> bool:
        """Whether the cell is run."""
        return self.kind == "code"

    @property
    def on_page(self) -> bool:
        """Whether what the cell shows can reach a page."""
        return "desk" not in self.tags

    @property
    def holds_parameters(self) -> bool:
        """Whether the cell is the one whose values Papermill replaces, or the one that it writes."""
        return bool({"parameters", "injected-parameters"} & set(self.tags))

    @cached_property
    def tree(self) -> ast.Module:
        """The cell's syntax tree; empty where it is no code, or no Python (see ``mistake``)."""
        return self._parsed[0]

    @property
    def mistake(self) -> SyntaxError | None:
        """Why the cell is no Python."""
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[ast.Module, SyntaxError | None]:
        empty = ast.Module([], [])
        if not self.is_code:
            return empty, None
        try:
            return ast.parse(self.source), None
        except SyntaxError:
            try:
                return ast.parse(_as_python(self.source)), None
            except SyntaxError as error:
                return empty, error

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The codes that a comment in the cell allows, with a reason: ``# allow KL202: the founding day``."""
        return frozenset(code.strip() for found in _ALLOWED.findall(self.source) for code in found.split(","))

    def nodes(self) -> Iterator[ast.AST]:
        """Yield all nodes of the cell's code."""
        yield from ast.walk(self.tree)

    def texts(self) -> Iterator[Text]:
        """Yield the texts of the cell: literals of its code, lines of its Markdown."""
        if not self.is_code:
            for line, text in enumerate(self.source.splitlines(), 1):
                yield Text(self, line, text)
        for node in self.nodes():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield Text(self, node.lineno, node.value)


@dataclass(frozen=True)
class Sheet:
    """A notebook.

    Parameters
    ----------
    asked
        the names that a pack passes as parameters.
    watchlist
        what the workspace's other partners are called; None where no data are at hand.
    """

    name: str
    cells: tuple[Cell, ...]
    asked: tuple[str, ...]
    watchlist: Watchlist | None = None

    @property
    def code(self) -> Iterable[Cell]:
        """The cells that are run."""
        return [cell for cell in self.cells if cell.is_code]

    @cached_property
    def parameters(self) -> list[Cell]:
        """The cells tagged ``parameters``."""
        return [cell for cell in self.cells if "parameters" in cell.tags and cell.is_code]

    @cached_property
    def declared(self) -> dict[str, _TYPED]:
        """The parameters that the notebook declares, each with its statement."""
        found: dict[str, _TYPED] = {}
        for cell in self.parameters[:1]:
            for statement in cell.tree.body:
                targets: list[ast.expr] = []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                elif isinstance(statement, ast.Assign):
                    targets = statement.targets
                for target in targets:
                    if isinstance(target, ast.Name) and isinstance(statement, _TYPED):
                        found[target.id] = statement
        return found

    @cached_property
    def modules(self) -> dict[str, str]:
        """Names that stand for modules or what was taken from them: ``{"plt": "matplotlib.pyplot"}``."""
        found: dict[str, str] = {}
        for cell in self.code:
            for node in cell.nodes():
                if isinstance(node, ast.Import):
                    for alias in node.names:
                        root = alias.name.split(".")[0]
                        found[alias.asname or root] = alias.name if alias.asname else root
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
        return found

    def called(self, call: ast.Call) -> str:
        """Return what a call calls by its full name, like ``matplotlib.pyplot.plot``; empty where that is unknown."""
        name = dotted(call.func)
        root, dot, rest = name.partition(".")
        return f"{self.modules[root]}{dot}{rest}" if root in self.modules else name


def dotted(node: ast.AST) -> str:
    """Return a chain of names as text.

    >>> dotted(ast.parse("a.b.c", mode="eval").body)
    'a.b.c'
    """
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def _as_python(source: str) -> str:
    """Return a cell with IPython's magics and shell lines written as the calls that they stand for."""
    from IPython.core.inputtransformer2 import TransformerManager

    transformed: str = TransformerManager().transform_cell(source)  # type: ignore[no-untyped-call]
    return transformed
