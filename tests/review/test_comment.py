from __future__ import annotations

from typing import Any

from kpilib.parts import Comment, Run
from kpilib.review.comment import rich_paragraphs


def test_emphasis_and_paragraphs() -> None:
    assert rich_paragraphs("Thank you, **all *of* you**.\nSee you\n\nin Kiel.") == (
        (Run("Thank you, "), Run("all ", strong=True), Run("of", strong=True, emph=True), Run(" you", strong=True),
         Run("."), Run(" "), Run("See you")),
        (Run("in Kiel."),),
    )  # fmt: skip


def test_html_links_and_entities_are_text() -> None:
    text = "<script>alert(1)</script> [us](http://example.com) ![x](y) &amp; <b>bold</b> `code`"
    assert rich_paragraphs(text) == ((Run(text),),)


def test_headings_and_lists_become_paragraphs() -> None:
    assert rich_paragraphs("# Autumn\n\n- refill\n- **call**") == (
        (Run("Autumn"),),
        (Run("• "), Run("refill")),
        (Run("• "), Run("call", strong=True)),
    )


def test_a_comment_is_signed_by_the_manager(make_review: Any) -> None:
    page = make_review(comment="Well done.").page_one
    assert page.comment == Comment("From your channel manager", ((Run("Well done."),),), "Mara Lindqvist")


def test_without_a_comment_there_is_no_hole(make_review: Any) -> None:
    assert make_review().page_one.comment is None
    assert make_review(comment=" \n\n ").page_one.comment is None
