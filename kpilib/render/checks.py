"""Whether finished pages have holes, and whether a PDF holds what a screen reader needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from kpilib.render.finding import Finding
from kpilib.render.readback import Passage

__all__ = ["find_gaps", "find_tag_faults"]

# Whole words that no page of ours ever says: what a program writes where a value is missing. `None` and `null` are
# words of a language too: they count where a value would stand.
_GAPS = re.compile(
    r"(?<![\w{])(?:nan|NaN|NaT|<NA>|undefined|Undefined)(?![\w}])"
    r"|\{\{|\}\}|\{%|%\}"
    r"|(?m:^)\s*(?:None|null)\s*(?m:$)"
    r"|(?<!\w)(?:None|null)(?=\s*[%·,;)]|\s+(?:[A-Z]{3}|k|m|bn)\b)"
    r"|\[object Object\]|Traceback \(most recent call last\)"
)


def find_gaps(passages: Iterable[Passage], own: Iterable[str] = ()) -> list[Finding]:
    """Return where a page shows a missing value or an unfilled template.

    Parameters
    ----------
    own
        texts of the data: what looks like a hole but stands so in the data is none.
    """
    found = []
    data: str | None = None
    for passage in passages:
        for match in _GAPS.finditer(passage.text):
            if data is None:
                data = " ".join(" ".join(own).split())
            left, right = (
                passage.text[max(match.start() - 3, 0) : match.end()],
                passage.text[match.start() : match.end() + 3],
            )
            if not any(" ".join(near.split()) in data for near in (left, right)):
                found.append(
                    Finding(passage.place, match[0].strip(), "a value that is missing, or a template unfilled")
                )
    return list(dict.fromkeys(found))


def find_tag_faults(pdf: bytes, name: str = "review.pdf") -> list[Finding]:
    """Return what a PDF lacks of PDF/UA-1 that can be read from its structure, and what a pack's PDF must not hold."""
    import pikepdf

    with pikepdf.open(BytesIO(pdf)) as document:
        root: Any = document.Root
        facts = {
            "tagged": bool(_inner(root, "/MarkInfo").get("/Marked")) and "/StructTreeRoot" in root,
            "with a language": bool(str(root.get("/Lang", ""))),
            "with a title": bool(str(document.docinfo.get("/Title", ""))),
            "showing its title": bool(_inner(root, "/ViewerPreferences").get("/DisplayDocTitle")),
            "claiming PDF/UA-1": document.open_metadata().get("pdfuaid:part") == "1",
            "with bookmarks": "/Outlines" in root,
            "without attachments": not document.attachments,
            "without scripts": "/JavaScript" not in _inner(root, "/Names") and "/OpenAction" not in root,
        }
        found = [Finding(name, fact, "what it should be, and is not") for fact, holds in facts.items() if not holds]
        if facts["tagged"]:
            found += list(_judge_structure(root.StructTreeRoot, name))
    return found


def _inner(root: Any, key: str) -> Any:
    return root.get(key, {})


def _judge_structure(tree: Any, name: str) -> Iterator[Finding]:
    before = 0
    for element in _walk(tree):
        role = str(element.get("/S", ""))
        if role in {"/Figure", "/Formula"} and not str(element.get("/Alt", "")).strip():
            yield Finding(name, role[1:], "without an alternative text")
        level = re.fullmatch(r"/H([1-6])", role)
        if level:
            if int(level[1]) > before + 1:
                yield Finding(name, role[1:], f"a heading that skips a level after H{before}")
            before = int(level[1])
        if role == "/Table" and not any(str(inner.get("/S", "")) == "/TH" for inner in _walk(element)):
            yield Finding(name, "Table", "without header cells")


def _walk(element: Any) -> Iterator[Any]:
    """Yield the structure elements below one, in reading order."""
    import pikepdf

    kids = element.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from _walk(kid)
