"""The models by name. A model is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from forecasting.errors import ConfigError, Fault, nearest
from forecasting.models.automatic import Auto
from forecasting.models.base import Forecaster
from forecasting.models.bass import GeneralisedBass
from forecasting.models.combination import Median, TrimmedMean
from forecasting.models.driver import DriverRegression
from forecasting.models.ets import ETS
from forecasting.models.lags import LagRegressor
from forecasting.models.naive import DampedDrift, Drift, Naive, SeasonalNaive
from forecasting.models.prophet import Prophet
from forecasting.models.ramp import TargetRamp
from forecasting.models.sarimax import SARIMAX
from forecasting.models.scurve import SCurve
from forecasting.models.structural import UnobservedComponents
from forecasting.models.univariate import AutoARIMA, AutoCES, AutoETS, OptimisedTheta, Theta
from forecasting.models.weighted import Stacked, Weighted

MODELS: dict[str, type[Forecaster]] = {
    "auto": Auto,
    "naive": Naive,
    "seasonal_naive": SeasonalNaive,
    "drift": Drift,
    "damped_drift": DampedDrift,
    "ets": ETS,
    "sarimax": SARIMAX,
    "structural": UnobservedComponents,
    "prophet": Prophet,
    "lags": LagRegressor,
    "auto_ets": AutoETS,
    "auto_arima": AutoARIMA,
    "theta": Theta,
    "optimised_theta": OptimisedTheta,
    "auto_ces": AutoCES,
    "scurve": SCurve,
    "generalised_bass": GeneralisedBass,
    "ramp": TargetRamp,
    "driver": DriverRegression,
    "median": Median,
    "trimmed_mean": TrimmedMean,
    "weighted": Weighted,
    "stacked": Stacked,
}


@cache
def _readers(model: type[Forecaster]) -> dict[str, TypeAdapter[Any]]:
    """What reads each parameter of a model."""
    hints = get_type_hints(model, include_extras=True)
    return {one.name: TypeAdapter(hints[one.name]) for one in fields(model) if one.init}


def build(name: str, parameters: Mapping[str, Any] | None = None) -> Forecaster:
    """The model of a name with some of its parameters set; all faults are told at once.

    >>> build("ets", {"damping": 0.8}).parameters["damping"]
    0.8
    >>> build("prophett")
    Traceback (most recent call last):
    ...
    forecasting.errors.ConfigError: unknown model 'prophett'; did you mean 'prophet'?
    >>> build("ets", {"dampign": 0.8})
    Traceback (most recent call last):
    ...
    forecasting.errors.ConfigError: model 'ets' cannot be built
      dampign: 'ets' has no such parameter; did you mean 'damping'?
    """
    if name not in MODELS:
        raise ConfigError(f"unknown model {name!r}; {nearest(name, MODELS)}")
    model = MODELS[name]
    readers = _readers(model)
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for key, value in (parameters or {}).items():
        if key not in readers:
            faults.append(Fault(key, f"{name!r} has no such parameter", nearest(key, list(readers))))
            continue
        try:
            given[key] = readers[key].validate_python(value)
        except ValidationError as error:
            for one in error.errors():
                where = ".".join(map(str, (key, *one["loc"])))
                do = str(one["msg"]).removeprefix("Value error, ")
                faults.append(Fault(where, f"{one['input']!r} does not fit", do))
    if faults:
        raise ConfigError(f"model {name!r} cannot be built", faults)
    return model(**given)


__all__ = ["MODELS", "Forecaster", "build"]
