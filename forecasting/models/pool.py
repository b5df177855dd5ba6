"""Fitting a panel of which a model refuses some series: they are refused by name, and it learns from the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from forecasting.errors import Refusal
from forecasting.frames import Forecast, Panel
from forecasting.models.base import Forecaster
from forecasting.periods import Period

T = TypeVar("T")


@dataclass
class Pool:
    """A model on a panel, and in ``refused`` the series it declines, in its own words.

    A refusal that names series (:attr:`~forecasting.errors.Refusal.series`) takes these out, with their plans, and
    the model is fitted anew to what is left: nothing of a declined series is learnt from, and none is declined for
    another's sake. Any other error is of the whole pool and is raised, and so is the refusal of the last series.

    >>> from forecasting.models import build
    >>> years = {Period.parse(f"CY{year}"): 100.0 * 1.05 ** (year - 2010) for year in range(2010, 2025)}
    >>> late = dict(list(years.items())[-2:])
    >>> pool = Pool(build("naive"), Panel.of({"long": years, "short": late}))
    >>> pool.forecast(Period.parse("CY2025"), paths=9, seed=1).ids
    ('long',)
    >>> pool.refused
    {'short': 'naive: short has 2 observation(s), needs at least 3'}
    """

    model: Forecaster
    panel: Panel
    covariates: Panel | None = None
    refused: dict[str, str] = field(default_factory=dict, init=False)
    _fitted: Panel | None = field(default=None, init=False, repr=False)

    def fit(self) -> Forecaster:
        """The model fitted to the series it takes."""
        return self._taken(self._fit)

    def _fit(self) -> Forecaster:
        if self._fitted is not self.panel:
            self.model.fit(self.panel, self.covariates)
            self._fitted = self.panel
        return self.model

    def forecast(self, horizon: Period, *, paths: int, seed: int) -> Forecast:
        """Paths of the series it takes, fitted to them where it is not yet."""
        return self._taken(lambda: self._fit().predict(horizon, paths=paths, seed=seed))

    def _taken(self, make: Callable[[], T]) -> T:
        while True:
            try:
                return make()
            except Refusal as refusal:
                mine = {id: words for id, words in refusal.series.items() if id in self.panel.ids}
                self.refused |= mine
                left = [id for id in self.panel.ids if id not in mine]
                if not mine or not left:
                    raise
                self.panel = self.panel.only(*left)
                if self.covariates is not None:
                    seen = self.covariates.values
                    self.covariates = Panel(
                        self.covariates.kind, seen[[name for name in seen.columns if name not in mine]]
                    )
