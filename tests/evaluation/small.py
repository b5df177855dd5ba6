"""A small experiment on magnet imports, changed as a test needs it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from forecasting.evaluation.experiment import Experiment

CUT = date(2026, 6, 30)
Cli = Callable[..., tuple[int, str, str]]
BASE: dict[str, Any] = {
    "name": "t", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 100, "seed": 1,
    "series": ["in.magnets.value.85051110"], "backtest": {"first": "2025-06", "every": 6, "steps": 3},
    "models": [{"model": "naive"}],
}  # fmt: skip


def given(**changes: Any) -> Experiment:
    return Experiment.model_validate({**BASE, **changes})


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "one.yaml"
    path.write_text(yaml.safe_dump({**BASE, **changes}, sort_keys=False))
    return path
