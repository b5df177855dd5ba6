"""``auto``: the default model, from :mod:`forecasting.models.auto`, one series at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from forecasting.errors import Refusal
from forecasting.frames import Array, Panel
from forecasting.models.base import Forecaster
from forecasting.models.certificate import Certificate, simulated
from forecasting.models.links import SHARE_EDGE, ceiling_of
from forecasting.periods import Period


@dataclass
class Auto(Forecaster):
    """A bank of fast methods weighted by what the series looks like, with learnt bands.

    The weights and bands were learnt from public competition series (``docs/auto.md``). A series below a
    ceiling that still grows follows an adoption curve towards the ceiling of its last year; draws that would
    pass the ceiling of their period run at it, and the explanation says how many.

    >>> panel = Panel.of({"a": {Period.parse(f"CY{y}"): 100.0 * 1.05 ** (y - 2010) for y in range(2010, 2025)}})
    >>> forecast = Auto().fit(panel).predict(Period.parse("CY2027"), paths=200, seed=1)
    >>> bool(200 < np.median(forecast.paths[0, 0]) < 220)
    True
    """

    name: ClassVar[str] = "auto"
    minimum: ClassVar[int] = 5

    @property
    def parameters(self) -> dict[str, Any]:
        return {}

    def _fit(self, panel: Panel) -> None:
        del panel

    def _predict(self, steps: int, paths: int, seed: int) -> Array:
        return np.stack([self._paths(id, steps, paths, seed) for id in self.fitted.ids])

    def _paths(self, id: str, steps: int, paths: int, seed: int) -> Array:
        from forecasting.models.auto import forecast_arrays

        panel = self.fitted
        values = panel.trimmed(id)
        first = Period(panel.kind, int(values.index[0]))
        start = first + len(values)
        count = panel.last + 1 - start + steps
        y = values.to_numpy(dtype=float)
        past = ceiling_of(panel, id, first, len(values))
        ahead = ceiling_of(panel, id, start, count)
        upper = None if past is None else float(past[-panel.kind.per_year :].mean())
        season = panel.kind.per_year
        answer = forecast_arrays([y], season, count, paths=paths, seed=seed, keys=[id], upper=[upper])[0]
        if answer.refusal is not None:
            raise Refusal(f"{self.name}: {id}: {answer.refusal}")
        self.explanation[id] = dict(answer.explanation)
        known = int(np.isfinite(y).sum())
        told = answer.explanation
        self.certificate[id] = Certificate(
            str(told["band"]),
            int(told.get("calibration_points", 0)),
            known,
            *(simulated(self.name, known) or ()),
        )
        drawn = answer.paths
        if ahead is not None:
            edge = ahead[:, None] * (1 - SHARE_EDGE)
            self.explanation[id]["draws_at_the_ceiling"] = float((drawn > edge).mean())
            drawn = np.minimum(drawn, edge)
        return drawn[count - steps :]
