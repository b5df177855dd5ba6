"""The smallest project that publishes: one critical series, two fast models, the whole job and the whole report."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

SERIES = "cn.magnets.exports"
DAY = "2026-07-01"  # when its figures were fresh


def build(root: Path) -> None:
    """Make the project, its release and its first edition below a new folder."""
    data = root / "data"
    shutil.copytree(ROOT / "data", data, ignore=shutil.ignore_patterns("editions"))
    (data / "balance.yaml").unlink()
    rewritten(data / "series.yaml", _only_target)
    rewritten(data / "publication.yaml", _lenient)
    folder = root / "experiments"
    folder.mkdir()
    shutil.copy(ROOT / "experiments" / "china_exports.yaml", folder)
    rewritten(folder / "china_exports.yaml", _fast)
    (folder / "default.yaml").write_text("name: default\nabout: one series\ninclude: [china_exports.yaml]\n")
    run(root, "promote", "experiments/default.yaml", "--as-of", DAY)
    run(root, *PUBLISH)


PUBLISH = ("publish", "--as-of", DAY, "--edition-date", DAY)


def run(root: Path, *arguments: str) -> str:
    """A command in a process of its own, which must succeed; gives its output."""
    done = subprocess.run(
        [sys.executable, "-m", "forecasting", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
    return done.stdout


def rewritten(path: Path, change: Any) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _only_target(content: dict[str, Any]) -> None:
    for id, series in content["series"].items():
        if id != SERIES:
            series.pop("target", None)


def _lenient(content: dict[str, Any]) -> None:
    content["critical"] = [SERIES]
    content.pop("scenario_order")
    content["gates"]["sums"]["severity"] = "warn"
    content["gates"]["freshness"] |= {"grace_days": 400, "stale_days": 2000}


def _fast(content: dict[str, Any]) -> None:
    content |= {"models": [{"model": "naive"}, {"model": "damped_drift"}], "paths": 500}
    content["backtest"]["every"] *= 4
