"""What is another partner's is found wherever it stands in a finished pack, and what is not is left alone.

========== ===================== ================= =============================
partner_id name                  contact_name      contact_email
========== ===================== ================= =============================
P001       Norvane Systems       Amelia Abernathy  amelia@norvane.example
P002       Lindqvist & Marlo     Petra Laurent     p@marlo.example;hub@agency.example
P003       한빛시스템즈           김서준             kim@hanbit.example
P004       Open                                    hub@agency.example
77         Grünfelder-Brücke AG
P001B      Straße & Söhne
========== ===================== ================= =============================
"""

from __future__ import annotations

import pytest
from sample_packs import META, TEMPLATES, bars, notebook, parts

from kpilib.render.leaks import Records, Watchlist
from kpilib.render.pages import render_pack
from kpilib.render.readback import Passage, read_files

PARTNERS = [
    {"partner_id": "P001", "name": "Norvane Systems", "contact_name": "Amelia Abernathy",
     "contact_email": "amelia@norvane.example", "manager": "Ingrid Solheim"},
    {"partner_id": "P002", "name": "Lindqvist & Marlo", "contact_name": "Petra Laurent",
     "contact_email": "p@marlo.example;hub@agency.example", "manager": "Ingrid Solheim"},
    {"partner_id": "P003", "name": "한빛시스템즈", "contact_name": "김서준", "contact_email": "kim@hanbit.example"},
    {"partner_id": "P004", "name": "Open", "contact_name": None, "contact_email": "hub@agency.example"},
    {"partner_id": "77", "name": "Grünfelder-Brücke AG", "contact_name": None, "contact_email": None},
    {"partner_id": "O1", "name": "O\u2019Hara Systems", "contact_name": None, "contact_email": None},
    {"partner_id": "D1", "name": "D'Arcy Cloud", "contact_name": None, "contact_email": None},
    {"partner_id": "P001B", "name": "Straße & Söhne", "contact_name": None, "contact_email": None},
]  # fmt: skip


@pytest.fixture(scope="module")
def watchlist() -> Watchlist:
    return Watchlist(PARTNERS)


def found(watchlist: Watchlist, text: str, partner: str = "P001") -> list[str]:
    return [finding.text for finding in watchlist.find_leaks(partner, [Passage("x", text)])]


@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("as Lindqvist & Marlo did", "Lindqvist & Marlo"),
        ("LINDQVIST & MARLO", "Lindqvist & Marlo"),
        ("Lindqvist\u00a0&\r\nMarlo", "Lindqvist & Marlo"),
        ("Lind\u00adqvist & Mar\u200blo", "Lindqvist & Marlo"),
        ("Lind-\r\nqvist & Marlo", "Lindqvist & Marlo"),
        ("Lind\x02qvist & Marlo", "Lindqvist & Marlo"),
        ("Gru\u0308nfelder-\r\nBrücke AG", "Grünfelder-Brücke AG"),
        ("STRASSE & SÖHNE", "Straße & Söhne"),
        ("ｌｉｎｄｑｖｉｓｔ ＆ ｍａｒｌｏ", "Lindqvist & Marlo"),
        ("Petra Laurent's deals", "Petra Laurent"),
        ("mailto:p@marlo.example?subject=x", "p@marlo.example"),
        ("한빛시스템즈는 수주했습니다", "한빛시스템즈"),
        ("한빛시스\n템즈", "한빛시스템즈"),
        ("담당 김서준님", "김서준"),
        ("see P002.", "P002"),
        ("reports/p002/review", "P002"),
        ("Open won more", "Open"),
        ("O'Hara Systems, O\u02bcHara", "O\u2019Hara Systems"),
        ("D\u2019ARCY CLOUD", "D'Arcy Cloud"),
        ("Grünfelder\u2013Brücke AG", "Grünfelder-Brücke AG"),
        ("Grünfelder Brücke AG", "Grünfelder-Brücke AG"),
        ("d'arcy-cloud.example", "D'Arcy Cloud"),
        ("D'Arcy_Cloud_2026.pdf", "D'Arcy Cloud"),
        ("petra-laurent", "Petra Laurent"),
    ],
)
def test_found(watchlist: Watchlist, text: str, leak: str) -> None:
    assert found(watchlist, text) == [leak]


@pytest.mark.parametrize(
    "text",
    [
        "Norvane Systems, Amelia Abernathy, amelia@norvane.example, P001",
        "with you: Ingrid Solheim",
        "P0021 xP002 P002_a",
        "Lindqvist and Marlo",
        "27 opportunities are open",
        "77 deals, 77 %",
        "한빛시스템즈코리아",
        "김서준영",
    ],
)
def test_not_found(watchlist: Watchlist, text: str) -> None:
    assert found(watchlist, text) == []


