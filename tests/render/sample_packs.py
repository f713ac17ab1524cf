"""Notebooks as an execution leaves them, with made-up figures: rich, empty, Korean, and with texts of every length."""

from __future__ import annotations

from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

MIME = "application/vnd.kpilib.part+json"


def bars(values: list[float], labels: list[str], width: float = 504.6, height: float = 150.0) -> str:
    """An SVG as matplotlib writes one: text as text, sizes in points."""
    top, step = max(values), width / len(values)
    drawn = []
    for place, (value, label) in enumerate(zip(values, labels, strict=True)):
        tall = value / top * (height - 32)
        x, y = place * step + step * 0.1, height - 16 - tall
        drawn.append(
            f'<g id="patch_{place}"><path d="M {x} {y} h {step * 0.8} v {tall} h {-step * 0.8} z" style="fill: #0b5cad"/></g>'
        )
        for text, height_of in ((label, height - 4), (f"{value:g}", y - 4)):
            drawn.append(
                f"<text style=\"font-size: 8px; font-family: 'Source Sans Pro', 'NanumGothic'; text-anchor: middle; fill: #5b6675\" "
                f'x="{x + step * 0.4}" y="{height_of}">{text}</text>'
            )
    return (
        '<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"\n'
        '  "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n'
        f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}" '
        'xmlns="http://www.w3.org/2000/svg" version="1.1">\n <metadata><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
        '</metadata>\n <defs>\n  <style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style>\n </defs>\n'
        f"{''.join(drawn)}</svg>\n"
    )


def chart(
    title: str, alt: str, subtitle: str = "", *, width: str = "full", height: float = 150.0, **drawn: Any
) -> dict[str, Any]:
    svg = bars(
        drawn.get("values", [31, 24, 45, 12, 38, 29]),
        drawn.get("labels", ["Apr", "May", "Jun", "Jul", "Aug", "Sep"]),
        504.6 if width == "full" else 243.8,
        height,
    )
    return {"kind": "chart", "svg": svg, "alt": alt, "title": title, "subtitle": subtitle, "width": width}


def table(
    title: str, labels: list[str], rows: list[list[Any]], note: str = "", *, total: bool = False
) -> dict[str, Any]:
    columns = [{"label": label, "align": "left" if place == 0 else "right"} for place, label in enumerate(labels)]
    held = [{"cells": row, "strong": total and row is rows[-1]} for row in rows]
    return {"kind": "table", "title": title, "columns": columns, "rows": held, "note": note, "row_header": True}


def note(text: Any, tone: str = "info") -> dict[str, Any]:
    return {"kind": "note", "text": text, "tone": tone}


def section(key: str, title: str, question: str, answer: Any, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": "section", "id": key, "title": title, "question": question, "answer": answer, "parts": list(parts),
            "status": None, "value": "", "small": [], **more}  # fmt: skip


def card(key: str, name: str, value: str, unit: str, status: tuple[str, str], change: Any, *, values: list[float | None] | None = None,
         target: tuple[str, float] | None = None, cohort: str = "", previous: str = "") -> dict[str, Any]:  # fmt: skip
    series = values or [None] * 8
    return {
        "key": key, "name": name, "value": value, "unit": unit, "status": {"key": status[0], "word": status[1]}, "change": change,
        "previous": previous, "cohort": cohort,
        "spark": {"values": series, "year_ago": 3, "alt": f"{name}: {', '.join(str(v) for v in series)}"},
        "target": target and {"text": target[0], "share": target[1], "reached": target[1] >= 1},
    }  # fmt: skip


