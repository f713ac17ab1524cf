"""A build with a pack that holds what is another partner's: it is held back with the finding, and sent by nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kpilib.build.manifest import Failure
from kpilib.render.leaks import Records, Watchlist
from kpilib.render.readback import Passage

PARTNERS = """\
partner_id,name,contact_name,contact_email,manager
P1,Alder Systems,Ana Bell,ana@agency.example,Ingrid
P2,Quillmark Digital,Otto Reh,ana@agency.example;otto@quillmark.example,Ingrid
P3,Summit,,,Ingrid
"""
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O-101,P1,2026-07-01,2026-09-30,won,200.00
O-202,P2,2026-07-02,2026-09-30,won,300.00
O-303,P3,2026-07-02,2026-09-30,won,300.00
"""
PARAMETERS = 'partner = "P1"\nquarter = "2026Q3"\nas_of = ""\naudience = "partner"\nlanguage = ""'
SHOWS = """\
# P2 is an exception: code is the workspace's own
said = {"P1": "ana@agency.example and Ingrid", "P2": "Summit is what we climb", "P3": "as good as Quillmark Digital"}
print(said[partner])
"""
INTERNAL = "print('our margin on ' + partner)"


def write_desk(root: Path) -> None:
    (root / "data").mkdir(parents=True)
    (root / "notebooks").mkdir()
    (root / "data" / "partners.csv").write_text(PARTNERS)
    (root / "data" / "opportunities.csv").write_text(OPPORTUNITIES)
    (root / "kpilib.toml").write_text('[source]\npath = "data"\n')
    cells = [
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="p"),
        new_code_cell(SHOWS, id="s"),
        new_code_cell(INTERNAL, metadata={"tags": ["internal"]}, id="i"),
    ]
    path = root / "notebooks" / "partner_review.ipynb"
    path.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")


def test_a_leaking_pack_is_held_back_and_its_approval_refused(tmp_path: Path, kpilib: Callable[..., str]) -> None:
    """P1 names its shared mailbox and manager: no leak. P2 says a word that is P3's name; P3 names P2."""
    root = tmp_path / "desk"
    write_desk(root)
    said = kpilib(root, "build", "2026Q3", said=1)
    assert "1 made, 0 fresh, 2 failed" in said
    assert "P3 2026Q3: the finished pages hold what belongs to another partner, and were held back:" in said
    quarter = root / "reports" / "2026Q3"
    assert not (quarter / "P2").exists()
    assert not (quarter / "P3").exists()
    failed = quarter / "failed" / "P3"
    failure = Failure.read(failed)
    assert failure is not None
    assert failure.kind == "leak"
    assert {finding.partition(": ")[2] for finding in failure.findings} == {
        "'Quillmark Digital' is the name of partner P2"
    }
    places = {finding.partition(": ")[0] for finding in failure.findings}
    assert {"review.html, text", "review.pdf, page 1"} <= places
    assert any(place.startswith("review.ipynb, cell") for place in places)
    assert {path.name for path in failed.iterdir()} == {
        "failure.json", "review.html", "review.pdf", "review.ipynb", "kpis.json",
    }  # fmt: skip
    assert "P3: failed last time" in kpilib(root, "approve", "2026Q3", "--all-but", "P1", said=1)

    for path in (quarter / "P1").iterdir():
        assert b"our margin" not in path.read_bytes()
    cells = json.loads((quarter / "P1" / "review.ipynb").read_text())["cells"]
    assert [cell["id"] for cell in cells] == ["p", "injected-parameters", "s"]

    with (root / "kpilib.toml").open("a") as settings:
        settings.write('[leaks.allow]\n"Summit" = "a word of our notebook"\n')
    said = kpilib(root, "build", "2026Q3", said=1)
    assert "1 made, 1 fresh, 1 failed" in said
    assert (quarter / "P2" / "pack.json").exists()
    assert not (quarter / "failed" / "P2").exists()


