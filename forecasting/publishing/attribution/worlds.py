"""The numbers of an edition worked out from mixed inputs, each fit made once.

Fits are kept by content: recipe, panel and regressors. What differs between two mixtures and touches neither is
arithmetic on the same paths, so the same draws (common random numbers) stand behind every comparison.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from forecasting.balance.graph import Graph
from forecasting.balance.inputs import fiscal_paths
from forecasting.balance.joint import Group, published
from forecasting.balance.outcome import BANDS, Balance
from forecasting.balance.scenarios import BASELINE, Scenario, read_scenarios
from forecasting.balance.tables import SENSITIVE
from forecasting.data.revisions import Revisions, Size, jump_off, learn, widen
from forecasting.errors import DataError, ForecastingError
from forecasting.evaluation.backtest import touching
from forecasting.frames import Forecast, Panel
from forecasting.models.recipe import Recipe
from forecasting.publishing.attribution.mixed import World
from forecasting.publishing.champions import fitted_on, seen_together

Number = tuple[str, str, str, str]
Numbers = dict[Number, float]
MEASURES = ("low_80", "median", "high_80")
SHORTAGE = "p_positive"
SERIES = ""  # the scenario of a number that is a forecast of a series
SCENARIOS = (BASELINE, SENSITIVE)
T = TypeVar("T")


def printed(forecasts: pd.DataFrame, balance: pd.DataFrame) -> Numbers:
    """The numbers of the tables of an edition by (scenario, series or node, period, measure).

    ``forecasts`` has the columns of ``forecasts.csv``, ``balance`` those of ``balance/balance.csv``. The scenario of
    a series is empty; :data:`SHORTAGE` is P(shortage) of gaps.
    """
    names = {BANDS[measure]: measure for measure in MEASURES}
    rows = forecasts[forecasts["quantile"].isin(list(names))]
    found: Numbers = {
        (SERIES, str(id), str(period), names[float(level)]): float(value)
        for id, period, level, value in zip(
            rows["series"], rows["period"], rows["quantile"], rows["value"], strict=True
        )
    }
    if balance.empty:
        return found
    for row in balance[balance["scenario"].isin(SCENARIOS)].to_dict("records"):
        key = (str(row["scenario"]), str(row["node"]), str(row["period"]))
        found |= {(*key, measure): float(row[measure]) for measure in MEASURES}
        if np.isfinite(float(row[SHORTAGE])):
            found[*key, SHORTAGE] = float(row[SHORTAGE])
    return found


@dataclass
class Reruns:
    """Numbers from worlds, with everything kept that two worlds share."""

    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def numbers(self, world: World, balance: bool, known: Sequence[Forecast] | None = None) -> Numbers | None:
        """What an edition from these inputs would print; None where they cannot be worked out together.

        ``known`` are the joint forecasts of this world, where they were made before.
        """
        try:
            forecasts = self.forecasts(world) if known is None else known
            found = _of_forecasts(forecasts)
            return found | self._of_balance(world, forecasts) if balance else found
        except (ForecastingError, np.linalg.LinAlgError, ValueError, FloatingPointError):
            return None

    def forecasts(self, world: World) -> list[Forecast]:
        """The joint forecasts of a world, as :func:`forecasting.publishing.paths.joint_paths` makes them."""
        store, release = world.store, world.release
        known = store.observations.as_of(world.as_of)
        catalogue = store.catalogue
        content = (known.digest(), repr(catalogue.sources), repr(catalogue.series), repr(catalogue.restates))
        revisions: Revisions = self._once(("learn", *content), lambda: learn(known, catalogue))
        groups = []
        for one in release.experiments:
            panel, regressors = seen_together(store, one, world.as_of)
            fits = [self._fit(world, id, panel, regressors) for id in one.series]
            sizes: dict[str, Size] = self._once(
                ("jump-off", *content, one.series, world.as_of),
                lambda one=one: jump_off(revisions, known, catalogue, one.series, world.as_of),  # type: ignore[misc]
            )
            groups.append(
                Group(widen(Forecast.joined(fits), sizes, seed=one.seed), panel, release.errors[one.name])
            )
        return published(groups, catalogue, release.experiments[0].seed)

    def _fit(self, world: World, id: str, panel: Panel, regressors: Panel | None) -> Forecast:
        recipe = world.release.champions[id].recipe
        if not isinstance(recipe, Recipe):
            raise DataError(f"{id} is released as a sum")
        mine = fitted_on(panel, recipe)
        seen = touching(regressors, mine, world.store)
        made = json.dumps(
            [recipe.model, recipe.parameters, recipe.series, recipe.horizon, recipe.seed, recipe.paths]
        )
        key = ("fit", id, made, mine.digest(), None if seen is None else seen.digest())
        return self._once(key, lambda: recipe.apply(mine, seen, wanted=id))

    def _of_balance(self, world: World, forecasts: Sequence[Forecast]) -> Numbers:
        catalogue = world.store.catalogue
        if not (catalogue.root / "balance.yaml").is_file():
            return {}
        told = (catalogue.root, repr(catalogue.events), repr(catalogue.assumptions), repr(catalogue.series))
        graph, scenarios = self._once(("graph", *told), lambda: _graph(world))
        known = world.store.observations.as_of(world.as_of)
        paths = fiscal_paths(graph, known, catalogue, forecasts)
        chosen = {id: scenario for id, scenario in scenarios.items() if id in SCENARIOS}
        balance = Balance(graph, paths, chosen, world.release.experiments[0].seed)
        return {key: value for id in chosen for key, value in _of_scenario(balance, id).items()}

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found


def _graph(world: World) -> tuple[Graph, Mapping[str, Scenario]]:
    graph = Graph.read(world.store.catalogue)
    return graph, read_scenarios(graph)


def _of_forecasts(forecasts: Sequence[Forecast]) -> Numbers:
    found: Numbers = {}
    for forecast in forecasts:
        values = np.quantile(forecast.paths, [BANDS[m] for m in MEASURES], axis=2)
        for s, id in enumerate(forecast.ids):
            for t, period in enumerate(forecast.periods):
                for q, measure in enumerate(MEASURES):
                    found[SERIES, id, str(period), measure] = float(values[q, s, t])
    return found


def _of_scenario(balance: Balance, scenario: str) -> Numbers:
    graph, found = balance.graph, {}
    labels = [str(period) for period in graph.periods]
    for node, paths in balance.values(scenario).items():
        record = graph.nodes[node]
        if not record.report:
            continue
        known = np.flatnonzero(~np.isnan(paths).any(axis=1))
        values = np.quantile(paths[known], [BANDS[m] for m in MEASURES], axis=1)
        for place, t in enumerate(known):
            for q, measure in enumerate(MEASURES):
                found[scenario, node, labels[t], measure] = float(values[q, place])
            if record.side == "gap":
                found[scenario, node, labels[t], SHORTAGE] = float((paths[t] > 0).mean())
    return found
