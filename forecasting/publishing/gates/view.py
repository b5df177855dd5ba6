"""What the gates look at: a candidate's quantiles in wide form, and the figures each series was forecast from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue, Severity
from forecasting.catalogue.gating import Gates
from forecasting.errors import PeriodError
from forecasting.frames import LEVELS, Array
from forecasting.periods import Kind, Period
from forecasting.publishing.candidate import Candidate

KEY = ["series", "kind", "period", "scenario"]
LOW, MIDDLE, HIGH = LEVELS.index(0.025), LEVELS.index(0.5), LEVELS.index(0.975)


@dataclass(frozen=True)
class Found:
    """An objection without the name of its gate; ``series`` is empty when it concerns the whole edition."""

    severity: Severity
    text: str
    series: str = ""


@dataclass(frozen=True)
class Line:
    """The forecast of one series in one kind of period and scenario.

    ``ordinals`` (periods) ascend, without a period twice; ``values`` are (periods, :data:`LEVELS`), not a number
    where a level is missing.
    """

    series: str
    kind: Kind
    scenario: str
    ordinals: Array
    values: Array

    @property
    def median(self) -> Array:
        return self.values[:, MIDDLE]

    @property
    def width(self) -> Array:
        """Of the 95 % interval, a number a period."""
        return self.values[:, HIGH] - self.values[:, LOW]

    def label(self, place: int) -> str:
        return str(Period(self.kind, int(self.ordinals[place])))


def parsed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose period is one of their kind, with its number in the column ``ordinal``."""
    known: dict[tuple[str, str], int] = {}
    for kind, label in set(zip(table["kind"], table["period"], strict=True)):
        try:
            period = Period.parse(str(label))
        except PeriodError:
            continue
        if str(period.kind) == kind:
            known[kind, label] = period.ordinal
    ordinals = [known.get(key, -1) for key in zip(table["kind"], table["period"], strict=True)]
    return table.assign(ordinal=ordinals)[np.array(ordinals, dtype=int) >= 0]


def lines_of(table: pd.DataFrame) -> dict[tuple[str, str, str], Line]:
    """The lines of a forecast table by series, kind and scenario, whatever the order of its rows."""
    rows = parsed(table)
    rows = rows[rows["quantile"].isin(LEVELS)]
    rows = rows.sort_values([*KEY, "quantile", "value"]).drop_duplicates([*KEY, "quantile"])
    places = rows["quantile"].map({level: place for place, level in enumerate(LEVELS)}).to_numpy(dtype=int)
    found = {}
    numbers, values = rows["ordinal"].to_numpy(), rows["value"].to_numpy(dtype=float)
    names = pd.MultiIndex.from_frame(rows[["series", "kind", "scenario"]])
    codes, keys = names.factorize()
    for number, (series, kind, scenario) in enumerate(keys.tolist()):
        index = np.flatnonzero(codes == number)
        ordinals, inverse = np.unique(numbers[index], return_inverse=True)
        wide = np.full((len(ordinals), len(LEVELS)), np.nan)
        wide[inverse, places[index]] = values[index]
        found[series, kind, scenario] = Line(series, Kind(kind), scenario, ordinals, wide)
    return found


@dataclass(frozen=True)
class View:
    """A candidate as gates see it; everything is worked out once, when first asked for."""

    candidate: Candidate

    @property
    def catalogue(self) -> Catalogue:
        return self.candidate.catalogue

    @property
    def limits(self) -> Gates:
        return self.catalogue.publication.gates

    @cached_property
    def lines(self) -> Mapping[tuple[str, str, str], Line]:
        return lines_of(self.candidate.table)

    @cached_property
    def own(self) -> tuple[Line, ...]:
        """The lines in the kind of period their series is kept in."""
        series = self.catalogue.series
        lines = self.lines.values()
        return tuple(one for one in lines if one.series in series and one.kind is series[one.series].kind)

    @cached_property
    def present(self) -> frozenset[str]:
        return frozenset(map(str, self.candidate.table["series"]))

    def rows(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """The rows of each series in canonical order, periods that are none included."""
        table = self.candidate.table.sort_values([*KEY, "quantile", "value"])
        for series, rows in table.groupby("series", sort=True):
            yield str(series), rows