def rich_page() -> dict[str, Any]:
    good, watch, act = ("good", "good"), ("watch", "watch"), ("act", "act")
    return {
        "kind": "page_one",
        "masthead": {"kicker": "Partner review · 2026 Q3", "title": "Nordlicht Systems", "logo": None,
                     "lines": ["Gold partner · North · with you: Mara Lindqvist", "data as of 30 September 2026"]},
        "verdict": {"lead": "A strong quarter that rests on two large deals.",
                    "text": "Won amount reached 104 % of target; fewer opportunities were opened than a year ago, so the next quarter "
                            "starts thin. Paid media cost more than it brought for the fourth quarter in a row."},
        "cards": [
            card("average_deal_size", "Average deal size", "31.4", "k USD · 14 deals", good, "+18 % on 2025 Q3, within normal variation",
                 values=[24, 26, 25, 26.6, 28, 24, 29, 31.4], cohort="partners’ median 26 k", previous="2026 Q2: 29 k"),
            card("deal_count", "Deal count", "14", "won 440 k USD", good, "+1 on 2025 Q3, within normal variation",
                 values=[9, 11, 12, 13, 10, 12, 15, 14], target=("104 % of 423 k", 1.04), cohort="partners’ median 11", previous="2026 Q2: 15"),
            card("opportunity_pipeline", "Opportunity pipeline", "612", "k USD · 27 open", watch, "−140 k USD on 2025 Q3",
                 values=[640, 700, 690, 752, 760, 700, 655, 612], target=("1.3 × next target", 0.65), cohort="9 open for over 114 days",
                 previous="2026 Q2: 655 k"),
            card("marketing_channels", "Marketing channels", "+0.4", "ROI of 61 k spent", act, "paid −0.6 · earned +2.1 · owned +3.4",
                 values=[1.2, 1.1, 0.9, 0.8, 0.7, 0.5, 0.5, 0.4], cohort="12 months: paid brought 7 k for 18 k", previous="2026 Q2: +0.5"),
            card("close_rate", "Close rate", "11.2", "% of 178 leads", good, "10.4 % in 2025 Q3, within normal variation",
                 values=[9.8, 10.9, 10.1, 10.4, 11.9, 10.2, 11, 11.2], cohort="95 % interval 7.4 to 16.7 %", previous="2026 Q2: 11.0 %"),
            card("deal_velocity", "Deal velocity", "5.9", "k USD a day", good,
                 [{"text": "faster", "strong": True}, {"text": ": cycle 51 days, was 64 in 2025 Q3"}],
                 values=[4.4, 4.2, None, 4.5, 4.9, 5.2, 5.5, 5.9], cohort="partners’ median 4.1 k", previous="2026 Q2: 5.5 k"),
            card("quality_score", "Quality score", "131", "100 = mean partner", good, "own past year = 112",
                 values=[104, 110, 109, 118, 116, 121, 125, 131], cohort="partners’ median 74", previous="2026 Q2: 125"),
            card("deal_success", "Deal success", "56", "% of 25 decided", watch, "64 % in 2025 Q3, within normal variation",
                 values=[61, 66, 62, 64, 63, 60, 59, 56], target=("93 % of 60 %", 0.93), cohort="5 of 11 lost went to Veld GmbH",
                 previous="2026 Q2: 59 %"),
        ],
        "legend": "Trend: eight quarters; the ring marks the same quarter of last year, the dot now. “Within normal variation”: the "
                  "difference is no larger than chance makes it at this number of deals.",
        "picture": chart("Less came in than went out", "Pipeline over the quarter: 752 k at the start, 612 k at the end.",
                         "pipeline over the quarter, k USD, by value", values=[752, 590, 440, 150, 140, 612], height=132.0,
                         labels=["open on 1 July", "created", "won", "lost", "lost to Veld", "open on 30 Sept"]),
        "agreed": {"title": "What we agreed in July", "empty": "", "rows": [
            {"status": "done", "word": "done", "text": "Demo centre in Kiel open for joint visits", "owner": "S. Brandt", "due": "15 Aug"},
            {"status": "overdue", "word": "overdue", "text": "Two engineers certified on release 9", "owner": "J. Okafor", "due": "30 Aug"},
            {"status": "dropped", "word": "dropped", "text": "Trade fair Hannover, shared stand", "owner": "S. Brandt", "due": ""}]},
        "plan": {"title": "What we propose now", "subtitle": "evidence and expected effect on page 7", "items": [
            {"text": "Move 12 k USD of paid search to the newsletter and referrals.", "kpi": "marketing_channels", "owner": "", "due": "",
             "evidence": "Three times the leads per dollar here.", "effect": "About 9 more leads a quarter."},
            {"text": "Review the 9 stale opportunities together; close or re-date them.", "kpi": "opportunity_pipeline", "owner": "",
             "due": "", "evidence": "9 of 27 open for over 114 days.", "effect": "A pipeline that can be planned with."},
            {"text": "Battle card and joint calls against Veld GmbH.", "kpi": "deal_success", "owner": "", "due": "",
             "evidence": "Five losses, 140 k USD, this quarter.", "effect": "One more deal in ten decided."}]},
        "outlook": {"title": "Outlook: 2026 Q4", "low": 240.0, "median": 370.0, "high": 520.0, "target": 470.0,
                    "text": [{"text": "Most likely "}, {"text": "370 k USD", "strong": True},
                             {"text": " won; four in five times between 240 and 520 k. Chance of the 470 k target: "},
                             {"text": "one in five", "strong": True}, {"text": "."}],
                    "labels": {"low": "240", "median": "370", "high": "520", "target": "target 470"},
                    "alt": "Range of the next quarter: 240 to 520 k USD, middle 370, target 470."},
        "comment": {"title": "From your channel manager", "author": "Mara", "paragraphs": [
            [{"text": "Congratulations on "}, {"text": "Hafenbau", "emph": True},
             {"text": ": the largest deal of the programme this year. Let us use October to refill the top of the funnel; I am in Kiel on "
                      "the 14th."}]]},
        "notes": ["Three rows of your export were repaired and one was left out; the appendix lists them."],
    }  # fmt: skip


