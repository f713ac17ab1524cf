"""What became of the rows of each table, by reason; and when that is too few of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kpilib.errors import ContractError

if TYPE_CHECKING:
    from kpilib.settings import Settings

__all__ = ["CheckReport", "TableReport"]


@dataclass(frozen=True)
class TableReport:
    """The rows of one table.

    ``accepted`` + ``rejected`` = ``read``. ``reasons``: action (rejected, repaired, warned) → reason's code →
    rows. A rejected row counts under its first reason only, so that these add up to ``rejected``; ``repaired``
    and ``warned`` are accepted rows, and one may have several reasons. ``left_out``: rows that the mapping
    leaves out on purpose, by why; they are not among ``read``. ``columns``: where each of ours comes from, with some
    ``examples``. ``written``: how each file is written; ``unused``: the columns of a file that nothing is taken from.
    """

    table: str
    files: tuple[str, ...] = ()
    read: int = 0
    accepted: int = 0
    rejected: int = 0
    repaired: int = 0
    warned: int = 0
    reasons: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    unused: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def rejected_share(self) -> float:
        """The share of the rows read that is rejected; 0 where none was read."""
        return self.rejected / self.read if self.read else 0.0


@dataclass(frozen=True)
class CheckReport:
    """The rows of all tables that the source has, what it lacks, and its export date."""

    tables: Mapping[str, TableReport]
    absent: tuple[str, ...]
    exported_on: str

    def enforce(self, settings: Settings) -> None:
        """Stop where more rows of a table are rejected than the settings allow.

        Raises
        ------
        ContractError
            with every such table, its counts and its main reasons.
        """
        over = [
            report
            for report in self.tables.values()
            if report.rejected_share > settings.source.rejected_limit(report.table)
        ]
        if not over:
            return
        lines = [
            f"  {report.table}: {report.rejected:,} of {report.read:,} rows "
            f"({100 * report.rejected_share:.1f} %; the limit is "
            f"{100 * settings.source.rejected_limit(report.table):g} %). {_main_reasons(report)}. "
            f"Each stands in .kpilib/rejects/{report.table}.csv"
            for report in over
        ]
        raise ContractError(
            "\n".join(
                [
                    "More rows are rejected than the workspace allows:",
                    *lines,
                    "Mend the source, or raise max_rejected_share in [source] if you accept the loss.",
                ]
            ),
            tables=[report.table for report in over],
            report=self,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> CheckReport:
        """Return the report that `to_json` gave."""
        tables = {
            name: TableReport(**{**table, "files": tuple(table["files"])}) for name, table in values["tables"].items()
        }
        return cls(tables, tuple(values["absent"]), values["exported_on"])


def _main_reasons(report: TableReport) -> str:
    counted = sorted(report.reasons.get("rejected", {}).items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{reason} {rows:,}" for reason, rows in counted[:3])
    return f"Mostly: {named}" if len(counted) > 3 else f"Reasons: {named}"