def test_what_own_row_or_workspace_or_allow_list_hold_is_no_leak(watchlist: Watchlist) -> None:
    workspace = Watchlist(PARTNERS, shared=["reply to: Petra Laurent <p@marlo.example>"])
    allowing = Watchlist(PARTNERS, allow={"Lindqvist & Marlo": "our auditor, named in every footer"})

    assert found(watchlist, "hub@agency.example", "P004") == []
    assert found(watchlist, "hub@agency.example", "P001") == ["hub@agency.example", "hub@agency.example"]
    assert found(workspace, "Petra Laurent, p@marlo.example") == []
    assert found(allowing, "lindqvist & MARLO") == []
    assert found(watchlist, "d'arcy cloud, D\u2019Arcy-Cloud", "D1") == []
    assert found(Watchlist(PARTNERS, allow={"D'Arcy-Cloud": "our tool's name"}), "D'Arcy Cloud") == []


def test_an_id_that_begins_like_ones_own_is_another(watchlist: Watchlist) -> None:
    assert found(watchlist, "P001B") == ["P001B"]
    assert found(watchlist, "P001", "P001B") == ["P001"]


def test_a_finding_says_where_and_whose(watchlist: Watchlist) -> None:
    (finding,) = watchlist.find_leaks("P001", [Passage("review.pdf, page 3", "Lindqvist & Marlo")])

    assert str(finding) == "review.pdf, page 3: 'Lindqvist & Marlo' is the name of partner P002"


SLOTS = ["chart text", "alt", "title", "cell", "bookmark", "spark", "notebook only", "file name", "metadata"]


@pytest.mark.parametrize("slot", SLOTS)
def test_found_wherever_a_finished_pack_holds_it(watchlist: Watchlist, slot: str) -> None:
    name = "Lindqvist & Marlo"
    page, section, *_ = parts("rich")
    chart = section["parts"][0]
    if slot == "chart text":
        chart["svg"] = bars([1, 2], [name, "b"], 500, 100)
    elif slot == "alt":
        chart["alt"] = f"Beside {name}."
    elif slot == "title":
        page["verdict"]["text"] = name
    elif slot == "cell":
        section["parts"][1]["rows"][0]["cells"][0] = name
    elif slot == "bookmark":
        section["title"] = name
    elif slot == "spark":
        page["cards"][0]["spark"]["alt"] = name
    book = notebook(page, section, **{**META, "footer": name if slot == "metadata" else ""})
    rendered = render_pack(book, templates=TEMPLATES)
    if slot == "notebook only":
        book.cells[0].outputs[0].data["text/html"] = "<p>Lindqvist <b>&amp; Marlo</b></p>"
    import nbformat

    files = {"review.html": rendered.html, "review.pdf": rendered.pdf, "review.ipynb": nbformat.writes(book).encode()}
    if slot == "file name":
        files = {f"Review {name}.pdf": rendered.pdf}

    places = {finding.place.partition(",")[0] for finding in watchlist.find_leaks("P001", read_files(files))}

    expected = {"notebook only": {"review.ipynb"}, "file name": {"the file's name"}}
    assert places == expected.get(slot, set(files))


def test_a_clean_pack_has_no_finding_once_a_name_that_is_a_word_is_allowed(watchlist: Watchlist) -> None:
    rendered = render_pack(notebook(*parts("rich"), **META), templates=TEMPLATES)
    passages = list(read_files({"a.html": rendered.html, "a.pdf": rendered.pdf}))
    allowing = Watchlist(PARTNERS, allow={"Open": "heads a column of every pack"})

    assert {finding.text for finding in watchlist.find_leaks("P001", passages)} == {"Open"}
    assert allowing.find_leaks("P001", passages) == []


def test_ids_of_opportunities_and_leads_are_looked_up() -> None:
    records = Records([(["O-10", "O-20", "12", "900012"], ["P001", "P002", "P002", "P002"])])
    passages = [Passage("x", "O-10 O-20, Q-33 2026Q3 12 and 900012; 31.4"), Passage("y", "O-20")]

    leaks = Watchlist(PARTNERS, records=records).find_leaks("P001", passages)

    assert sorted(map(str, leaks)) == [
        "x: '900012' is an opportunity or lead of partner P002",
        "x: 'O-20' is an opportunity or lead of partner P002",
    ]


def test_five_thousand_partners_are_one_automaton() -> None:
    import time

    many = [{"partner_id": f"Z{number:05}", "name": f"Partner Number {number} GmbH"} for number in range(5000)]
    watchlist = Watchlist(many)
    text = "Partner Number 77 GmbH " + "nothing of anyone stands here " * 2000

    started = time.process_time()
    leaks = watchlist.find_leaks("Z00001", [Passage("x", text)])

    assert [leak.text for leak in leaks] == ["Partner Number 77 GmbH"]
    assert time.process_time() - started < 0.5
