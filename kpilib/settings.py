"""The workspace's settings: ``kpilib.toml`` and the environment.

Every key has a default but the source's address. An environment variable ``KPILIB_<SECTION>__<KEY>`` goes
before the file. Secrets (a database's password, the mail server's) come from the environment alone: a file
that holds one is refused by the part that would read it.
"""

from __future__ import annotations

import os
import tomllib
import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadVariable

from kpilib.errors import SettingsError, did_you_mean

__all__ = ["Settings", "find_settings", "load_settings"]

FILE = "kpilib.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Source(_Section):
    """Where the tables come from, and how they become ours."""

    path: str | None = None
    """A folder, a file, a pattern (`exports/*.csv`) or an address (`s3://bucket/crm`), relative to the folder of
    kpilib.toml."""
    url: str | None = None
    """A database: `postgresql+psycopg://host/name`, `sqlite:///crm.db`, `duckdb:///crm.duckdb`; its password comes
    from the environment."""
    tables: dict[str, str] = {}
    """Of a database: for each of our tables its table there, or a query."""
    preset: str | None = None
    """A CRM's export: `salesforce`, `hubspot`, `dynamics365`, `pipedrive` or `zoho`."""
    exported_on: date | None = None
    """The day of the export; default: the latest `created_on`."""
    max_rejected_share: float | dict[str, float] = 0.02
    """The largest share of a table's rows that may be rejected, for all tables or by table; above it nothing is
    built."""
    encoding: str | None = None
    """Of text files, where it is not found out: `cp949`, `latin-1`, …"""
    separator: str | None = None
    """Between the fields of text files, where it is not found out."""
    decimal: str | None = None
    """The decimal sign of text files, `.` or `,`, where it is not found out."""
    date_format: str | None = None
    """How dates are written, such as `%d/%m/%Y` or `DD.MM.YYYY`, where it is not found out."""
    mapping: dict[str, Any] = {}
    """For each of our tables where its columns come from; see [Sources](sources.md)."""

    def rejected_limit(self, table: str) -> float:
        """Return the largest share of a table's rows that may be rejected."""
        if isinstance(self.max_rejected_share, dict):
            return self.max_rejected_share.get(table, 0.02)
        return self.max_rejected_share


class Money(_Section):
    """The currency in which the workspace shows money."""

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    """The reporting currency, three capitals; amounts in others are converted by the table `fx`."""


class Calendar(_Section):
    """The fiscal year."""

    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    """The month in which the fiscal year starts; it is named after the calendar year in which it ends."""


class Packs(_Section):
    """Which packs are made, how they look, and where they go."""

    reports: str = "reports"
    """Where packs go."""
    comments: str = "comments"
    """Where the channel managers' comments lie: `QUARTER/PARTNER.md`."""
    notebook: str = "notebooks/partner_review.ipynb"
    """The notebook that is executed for each partner."""
    portfolio: str = "notebooks/portfolio_review.ipynb"
    """The notebook of the review of all partners."""
    templates: str = "templates"
    """The workspace's templates; what it lacks is taken from kpilib."""
    kpis: str = "kpis"
    """Where KPIs of your own lie, one file each."""
    languages: str = "languages"
    """Where catalogues of your own lie, one file for each language: `de.toml`."""
    as_of: date | Literal["quarter-end"] = "quarter-end"
    """The day on which the data are read: `quarter-end`, or a date (at most the quarter's last day)."""
    language: str | None = None
    """The language of all packs; default: each partner's `locale`, else `en`."""
    paper: Literal["a4", "us-letter"] = "a4"
    """The size of the PDF: `a4` or `us-letter`."""
    jobs: int | None = Field(default=None, ge=1)
    """How many packs are made at once; default: one per core."""
    cell_timeout: float = Field(default=120, gt=0)
    """Seconds that a cell may take."""
    memory_limit: int = Field(default=2048, gt=0)
    """MiB that a notebook may use."""
    tiers: dict[str, str] = {}
    """Another notebook for a tier: `silver = "notebooks/partner_digest.ipynb"`."""
    partners: dict[str, str] = {}
    """Another notebook for a partner, by id; goes before its tier's."""


class Brand(_Section):
    """What makes a pack the workspace's own."""

    name: str = ""
    """The company's name, on each page."""
    logo: str | None = None
    """An SVG or PNG file of the workspace."""
    accent: str = Field(default="#0b5cad", pattern=r"^#[0-9a-fA-F]{6}$")
    """The colour of charts and headings, `#rrggbb`; it must be readable on white."""
    font: str = "Source Sans Pro"
    """The face of running text, if it is installed."""
    heading_font: str | None = None
    """The face of headings; default: that of the text."""
    footer: str = ""
    """A line at the foot of each page."""


class Status(_Section):
    """The thresholds of a KPI's status, printed in the appendix."""

    act_below_target: float = Field(default=0.8, ge=0)
    """Below this share of its target a KPI says *act*."""
    good_from_target: float = Field(default=1.0, ge=0)
    """From this share of its target a KPI says *good*."""


class Cohort(_Section):
    """When figures of the other partners may be shown to a partner."""

    minimum_others: int = Field(default=5, ge=5)
    """A figure of the cohort is shown only if at least so many others stand behind it; 5 is the least."""
    largest_share: float = Field(default=0.6, gt=0, le=0.6)
    """A figure of the cohort is withheld if one of the others makes up more than this share of it; 0.6 is the most."""


