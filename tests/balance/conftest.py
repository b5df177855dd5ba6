"""What the balance's tests share: joint forecasts made by a rule, and the project's own graph on them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forecasting.balance.outcome import Balance
from forecasting.balance.tables import open_balance
from forecasting.catalogue import Catalogue
from forecasting.data.store import Store
from forecasting.frames import Forecast
from forecasting.periods import Period
from tests.conftest import TODAY

PATHS, DRAWS, SEED = 200, 1000, 7
LEVELS = {
    "in.ev.2w": (1_400_000.0, 0.25, "vehicles"),
    "in.ev.3w": (830_000.0, 0.1, "vehicles"),
    "in.ev.pv": (190_000.0, 0.3, "vehicles"),
    "in.ev.rest": (19_000.0, 0.2, "vehicles"),
    "in.market.2w": (21_000_000.0, 0.05, "vehicles"),
    "in.market.3w": (1_360_000.0, 0.1, "vehicles"),
    "in.market.pv": (4_600_000.0, 0.1, "vehicles"),
    "cn.magnets.exports": (58_000.0, 0.1, "t magnet"),
    "in.magnets.value.85051190": (163.0, 0.1, "USD m"),
}


def grown(id: str, level: float, spread: float, unit: str, first: str, steps: int) -> Forecast:
    rng = np.random.default_rng(sum(map(ord, id)))
    growth = 0.05 + spread * rng.standard_normal((1, 1, PATHS))
    years = np.arange(1, steps + 1)[None, :, None]
    return Forecast((id,), Period.parse(first), level * np.exp(growth * years), {id: unit}, {id: "rule"})


@pytest.fixture(scope="session")
def forecasts() -> list[Forecast]:
    monthly = Forecast(
        ("in.ev.pv",), Period.parse("2026-04"), np.full((1, 57, PATHS), 9.0), {"in.ev.pv": "vehicles"}
    )
    yearly = [grown(id, *what, first="FY2027", steps=4) for id, what in LEVELS.items()]
    return [monthly, *yearly, grown("in.ndpr.oxide", 500.0, 0.1, "t NdPr oxide", "FY2026", 5)]


@pytest.fixture(scope="session")
def ready(store: Store, forecasts: list[Forecast]) -> Balance:
    return open_balance(store.catalogue, store.as_of(TODAY), forecasts, SEED, TODAY, DRAWS)


@pytest.fixture
def graph_folder(data_folder: Path, tmp_path: Path) -> Path:
    """A copy of the graph and its scenarios that a test may break."""
    shutil.copy(data_folder / "balance.yaml", tmp_path / "balance.yaml")
    shutil.copytree(data_folder / "scenarios", tmp_path / "scenarios")
    return tmp_path


@pytest.fixture
def broken(store: Store, graph_folder: Path) -> Callable[[str, str], Catalogue]:
    """Replace a text in the copied graph; gives the catalogue that points at it."""

    def change(old: str, new: str) -> Catalogue:
        path = graph_folder / "balance.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        return replace(store.catalogue, root=graph_folder)

    return change
