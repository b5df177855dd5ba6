"""The cache of fits and yardsticks: drafts that killed runs left go, drafts of runs at work stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from forecasting.publishing import paths


def test_drafts_of_processes_that_are_no_more_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for owner in (ended.pid, os.getpid()):
        (tmp_path / f".{'a' * 64}-{owner}.npz").touch()
        (tmp_path / f".naive-{'b' * 64}-{owner}.csv").touch()
    kept = [f"{'a' * 64}.npz", f"naive-{'b' * 64}.csv", ".notes-1.csv"]
    for name in kept:
        (tmp_path / name).touch()
    paths.sweep(tmp_path)
    drafts = [f".{'a' * 64}-{os.getpid()}.npz", f".naive-{'b' * 64}-{os.getpid()}.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*kept, *drafts])
    paths.sweep(tmp_path / "not made yet")
