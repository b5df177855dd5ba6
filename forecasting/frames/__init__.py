"""The only things that cross a border: observations, panels, forecasts and scores.

:class:`Observations` are rows that know when they became known. A :class:`Panel` is what models fit: regular
series of one period kind, gaps left open. A :class:`Forecast` is a set of joint sample paths; quantiles are
computed once, at the end.
"""

from forecasting.frames.forecast import LEVELS, Forecast
from forecasting.frames.observations import OBSERVATION_COLUMNS, Observations
from forecasting.frames.panel import Array, KnownSum, Panel
from forecasting.frames.scores import Scores

__all__ = [
    "LEVELS",
    "OBSERVATION_COLUMNS",
    "Array",
    "Forecast",
    "KnownSum",
    "Observations",
    "Panel",
    "Scores",
]