def rich_sections() -> list[dict[str, Any]]:
    good, watch = {"key": "good", "word": "good"}, {"key": "watch", "word": "watch"}
    heat = [
        [f"2025 Q{q}", {"text": "8 %", "shade": 0.4}, {"text": "10 %", "shade": 0.6}, {"text": "11 %", "shade": 0.9}]
        for q in range(1, 5)
    ]
    small = "Amount of all won opportunities ÷ their number. Window: 1 July to 30 September 2026. n = 14."
    months = [
        ["July", "5", "4", "160 k"],
        ["August", "4", "3", "120 k"],
        ["September", "5", "4", "160 k"],
        ["Quarter", "14", "11", "440 k"],
    ]
    return [
        section("average_deal_size", "Average deal size", "Is each customer worth more over time?",
                [{"text": "Deals are larger, but two carry the mean: ", "strong": True},
                 {"text": "without Hafenbau and Werft 4 it would be 22 k USD, not 31 k."}],
                chart("Two deals carry the mean", "Fourteen deals between 4 and 120 k USD.", "k USD per deal, each a bar"),
                table("The deals that move the mean", ["Deal", "Amount", "Mean without"],
                      [["O-1042", "120 k", "24.6 k"], ["O-1077", "84 k", "27.4 k"], ["O-1101", "4 k", "33.5 k"]]),
                table("Spread", ["", "k USD"], [["Median", "22.0"], ["Smallest", "4.0"], ["Largest", "120.0"]]),
                value="31.4 k USD", status=good, small=[small]),
        section("deal_count", "Deal count", "How many deals, and what are they worth?", "14 deals for 440 k USD: 104 % of target.",
                chart("Won each month", "Five, four, five.", width="half", height=140.0, values=[5, 4, 5], labels=["Jul", "Aug", "Sep"]),
                table("By month", ["Month", "Won", "Lost", "Amount"], months, total=True),
                value="14", status=good, small=[small.replace("Amount of all won", "All won")]),
        section("opportunity_pipeline", "Opportunity pipeline", "Where do we stand against the target, and what changed?",
                "The pipeline shrank by 140 k USD: less was created than was won and lost.",
                chart("From 752 to 612 k USD", "Waterfall of the pipeline.", "month by month"),
                table("By stage", ["Stage", "Open", "Amount", "Probability", "Weighted"],
                      [["Qualified", "9", "180 k", "20 %", "36 k"], ["Proposal", "11", "260 k", "50 %", "130 k"],
                       ["Negotiation", "7", "172 k", "80 %", "138 k"], ["All", "27", "612 k", "", "304 k"]],
                      "Stages without a probability take the deal success of four quarters.", total=True),
                note("9 opportunities are open for longer than twice the median cycle.", "warning"), value="612 k USD", status=watch, small=[small]),
        section("close_rate", "Close rate", "Which leads become customers?", "One lead in nine became a deal within the quarter.",
                table("Lead cohorts mature", ["Leads of", "same quarter", "+1", "+2"], heat, "The later the reading, the higher the rate."),
                chart("By channel", "Referrals lead.", width="half", height=130.0), value="11.2 %", status=good, small=[small]),
        section("deal_success", "Deal success", "Which opportunities do we win?", "14 of 25 decided opportunities were won.",
                chart("By product", "Four products.", width="half", height=130.0), chart("Reasons of loss", "Price first.", width="half", height=130.0),
                value="56 %", status=watch, small=[small]),
        section("appendix", "Appendix", "What stands behind the numbers?", "Data, exclusions and thresholds.",
                table("Rows left out or repaired", ["Table", "Reason", "Rows"], [["leads", "unknown opportunity", "3"]]),
                small=["Status: act below 80 % of target; good from 100 %."]),
    ]  # fmt: skip


