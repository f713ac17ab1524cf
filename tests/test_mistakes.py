"""Twenty mistakes that a new user is likely to make, each made for real: what the command says, in full.

One or two lines that say what to do, never a traceback. ``WORKSPACE`` stands for the workspace's folder.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from kpilib.__main__ import main
from kpilib.build.lock import hold
from kpilib.sample import write_sample
from kpilib.workspace import lay_out

PARTNER = ("2026Q3", "--partner", "P001")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with made-up data of three partners, read once."""
    folder = tmp_path_factory.mktemp("laid-out") / "workspace"
    lay_out(folder)
    write_sample(folder / "data" / "sample", partners=3, years=1)
    subprocess.run([sys.executable, "-m", "kpilib", "-q", "check"], check=True, cwd=folder, capture_output=True)
    return folder


@pytest.fixture
def workspace(laid_out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(laid_out, folder)
    monkeypatch.chdir(folder)
    return folder


class Said:
    """What a command printed, with the workspace's folder as ``WORKSPACE``, and its exit code."""

    def __init__(self, workspace: Path, code: int, errors: str) -> None:
        self.code = code
        self.text = errors.replace(str(workspace), "WORKSPACE").rstrip("\n")
        assert "Traceback" not in self.text

    def be(self, code: int, text: str) -> None:
        """Make sure that it is this."""
        assert (self.code, self.text) == (code, text)


@pytest.fixture
def say(workspace: Path, capsys: pytest.CaptureFixture[str]):
    """Run a command here; return its exit code and what it wrote to standard error."""

    def run(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        return Said(workspace, int(ended.value.code or 0), capsys.readouterr().err)

    return run


def start(workspace: Path, *arguments: str, python: str = sys.executable, before: tuple[str, ...] = ()) -> Said:
    """Run a command in a process of its own, as a user would; return the same."""
    ended = subprocess.run(
        [*before, python, "-m", "kpilib", *arguments], check=False, cwd=workspace, capture_output=True, text=True
    )
    return Said(workspace, ended.returncode, ended.stderr)


def environment_without(folder: Path, *distributions: str) -> str:
    """Return the Python of an environment that has all that this one has but these distributions."""
    venv.create(folder, with_pip=False)
    site = Path(sysconfig.get_path("purelib"))
    there = next(folder.glob("lib/python*/site-packages"))
    left_out = {file.parts[0] for name in distributions for file in importlib.metadata.files(name) or ()}
    for entry in site.iterdir():
        if entry.name not in left_out and not (there / entry.name).exists():
            (there / entry.name).symlink_to(entry)
    return str(folder / "bin" / "python")


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def rewrite_cell(workspace: Path, source: str, *, new: str | None = None, tags: list[str] | None = None) -> int:
    """Rewrite the cell that begins so, and return its position, the first being 1."""
    path = workspace / "notebooks" / "partner_review.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (cell,) = [cell for cell in notebook["cells"] if "".join(cell["source"]).startswith(source)]
    cell["source"] = new if new is not None else cell["source"]
    cell["metadata"]["tags"] = tags if tags is not None else cell["metadata"].get("tags", [])
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return int(notebook["cells"].index(cell)) + 1


# Named wrongly


def test_a_quarter_that_is_none(say) -> None:
    say("build", "2026Q5").be(2, "'2026Q5' is not a quarter. Write it like 2026Q3 or FY2026Q3.")


def test_a_quarter_that_the_data_do_not_hold(say) -> None:
    say("build", "2036Q3").be(
        2,
        "2036Q3 starts on 2036-07-01, and the data end on 2026-09-30. The latest quarter that they complete: 2026Q3.",
    )
    say("kpis", "2016Q3").be(
        2,
        "2016Q3 ends on 2016-09-30, and the data begin on 2025-10-01. The latest quarter that they complete: 2026Q3.",
    )


def test_a_partner_that_is_not_there(say) -> None:
    say("build", "2026Q3", "--partner", "P01").be(
        2,
        "No partner 'P01' in the table partners. Did you mean: P001?",
    )


def test_a_language_without_texts(say) -> None:
    say("build", "--language", "fr").be(
        2, "No texts in the language 'fr': there are en, ko. One of your own is the file languages/fr.toml."
    )


def test_a_day_that_is_written_otherwise(say) -> None:
    said = say("--as-of", "30.9.2026", "build")
    assert (said.code, said.text.splitlines()[-1]) == (
        2,
        "Error: Invalid value for '--as-of': '30.9.2026' is not a date. Write it like 2026-09-30.",
    )


def test_an_as_of_date_before_the_quarter(say) -> None:
    say("--as-of", "2026-01-31", "build", "2026Q3").be(
        2,
        "The as-of date 2026-01-31 lies before 2026Q3, which starts on 2026-07-01. "
        "Choose a date from 2026-07-01 on, or an earlier quarter.",
    )


# Settings


def test_no_workspace(say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = say("build")
    assert said.code == 2
    assert said.text.replace(str(tmp_path), "HERE") == (
        "No kpilib.toml in HERE or above. Start in your workspace, name the file with --settings, "
        "or lay out a new workspace with `kpilib new FOLDER`."
    )


def test_a_setting_with_a_typo(workspace: Path, say) -> None:
    rewrite(workspace / "kpilib.toml", "currency =", "curency =")
    say("check").be(
        2,
        "WORKSPACE/kpilib.toml cannot be used:\n  [money] curency: no such setting. Did you mean: currency?",
    )


def test_settings_that_are_no_toml(workspace: Path, say) -> None:
    rewrite(workspace / "kpilib.toml", '"USD" ', "USD ")
    say("check").be(
        2,
        "WORKSPACE/kpilib.toml is not valid TOML: Invalid value (at line 14, column 12). "
        'Text stands in quotation marks: currency = "USD".',
    )


# Data


def test_a_folder_that_is_not_there(workspace: Path, say) -> None:
    rewrite(workspace / "kpilib.toml", '"data/sample"', '"data/crm"')
    say("check").be(
        2,
        "[source] path 'data/crm' does not exist (looked at WORKSPACE/data/crm). "
        "Name a folder, a file or a pattern, relative to the folder of kpilib.toml.",
    )


def test_a_file_that_is_missing(workspace: Path, say) -> None:
    (workspace / "data/sample/opportunities.csv").unlink()
    say("check").be(
        2,
        "data/sample has no file for opportunities. It has: data/sample/actions.csv, data/sample/fx.csv, "
        "data/sample/leads.csv, data/sample/partners.csv, data/sample/spend.csv, data/sample/stage_history.csv, "
        "data/sample/stages.csv, data/sample/targets.csv. Name the files as the tables (such as opportunities.csv), or "
        "set a preset or [source.mapping]; `kpilib map FILE` proposes one.",
    )


def test_a_column_with_a_typo(workspace: Path, say) -> None:
    rewrite(workspace / "data/sample/opportunities.csv", "partner_id", "partnr")
    say("check").be(
        2,
        "data/sample/opportunities.csv: no column for opportunities.partner_id. Did you mean: partnr?\n"
        "data/sample/opportunities.csv has: opportunity_id, partnr, created_on, closed_on, outcome, stage, amount, "
        "currency, rep, region, product, channel and 3 more. Name the column in [source.mapping.opportunities], or add "
        "it to the file.",
    )


def test_no_leads(workspace: Path, say) -> None:
    (workspace / "data/sample/leads.csv").unlink()
    say("check").be(
        0,
        "The data were exported on 2026-09-30, the latest created_on ([source] exported_on). "
        "Each rejected row stands in .kpilib/rejects/.\n"
        "Absent tables: leads. Packs leave out what needs them, and say so.",
    )


def test_dates_that_can_be_read_both_ways(workspace: Path, say) -> None:
    path = workspace / "data/sample/opportunities.csv"
    path.write_text("opportunity_id,partner_id,created_on,closed_on,outcome,amount\nO1,P001,03/04/2026,,open,5\n")
    said = say("check")
    assert said.code == 2
    assert said.text == (
        "data/sample/opportunities.csv: the dates in column 'created_on' can be read with the day first or with the "
        "month first (such as 03/04/2026), and no other date in the file tells which. Set [source] date_format = "
        '"%d/%m/%Y" (day first) or "%m/%d/%Y" (month first), or for this column alone [source.mapping.opportunities] '
        'created_on = { column = "created_on", date = … }.'
    )


def test_a_database_without_its_driver(workspace: Path, tmp_path: Path) -> None:
    rewrite(workspace / "kpilib.toml", 'path = "data/sample"  ', 'url = "postgresql+psycopg://me@localhost:1/crm"')
    python = environment_without(tmp_path / "environment", "psycopg")
    start(workspace, "check", python=python).be(
        2,
        "postgresql+psycopg://localhost:1/crm cannot be read: the driver is not installed (No module named 'psycopg'). "
        'To get it: pip install "kpilib[postgresql]".',
    )


def test_a_comment_in_another_encoding(workspace: Path, say) -> None:
    (workspace / "comments/2026Q3").mkdir()
    (workspace / "comments/2026Q3/P001.md").write_bytes("Grüße".encode("latin-1"))
    say("build", *PARTNER, "--plan").be(
        2,
        "The comment comments/2026Q3/P001.md is not UTF-8 text. Save it as UTF-8.",
    )


def test_a_comment_that_is_a_folder_outside_of_the_workspace(workspace: Path, say, tmp_path_factory) -> None:
    comments = tmp_path_factory.mktemp("comments")
    (comments / "2026Q3/P001.md").mkdir(parents=True)
    settings = workspace / "kpilib.toml"
    settings.write_text(settings.read_text().replace("[packs]", f'[packs]\ncomments = "{comments}"', 1))
    say("build", *PARTNER, "--plan").be(2, f"The comment {comments}/2026Q3/P001.md cannot be read: Is a directory.")


# Notebook and templates


def test_no_notebook(workspace: Path, say) -> None:
    say("build", *PARTNER, "--notebook", "mine.ipynb").be(
        2,
        "The notebook WORKSPACE/mine.ipynb cannot be read: No such file or directory. "
        "Name one with --notebook, or in [packs] notebook.",
    )


def test_a_notebook_without_parameters_while_another_build_runs(workspace: Path) -> None:
    rewrite_cell(workspace, "partner: str", tags=[])
    command = [sys.executable, "-m", "kpilib", "build", *PARTNER]
    with hold(workspace / "reports", say=pytest.fail):
        waiting = subprocess.Popen(command, cwd=workspace, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert waiting.stderr is not None
        first = waiting.stderr.readline()
    _, rest = waiting.communicate()
    assert first == (
        f"Another build of {workspace / 'reports'} is running (process {os.getpid()}). Waiting for its end.\n"
    )
    assert waiting.returncode == 1
    assert rest.splitlines()[0] == (
        "P001 2026Q3: partner_review.ipynb has no parameters: no cell is tagged `parameters`. "
        "Tag the cell that assigns partner, quarter, as_of, audience, language."
    )


@pytest.mark.slow
def test_a_line_of_the_notebook_that_is_no_python(workspace: Path) -> None:
    cell = rewrite_cell(workspace, "review.average_deal_size", new="review.average_deal_size)")
    said = start(workspace, "build", *PARTNER)
    assert said.code == 1
    assert "\n".join(said.text.splitlines()[:2]) == (
        f"P001 2026Q3: cell {cell} of partner_review.ipynb (review.average_deal_size)) failed: SyntaxError: "
        "unmatched ')' (line 1).\n"
        "P001 2026Q3: the notebook as far as it ran: WORKSPACE/reports/2026Q3/failed/P001/review.ipynb"
    )


@pytest.mark.slow
def test_a_template_that_asks_for_what_is_not_there(workspace: Path) -> None:
    path = workspace / "templates/partner_review/index.html.j2"
    path.write_text("{{ nobody }}\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    said = start(workspace, "build", *PARTNER)
    assert said.code == 1
    assert said.text.splitlines()[0] == (
        "P001 2026Q3: The page could not be drawn: partner_review/index.html.j2, line 1: 'nobody' is undefined."
    )


# The machine


def test_no_fonts(workspace: Path, tmp_path: Path) -> None:
    python = environment_without(tmp_path / "environment", "font-source-sans-pro")
    said = start(workspace, "build", *PARTNER, python=python)
    missing = (
        "The font files SourceSansPro-Regular.otf, SourceSansPro-It.otf, SourceSansPro-Semibold.otf, "
        "SourceSansPro-SemiboldIt.otf, SourceSansPro-Bold.otf, SourceSansPro-BoldIt.otf are missing. "
        "Install the packages font-source-sans-pro and koreanize-matplotlib again."
    )
    lines = said.text.splitlines()
    assert (said.code, len(lines), lines[-1]) == (2, 4, missing)
    assert lines[0].startswith("P001 2026Q3: cell ")
    assert lines[0].endswith(f" failed: SettingsError: {missing}")


@pytest.mark.slow
def test_no_kernel(workspace: Path, tmp_path: Path) -> None:
    python = environment_without(tmp_path / "environment", "ipykernel")
    said = start(workspace, "build", *PARTNER, python=python)
    assert said.code == 1
    assert said.text.splitlines()[0] == (
        "P001 2026Q3: no kernel runs partner_review.ipynb: there is none named python3. "
        "Install it: pip install ipykernel"
    )


def test_no_right_to_write(workspace: Path) -> None:
    (workspace / "kept").mkdir(mode=0o500)
    rewrite(workspace / "kpilib.toml", "[packs]", '[packs]\nreports = "kept/reports"')
    # root may write anywhere, but for the capability to do so
    before = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()
    start(workspace, "build", *PARTNER, before=before).be(
        2,
        "WORKSPACE/kept/reports cannot be written to: Permission denied. "
        "Free the folder, or name another in [packs] reports.",
    )


@pytest.fixture
def tiny_disk(workspace: Path):
    """A file system of 200 KiB in the workspace."""
    folder = workspace / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200k", "none", folder]
    mounted = subprocess.run(command, check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_a_full_disk(workspace: Path, tiny_disk: Path) -> None:
    rewrite(workspace / "kpilib.toml", "[packs]", '[packs]\nreports = "tiny"')
    said = start(workspace, "build", *PARTNER)
    assert said.code == 1
    assert said.text.splitlines()[0] == (
        "WORKSPACE/tiny/2026Q3/P001 cannot be written: No space left on device. Free some room, and build again. "
        "What was there before is unchanged."
    )


def test_a_full_disk_for_the_accepted_rows(workspace: Path, tiny_disk: Path) -> None:
    shutil.rmtree(workspace / ".kpilib")
    (workspace / ".kpilib").symlink_to(tiny_disk)
    start(workspace, "check").be(
        2,
        "The accepted rows could not be written to WORKSPACE/.kpilib/store: No space left on device. "
        "Free some room there.",
    )


def test_a_port_that_is_taken(say) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        say("preview", "P001", "2026Q3", "--port", str(port)).be(
            2,
            f"Port {port} is taken, perhaps by another preview. "
            f"Name another one: --port {port + 1}, or --port 0 for any that is free.",
        )


def test_what_only_some_need_is_not_installed(workspace: Path, tmp_path: Path) -> None:
    python = environment_without(tmp_path / "environment", "distributed", "starlette", "uvicorn", "watchfiles")
    start(workspace, "build", *PARTNER, "--dask", "tcp://127.0.0.1:1", python=python).be(
        2, '--dask needs what is not installed (distributed): pip install "kpilib[dask]"'
    )
    start(workspace, "preview", "P001", "2026Q3", python=python).be(
        2, "kpilib preview needs starlette, uvicorn, watchfiles: pip install 'kpilib[preview]'."
    )


# Sending


def test_no_sender(say) -> None:
    say("send", "2026Q3").be(
        2,
        '[email] host is not set. Set it: host = "smtp.your-company.example"\n'
        '[email] sender is not set. Set it: sender = "partners@your-company.example"',
    )
