"""The appendix: thresholds, what was left out, and on what the pack stands. Formulas stand with their KPIs."""

from __future__ import annotations

import kpilib
from kpilib.parts import Note, Section
from kpilib.review.context import Context
from kpilib.review.quality import quality_counts, quality_sentence, quality_table

__all__ = ["describe_appendix", "small_print"]

_COUNTED = ("opportunities", "leads", "spend", "targets", "actions", "stage_history")


def describe_appendix(context: Context) -> Section:
    """Return the appendix."""
    words = context.words
    quality = quality_table(context)
    return Section(
        id="appendix",
        title=words("appendix.name"),
        question=words("appendix.question"),
        answer="",
        parts=() if quality is None else (quality,),
        small=(
            words("appendix.answer", date=context.formats.date(context.as_of)),
            *_rules(context),
            *(() if quality else (quality_sentence(context),)),
            *_sources(context),
        ),
    )


def small_print(context: Context) -> Note:
    """Return in one paragraph what was left out, and on what the pack stands: for a pack without an appendix."""
    return Note(" ".join((quality_counts(context), *_sources(context))), "small")


def _rules(context: Context) -> list[str]:
    words, formats = context.words, context.formats
    status = context.slice.content["settings"]["status"]
    act, good = (formats.rate(float(status[name]), 0) for name in ("act_below_target", "good_from_target"))
    day = formats.date(context.as_of)
    rules = [
        words("appendix.thresholds", act=act, good=good),
        words("appendix.claims"),
        words("appendix.cohort"),
        words("appendix.money", currency=formats.currency_name, date=day),
    ]
    if context.slice.content["exported_later"]:
        rules.append(words("appendix.exported_later", date=day))
    return rules


def _sources(context: Context) -> tuple[str, ...]:
    words, formats, slice_ = context.words, context.formats, context.slice
    tables = slice_.content["tables"]
    rows = {name: len(next(iter(tables[name].values()), ())) for name in _COUNTED if name in tables}
    counted = [
        words("appendix.table_rows", table=words(f"table_names.{name}"), count=count) for name, count in rows.items()
    ]
    missing = [name for name in (*_COUNTED, "stages", "fx") if not slice_.has(name)]
    lines = [words("appendix.counted", tables=formats.join(counted))]
    if missing:
        lines.append(words("appendix.absent", tables=formats.join(words(f"table_names.{name}") for name in missing)))
    fingerprint = slice_.fingerprint[:8]
    lines.append(
        words(
            "appendix.source",
            date=formats.date(context.as_of),
            fingerprint=f"{fingerprint[:4]}\u00a0{fingerprint[4:]}",
            version=kpilib.__version__,
        )
    )
    return tuple(lines)