def test_a_partner_who_joins_later_is_looked_for_in_finished_packs(tmp_path: Path, kpilib: Callable[..., str]) -> None:
    """P1's comment tells of a company that becomes a partner once the pack is approved."""
    root = tmp_path / "desk"
    write_desk(root)
    with (root / "kpilib.toml").open("a") as settings:
        settings.write('[email]\nhost = "127.0.0.1"\nsender = "reviews@vendor.example"\n')
    cells = [
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}, id="p"),
        new_code_cell("print('what Zephyrhill Software had wanted')", id="s"),
    ]
    notebook = root / "notebooks" / "partner_review.ipynb"
    notebook.write_text(nbformat.writes(new_notebook(cells=cells)), encoding="utf-8")
    kpilib(root, "build", "2026Q3", "--partner", "P1", "--partner", "P3")
    kpilib(root, "approve", "2026Q3", "--partner", "P1")
    assert "would be sent" in kpilib(root, "send", "2026Q3", "--partner", "P1")
    with (root / "data" / "partners.csv").open("a") as partners:
        partners.write("P9,Zephyrhill Software,,,Ingrid\n")

    assert "fresh" in kpilib(root, "build", "2026Q3", "--partner", "P1", "--plan")
    told = kpilib(root, "send", "2026Q3", "--partner", "P1", said=1)
    assert "refused" in told
    assert "Zephyrhill" in told
    told = kpilib(root, "approve", "2026Q3", "--partner", "P3", said=1)
    assert "Nothing is approved." in told
    assert "'Zephyrhill Software' is the name of partner P9" in told
    told = kpilib(root, "build", "2026Q3", "--partner", "P1", said=1)
    assert "0 made, 0 fresh, 1 failed" in told
    quarter = root / "reports" / "2026Q3"
    assert not (quarter / "P1").exists()
    assert (quarter / "failed" / "P1" / "review.pdf").exists()
    assert "1 to make" in kpilib(root, "build", "2026Q3", "--partner", "P1", "--plan")
    with (root / "kpilib.toml").open("a") as settings:
        settings.write('[leaks.allow]\n"Zephyrhill Software" = "a word of our notebook"\n')
    page = quarter / "P3" / "review.pdf"
    whole = page.read_bytes()
    page.write_bytes(bytes(len(whole)))
    told = kpilib(root, "approve", "2026Q3", "--partner", "P3", said=1)
    assert "P3 2026Q3: the finished pages could not be searched for what belongs to another partner" in told
    page.write_bytes(whole)
    assert "1 approved" in kpilib(root, "approve", "2026Q3", "--partner", "P3")


# Ids, of which there may be millions


def watch(**ids: str) -> Watchlist:
    partners = [{"partner_id": name, "name": f"Name {name}"} for name in ("me", "other")]
    return Watchlist(partners, records=Records([(list(ids.values()), [key.rstrip("0123456789") for key in ids])]))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("006Ab00000XyZ12", "won: 006Ab00000XyZ12."),
        ("O-2026/77", "see O-2026/77, and others"),
        ("OPP.12_A", "OPP.12_A/OPP.13"),
        ("OPP-1234", "OPP-\n1234"),
        ("OPP-1234", "OPP\x02\n1234"),
        ("OPP1234", "OPP12\n34"),
        ("1234567", "deal 1234567 closed"),
        ("Gebühr №7", "die Gebühr №7 war"),
        ("alpha", "the deal Alpha"),
    ],
)
def test_an_id_of_anothers_opportunity_is_found_in_any_shape(key: str, text: str) -> None:
    found = watch(other=key).find_leaks("me", [Passage("x", text)])
    assert [str(finding) for finding in found] == [f"x: {key!r} is an opportunity or lead of partner other"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("OPP-12", "OPP-123 and XOPP-12"),
        ("12345", "12345 deals"),  # too short to tell from any figure
        ("152000", "152000.00"),
        ("alpha", "alphabet"),
    ],
)
def test_what_only_looks_like_an_id_is_none(key: str, text: str) -> None:
    assert watch(other=key).find_leaks("me", [Passage("x", text)]) == []


def test_an_id_that_is_ones_own_too_is_no_leak() -> None:
    both = Records([(["X-1", "odd one"], ["me", "me"]), (["X-1", "odd one"], ["other", "other"])])
    partners = [{"partner_id": name, "name": f"Name {name}"} for name in ("me", "other")]
    assert Watchlist(partners, records=both).find_leaks("me", [Passage("x", "X-1 and odd one")]) == []


@pytest.mark.parametrize(
    ("text", "leaks"),
    [
        ("O-57\n06 days, Quill 1\n2 deals, me\n2 leads", []),  # a cell of a table, and the next one
        ("O-57\x02\n06 days", []),
        ("O-57\n06 days, and O-5706", ["O-5706"]),
        ("O-\n5706", ["O-5706"]),
        ("O-5\n706", ["O-5706"]),
        ("Quill 1\n2 deals, Quill\n12", ["Quill 12"]),
        ("Qui\x02\nll 12", ["Quill 12"]),
        ("m\ne2", ["me2"]),
    ],
)
def test_what_is_ones_own_and_the_next_lines_figure_make_nobodys_id(text: str, leaks: list[str]) -> None:
    partners = [{"partner_id": "me", "name": "Quill 1"}, {"partner_id": "me2", "name": "Quill 12"}]
    watchlist = Watchlist(partners, records=Records([(["O-57", "O-5706"], ["me", "me2"])]))
    assert [finding.text for finding in watchlist.find_leaks("me", [Passage("x", text)])] == leaks


def test_a_hundred_thousand_ids_take_twelve_bytes_each() -> None:
    keys = [f"006Ab{number:010d}" for number in range(100_000)]
    records = Records([(keys, [f"P{number % 50}" for number in range(100_000)])])
    assert records._hashes.nbytes + records._owners.nbytes == 1_200_000
    assert records.owners(["006Ab0000000007", "006Ab9999999999"]) == {"006Ab0000000007": ["P7"]}
