from __future__ import annotations

import os
from pathlib import Path

import pytest

from kpilib.errors import SettingsError
from kpilib.settings import find_settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("KPILIB_")]:
        monkeypatch.delenv(name)


def write(folder: Path, text: str) -> Path:
    path = folder / "kpilib.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_that_works_is_a_path(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, '[source]\npath = "data/sample"\n'))
    assert settings.root == tmp_path
    assert settings.reports == tmp_path / "reports"
    assert settings.money.currency == "USD"
    assert settings.source.rejected_limit("leads") == 0.02


def test_a_limit_may_be_set_for_all_tables_or_for_one(tmp_path: Path) -> None:
    all_tables = load_settings(write(tmp_path, "[source]\nmax_rejected_share = 0.06\n"))
    assert all_tables.source.rejected_limit("leads") == 0.06
    one = load_settings(write(tmp_path, "[source.max_rejected_share]\nleads = 0.5\n"))
    assert (one.source.rejected_limit("leads"), one.source.rejected_limit("spend")) == (0.5, 0.02)


def test_every_problem_of_the_file_is_named_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, '[sorce]\npath = "x"\n[money]\ncurency = "USD"\n[calendar]\nfiscal_year_start = 13\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).splitlines() == [
        f"{path} cannot be used:",
        "  [money] curency: no such setting. Did you mean: currency?",
        "  [calendar] fiscal_year_start: Input should be less than or equal to 12 (found 13)",
        "  [sorce]: no such setting. Did you mean: source?",
    ]


def test_what_is_not_toml_or_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not valid TOML: Expected '=' after a key"):
        load_settings(write(tmp_path, "[source]\npath"))
    missing = tmp_path / "nowhere.toml"
    with pytest.raises(SettingsError) as caught:
        load_settings(missing)
    assert str(caught.value) == f"No settings file {missing}. Name an existing one with --settings."


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPILIB_MONEY__CURRENCY", "EUR")
    assert load_settings(write(tmp_path, '[money]\ncurrency = "USD"\n')).money.currency == "EUR"


@pytest.mark.parametrize(("name", "value"), [("KPILIB_EMAIL", "x"), ("KPILIB_EMAIL__CC", "me@vendor.example")])
def test_a_variable_that_cannot_be_read_is_named_without_its_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("KPILIB_EMAILS", "another")
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, ""))
    assert str(caught.value) == (
        f"The environment cannot be used: {name} is not valid for [email]. A variable holds one setting, as in "
        "KPILIB_EMAIL__HOST=smtp.example.com; lists and tables are JSON, as in KPILIB_EMAIL__CC='[\"me@example.com\"]'."
    )


@pytest.mark.parametrize("name", ["A\\nB", "A\\rB", "A\\u2028B", "A\\u0000B"])
def test_a_name_beside_the_sender_is_one_line(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, f'[email]\nsender_name = "{name}"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).splitlines()[1].startswith("  [email] sender_name: must be one line of text (found 'A")
    assert load_settings(write(tmp_path, '[email]\nsender_name = "Zoë\u00a0& Söhne, 파트너"\n')).email.sender_name


def test_the_nearest_settings_above_are_found(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    inner = tmp_path / "notebooks" / "deep"
    inner.mkdir(parents=True)
    assert find_settings(inner) == path
