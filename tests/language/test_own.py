"""Languages of a workspace's own: one file each, English where it has no text, and nothing that leaves a hole."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from kpilib.build.fingerprint import slice_hashes
from kpilib.build.round import Round
from kpilib.cli import app
from kpilib.doctor import CHECKS, Report, State
from kpilib.errors import SettingsError
from kpilib.formats import Formats
from kpilib.language import Words, fallback_language, languages, own_catalogue, speak
from kpilib.language.own import list_missing, list_unknown, read_catalogues, write_missing
from kpilib.portfolio.gathering import Gathering, gather
from kpilib.review import Review
from kpilib.settings import load_settings
from kpilib.slice import Slice
from kpilib.store import Store

GERMAN = """\
kpi.deal_count.name = "Abschlüsse"
status.good = "gut"
count.deals.one = "{count} Abschluss"
count.deals.other = "{count} Abschlüsse"

[page]
page_of = "Seite {page} von {pages}"
"""
PARTNERS = "partner_id,name,locale\nP1,Alder,de\nP2,Birch,fr\n"
OPPORTUNITIES = """\
opportunity_id,partner_id,created_on,closed_on,outcome,amount
O1,P1,2026-07-01,2026-07-15,won,1234.50
O2,P2,2026-07-02,2026-09-30,won,400
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    speak({})


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "languages").mkdir()
    (tmp_path / "kpilib.toml").write_text('[source]\npath = "data"\n')
    (tmp_path / "data" / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    (tmp_path / "data" / "opportunities.csv").write_text(OPPORTUNITIES, encoding="utf-8")
    (tmp_path / "languages" / "de.toml").write_text(GERMAN, encoding="utf-8")
    return tmp_path


def refused(workspace: Path, text: str, name: str = "de.toml") -> str:
    (workspace / "languages" / name).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(workspace / "kpilib.toml")
    return str(caught.value)


def test_a_text_of_one_s_own_and_english_where_there_is_none(workspace: Path) -> None:
    load_settings(workspace / "kpilib.toml")
    assert (languages(), fallback_language("de-AT")) == (["de", "en", "ko"], "de")
    words = Words("de")
    assert words("kpi.deal_count.name") == "Abschlüsse"
    assert words("kpi.deal_success.name") == "Deal success"
    assert [words("count.deals", count=count) for count in (1, 1400)] == ["1 Abschluss", "1.400 Abschlüsse"]
    # Numbers and dates are the language's from the first day on: CLDR has them.
    assert Formats("de", "EUR").money(1234.5, compact=False) == "1.234,50\u00a0EUR"
    assert str(words.locale) == "de"
    # Another workspace's language is not this one's.
    (workspace / "languages" / "de.toml").unlink()
    load_settings(workspace / "kpilib.toml")
    assert languages() == ["en", "ko"]
    with pytest.raises(SettingsError):
        Words("de")


def test_other_words_for_a_language_that_comes_with_kpilib(workspace: Path) -> None:
    (workspace / "languages" / "en.toml").write_text('kpi.deal_count.name = "Wins"')
    load_settings(workspace / "kpilib.toml")
    assert Words("en")("kpi.deal_count.name") == "Wins"
    assert Words("en")("kpi.deal_success.name") == "Deal success"
    assert Words("ko")("kpi.deal_count.name") != "Wins"


def test_a_changed_text_changes_the_slices_of_its_language_alone(workspace: Path) -> None:
    def hashes() -> dict[str, tuple[str, dict[str, str]]]:
        around = Round.open(load_settings(workspace / "kpilib.toml"))
        return {partner_id: slice_hashes(around.cut(partner_id)) for partner_id in ("P1", "P2")}

    before = hashes()
    (workspace / "languages" / "de.toml").write_text(GERMAN.replace("gut", "sehr gut"), encoding="utf-8")
    after = hashes()
    assert before["P1"][0] != after["P1"][0]
    assert {name for name, part in before["P1"][1].items() if after["P1"][1][name] != part} == {"catalogue"}
    assert before["P2"] == after["P2"]


def test_a_locale_becomes_known_with_its_catalogue(workspace: Path) -> None:
    catalogue = workspace / "languages" / "de.toml"
    catalogue.unlink()
    assert Store.open(load_settings(workspace / "kpilib.toml")).partner("P1")["locale"] is None
    catalogue.write_text(GERMAN, encoding="utf-8")
    store = Store.open(load_settings(workspace / "kpilib.toml"))
    assert [store.partner(name)["locale"] for name in ("P1", "P2")] == ["de", None]


def test_a_slice_and_a_gathering_bring_their_texts_along(workspace: Path) -> None:
    settings = load_settings(workspace / "kpilib.toml")
    around = Round.open(settings)
    sliced = around.cut("P1").to_bytes()
    gathered = gather(around.store, around.cohort, settings, quarter=around.quarter, as_of=around.as_of, language="de")
    assert gathered is not None
    words = pickle.dumps(Words("de"))
    for read in (Slice.from_bytes, Gathering.from_bytes):
        speak({})
        read(sliced if read == Slice.from_bytes else gathered.to_bytes())
        assert Words("de")("status.good") == "gut"
    speak({})
    assert pickle.loads(words)("status.good") == "gut"
    speak({})
    card = next(card for card in Review(Slice.from_bytes(sliced)).page_one.cards if card.key == "deal_count")
    assert (card.name, card.status.word) == ("Abschlüsse", "gut")


def test_words_of_one_workspace_do_not_reach_the_next_one_s_pages(workspace: Path) -> None:
    """A worker of a cluster serves one workspace after the other."""
    catalogue = workspace / "languages" / "en.toml"
    settings = workspace / "kpilib.toml"
    without = Round.open(load_settings(settings)).cut("P2").to_bytes()
    catalogue.write_text('[status]\ngood = "splendid"\n', encoding="utf-8")
    with_own = Round.open(load_settings(settings)).cut("P2").to_bytes()
    speak({})
    told = []
    for sliced in (without, with_own, without):
        review = Review(Slice.from_bytes(sliced))
        told.append(Words("en")("status.good"))
        assert review.page_one.cards
    assert told == ["good", "splendid", "good"]


def test_a_review_opens_in_it(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workspace)
    assert Review.open("P2", "2026Q3", language="de").page_one.cards[1].name == "Abschlüsse"
    with pytest.raises(SettingsError) as caught:
        Review.open("P2", "2026Q3", language="da")
    assert str(caught.value) == "language = 'da' has no catalogue: there are de, en, ko."


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('status.good = 7', "status.good is 7 and no text. Write it in quotation marks."),
        ('page.page_of = "{page} von {seiten}"',
         "page.page_of asks for {seiten}; its places are {page}, {pages}."),
        ('page.page_of = "{page von"',
         "page.page_of = '{page von': expected '}' before end of string. A brace that is text is written twice."),
        ('count.deals.one = "{count} Abschluss"', "count.deals lacks the form count.deals.other."),
        ('count.deals.few = "x"\ncount.deals.other = "y"',
         "count.deals.few: de has no such form; it has one, other."),
        ('status.good = { one = "a", other = "b" }',
         "status.good has plural forms, and the text that it stands for has none. Write one text."),
        ("status", "cannot be read: Expected '=' after a key in a key/value pair (at end of document)."),
    ],
)  # fmt: skip
def test_what_would_leave_a_hole_is_refused(workspace: Path, text: str, told: str) -> None:
    assert refused(workspace, text) == f"languages/de.toml: {told}"


