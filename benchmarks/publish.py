"""How long a scheduled publish takes: nothing new, and one new month of every monthly series.

    python benchmarks/publish.py [PROJECT]   prints both, in seconds of the clock and of a processor

Works in a copy of a project (data, experiments, release, kept fits), this one by default. The month that is added
there is made up: the last figure of each series, one per cent higher. Needs a release (``forecast make`` once).
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from forecasting.data.store import Store
from forecasting.periods import Kind, Period

ROOT = Path(__file__).resolve().parents[1]


def copied(project: Path, root: Path) -> None:
    shutil.copytree(project / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    for name in ("experiments", "mlruns/releases", ".cache/paths"):
        if (project / name).is_dir():
            shutil.copytree(project / name, root / name)


def publish(root: Path, *more: str) -> tuple[str, float, float]:
    """What a publish says, and its seconds of the clock and of a processor."""
    before, started = used(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "forecasting", "publish", *more],
        cwd=root, capture_output=True, text=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    taken = time.monotonic() - started
    if done.returncode not in (0, 3):
        raise SystemExit(f"publish ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return f"{done.stdout.split()[0]}, exit code {done.returncode}", taken, used() - before


def used() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def add_a_month(data: Path) -> int:
    """Append the month after the last one to every monthly series; gives how many got one."""
    store, today = Store.open(data), datetime.now(UTC).date()
    added = 0
    for path in sorted((data / "observations").glob("*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        new = []
        for id, mine in rows[rows["status"] == "actual"].groupby("series"):
            series = store.catalogue.series[str(id)]
            if series.kind is not Kind.MONTH:
                continue
            last = mine[mine["period"] == mine["period"].max()].iloc[-1].copy()
            month = Period.parse(last["period"]) + 1
            if str(month) in set(rows[rows["series"] == id]["period"]):
                continue
            known = month.end + timedelta(days=max(series.lag_days, 1))
            if known > today:
                continue
            value = float(last["value"]) * 1.01
            last["value"] = str(round(value)) if series.unit == "vehicles" else repr(round(value, 6))
            last["period"], last["available_at"] = str(month), known.isoformat()
            last["note"] = "made up for a benchmark"
            new.append(last)
        if new:
            whole = pd.concat([rows, pd.DataFrame(new)]).sort_values(
                ["series", "period", "source", "available_at"]
            )
            whole.to_csv(path, index=False, lineterminator="\n")
            added += len(new)
    return added


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        root = Path(folder) / "p"
        root.mkdir()
        copied(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT, root)
        machine = f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}"
        print(f"{machine}, load {os.getloadavg()[0]:.1f}")
        print("| publish | seconds | of a processor | said |\n|---|---|---|---|")
        for what in ("the first edition, fits kept", "nothing new", "nothing new, again"):
            print(line(what, publish(root)), flush=True)
        added = add_a_month(root / "data")
        print(line(f"one new month of {added} series", publish(root)), flush=True)


def line(what: str, told: tuple[str, float, float]) -> str:
    said, seconds, processor = told
    return f"| {what} | {seconds:.1f} | {processor:.1f} | {said} |"


if __name__ == "__main__":
    main()
