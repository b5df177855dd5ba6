"""The small world as a project that can be published: two more series with a sum, and a bundle on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from forecasting.evaluation.experiment import Experiment
from forecasting.features import BUILDERS
from forecasting.models import build
from forecasting.models.recipe import Recipe
from forecasting.models.total import Member, Total
from forecasting.periods import Period, span
from forecasting.publishing import metrics
from forecasting.publishing.facts import Facts
from forecasting.publishing.job import Published, Settings, publish
from forecasting.publishing.release import attachments
from forecasting.tracking import Champion, Trained, export_bundle
from tests.publishing.small_world import EV, KNOWN_TO, LAG, MARKET, OXIDE, Small, _Plain, _series, _yaml

LEFT, RIGHT, BOTH = "left", "right", "both"
FITTED = (MARKET, EV, OXIDE, LEFT, RIGHT)
TODAY = date(2026, 4, 20)


class Project:
    """Data, releases and editions in a folder of their own."""

    def __init__(self, root: Path, last: Period = KNOWN_TO, balance: bool = False, paths: int = 60) -> None:
        self.root, self.data, self.bundles = root, root / "data", root / "releases"
        self.editions, self.cache = root / "editions", root / "cache"
        self.paths = paths
        self.models = dict.fromkeys(FITTED, "drift")
        self._write(last, balance)

    def _write(self, last: Period, balance: bool) -> None:
        small = Small(self.data, last=last, paths=self.paths)
        files = _yaml()
        series = files["series.yaml"]["series"]
        sources = files["sources.yaml"]["sources"]
        for id in (LEFT, RIGHT):
            series[id] = _series("USD m", "month", "supply", target=True, sources=[id])
            sources[f"{id}_book"] = {**sources["ev_book"], "family": id}
        series[BOTH] = _series("USD m", "month", "supply", target=True, sum_of=[LEFT, RIGHT])
        files["publication.yaml"]["gates"] = {"sums": {"severity": "warn"}, "start": {"severity": "warn"}}
        files["publication.yaml"]["job"] = {"least_ok": 0.5, "fit_seconds": 20}
        files["balance.yaml"]["nodes"]["import.dependence"] = {
            "kind": "product", "title": "Lacking, of what is wanted", "unit": "1", "side": "gap",
            "of": ["gap.home"], "per": ["demand.magnet"],
        }  # fmt: skip
        if not balance:
            del files["balance.yaml"]
        (self.data / "scenarios").mkdir(parents=True)
        (self.data / "observations").mkdir()
        for name, content in files.items():
            (self.data / name).write_text(yaml.dump(content, Dumper=_Plain, sort_keys=False))
        rows = pd.concat([small._rows(), self._flows(last)]).sort_values(["series", "period"])
        rows.to_csv(self.data / "observations" / "all.csv", index=False, lineterminator="\n")

    def _flows(self, last: Period) -> pd.DataFrame:
        rows = []
        for id, phase in ((LEFT, 0.0), (RIGHT, 1.3)):
            for t, month in enumerate(span(Period.parse("2021-04"), last)):
                value = round(50 * (1.2 + 0.2 * float(np.sin(1.7 * t + phase)) + 0.01 * t), 3)
                day = (month.end + timedelta(days=LAG)).isoformat()
                rows.append((str(month), id, value, "USD m", f"{id}_book", "actual", day, ""))
        columns = ["period", "series", "value", "unit", "source", "status", "available_at", "note"]
        return pd.DataFrame(rows, columns=columns)

    def settings(self, edit: Callable[[dict[str, Any]], None]) -> Project:
        """Edit ``publication.yaml``."""
        path = self.data / "publication.yaml"
        content = yaml.safe_load(path.read_text())
        edit(content)
        path.write_text(yaml.dump(content, Dumper=_Plain, sort_keys=False))
        return self

    def release(self) -> Project:
        """Export a bundle of the models named in :attr:`models`."""
        from forecasting.data.store import Store

        store = Store.open(self.data)
        as_of = store.last_known(TODAY)
        groups = [
            self._experiment("markets", "markets", [MARKET], "2030-12"),
            self._experiment("vehicles", "ev_sales", [EV], "2030-12"),
            self._experiment("flows", "magnet_imports", [LEFT, RIGHT], "2030-12"),
            self._experiment("mines", "production", [OXIDE], "FY2030"),
        ]
        trained, cards, errors = {}, {}, {}
        rng = np.random.default_rng(5)
        for one in groups:
            panel = BUILDERS[one.features](store.observations, store.catalogue, as_of, one.series, one.end)
            mine = {id: panel if build(self.models[id]).pooled else panel.only(id) for id in one.series}
            recipes = {
                id: Recipe.of(mine[id], self.models[id], {}, one.end, paths=one.paths, seed=one.seed)
                for id in one.series
            }
            past = rng.normal(0, 0.1, (9, len(one.series)))
            errors[one.name] = pd.DataFrame(past, columns=list(one.series))
            wanted: dict[str, tuple[Recipe | Total, Any]] = {
                id: (recipe, mine[id]) for id, recipe in recipes.items()
            }
            if set(one.series) == {LEFT, RIGHT}:
                members = tuple(Member(series=id, recipe=recipe) for id, recipe in recipes.items())
                total = Total(total=BOTH, parts=(LEFT, RIGHT), members=members, seed=one.seed)
                wanted[BOTH] = (total, panel)
            for id, (recipe, seen) in wanted.items():
                forecast = recipe.refit(seen).only(id)
                golden = forecast.quantiles().assign(kind=str(forecast.kind))
                champion = Champion.of(id, recipe.to_json(), golden, panel=seen)
                trained[id] = Trained(champion, seen)
                cards[id] = {
                    "model": recipe.model,
                    "record": {"origins": 9, "points": 90, "coverage_80": 0.8},
                }
        export_bundle(trained, self.bundles, attachments(groups, errors, cards))
        return self

    def _experiment(self, name: str, features: str, series: list[str], horizon: str) -> Experiment:
        return Experiment.model_validate(
            {
                "name": name, "about": "made up", "features": features, "series": series, "horizon": horizon,
                "backtest": {"first": horizon, "every": 1, "steps": 1}, "models": [{"model": "naive"}],
                "paths": self.paths, "seed": 7,
            }
        )  # fmt: skip

    def publish(self, render: Any = None, deliver: Any = None, **options: Any) -> Published:
        given: dict[str, Any] = {"known_on": TODAY, "released": TODAY, "today": TODAY, **options}
        settings = Settings(self.data, self.bundles, self.editions, self.cache, **given)
        return publish(settings, render or plain, deliver or (lambda *_: ()))

    @property
    def latest(self) -> Path:
        return (self.editions / "latest").resolve()

    def table(self, folder: Path | None = None) -> pd.DataFrame:
        return pd.read_csv((folder or self.latest) / "forecasts.csv", float_precision="round_trip")

    def states(self, folder: Path | None = None) -> pd.DataFrame:
        path = (folder or self.latest) / "states.csv"
        return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("series")


def plain(facts: Facts, form: str, beside: Sequence[str]) -> Mapping[str, bytes]:
    """A report in place of the real one: the tables, and what readers are told."""
    if form != "csv":
        return {f"report.{form}": "\n".join([facts.status, *facts.status_reasons, *beside]).encode()}
    csv = {
        "states": facts.tables["states"], "certificates": facts.certificates, "provenance": facts.provenance,
        "history": facts.history,
    }  # fmt: skip
    return {f"{name}.csv": table.to_csv(index=False).encode() for name, table in csv.items()}


def sample(project: Project, name: str, **labels: str) -> float | None:
    found = metrics.read(project.editions / metrics.FILE)
    return found.get((name, tuple(sorted(labels.items()))))


def counted(project: Project) -> float:
    """The objections of all gates so far."""
    found = metrics.read(project.editions / metrics.FILE)
    return sum(value for (name, _), value in found.items() if name == "forecast_gate_failures_total")