def empty_page() -> dict[str, Any]:
    none = ("none", "no status")
    names = ["Average deal size", "Deal count", "Opportunity pipeline", "Marketing channels", "Close rate", "Deal velocity", "Quality score",
             "Deal success"]  # fmt: skip
    page = rich_page()
    return {
        **page,
        "masthead": {**page["masthead"], "title": "Kleine Werft", "lines": ["Registered partner", "data as of 30 September 2026"]},
        "verdict": {"lead": "No deal was closed this quarter.", "text": "Three opportunities are open, the oldest for 41 days."},
        "cards": [card(f"k{i}", name, "0" if i == 1 else "–", "", none, "no deal to measure" if i != 1 else "none a year ago")
                  for i, name in enumerate(names)],
        "picture": None, "plan": None, "outlook": None, "comment": None,
        "agreed": {"title": "What we agreed", "rows": [], "empty": "This is the first review: nothing was agreed before."},
        "notes": ["There is no table of leads: close rate and marketing channels are not shown.",
                  "Fewer than four past quarters: no outlook."],
    }  # fmt: skip


def korean_page() -> dict[str, Any]:
    page = rich_page()
    names = [
        "평균 거래 규모",
        "거래 건수",
        "영업 기회 파이프라인",
        "마케팅 채널",
        "전환율",
        "거래 속도",
        "품질 점수",
        "거래 성공률",
    ]
    units = ["천 달러 · 14건", "수주 44만 달러", "천 달러 · 진행 27건", "지출 6만 1천 달러의 수익률", "% · 리드 178건", "천 달러/일", "100 = 평균 파트너",
             "% · 결정 25건"]  # fmt: skip
    words = {"good": "양호", "watch": "주의", "act": "조치"}
    for held, name, unit in zip(page["cards"], names, units, strict=True):
        held.update(
            name=name,
            unit=unit,
            change="2025년 3분기 대비 +18%, 통상적인 변동 범위 안",
            previous="2026년 2분기: 29",
            cohort="파트너 중앙값 26",
        )
        held["status"]["word"] = words[held["status"]["key"]]
        held["spark"]["alt"] = f"{name}: 여덟 분기의 추이"
    page["masthead"] = {"kicker": "파트너 리뷰 · 2026년 3분기", "title": "한빛정보통신시스템 주식회사", "logo": None,
                        "lines": ["골드 파트너 · 서울 · 담당: 김하늘", "2026년 9월 30일 기준 데이터"]}  # fmt: skip
    page["verdict"] = {"lead": "두 건의 큰 거래가 이끈 좋은 분기입니다.",
                       "text": "수주 금액은 목표의 104%에 이르렀습니다. 새로 열린 기회는 지난해보다 적어 다음 분기의 출발은 가볍습니다."}  # fmt: skip
    page["legend"] = "추이: 여덟 분기. 고리는 지난해 같은 분기, 점은 이번 분기입니다."
    page["picture"] = {**page["picture"], "title": "들어온 것보다 나간 것이 많았습니다", "subtitle": "분기 파이프라인, 천 달러",
                       "svg": bars([752, 590, 440, 612], ["7월 1일", "신규", "수주", "9월 30일"], height=132.0), "alt": "파이프라인의 변화"}  # fmt: skip
    page["agreed"] = {"title": "7월에 합의한 일", "empty": "", "rows": [
        {"status": "done", "word": "완료", "text": "부산 데모 센터를 공동 방문에 개방", "owner": "이서준", "due": "8월 15일"},
        {"status": "overdue", "word": "지연", "text": "릴리스 9 기술 인증 두 명", "owner": "박지우", "due": "8월 30일"}]}  # fmt: skip
    page["plan"] = {"title": "지금 제안하는 일", "subtitle": "근거와 기대 효과는 7쪽", "items": [
        {"text": "유료 검색 예산 1만 2천 달러를 뉴스레터와 추천으로 옮깁니다.", "evidence": "여기서는 달러당 리드가 세 배입니다.", "effect": "", "kpi": "",
         "owner": "", "due": ""},
        {"text": "오래 열린 기회 아홉 건을 함께 검토합니다.", "evidence": "27건 중 9건이 114일을 넘겼습니다.", "effect": "", "kpi": "", "owner": "",
         "due": ""}]}  # fmt: skip
    page["outlook"] = {**page["outlook"], "title": "전망: 2026년 4분기", "text": "가장 유력한 수주액은 37만 달러이며, 다섯 번 중 네 번은 24만에서 52만 사이입니다.",
                       "labels": {"low": "24만", "median": "37만", "high": "52만", "target": "목표 47만"}, "alt": "다음 분기의 범위"}  # fmt: skip
    page["comment"] = {
        "title": "채널 매니저의 말",
        "author": "김하늘",
        "paragraphs": ["올해 가장 큰 거래를 축하합니다. 10월에는 새 기회를 함께 채워 갑시다."],
    }
    page["notes"] = ["데이터 세 행을 고쳤고 한 행을 제외했습니다."]
    return page


