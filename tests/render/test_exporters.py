"""The exporters as `jupyter nbconvert` calls them."""

from __future__ import annotations

import logging
import subprocess
import sys

import nbformat
import pytest
from nbconvert.exporters import get_exporter
from sample_packs import META, TEMPLATES, markdown, notebook, parts, shows
from traitlets import TraitError

from kpilib.render.checks import find_tag_faults
from kpilib.render.exporters import PartnerHtmlExporter, PartnerPdfExporter
from kpilib.render.pages import render_pack


def test_nbconvert_knows_them() -> None:
    assert get_exporter("partner-html") is PartnerHtmlExporter
    assert get_exporter("partner-pdf") is PartnerPdfExporter


def test_they_draw_the_pages_of_a_build() -> None:
    book = notebook(*parts("rich"), **META)
    rendered = render_pack(book, templates=TEMPLATES)

    html, resources = PartnerHtmlExporter().from_notebook_node(book)
    pdf, _ = PartnerPdfExporter().from_notebook_node(book)

    assert (html.encode(), pdf) == (rendered.html, rendered.pdf)
    assert resources["output_extension"] == ".html"


def test_date_audience_and_strictness_are_settings_of_theirs() -> None:
    book = notebook({"kind": "note", "text": "for all"}, shows({"text/plain": "for us"}, tags=["internal"]))

    html, _ = PartnerHtmlExporter(audience="internal").from_notebook_node(book)
    pdfs = {day: PartnerPdfExporter(date=day).from_notebook_node(book)[0] for day in ("", "2026-12-31")}

    assert "for us" in html
    assert b"D:19700101" in pdfs[""]
    assert b"D:20261231" in pdfs["2026-12-31"]
    with pytest.raises(TraitError, match=r"date = 'tomorrow' is no date\. Write it like 2026-09-30\."):
        PartnerPdfExporter(date="tomorrow")


def test_warnings_reach_nbconverts_log(caplog) -> None:
    log = logging.getLogger("nbconvert-test")
    book = notebook(shows({"image/svg+xml": "<svg width='9pt' height='9pt'></svg>"}))

    with caplog.at_level(logging.WARNING, logger="nbconvert-test"):
        pdf, _ = PartnerPdfExporter(log=log).from_notebook_node(book)

    (message,) = caplog.messages
    assert message == (
        "The picture in cell 1 has no alternative text: the PDF does not claim PDF/UA. "
        'Write "alt" into the cell\'s metadata.'
    )
    assert "claiming PDF/UA-1" in [finding.text for finding in find_tag_faults(pdf)]


def test_a_workspaces_own_template_goes_before_ours(tmp_path, monkeypatch) -> None:
    own = tmp_path / "templates" / "partner_review"
    own.mkdir(parents=True)
    for file in TEMPLATES.iterdir():
        (own / file.name).write_bytes(file.read_bytes())
    (own / "index.html.j2").write_text("ours: {{ page.title }}", encoding="utf-8")
    (tmp_path / "kpilib.toml").touch()
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")

    html, _ = PartnerHtmlExporter().from_notebook_node(notebook(markdown("# A & B")))

    assert html == "ours: A &amp; B"


def test_the_command_writes_a_pdf_of_any_notebook(tmp_path) -> None:
    nbformat.write(notebook(markdown("# Spring"), shows({"text/plain": "1"})), str(tmp_path / "any.ipynb"))
    command = [sys.executable, "-m", "nbconvert", "--to", "partner-pdf", "any.ipynb"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert find_tag_faults((tmp_path / "any.pdf").read_bytes()) == []
