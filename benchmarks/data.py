"""What a large programme costs: ten million opportunities of 5,000 partners, checked and sliced for a quarter.

    make bench-data                             # some minutes and about 2 GB of disk; writes docs/benchmarks-data.md
    .venv/bin/python benchmarks/data.py --opportunities 1000000

Beside it, in the same run, what a user would write: `pandas.read_csv` and a `groupby`, which judges no row.
Each step is a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
STEPS = {
    "pandas.read_csv and groupby, no row judged": """
import pandas as pd
rows = pd.read_csv("data/opportunities.csv", parse_dates=["created_on", "closed_on"])
won = rows[(rows.outcome == "won") & rows.closed_on.between("2026-07-01", "2026-09-30")]
print(len(won.groupby("partner_id").amount.agg(["size", "sum", "mean"])))
""",
    "kpilib check: read, judge, store": """
from kpilib.settings import load_settings
from kpilib.store import Store
print(sum(table.accepted for table in Store.open(load_settings()).report.tables.values()))
""",
    "kpilib check again, nothing changed": """
from kpilib.settings import load_settings
from kpilib.store import Store
print(len(Store.open(load_settings()).partner_ids(active_only=True)))
""",
    "kpilib: the cohort of a quarter": """
from kpilib.build.round import Round
from kpilib.settings import load_settings
print(len(Round.open(load_settings(), "2026Q3").cohort.scorings))
""",
    "kpilib: the cohort and the slices of all partners": """
from kpilib.build.round import Round
from kpilib.settings import load_settings
around = Round.open(load_settings(), "2026Q3")
print(sum(len(around.cut(partner).to_bytes()) for partner in around.partners()))
""",
}
_TIMED = """
import resource, sys, time
started = time.perf_counter()
exec(sys.stdin.read())
usage = resource.getrusage(resource.RUSAGE_SELF)
print(f"{time.perf_counter() - started} {usage.ru_maxrss / 1024}", file=sys.stderr)
"""


def write_rows(folder: Path, opportunities: int, partners: int) -> None:
    """Write the two tables, in blocks, in the order of time: as an export has them, not sorted by partner."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    names = [f"P{number:05d}" for number in range(partners)]
    (folder / "partners.csv").write_text(
        "partner_id,name\n" + "".join(f"{name},Partner {name}\n" for name in names), encoding="utf-8"
    )
    first, days = np.datetime64("2022-10-01"), 4 * 365
    with (folder / "opportunities.csv").open("w", encoding="utf-8") as file:
        file.write("opportunity_id,partner_id,created_on,closed_on,outcome,amount,currency,stage,product\n")
        for start in range(0, opportunities, 500_000):
            n = min(500_000, opportunities - start)
            created = (start + np.arange(n)) * days // opportunities
            closed = created + rng.integers(1, 200, n)
            outcome = np.where(closed > days, "open", np.where(rng.random(n) < 0.45, "won", "lost"))
            dates = (first + closed).astype(str)
            file.writelines(
                f"O{start + row:09d},{names[who]},{day},{end if how != 'open' else ''},{how},"
                f"{cents // 100}.{cents % 100:02d},{'EUR' if who % 3 == 0 else 'USD'},Proposal,Core\n"
                for row, who, day, end, how, cents in zip(
                    range(n), rng.integers(partners, size=n).tolist(), (first + created).astype(str).tolist(),
                    dates.tolist(), outcome.tolist(), rng.integers(100_000, 9_000_000, n).tolist(), strict=True,
                )
            )  # fmt: skip
    rates = "".join(f"EUR,{first + 90 * number},1.{10 + number % 5}\n" for number in range(17))
    (folder / "fx.csv").write_text("currency,valid_from,rate\n" + rates, encoding="utf-8")


def run_step(code: str, folder: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory in MiB of a step in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED], input=code, cwd=folder, check=True, capture_output=True, text=True
    )
    seconds, memory = done.stderr.split()[-2:]
    return float(seconds), float(memory)


def main() -> None:
    """Measure and write docs/benchmarks-data.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--opportunities", type=int, default=10_000_000)
    parser.add_argument("--partners", type=int, default=5_000)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks-data.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_rows(place / "data", given.opportunities, given.partners)
        (place / "kpilib.toml").write_text('[source]\npath = "data"\n', encoding="utf-8")
        size = (place / "data" / "opportunities.csv").stat().st_size / 2**20
        found = {name: run_step(code, place) for name, code in STEPS.items()}
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "pandas"))
    machine = f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores; {versions}."
    lines = [
        "# Benchmarks of large data",
        "",
        "Made by `make bench-data` (`benchmarks/data.py`), every step a process of its own, in one run.",
        "",
        f"{given.opportunities:,} opportunities of {given.partners:,} partners, one CSV file of {size:,.0f} MiB in the",
        f"order of time, two currencies. {machine}",
        "",
        "| step | seconds | peak memory, MiB |",
        "| --- | --- | --- |",
        *(f"| {name} | {seconds:.1f} | {memory:,.0f} |" for name, (seconds, memory) in found.items()),
        "",
    ]
    given.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
