"""The pages as nbconvert exporters: ``jupyter nbconvert --to partner-html`` and ``--to partner-pdf``.

They draw any executed notebook, ours or not, with the template ``partner_review`` of the workspace, or the one named
by ``--template``. nbconvert's own environment does not escape, so that theirs is `kpilib.render.environment`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment
from nbconvert.exporters import Exporter
from nbconvert.exporters.templateexporter import TemplateExporter
from traitlets import Bool, TraitError, Unicode, default, validate

from kpilib.errors import RenderError
from kpilib.render.document import Document, read_document
from kpilib.render.environment import environment, find_templates
from kpilib.render.typeset import draw_pdf
from kpilib.render.webpage import draw_html

__all__ = ["PartnerHtmlExporter", "PartnerPdfExporter"]


class _PartnerExporter(TemplateExporter):
    audience = Unicode("", help="partner or internal: internal also shows cells tagged `internal`.").tag(config=True)
    date = Unicode("", help="The date that a PDF states as its making, as 2026-09-30. Default: the notebook's.").tag(
        config=True
    )
    strict = Bool(default_value=False, help="Whether a picture without alternative text is an error.").tag(config=True)

    @default("template_name")
    def _default_template(self) -> str:
        return "partner_review"

    @default("template_file")
    def _default_file(self) -> str:
        return "index.html.j2"

    @default("extra_template_basedirs")
    def _default_basedirs(self) -> list[str]:
        # With an own template that is named, the folder where kpilib is called is searched as nbconvert does.
        return [str(find_templates().parent), str(Path.cwd())]

    @validate("date")
    def _validate_date(self, proposal: Any) -> str:
        try:
            return date.fromisoformat(proposal["value"]).isoformat() if proposal["value"] else ""
        except ValueError:
            raise TraitError(f"date = {proposal['value']!r} is no date. Write it like 2026-09-30.") from None

    @property
    def templates(self) -> Path:
        """The folder of the template."""
        for path in map(Path, self.template_paths):
            if (path / str(self.template_file)).is_file():
                return path
        raise RenderError(
            f"No template {self.template_name!r}: no {self.template_file} in its folder.", template=self.template_name
        )

    def _create_environment(self) -> Environment:
        return environment(self.templates)

    def _read(self, nb: Any, resources: Any, **kw: Any) -> tuple[Document, Any]:
        nb, resources = Exporter.from_notebook_node(self, nb, resources, **kw)
        name = str(resources.get("metadata", {}).get("name") or "")
        document = read_document(nb, name=name, audience=self.audience or None, strict=self.strict)
        for warning in document.warnings:
            self.log.warning(warning)
        return document, resources


class PartnerHtmlExporter(_PartnerExporter):
    """An executed notebook as one HTML page that needs nothing else."""

    output_mimetype = "text/html"

    @default("file_extension")
    def _default_extension(self) -> str:
        return ".html"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[str, Any]:  # type: ignore[override]
        """Return the page and nbconvert's resources."""
        document, resources = self._read(nb, resources, **kw)
        return draw_html(document, self.templates).decode(), resources


class PartnerPdfExporter(_PartnerExporter):
    """An executed notebook as a PDF set by Typst, PDF/UA-1 where every picture has its alternative text."""

    output_mimetype = "application/pdf"

    @default("file_extension")
    def _default_extension(self) -> str:
        return ".pdf"

    def from_notebook_node(self, nb: Any, resources: Any = None, **kw: Any) -> tuple[bytes, Any]:  # type: ignore[override]
        """Return the PDF's bytes and nbconvert's resources."""
        document, resources = self._read(nb, resources, **kw)
        day = date.fromisoformat(self.date) if self.date else None
        return draw_pdf(document, self.templates, day=day), resources