def long_page() -> dict[str, Any]:
    page = rich_page()
    page["masthead"]["title"] = (
        "Gesellschaft für angewandte Informationsverarbeitung und Fernmeldetechnik Nordwest-Mecklenburg mbH & Co. KG"
    )
    page["masthead"]["lines"] = ["Platinum partner · North-West and Baltic Sea region · with you: Mara Lindqvist-Oppenheimer",
                                 "data as of 15 August 2026, 46 of 92 days, compared at the same day of the quarter"]  # fmt: skip
    page["verdict"]["text"] += " " + " ".join([page["verdict"]["text"]] * 2)
    for held in page["cards"]:
        held["change"] = (
            "−22.4 percentage points on 2025 Q3 at the same day, within normal variation at this number of deals"
        )
        held["cohort"] = "withheld: fewer than five other partners have a value"
        held["target"] = {"text": "104 % of 423.5 k USD, at 50 % of the quarter", "share": 1.04, "reached": True}
    page["agreed"]["rows"] = [{**row, "text": row["text"] + ", with the regional partner managers of both sides present"}
                              for row in page["agreed"]["rows"] * 3]  # fmt: skip
    page["plan"]["items"] = (page["plan"]["items"] * 2)[:5]
    page["comment"]["paragraphs"] = page["comment"]["paragraphs"] * 3
    page["notes"] = page["notes"] * 4
    return page


def notebook(*parts: dict[str, Any], cells: tuple[Any, ...] = (), **metadata: Any) -> nbformat.NotebookNode:
    """An executed notebook that displays the parts, one a cell, then the cells."""
    held = [
        new_code_cell("review", outputs=[new_output("display_data", data={MIME: part, "text/plain": "part"})])
        for part in parts
    ]
    book = new_notebook(cells=[*held, *cells])
    if metadata:
        book.metadata["kpilib"] = metadata
    return book


def markdown(text: str, **metadata: Any) -> nbformat.NotebookNode:
    return new_markdown_cell(text, metadata=metadata)


def shows(data: dict[str, Any], *, metadata: dict[str, Any] | None = None, **cell: Any) -> nbformat.NotebookNode:
    """A code cell with one output."""
    return new_code_cell("x", outputs=[new_output("display_data", data=data, metadata=metadata or {})], metadata=cell)


META = {
    "language": "en",
    "paper": "a4",
    "as_of": "2026-09-30",
    "footer": "data as of 30 September 2026 · slice 7c1f 09ae",
}
