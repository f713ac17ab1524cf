"""Rules on what is written into a cell and holds for one partner, one quarter or one machine only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Cell, Sheet, Text

__all__: list[str] = []

_DAY = re.compile(
    r"(?<![\w.-])(?:(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|[0-3]?\d[./][0-3]?\d[./](?:19|20)\d\d"
    r"|(?:FY\s?)?(?:19|20)\d\d[ -]?Q[1-4]|Q[1-4] (?:19|20)\d\d)(?![\w-])"
)
_DAYS = frozenset(("date", "datetime", "Timestamp", "Period", "Quarter"))
_PATH = re.compile(r"^(?:/(?:[\w.@ -]+/)*[\w.@ -]*\w|~[\w-]*/.*|[A-Za-z]:[\\/].*|\\\\\w.*|file:.*)$")
_OUTSIDE = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)")
_READERS = re.compile(r"(?:^|\.)(?:open|read_(?!sql)\w+|loadtxt|genfromtxt|fromfile|load_workbook|scan_\w+)$")
_OURS = frozenset(("Review.open", "Portfolio.open", "kpilib.Review.open", "kpilib.Portfolio.open"))
_SECRET_NAME = re.compile(r"(?i)(?:^|_)(?:password|passwd|pwd|secret|token|api_?key|access_?key|credentials?)(?:$|_)")
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{30,}|\bxox[abposr]-\w|\bsk-[\w-]{20,}"
    r"|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}|://[^/\s:@]+:[^/\s:@{]+@"
)


@rule("KL201", "No partner is named: the same cells make every partner's pack.")
def names_a_partner(sheet: Sheet) -> Iterator[Hit]:
    """Find partners of the workspace's data by id, name or contact, and texts where a parameter belongs."""
    fix = "Use the parameter `partner` and `review.slice`; what holds for one partner goes into its comment."
    literal = set()
    for cell in _written(sheet):
        for node in cell.nodes():
            if isinstance(node, ast.Call) and sheet.called(node) in _OURS:
                for value in [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg != "audience")]:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                        literal.add((cell, value.lineno, value.value))
                        what = f"{value.value!r} is passed where a parameter belongs"
                        yield Hit(cell, what, "Pass the parameter itself: Review.open(partner, quarter).", value.lineno)
    for text in _texts(_written(sheet)):
        if (text.cell, text.line, text.text) not in literal:
            for found in _recognise(sheet, text):
                yield Hit(text.cell, found, fix, text.line)


@rule("KL202", "No date and no quarter is written: the same cells make every quarter's packs.")
def writes_a_date(sheet: Sheet) -> Iterator[Hit]:
    """Find dates and quarters in texts, and dates made of literal years."""
    fix = "Use `review.slice.quarter` (its .start, .end) and `review.slice.as_of`, or a parameter."
    for text in _texts(_written(sheet)):
        if found := _DAY.search(text.text):
            yield Hit(text.cell, f"{found[0]!r} is written into the cell", fix, text.line)
    for cell in _written(sheet):
        for node in cell.nodes():
            if isinstance(node, ast.Call) and sheet.called(node).rpartition(".")[2] in _DAYS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, int) and 1900 <= first.value < 2100:
                    yield Hit(cell, f"`{ast.unparse(node)}` is written into the cell", fix, node.lineno)


@rule("KL203", "No path leads out of the notebook's folder.")
def writes_a_path(sheet: Sheet) -> Iterator[Hit]:
    """Find absolute paths, home folders, and `..`."""
    fix = "In a batch a notebook starts in an empty folder and reads `review` alone. Bring the data in as a table."
    for text in _texts(sheet.code):
        if (_PATH.match(text.text) and not text.text.isspace()) or _OUTSIDE.search(text.text):
            yield Hit(text.cell, f"{text.text!r} is a path of one machine", fix, text.line)


@rule("KL204", "No file is read beside the slice.")
def reads_a_file(sheet: Sheet) -> Iterator[Hit]:
    """Find `open(…)`, `pd.read_csv(…)` and the like."""
    fix = "In a batch the folder is empty but for the slice. Take review.opportunities and its kind, or add a table."
    for cell in sheet.code:
        for node in cell.nodes():
            if isinstance(node, ast.Call):
                name = sheet.called(node) or _last(node.func)
                if _READERS.search(name) and name not in _OURS and not _is_opened_object(node, name):
                    yield Hit(cell, f"`{name}` reads a file", fix, node.lineno)


@rule("KL205", "No secret is written.")
def writes_a_secret(sheet: Sheet) -> Iterator[Hit]:
    """Find passwords and keys by their shape, and texts given to a name such as `password`; they are never shown."""
    fix = "Remove it, and change it where it is used: it stands in the notebook's history. Packs need no secret."
    for text in _texts(sheet.cells):
        if _SECRET.search(text.text):
            yield Hit(text.cell, "a text looks like a secret", fix, text.line)
    for cell in sheet.code:
        for node in cell.nodes():
            for name, value in _named_values(node):
                if _SECRET_NAME.search(name) and isinstance(value, ast.Constant) and value.value and isinstance(
                    value.value, str
                ):
                    yield Hit(cell, f"`{name}` is given a text", fix, value.lineno)


def _written(sheet: Sheet) -> Iterable[Cell]:
    """Return the cells whose texts hold for every pack: not the default parameters, nor words at the desk."""
    return [cell for cell in sheet.cells if not cell.holds_parameters and (cell.is_code or cell.on_page)]


def _texts(cells: Iterable[Cell]) -> Iterator[Text]:
    for cell in cells:
        yield from cell.texts()


def _recognise(sheet: Sheet, text: Text) -> Iterator[str]:
    if sheet.watchlist is None:
        return
    from kpilib.render.readback import Passage

    seen = set()
    for found in sheet.watchlist.find_leaks("", [Passage("", text.text)]):
        if found.text not in seen:
            seen.add(found.text)
            yield f"{found.text!r} is {found.about}"


def _last(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_opened_object(call: ast.Call, name: str) -> bool:
    """Say whether `x.open()` has no argument: then it opens what is there already."""
    return name.endswith(".open") and not call.args and not call.keywords


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield _name_of(target), node.value
    elif isinstance(node, ast.AnnAssign):
        yield _name_of(node.target), node.value
    elif isinstance(node, ast.keyword):
        yield node.arg or "", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield (key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""), value


def _name_of(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return _last(target)