def test_all_problems_of_all_files_are_told_at_once(workspace: Path) -> None:
    (workspace / "languages" / "german.toml").write_text("")
    assert refused(workspace, "status.good = 7\nstatus.act = 8") == (
        "languages/de.toml: status.good is 7 and no text. Write it in quotation marks.\n"
        "languages/de.toml: status.act is 8 and no text. Write it in quotation marks.\n"
        "languages/german.toml: there is no language 'german'. Call the file like de.toml, by the language's code, "
        'or name one in it: language.locale = "de".'
    )


def test_what_is_missing_and_what_is_not_asked_for(workspace: Path) -> None:
    path = workspace / "languages" / "de.toml"
    held = read_catalogues(path.parent)["de"]
    missing = list_missing("de", held)
    assert "kpi.deal_success.name" in missing
    assert missing.keys().isdisjoint({"kpi.deal_count.name", "count.deals", "page.page_of", "language.locale"})
    lines = write_missing("de", held).splitlines()
    assert '# status.watch = "watch"' in lines
    assert '# count.leads.one = "{count}\\u00a0lead"' in lines
    # Each line is one of a catalogue: with all signs taken away, nothing is missing.
    path.write_text("\n".join([GERMAN.partition("[page]")[0], *(line[2:] for line in lines[1:])]), encoding="utf-8")
    assert list_missing("de", read_catalogues(path.parent)["de"]).keys() == {"page.page_of"}
    assert list_unknown("de", {"kpi": {"staff": {"name": "x"}, "deal_cuont": {"name": "y"}}}, ["staff"]) == [
        "no text 'kpi.deal_cuont.name'. Did you mean: kpi.deal_count.name?"
    ]


def test_doctor_tells_of_it(workspace: Path) -> None:
    settings = load_settings(workspace / "kpilib.toml")
    count = len(list_missing("de", {}))
    assert CHECKS["languages"].look(settings) == Report(
        State.OPTIONAL, f"de lacks {len(list_missing('de', own_catalogue('de') or {}))} of {count} texts",
        "English stands in for the others. They are printed by kpilib texts de",
    )  # fmt: skip
    path = workspace / "languages" / "de.toml"
    path.write_text('status.godo = "gut"')
    assert CHECKS["languages"].look(load_settings(workspace / "kpilib.toml")) == Report(
        State.MISSING, "1 texts that no page asks for", "de.toml has no text 'status.godo'. Did you mean: status.good?"
    )


def test_the_command_prints_what_is_missing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    app(["texts", "de"], standalone_mode=False)
    out, err = capsys.readouterr()
    assert '# kpi.deal_success.name = "Deal success"' in out.splitlines()
    assert '# kpi.deal_count.name = "Deal count"' not in out.splitlines()
    assert err.startswith("de lacks ")


def test_the_command_writes_them_into_the_file_and_leaves_what_it_says(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    path = workspace / "languages" / "de.toml"
    before = read_catalogues(path.parent)["de"]
    app(["texts", "de", "--write"], standalone_mode=False)
    first = path.read_text(encoding="utf-8")
    assert first.endswith(GERMAN)
    assert read_catalogues(path.parent)["de"] == before
    path.write_text(first.replace('# status.watch = "watch"', 'status.watch = "beobachten"'), encoding="utf-8")
    app(["texts", "de", "--write"], standalone_mode=False)
    second = path.read_text(encoding="utf-8")
    assert second.count("status.watch") == second.count("status.act") == 1
    assert read_catalogues(path.parent)["de"] == {**before, "status": {"good": "gut", "watch": "beobachten"}}
    app(["texts", "fr", "--write"], standalone_mode=False)
    assert read_catalogues(path.parent)["fr"] == {}
