"""The balance in tidy tables, as an edition and a report carry them; the same inputs give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from forecasting.balance.compared import validation
from forecasting.balance.graph import Graph
from forecasting.balance.inputs import fiscal_paths
from forecasting.balance.knowing import value_of_data
from forecasting.balance.outcome import DRAWS, Balance, balance_table
from forecasting.balance.outlooks import scorecard
from forecasting.balance.register import register, require_reviewed
from forecasting.balance.scenarios import BASELINE, read_scenarios
from forecasting.balance.sensitivity import with_sobol
from forecasting.balance.structure import structure
from forecasting.catalogue import Catalogue
from forecasting.frames import Forecast, Observations

SENSITIVE = "mission"  # the scenario, beside the baseline, whose gap is taken apart


def open_balance(
    catalogue: Catalogue,
    observations: Observations,
    forecasts: Sequence[Forecast],
    seed: int,
    today: date,
    draws: int = DRAWS,
) -> Balance:
    """The graph, scenarios and series of a data folder, checked.

    ``observations`` are those known on the day of the forecasts; ``forecasts`` the joint ones an edition
    publishes (:func:`forecasting.balance.joint.published`). Raises
    :class:`~forecasting.errors.ConfigError` for a faulty graph, scenario or expired assumption and
    :class:`~forecasting.errors.DataError` for a series without a forecast.
    """
    graph = Graph.read(catalogue)
    require_reviewed(graph, today)
    scenarios = read_scenarios(graph)
    return Balance(graph, fiscal_paths(graph, observations, catalogue, forecasts), scenarios, seed, draws)


def sensitivity(balance: Balance) -> pd.DataFrame:
    """Tornado and Sobol indices of both gaps, in the baseline and where all measures succeed."""
    graph = balance.graph
    chosen = [id for id in (BASELINE, SENSITIVE) if id in balance.scenarios]
    parts = [with_sobol(balance, id, node) for id in chosen for node in (graph.home, graph.market)]
    return pd.concat(parts, ignore_index=True)


def knowledge(balance: Balance, today: date) -> pd.DataFrame:
    """The value of data for both gaps, in the baseline and where all measures succeed."""
    graph = balance.graph
    chosen = [id for id in (BASELINE, SENSITIVE) if id in balance.scenarios]
    parts = [value_of_data(balance, id, node, today) for id in chosen for node in (graph.home, graph.market)]
    return pd.concat(parts, ignore_index=True)


def tables(
    balance: Balance,
    catalogue: Catalogue,
    observations: Observations,
    forecasts: Sequence[Forecast],
    today: date,
) -> dict[str, pd.DataFrame]:
    """Every table of the balance by file name without ending.

    ``balance`` (bands by scenario, node, year), ``scenarios`` (one headline row each), ``tornado`` (with Sobol
    indices), ``value_of_data``, ``outlook_scores``, ``validation``, ``assumptions`` (with what is amber),
    ``structure`` (which reported nodes add up to which).
    """
    bands, heads = balance_table(balance, list(balance.scenarios))
    values = balance.values(BASELINE)
    path = catalogue.root / "outlooks.csv"
    said = pd.read_csv(path, keep_default_na=False) if path.is_file() else pd.DataFrame()
    return {
        "balance": bands,
        "scenarios": heads,
        "tornado": sensitivity(balance),
        "value_of_data": knowledge(balance, today),
        "outlook_scores": scorecard(said, balance.graph, catalogue, observations, forecasts, values),
        "validation": validation(balance.graph, observations, values),
        "assumptions": register(balance.graph, today),
        "structure": structure(balance.graph),
    }
