"""Four ways in which the fit of a series goes wrong, and the words an edition has for each."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from forecasting.frames import Forecast

Break = Callable[[Forecast], Forecast]


def raises(forecast: Forecast) -> Forecast:
    del forecast
    raise ZeroDivisionError("a model's own fault")


def hangs(forecast: Forecast) -> Forecast:
    time.sleep(600)
    return forecast


def nan(forecast: Forecast) -> Forecast:
    paths = forecast.paths.copy()
    paths[0, 1, 2] = np.nan
    return replace(forecast, paths=paths)


def crashes(forecast: Forecast) -> Forecast:
    os.kill(os.getpid(), signal.SIGSEGV)
    return forecast


def ways(seconds: float) -> dict[str, tuple[Break, str]]:
    """By name, where a fit may take so many seconds."""
    return {
        "exception": (raises, "ZeroDivisionError: a model's own fault"),
        "hang": (hangs, f"no answer within {seconds:g} s"),
        "nan": (nan, "are not finite numbers"),
        "crash": (crashes, "its process was killed by SIGSEGV"),
    }
