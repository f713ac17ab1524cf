"""The channel manager's comment: plain text with emphasis, nothing else of Markdown."""

from __future__ import annotations

from collections.abc import Iterable

from markdown_it import MarkdownIt
from markdown_it.token import Token

from kpilib.parts import Comment, Rich, Run
from kpilib.review.context import Context

__all__ = ["read_comment", "rich_paragraphs"]


def read_comment(context: Context) -> Comment | None:
    """Return the comment of the slice, or None when there is none."""
    paragraphs = rich_paragraphs(context.slice.content["comment"] or "")
    if not paragraphs:
        return None
    manager = context.slice.content["partner"].get("manager") or ""
    return Comment(context.words("page_one.comment"), paragraphs, manager)


def rich_paragraphs(text: str) -> tuple[Rich, ...]:
    """Return a text's paragraphs as runs; headings and items of lists become paragraphs, HTML stays text.

    >>> rich_paragraphs("Well *done*.")
    ((Run(text='Well ', strong=False, emph=False), Run(text='done', strong=False, emph=True), \
Run(text='.', strong=False, emph=False)),)
    """
    parser = MarkdownIt("zero", {"html": False}).enable(["emphasis", "list", "heading", "escape", "newline"])
    paragraphs: list[Rich] = []
    in_item = False
    for token in parser.parse(text):
        if token.type == "list_item_open":
            in_item = True
        elif token.type == "inline" and token.children:
            runs = tuple(_runs(token.children))
            paragraphs.append((Run("• "), *runs) if in_item else runs)
            in_item = False
    return tuple(paragraphs)


def _runs(tokens: Iterable[Token]) -> Iterable[Run]:
    strong = emph = False
    for token in tokens:
        if token.type in {"strong_open", "strong_close"}:
            strong = token.type == "strong_open"
        elif token.type in {"em_open", "em_close"}:
            emph = token.type == "em_open"
        elif text := " " if token.type in {"softbreak", "hardbreak"} else token.content:
            yield Run(text, strong, emph)
