"""The workspace's settings: ``kpilib.toml`` and the environment.

Every key has a default but the source's address. An environment variable ``KPILIB_<SECTION>__<KEY>`` goes
before the file. Secrets (a database's password, the mail server's) come from the environment alone: a file
that holds one is refused by the part that would read it.
"""

from __future__ import annotations

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from kpilib.errors import SettingsError, did_you_mean

__all__ = ["Settings", "find_settings", "load_settings"]

FILE = "kpilib.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """Where the tables come from, and how they become ours."""

    path: str | None = None
    url: str | None = None
    tables: dict[str, str] = {}
    preset: str | None = None
    exported_on: date | None = None
    max_rejected_share: float | dict[str, float] = 0.02
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    mapping: dict[str, Any] = {}

    def rejected_limit(self, table: str) -> float:
        """Return the largest share of a table's rows that may be rejected."""
        if isinstance(self.max_rejected_share, dict):
            return self.max_rejected_share.get(table, 0.02)
        return self.max_rejected_share


class Money(_Section):
    """The currency in which the workspace shows money."""

    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


class Calendar(_Section):
    """The fiscal year."""

    fiscal_year_start: int = Field(default=1, ge=1, le=12)


class Packs(_Section):
    """Which packs are made, how they look, and where they go."""

    reports: str = "reports"
    comments: str = "comments"
    notebook: str = "notebooks/partner_review.ipynb"
    portfolio: str = "notebooks/portfolio_review.ipynb"
    templates: str = "templates"
    as_of: date | Literal["quarter-end"] = "quarter-end"
    language: str | None = None
    paper: Literal["a4", "us-letter"] = "a4"
    jobs: int | None = Field(default=None, ge=1)
    cell_timeout: float = Field(default=120, gt=0)
    memory_limit: int = Field(default=2048, gt=0, description="MiB per pack")
    tiers: dict[str, str] = {}
    partners: dict[str, str] = {}


class Brand(_Section):
    """What makes a pack the workspace's own."""

    name: str = ""
    logo: str | None = None
    accent: str = Field(default="#0b5cad", pattern=r"^#[0-9a-fA-F]{6}$")
    font: str = "Source Sans Pro"
    heading_font: str | None = None
    footer: str = ""


class Status(_Section):
    """The thresholds of a KPI's status, printed in the appendix."""

    act_below_target: float = Field(default=0.8, ge=0)
    good_from_target: float = Field(default=1.0, ge=0)


class Cohort(_Section):
    """When figures of the other partners may be shown to a partner."""

    minimum_others: int = Field(default=5, ge=5)
    largest_share: float = Field(default=0.6, gt=0, le=0.6)


class Leaks(_Section):
    """Names that are allowed on any partner's page, each with the reason."""

    allow: dict[str, str] = {}


class Email(_Section):
    """How packs are sent. User and password come from KPILIB_SMTP_USER and KPILIB_SMTP_PASSWORD."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    cc: list[str] = []
    cc_by: dict[Literal["tier", "region", "locale", "manager"], dict[str, list[str]]] = {}
    managers: dict[str, str] = {}
    domains: dict[str, list[str]] = {}
    per_minute: float = Field(default=60, gt=0)
    timeout: float = Field(default=30, gt=0)
    attempts: int = Field(default=4, ge=1)
    pause: float = Field(default=5, gt=0, description="seconds before the second attempt; doubled for each one after")


class Settings(BaseSettings):
    """All settings of a workspace; frozen. ``root`` is the folder that relative paths start from."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="KPILIB_", env_nested_delimiter="__"
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
        with every problem of the file: unknown keys, wrong types, values out of range.
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
        return Settings(**{**values, "root": path.absolute().parent})
    except ValidationError as error:
        problems = [_say(problem) for problem in error.errors()]
        raise SettingsError("\n".join([f"{path} cannot be used:", *problems])) from None


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
    return f"  {name}: {problem['msg']} (found {problem['input']!r})"
