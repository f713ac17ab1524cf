"""Rules on what differs from run to run: chance, the clock, the network, other programs. Same input, same bytes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from kpilib.lint.rule import Hit, rule
from kpilib.lint.sheet import Cell, Sheet

__all__: list[str] = []

_GLOBAL = re.compile(r"^(?:random|numpy\.random)\.(?!seed$|default_rng$|Random$|RandomState$|Generator$|SeedSequence$)")
_MAKERS = re.compile(r"^(?:random\.(?:Random|seed)|numpy\.random\.(?:default_rng|RandomState|seed))$")
_NEVER = re.compile(r"^(?:uuid\.uuid[14]|secrets\.\w+|os\.urandom|random\.SystemRandom)$")
# seaborn resamples for its error bars, each time from a fresh generator unless `seed` is given
_RESAMPLING = re.compile(r"^seaborn\.(?:barplot|pointplot|lineplot|regplot|lmplot|catplot|relplot)$")
_CLOCK = re.compile(
    r"^(?:datetime\.)?(?:datetime|date)\.(?:now|today|utcnow)$|^time\.(?:time|time_ns|localtime|gmtime|ctime|strftime)$"
    r"|^pandas\.(?:Timestamp|Period)\.(?:now|today|utcnow)$"
)
_NETWORK = re.compile(
    r"^(?:requests|httpx|aiohttp|urllib3|socket|ftplib|smtplib|telnetlib|imaplib|poplib|paramiko|boto3|botocore|websockets?"
    r"|selenium|playwright|gspread|simple_salesforce|urllib\.request|http\.client|xmlrpc)(?:\.|$)"
)
_ADDRESS = re.compile(r"^(?:https?|ftp|s3|gs|abfss?|sftp)://", re.IGNORECASE)
_EMBEDDED = re.compile(
    r"!\[[^\]]*\]\(\s*(?:https?:)?//|<(?:img|iframe|script|link)\b[^>]*(?:https?:)?//", re.IGNORECASE
)
_PROGRAMS = frozenset(("bash", "sh", "script", "pip", "conda", "mamba", "uv", "system", "sx", "perl", "ruby"))


@rule("KL701", "Nothing is drawn at random without a seed.")
def unseeded(sheet: Sheet) -> Iterator[Hit]:
    """Find generators without a seed, samples without one, and seaborn's resampled error bars."""
    seeded = False
    for cell in sheet.code:
        for node in _calls(cell):
            name = sheet.called(node)
            found = _chance(name, node, seeded=seeded)
            if found:
                yield Hit(cell, *found, node.lineno)
            elif _MAKERS.match(name):
                seeded = seeded or name.endswith(".seed")


def _chance(name: str, call: ast.Call, *, seeded: bool) -> tuple[str, str] | None:
    """Return what a call leaves to chance, and how to mend it."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if _MAKERS.match(name):
        given = [*call.args, *keywords.values()]
        bare = all(isinstance(value, ast.Constant) and value.value is None for value in given)
        return (f"`{name}` has no seed", f"Give it one: {name}(7)") if bare else None
    if _NEVER.match(name):
        return f"`{name}` cannot be seeded", "Take numpy.random.default_rng with a fixed seed."
    if _GLOBAL.match(name):
        return None if seeded else (
            f"`{name}` draws without a seed", "Take a generator of its own: rng = numpy.random.default_rng(7)"
        )  # fmt: skip
    if _RESAMPLING.match(name) and "seed" not in keywords and not _without_bars(keywords):
        what = f"`{name}` resamples for its error bars without a seed"
        return what, "Give it one (seed=7), or leave the bars out (errorbar=None)."
    if isinstance(call.func, ast.Attribute) and call.func.attr == "sample" and "random_state" not in keywords:
        return "`sample` draws without a seed", "Give it one: random_state=7"
    return None


def _without_bars(keywords: dict[str | None, ast.expr]) -> bool:
    """Say whether the error bars are left out or computed without chance; `regplot` has them by `ci`."""
    if None in keywords:
        return True  # **values may hold it
    bars = keywords.get("errorbar", keywords.get("ci", keywords.get("estimator")))
    if bars is None:
        return False
    name = bars.elts[0] if isinstance(bars, ast.Tuple) and bars.elts else bars
    return isinstance(name, ast.Constant) and name.value in {None, "sd", "se", "pi"}


@rule("KL702", "The clock is not asked.")
def asks_the_clock(sheet: Sheet) -> Iterator[Hit]:
    """Find `today()`, `now()` and the like."""
    fix = "Use `review.slice.as_of`: a pack made again later must come out the same."
    for cell in sheet.code:
        for node in _calls(cell):
            name = sheet.called(node)
            if _CLOCK.search(name) or _CLOCK.search(name.removeprefix("datetime.")):
                yield Hit(cell, f"`{ast.unparse(node)}` asks the clock", fix, node.lineno)


@rule("KL703", "Nothing is fetched from the network.")
def uses_the_network(sheet: Sheet) -> Iterator[Hit]:
    """Find modules that fetch, addresses given to a call, and data sets that are downloaded."""
    fix = "Bring the data in as a table of the source: a pack is made from its slice alone."
    for cell in sheet.code:
        for node in cell.nodes():
            for module in [name for name in _imported(node) if _NETWORK.match(name)][:1]:
                yield Hit(cell, f"`{module}` reaches the network", fix, getattr(node, "lineno", None))
        for call in _calls(cell):
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            texts = [str(value.value) for value in values if isinstance(value, ast.Constant)]
            if any(_ADDRESS.match(text) for text in texts):
                yield Hit(cell, f"`{ast.unparse(call.func)}` is given an address", fix, call.lineno)
            elif sheet.called(call) == "seaborn.load_dataset":
                yield Hit(cell, "`seaborn.load_dataset` downloads its data", fix, call.lineno)


@rule("KL704", "No shell and no other program is called.")
def calls_a_program(sheet: Sheet) -> Iterator[Hit]:
    """Find lines that begin with `!`, cells in another language, `%pip`, and `subprocess`."""
    fix = "Do it before the build, outside the notebook: packages go into the environment, data into the source."
    for cell in sheet.code:
        for call in _calls(cell):
            name, magic = sheet.called(call), ast.unparse(call.func)
            if magic.startswith("get_ipython()."):
                first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
                if magic.endswith((".system", ".getoutput")) or str(first) in _PROGRAMS:
                    line = next((text for text in cell.source.splitlines() if text.strip()[:1] in {"!", "%"}), magic)
                    yield Hit(cell, f"`{line.strip()}` calls another program", fix, call.lineno)
            elif name.startswith("subprocess.") or name in {"os.system", "os.popen"}:
                yield Hit(cell, f"`{name}` calls another program", fix, call.lineno)


@rule("KL705", "No picture and no frame is loaded from an address.")
def loads_from_outside(sheet: Sheet) -> Iterator[Hit]:
    """Find them in Markdown: pages load nothing, and would show a hole."""
    fix = "Attach the picture to the cell (drop it into the Markdown in JupyterLab)."
    for cell in sheet.cells:
        for text in cell.texts() if not cell.is_code and cell.on_page else ():
            if _EMBEDDED.search(text.text):
                yield Hit(cell, "a picture or frame is loaded from an address", fix, text.line)


def _calls(cell: Cell) -> Iterator[ast.Call]:
    """Yield the calls of a cell, in the order of its lines."""
    found = [node for node in cell.nodes() if isinstance(node, ast.Call)]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []
