"""A data folder and a release small enough to be worked out in a moment: a market, vehicles in it, oxide, a balance.

Every number is made up by a rule; the tests change one thing at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from forecasting.balance.outcome import bands
from forecasting.balance.tables import open_balance
from forecasting.data.store import Store
from forecasting.evaluation.experiment import Experiment
from forecasting.features import BUILDERS
from forecasting.models.recipe import Recipe
from forecasting.periods import Period, span
from forecasting.publishing.attribution import Told
from forecasting.publishing.attribution.mixed import World
from forecasting.publishing.attribution.worlds import Reruns
from forecasting.publishing.inputs import Inputs
from forecasting.publishing.release import Release, Released

MARKET, EV, OXIDE = "market", "ev", "oxide"
KNOWN_TO = Period.parse("2026-03")
LAG = 10


@dataclass
class Small:
    """What makes an edition, ready to be changed before :meth:`told` writes and works it out."""

    root: Path
    last: Period = KNOWN_TO
    revised: dict[tuple[str, str], float] = field(default_factory=dict)
    files: dict[str, Any] = field(default_factory=dict)
    models: dict[str, tuple[str, dict[str, Any]]] = field(
        default_factory=lambda: {MARKET: ("drift", {}), EV: ("drift", {}), OXIDE: ("drift", {})}
    )
    seed: int = 7
    paths: int = 60

    def change(self, name: str, edit: Callable[[Any], None]) -> Small:
        """Edit one of the YAML files."""
        content = self.files.setdefault(name, _yaml()[name])
        edit(content)
        return self

    def inputs(self) -> Inputs:
        (self.root / "scenarios").mkdir(parents=True)
        (self.root / "observations").mkdir()
        for name, content in {**_yaml(), **self.files}.items():
            (self.root / name).write_text(yaml.dump(content, Dumper=_Plain, sort_keys=False))
        rows = self._rows()
        rows.to_csv(self.root / "observations" / "all.csv", index=False, lineterminator="\n")
        as_of = date.fromisoformat(max(rows["available_at"]))
        store = Store.open(self.root)
        return Inputs(store, self._release(store, as_of), as_of)

    def told(self) -> Told:
        inputs = self.inputs()
        forecasts = Reruns().forecasts(World(inputs.store, inputs.release, inputs.as_of))
        known = inputs.store.as_of(inputs.as_of)
        balance = open_balance(inputs.store.catalogue, known, forecasts, self.seed, inputs.as_of)
        found = [
            bands(balance.graph, id, paths).assign(scenario=scenario)
            for scenario in balance.scenarios
            for id, paths in balance.values(scenario).items()
        ]
        table = pd.concat([forecast.quantiles() for forecast in forecasts], ignore_index=True)
        return Told(table, pd.concat(found, ignore_index=True), inputs)

    def _rows(self) -> pd.DataFrame:
        rows = []
        for t, month in enumerate(span(Period.parse("2021-04"), self.last)):
            market = 1000.0 * (1 + 0.1 * np.sin(t / 2) + 0.004 * t)
            for id, value in ((MARKET, round(market * 1000)), (EV, round(market * (50 + 2 * t)))):
                rows.append((str(month), id, value, "vehicles", month.end + timedelta(days=LAG)))
        for t, year in enumerate(span(Period.parse("FY2015"), Period.parse("FY2025"))):
            rows.append(
                (
                    str(year),
                    OXIDE,
                    0.2 + 0.01 * t + 0.02 * (t % 3),
                    "t NdPr oxide",
                    year.end + timedelta(days=LAG),
                )
            )
        told = [
            (
                period,
                id,
                self.revised.get((id, period), value),
                unit,
                f"{id}_book",
                "actual",
                day.isoformat(),
                "",
            )
            for period, id, value, unit, day in rows
        ]
        columns = ["period", "series", "value", "unit", "source", "status", "available_at", "note"]
        return pd.DataFrame(told, columns=columns).sort_values(["series", "period"])

    def _release(self, store: Store, as_of: date) -> Release:
        experiments = [
            self._experiment("markets", "markets", [MARKET], "2030-12"),
            self._experiment("vehicles", "ev_sales", [EV], "2030-12"),
            self._experiment("mines", "production", [OXIDE], "FY2030"),
        ]
        champions = {}
        for one in experiments:
            panel = BUILDERS[one.features](store.observations, store.catalogue, as_of, one.series, one.end)
            for id in one.series:
                model, parameters = self.models[id]
                recipe = Recipe.of(
                    panel.only(id), model, parameters, one.end, paths=self.paths, seed=self.seed
                )
                champions[id] = Released(recipe, model, pd.DataFrame(), {}, "", {"panel": ""})
        errors = {one.name: pd.DataFrame() for one in experiments}
        return Release(tuple(experiments), champions, errors, digest="", folder=self.root)

    def _experiment(self, name: str, features: str, series: list[str], horizon: str) -> Experiment:
        return Experiment.model_validate(
            {
                "name": name,
                "about": "made up",
                "features": features,
                "series": series,
                "horizon": horizon,
                "backtest": {"first": horizon, "every": 1, "steps": 1},
                "models": [{"model": "naive"}],
                "paths": self.paths,
                "seed": self.seed,
            }
        )


class _Plain(yaml.SafeDumper):
    """YAML without anchors, which the catalogue does not read."""

    def ignore_aliases(self, data: object) -> bool:
        del data
        return True


def _series(unit: str, kind: str, side: str, **more: Any) -> dict[str, Any]:
    return {"title": f"Made up, {unit}", "unit": unit, "kind": kind, "side": side, **more}


def _yaml() -> dict[str, Any]:
    source = {"publisher": "Nobody", "address": "none", "licence": "CC0", "title": "Made up"}
    node = {"side": "demand", "report": True}
    mass = {
        "title": "Made up", "unit": "kg magnet / vehicles", "basis": "magnet", "low": 0.5, "central": 0.7, "high": 1.2,
        "distribution": "triangular", "source": ["ev_book"], "owner": "demand", "review_by": date(2030, 1, 1),
    }  # fmt: skip
    return {
        "series.yaml": {
            "series": {
                MARKET: _series("vehicles", "month", "driver", sources=[MARKET]),
                EV: _series("vehicles", "month", "demand", within=MARKET, target=True, sources=[EV]),
                OXIDE: _series("t NdPr oxide", "FY", "supply", target=True, sources=[OXIDE]),
            }
        },
        "sources.yaml": {"sources": {f"{id}_book": {**source, "family": id} for id in (MARKET, EV, OXIDE)}},
        "events.yaml": {
            "events": {
                "push": {
                    "title": "Made up", "date": date(2026, 1, 1), "touches": [EV], "direction": "up",
                    "start": "2027-04", "probability": 0.5, "source": "ev_book",
                }
            }
        },
        "assumptions.yaml": {
            "assumptions": {
                "mass": mass,
                "per_magnet": {**mass, "unit": "t NdPr oxide / t magnet", "basis": "oxide", "low": 0.3,
                               "central": 0.4, "high": 0.5},
            }
        },
        "corrections.yaml": {"corrections": []},
        "publication.yaml": {
            "release_calendar": {"every": "month", "day": 20}, "critical": [EV], "contact": "nobody", "licence": "CC0",
        },
        "scenarios/baseline.yaml": {"title": "As announced", "why": "made up", "events": {"push": {}}},
        "scenarios/mission.yaml": {"title": "All of it", "why": "made up", "events": {"push": {"probability": 1.0}}},
        "balance.yaml": {
            "first": "FY2023", "last": "FY2030", "demand": "demand.magnet", "home_supply": "home.magnet",
            "home": "gap.home", "market": "gap.home", "oxide": "gap.oxide",
            "nodes": {
                "sold": {**node, "kind": "series", "title": "Sold", "unit": "vehicles", "series": EV,
                         "events": {"push": {"low": 0.1, "central": 0.2, "high": 0.4}}},
                "demand.magnet": {**node, "kind": "product", "title": "Magnets wanted", "unit": "t magnet",
                                  "of": ["sold", "mass"]},
                "demand.oxide": {**node, "kind": "product", "title": "Oxide wanted", "unit": "t NdPr oxide",
                                 "of": ["demand.magnet", "per_magnet"]},
                "home.oxide": {**node, "kind": "series", "title": "Oxide made", "unit": "t NdPr oxide",
                               "side": "supply", "series": OXIDE},
                "home.magnet": {**node, "kind": "product", "title": "Magnets made", "unit": "t magnet",
                                "side": "supply", "of": ["home.oxide"], "per": ["per_magnet"]},
                "gap.home": {**node, "kind": "sum", "title": "Magnets lacking", "unit": "t magnet", "side": "gap",
                             "of": ["demand.magnet"], "minus": ["home.magnet"]},
                "gap.oxide": {**node, "kind": "sum", "title": "Oxide lacking", "unit": "t NdPr oxide", "side": "gap",
                              "of": ["demand.oxide"], "minus": ["home.oxide"]},
            },
        },
    }  # fmt: skip
