"""What moved since the last edition, and why: every number split into causes that add up to its move.

The inputs of the last edition lie in it (:mod:`forecasting.publishing.inputs`). They are mixed with those of now,
cause by cause, and the numbers worked out again from each mixture
(:mod:`~forecasting.publishing.attribution.mixed`, :mod:`~forecasting.publishing.attribution.worlds`); each cause
gets its Shapley value (:mod:`~forecasting.publishing.attribution.orders`). What the last edition printed less what
its own inputs give today is *code and dependencies*; what this edition prints less what its inputs give is
*fallbacks in use*. So the parts add up to the whole by construction.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from forecasting.balance.graph import Graph
from forecasting.catalogue import Catalogue
from forecasting.evaluation.backtest import Progress, silent
from forecasting.frames import Array, Forecast
from forecasting.publishing.attribution.mixed import CAUSES, Mixture
from forecasting.publishing.attribution.orders import ORDERS, shares
from forecasting.publishing.attribution.worlds import SCENARIOS, SERIES, Number, Numbers, Reruns, printed
from forecasting.publishing.inputs import Inputs

CODE, FALLBACKS, TOGETHER = "code and dependencies", "fallbacks in use", "not separable"
UNKNOWN = "not attributed"
EVERY = (*CAUSES, CODE, FALLBACKS, TOGETHER, UNKNOWN)
KEY = ("scenario", "about", "period", "measure")
COLUMNS = ("about", "title", "unit", "period", "cause", "before", "after", "amount")
SMALLEST = 1e-9  # relative to the number: rounding, not a move


@dataclass(frozen=True)
class Told:
    """The numbers of an edition and what they follow from.

    ``forecasts`` has the columns of ``forecasts.csv``, ``balance`` those of ``balance/balance.csv``; ``inputs`` is
    None for an edition that does not hold them; ``fallen`` are the series that did not come from their champion;
    ``paths`` the joint forecasts its inputs give under today's code, where they are at hand.
    """

    forecasts: pd.DataFrame
    balance: pd.DataFrame
    inputs: Inputs | None
    fallen: Collection[str] = ()
    paths: Sequence[Forecast] | None = None


def attribute(was: Told, now: Told, progress: Progress = silent) -> pd.DataFrame:
    """One row a number both editions print: :data:`KEY`, ``before``, ``after``, and one column a cause.

    ``measure`` is median, low_80, high_80 or p_positive (P(shortage) of a gap); the scenario of a series is empty.
    Only causes that differ have a column. Along a row the causes add up to ``after - before`` to 1e-9 of the larger.
    """
    before, after = (printed(told.forecasts, told.balance) for told in (was, now))
    keys = [key for key in after if key in before]
    first, last = (np.array([found[key] for key in keys], dtype=float) for found in (before, after))
    table = pd.DataFrame(keys, columns=list(KEY)).assign(before=first, after=last)
    if was.inputs is None or now.inputs is None:
        parts: Mapping[str, Array] = {UNKNOWN: last - first}
    else:
        runs = _Runs(keys, Mixture(was.inputs, now.inputs), (was.paths, now.paths), progress)
        parts = runs.parts(first, last, was.fallen)
    return table.assign(**{cause: parts[cause] for cause in EVERY if cause in parts})


class _Runs:
    """The numbers of every mixture asked for, each worked out once."""

    def __init__(
        self,
        keys: Sequence[Number],
        mixture: Mixture,
        ends: tuple[Sequence[Forecast] | None, Sequence[Forecast] | None],
        progress: Progress,
    ) -> None:
        self.keys, self.mixture, self.ends, self.progress = keys, mixture, ends, progress
        self.of_drivers = np.array([k[0] == SERIES and k[1] in mixture.drivers for k in keys], dtype=bool)
        self.scopes = [flag for flag in (False, True) if (self.of_drivers == flag).any()]
        self.causes = {flag: mixture.differing(flag) for flag in self.scopes}
        self.most = sum(min(2 ** len(causes), ORDERS * len(causes)) for causes in self.causes.values())
        self.reruns = Reruns()
        self.kept: dict[tuple[frozenset[str], bool], Array] = {}

    def parts(self, first: Array, last: Array, fallen: Collection[str]) -> dict[str, Array]:
        found: dict[str, Array] = {}
        for flag in self.scopes:
            mine = self.of_drivers == flag
            for cause, part in shares(self.causes[flag], partial(self.of, of_drivers=flag)).items():
                found.setdefault(cause, np.zeros(len(self.keys)))[mine] = part[mine]
        start, end = (self.of(on, of_drivers=False) for on in (frozenset(), frozenset(CAUSES)))
        return _completed(self.keys, first, last, start, end, found, fallen)

    def of(self, on: frozenset[str], of_drivers: bool) -> Array:
        place = self.mixture.place(on, of_drivers)
        if place not in self.kept:
            self.progress(min(len(self.kept), self.most), self.most)
            known = self.ends[0] if not place[0] else self.ends[1] if place[0] == frozenset(CAUSES) else None
            found = self.reruns.numbers(self.mixture.world(*place), balance=not place[1], known=known)
            self.kept[place] = _aligned(self.keys, found)
        return self.kept[place]


def _aligned(keys: Sequence[Number], found: Numbers | None) -> Array:
    return np.array([np.nan if found is None else found.get(key, np.nan) for key in keys], dtype=float)


def _completed(
    keys: Sequence[Number],
    first: Array,
    last: Array,
    start: Array,
    end: Array,
    parts: dict[str, Array],
    fallen: Collection[str],
) -> dict[str, Array]:
    """The parts with the two ends joined to what was printed; a number no order explains is one part."""
    separable = np.isfinite(start) & np.isfinite(end)
    for part in parts.values():
        separable &= np.isfinite(part)
    found = {cause: np.where(separable, part, 0.0) for cause, part in parts.items()}
    code = np.where(separable, start - first, 0.0)
    stood_in = np.array([bool(fallen) and (key[0] != SERIES or key[1] in fallen) for key in keys], dtype=bool)
    found[CODE] = np.where(stood_in, 0.0, code)
    found[FALLBACKS] = np.where(separable, last - end, 0.0) + np.where(stood_in, code, 0.0)
    found[TOGETHER] = np.where(separable, 0.0, last - first)
    return {cause: part for cause, part in found.items() if cause in CAUSES or bool((part != 0).any())}


def changes(table: pd.DataFrame, catalogue: Catalogue, graph: Graph | None) -> pd.DataFrame:
    """The headline moves for a report, one row a cause, largest cause first; columns as the report's ``changes``.

    Headlines are demand, home supply and the gaps in the graph's last year, of the baseline and where all measures
    succeed, and the last year of every target. Numbers that did not move are left out.
    """
    medians = table[table["measure"] == "median"]
    rows: list[dict[str, object]] = []
    for row in medians.to_dict("records"):
        told = _headline(row, medians, catalogue, graph)
        before, after = float(row["before"]), float(row["after"])
        if told is None or abs(after - before) <= SMALLEST * max(abs(before), abs(after)):
            continue
        found = {cause: float(row[cause]) for cause in EVERY if cause in row and float(row[cause]) != 0}
        for cause, amount in sorted(found.items(), key=lambda item: (-abs(item[1]), item[0])):
            rows.append(
                {
                    **told,
                    "period": row["period"],
                    "cause": cause,
                    "before": before,
                    "after": after,
                    "amount": amount,
                }
            )
    ranked = sorted(rows, key=lambda row: str(row["about"]) in catalogue.series)
    return pd.DataFrame(ranked, columns=list(COLUMNS))


def _headline(
    row: Mapping[Hashable, object], medians: pd.DataFrame, catalogue: Catalogue, graph: Graph | None
) -> dict[str, object] | None:
    scenario, id, period = str(row["scenario"]), str(row["about"]), str(row["period"])
    if scenario == SERIES:
        series = catalogue.series.get(id)
        if series is None or not series.target:
            return None
        own = medians[(medians["scenario"] == SERIES) & (medians["about"] == id)]["period"]
        years = [label for label in own if str(label).startswith("FY")] or list(own)
        return {"about": id, "title": series.title, "unit": series.unit} if period == years[-1] else None
    if graph is None or period != str(graph.last) or scenario not in SCENARIOS:
        return None
    if id not in (graph.demand, graph.home_supply, graph.home, graph.market, graph.oxide):
        return None
    node = graph.nodes[id]
    return {"about": f"{scenario}.{id}", "title": f"{node.title} ({scenario})", "unit": node.unit}
