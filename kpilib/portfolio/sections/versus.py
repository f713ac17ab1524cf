"""Partner A beside partner B."""

from __future__ import annotations

from kpilib.parts import Chart, Row, Section
from kpilib.portfolio.context import Context
from kpilib.portfolio.member import Member, Reading
from kpilib.portfolio.pictures import draw_pair
from kpilib.portfolio.sections.section import make_section, make_table
from kpilib.portfolio.versus import Versus, choose_pair, compare_partners
from kpilib.review.values import show

__all__ = ["describe_versus"]


def describe_versus(context: Context, a: str = "", b: str = "") -> Section:
    """Return the section; one partner alone cannot be compared.

    Raises
    ------
    PartnerError
        when there is no such partner.
    """
    words = context.words
    pair = choose_pair(context.members, a, b)
    if pair is None:
        question = words("portfolio.versus.alone_question")
        return make_section("versus", context, question=question, answer=[words("portfolio.versus.alone")])
    found = compare_partners(*pair, days=context.days, quarter=str(context.quarter))
    first, second = pair
    columns = ("kpi", "a", "b", "chance")
    table = make_table("", columns, _rows(found, context), context, a=first.name, b=second.name)
    return make_section(
        "versus",
        context,
        question=words("portfolio.versus.question", a=first.name, b=second.name),
        answer=[_answer(found, context)],
        parts=[table, _chart(first, second, context)],
        small=[words("portfolio.versus.method")],
    )


def _answer(found: Versus, context: Context) -> str:
    words, formats = context.words, context.formats
    told = [words(f"portfolio.in_list.{key}") for key in found.adjusted if found.differs(key)]
    if not told:
        return words("portfolio.versus.alike", a=found.a.name, b=found.b.name)
    return words("portfolio.versus.differ", count=len(told), kpis=formats.join(told))


def _rows(found: Versus, context: Context) -> list[Row]:
    words = context.words
    amounts = (context.money(found.a.now.amount), context.money(found.b.now.amount))
    rows = [Row((words("portfolio.column.won_amount"), *amounts, words("portfolio.versus.fact")))]
    for key, reading in found.a.kpis.items():
        name = words(f"kpi.{key}.name") if words.has(f"kpi.{key}.name") else key
        values = (_say(reading, context), _say(found.b.kpis[key], context))
        rows.append(Row((name, *values, _judge(found, key, context))))
        if key == "deal_velocity":
            cycles = tuple(context.formats.days(one.now.cycle) for one in (found.a, found.b))
            rows.append(Row((words("portfolio.versus.cycle"), *cycles, _judge(found, "cycle", context))))
    return rows


def _say(reading: Reading, context: Context) -> str:
    text = show(reading.unit, reading.value, context)
    key = f"card.n.{reading.key}"
    with_n = reading.unit == "rate" and reading.value is not None and context.words.has(key)
    return context.words("portfolio.versus.rate", rate=text, n=context.words(key, count=reading.n)) if with_n else text


def _judge(found: Versus, key: str, context: Context) -> str:
    differs = found.differs(key)
    return context.words(f"portfolio.versus.{'fact' if differs is None else 'more' if differs else 'chance'}")


def _chart(a: Member, b: Member, context: Context) -> Chart | None:
    words, formats = context.words, context.formats
    values = tuple([_amount(each.amount, each.worked, context) for each in one.quarters] for one in (a, b))
    texts = tuple(context.money(one.now.amount) for one in (a, b))
    said = [
        words("portfolio.versus.alt_row", name=one.name, values=formats.join(formats.money(value) for value in line))
        for one, line in zip((a, b), values, strict=True)
    ]
    return draw_pair(
        (a.name, b.name),
        (values[0], values[1]),
        (texts[0], texts[1]),
        context.look,
        title=words("portfolio.versus.chart"),
        subtitle=words("portfolio.versus.subtitle", currency=formats.currency_name),
        alt=words("portfolio.versus.alt", rows=" ".join(said)),
    )


def _amount(minor: int, worked: int, context: Context) -> float | None:
    """Return a quarter's won amount; None where there was nothing to work on."""
    return float(context.major(minor)) if worked else None