class Leaks(_Section):
    """Names that are allowed on any partner's page, each with the reason."""

    allow: dict[str, str] = {}
    """Texts that any partner's page may hold, each with the reason: `"Example Fund" = "our own programme"`."""


class Email(_Section):
    """How packs are sent. User and password come from KPILIB_SMTP_USER and KPILIB_SMTP_PASSWORD."""

    host: str = ""
    """The mail server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls`, `tls` or `none` (never with a password, but on this machine)."""
    sender: str = ""
    """The address that packs come from."""
    sender_name: str = ""
    """The name beside it."""
    reply_to: str = ""
    """Where answers go, if the partner has no manager in `managers`."""
    cc: list[str] = []
    """Who gets a copy of every pack."""
    cc_by: dict[Literal["tier", "region", "locale", "manager"], dict[str, list[str]]] = {}
    """Who gets a copy by tier, region, locale or manager: `tier = { gold = ["director@example.com"] }`."""
    managers: dict[str, str] = {}
    """Each channel manager's address, by the name in the table partners: answers go there."""
    domains: dict[str, list[str]] = {}
    """The domains to which a partner's packs may go, by id; any others are refused."""
    per_minute: float = Field(default=60, gt=0)
    """How many messages are sent in a minute."""
    timeout: float = Field(default=30, gt=0)
    """Seconds that the server may take to answer."""
    attempts: int = Field(default=4, ge=1)
    """How often a message is tried that the server puts off."""
    pause: float = Field(default=5, gt=0)
    """Seconds before the second attempt; doubled for each one after."""

    @field_validator("sender_name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in name):
            raise ValueError("must be one line of text")
        return name


class Settings(BaseSettings):
    """All settings of a workspace; frozen. ``root`` is the folder that relative paths start from."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="KPILIB_", env_nested_delimiter="__", use_attribute_docstrings=True
    )

    root: Path = Path()
    source: Source = Source()
    money: Money = Money()
    calendar: Calendar = Calendar()
    packs: Packs = Packs()
    brand: Brand = Brand()
    status: Status = Status()
    cohort: Cohort = Cohort()
    channels: dict[str, Literal["paid", "earned", "owned"]] = {}
    """The segment of each channel, for leads that have none of their own; spend is told apart by it too."""
    leaks: Leaks = Leaks()
    email: Email = Email()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature, as the others
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before the file, and nothing else."""
        return env_settings, init_settings

    @field_validator("root")
    @classmethod
    def _absolute(cls, root: Path) -> Path:
        return root.absolute()

    @property
    def reports(self) -> Path:
        """The folder of all packs."""
        return self.root / self.packs.reports

    @property
    def store(self) -> Path:
        """The folder of the accepted rows."""
        return self.root / ".kpilib" / "store"


def find_settings(start: Path | None = None) -> Path:
    """Return the ``kpilib.toml`` of this folder or the nearest one above it.

    Raises
    ------
    SettingsError
        when there is none.
    """
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise SettingsError(
        f"No {FILE} in {start} or above. Start in your workspace, name the file with --settings, "
        f"or lay out a new workspace with `kpilib new FOLDER`."
    )


def load_settings(path: Path | None = None) -> Settings:
    """Return the settings of a file (default: the nearest ``kpilib.toml``) and the environment.

    Raises
    ------
    SettingsError
        with every problem of the file: unknown keys, wrong types, values out of range; or of the catalogues of
        languages of the workspace's own.
    """
    path = path or find_settings()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except FileNotFoundError:
        raise SettingsError(f"No settings file {path}. Name an existing one with --settings.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f'{path} is not valid TOML: {error}. Text stands in quotation marks: currency = "USD".'
        ) from None
    try:
        settings = Settings(**{**values, "root": path.absolute().parent})
    except UnreadVariable as error:
        raise SettingsError(_say_variable(str(error))) from None
    except ValidationError as error:
        problems = [_say(problem) for problem in error.errors()]
        raise SettingsError("\n".join([f"{path} cannot be used:", *problems])) from None
    _speak_as(settings)
    return settings


def _speak_as(settings: Settings) -> None:
    """Take the workspace's own catalogues: from here on this process works for it."""
    from kpilib.language import speak
    from kpilib.language.own import read_catalogues

    speak(read_catalogues(settings.root / settings.packs.languages))


def _say_variable(error: str) -> str:
    """Return which variables cannot be read, without their values: any may be a secret."""
    section = error.partition('field "')[2].partition('"')[0]
    prefix = f"KPILIB_{section}".upper()
    names = [name for name in sorted(os.environ) if name.upper() == prefix or name.upper().startswith(f"{prefix}__")]
    return (
        f"The environment cannot be used: {', '.join(names)} is not valid for [{section}]. A variable holds one "
        "setting, as in KPILIB_EMAIL__HOST=smtp.example.com; lists and tables are JSON, as in "
        "KPILIB_EMAIL__CC='[\"me@example.com\"]'."
    )


def _say(problem: Any) -> str:
    place = [str(part) for part in problem["loc"]]
    name = f"[{place[0]}] {'.'.join(place[1:])}" if len(place) > 1 else f"[{place[0]}]" if place else "the file"
    if problem["type"] == "extra_forbidden":
        known: type[BaseModel] = Settings
        for part in place[:-1]:
            kind = known.model_fields[part].annotation
            if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
                break
            known = kind
        return f"  {name}: no such setting.{did_you_mean(place[-1], known.model_fields)}"
    return f"  {name}: {problem['msg'].removeprefix('Value error, ')} (found {problem['input']!r})"
