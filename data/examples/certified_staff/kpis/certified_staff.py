"""Certified staff: how many of the partner's people hold a valid certificate.

The table beside this file names the partner's people, and their certificates, each from the day on which it is
known (``valid_from``) to the last day of a certificate (``valid_until``).

- ``value``: rate; people with a certificate valid on D ÷ people named by D. Undefined while nobody is named.
- ``n``: people named by D.
- companions: ``certified`` (people), ``by_certificate`` [certificate, people], most frequent first.

A certificate is a fact without chance: the change is stated and never judged.
"""

from __future__ import annotations

from collections import Counter

import pandas as pd
import seaborn as sns

from kpilib.kpis import Definition, Measure, register


def valid_certificates(facts, day):
    """Return the pairs of person and certificate that are valid on a day."""
    last = day.isoformat()
    rows = [row for row in facts.beside("certified_staff", day) if row["certificate"]]
    return {(row["person"], row["certificate"]) for row in rows if not row["valid_until"] or row["valid_until"] >= last}


def measure(facts, period):
    """Return the share of the people that is certified on the period's day."""
    people = {row["person"] for row in facts.beside("certified_staff", period.day)}
    certified = {person for person, _ in valid_certificates(facts, period.day)}
    return Measure(len(certified) / len(people), len(people)) if people else Measure(None, 0, "no_staff")


def companions(facts, period):
    """Return how many are certified, and for what."""
    pairs = valid_certificates(facts, period.day)
    counted = Counter(certificate for _, certificate in pairs)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return {
        "certified": len({person for person, _ in pairs}),
        "by_certificate": pd.DataFrame(ranked, columns=["certificate", "people"]),
    }


def draw(kpi, pack):
    """Return a bar per certificate; None while there is none: the last eight quarters are drawn then."""
    frame = kpi.companions["by_certificate"]
    if frame.empty:
        return None
    axes = sns.barplot(frame, x="people", y="certificate", color=pack.look.theme.palette.accent)
    axes.figure.set_size_inches(7.0, 0.5 + 0.3 * len(frame))
    axes.bar_label(axes.containers[0], padding=3)
    axes.set(xlabel="", ylabel="", xticks=[])
    sns.despine(ax=axes, bottom=True, left=True)
    counts = ", ".join(f"{row.certificate} {row.people}" for row in frame.itertuples())
    words = pack.words
    return pack.chart(
        axes.figure, alt=words("kpi.certified_staff.alt", counts=counts), title=words("kpi.certified_staff.chart")
    )


register(
    Definition(
        key="certified_staff",
        unit="rate",
        better="higher",
        formula="people with a valid certificate ÷ people named",
        numerator="people with a certificate that is valid on D",
        denominator="people named by D",
        window="as of D",
        empty="undefined while nobody is named",
        why="Does the partner have the people to sell and to deliver?",
        measure=measure,
        companions=companions,
        chart=draw,
        texts={
            "en": {
                "name": "Certified staff",
                "question": "Does the partner have the people to sell and to deliver?",
                "formula": "people with a valid certificate ÷ people named.",
                "n": {"one": "{count} person", "other": "{count} people"},
                "card": {"one": "of {count} person", "other": "of {count} people"},
                "answer": "{value} of the partner's people hold a certificate that is valid today.",
                "chart": "Valid certificates",
                "alt": "People by certificate: {counts}.",
                "reasons": {"no_staff": "No people are named."},
            },
            "ko": {
                "name": "인증 인력",
                "question": "판매하고 구축할 인력을 갖추었습니까?",
                "formula": "유효한 인증을 보유한 인원 ÷ 등록된 인원.",
                "n": {"other": "{count}명"},
                "card": {"other": "{count}명 중"},
                "answer": "인력의 {value}가 현재 유효한 인증을 보유하고 있습니다.",
                "chart": "유효한 인증",
                "alt": "인증별 인원: {counts}.",
                "reasons": {"no_staff": "등록된 인력이 없습니다."},
            },
        },
    )
)
