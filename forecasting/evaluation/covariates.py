"""Covariates that are series themselves, with their own forecasts from what was known at an origin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
import pandas as pd

from forecasting.data.store import Store, believed
from forecasting.errors import DataError
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.candidates import Driver
from forecasting.evaluation.fits import REFUSALS, fit_digest, lasting
from forecasting.features.panels import believed_panel
from forecasting.frames import Array, Panel
from forecasting.models import build
from forecasting.periods import Period

DRAWS = 500  # of a driver's forecast, of which the median is taken


@dataclass(frozen=True)
class Asked:
    """A driver's forecast that is wanted, the same as another when everything it depends on is."""

    key: str
    past: Panel = field(compare=False)
    driver: Driver = field(compare=False)
    end: Period = field(compare=False)
    seed: int = field(compare=False)

    @classmethod
    def of(cls, past: Panel, driver: Driver, end: Period, seed: int) -> Asked:
        """Keyed by data, model, parameters, horizon, seed and code."""
        recipe = json.dumps([driver.model, driver.parameters], sort_keys=True, default=str)
        told = repr([past.digest(), recipe, str(end), DRAWS, seed, fit_digest()])
        return cls(hashlib.sha256(told.encode()).hexdigest(), past, driver, end, seed)


@dataclass(frozen=True, eq=False)
class Foreseen:
    """The median forecast of a driver by step; empty with the refusal in words, or where nothing is made."""

    median: Array
    refusal: str = ""
    lasting: bool = True


NOT_MADE = Foreseen(np.empty(0))


@lru_cache(maxsize=1024)
def _made(asked: Asked) -> Foreseen:
    from threadpoolctl import threadpool_limits

    name = str(asked.driver.model)
    with threadpool_limits(1):
        try:
            model = build(name, asked.driver.parameters)
            forecast = model.fit(asked.past).predict(asked.end, paths=DRAWS, seed=asked.seed)
        except (*REFUSALS, MemoryError) as error:
            said = str(error) or type(error).__name__
            told = said if said.startswith(f"{name}: ") else f"{name}: {said}"
            return Foreseen(np.empty(0), told, lasting(error))
    return Foreseen(np.asarray(np.median(forecast.of(asked.driver.series), axis=1)))


@dataclass(frozen=True)
class Foresight:
    """Median forecasts of drivers, kept in a cache; without one, those of this process are remembered.

    One that does not make any is for plans that are not carried out; ``lacking`` then holds the keys it would make.
    """

    cache: Cache | None = None
    makes: bool = True
    lacking: set[str] = field(default_factory=set)

    def of(self, asked: Asked) -> Foreseen:
        """A driver's forecast, made once; refusals that say nothing about the model are never kept."""
        kept = None if self.cache is None else self.cache.driver(asked.key)
        if kept is not None:
            return Foreseen(*kept)
        if not self.makes:
            self.lacking.add(asked.key)
            return NOT_MADE
        made = _made(asked)
        if self.cache is not None and made.lasting:
            self.cache.put_driver(asked.key, made.median, made.refusal)
        return made


REMEMBERED = Foresight()


def driven(
    store: Store,
    drivers: Sequence[Driver],
    as_of: date,
    panel: Panel,
    declared: Panel | None,
    horizon: Period,
    seed: int,
    foresight: Foresight = REMEMBERED,
) -> tuple[Panel, dict[str, str]]:
    """The declared regressors and a column ``driver.<series>`` for each driver, to the horizon.

    A driver is seen as of the same day as the panel. After its last figure stands the median of its own model's
    forecast, or nothing where no model was named or the model broke; models that need it then fail in words, and
    why it broke is given by column. A driver nobody had heard of yet is an empty column, which models leave out.
    Raises :class:`DataError` when a log is asked of a driver that is not positive.
    """
    index = pd.RangeIndex(panel.first.ordinal, horizon.ordinal + 1)
    frames = [] if declared is None else [declared.values.reindex(index)]
    known = store.observations.as_of(as_of)
    refusals: dict[str, str] = {}
    for driver in drivers:
        name = f"driver.{driver.series}"
        column = pd.Series(dtype=float)
        if not believed(known, store.catalogue, driver.series).empty:
            past = believed_panel(known, store.catalogue, [driver.series])
            column, refusal = _column(past, driver, horizon, seed, foresight)
            refusals |= {name: refusal} if refusal else {}
        frames.append(column.reindex(index).to_frame(name))
    return Panel(panel.kind, pd.concat(frames, axis=1)), refusals


def _column(
    past: Panel, driver: Driver, horizon: Period, seed: int, foresight: Foresight
) -> tuple[pd.Series, str]:
    """A driver's values, shifted by its lag and on its scale, and why it has no forecast."""
    values = past.trimmed(driver.series).astype(float)
    last = Period(past.kind, int(values.index[-1]))
    end, foreseen = horizon + -driver.lag, NOT_MADE
    if driver.model is not None and end > last:
        mine = Panel(past.kind, values.to_frame(), dict(past.units))
        foreseen = foresight.of(Asked.of(mine, driver, end, seed))
        if len(foreseen.median):
            ahead = pd.RangeIndex(last.ordinal + 1, end.ordinal + 1)
            values = pd.concat([values, pd.Series(foreseen.median, index=ahead)])
    if driver.scale == "log":
        if bool((values <= 0).any()):
            raise DataError(
                f"{driver.series}: a driver that is not positive has no log; give it transform: none"
            )
        values = values.map(np.log)
    return values.set_axis(values.index + driver.lag), foreseen.refusal
