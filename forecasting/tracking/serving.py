"""What a registered model answers: its recipe refitted on its own data, against its golden forecast."""

from __future__ import annotations

import reprlib
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import DataError, Fault, PeriodError, nearest
from forecasting.periods import Kind, Period
from forecasting.tracking.champion import GOLDEN_COLUMNS, read_panel

TOLERANCE = 1e-4
COLUMNS = ("horizon",)


def answer(artifacts: Mapping[str, str], model_input: Any, params: Mapping[str, Any] | None) -> pd.DataFrame:
    """The quantile forecast of a registered model, up to the horizon asked for.

    The recipe is refitted; a refit that does not give the golden forecast again is an error, not an answer.
    """
    given, asked = _as_given(model_input, params)
    horizon = _horizon(given, asked)
    golden = pd.read_parquet(artifacts["golden"])
    again = refit(artifacts, golden)
    _compare(golden, again)
    if horizon is None:
        return again
    ends = again["period"].map(lambda label: Period.parse(label).end)
    if ends.max() < horizon.end:
        last = max(golden["period"], key=lambda label: Period.parse(label).end)
        raise PeriodError(
            f"horizon {horizon} is after the last forecast period {last}; promote a longer forecast"
        )
    found = again[ends <= horizon.end].reset_index(drop=True)
    if found.empty:
        raise PeriodError(f"horizon {horizon} is before the first forecast period {again['period'].iloc[0]}")
    return found


def refit(artifacts: Mapping[str, str], golden: pd.DataFrame) -> pd.DataFrame:
    """The forecast of the recipe in the form of its golden forecast: the same series, kinds and quantiles."""
    from forecasting.models.total import read_recipe

    panel = read_panel(Path(artifacts["panel"]))
    covariates = read_panel(Path(artifacts["covariates"])) if "covariates" in artifacts else None
    recipe = read_recipe(Path(artifacts["recipe"]).read_text(encoding="utf-8"))
    named = list(dict.fromkeys(golden["series"]))
    forecast = recipe.refit(panel, covariates, wanted=named[0] if len(named) == 1 else None).only(*named)
    levels = sorted(golden["quantile"].unique())
    parts: list[pd.DataFrame] = []
    for kind in map(Kind, dict.fromkeys(golden["kind"])):
        of_kind = forecast if kind is forecast.kind else forecast.to(kind, panel)
        parts.append(of_kind.quantiles(levels).assign(kind=str(kind)))
    again = pd.concat(parts, ignore_index=True)
    again = again.loc[:, list(GOLDEN_COLUMNS)]
    return again.sort_values(["kind", "period", "quantile"], ignore_index=True)


def _compare(golden: pd.DataFrame, again: pd.DataFrame) -> None:
    key = ["series", "kind", "period", "quantile"]
    both = golden.merge(again, on=key, how="left", suffixes=("", "_again"))
    then, now = both["value"].to_numpy(dtype=float), both["value_again"].to_numpy(dtype=float)
    near = np.isclose(now, then, rtol=TOLERANCE, atol=TOLERANCE * max(float(np.median(np.abs(then))), 1e-12))
    if not near.all():
        row = both[~near].iloc[0]
        where = f"{row['series']} {row['period']} quantile {row['quantile']}"
        found = f"the refit gives {row['value_again']:.6g}, the golden forecast {row['value']:.6g}"
        do = "install the versions of its requirements.txt, or promote again"
        raise DataError("the recipe does not give its golden forecast again", [Fault(where, found, do)])


def _horizon(given: Any, asked: Mapping[str, Any] | None) -> Period | None:
    faults = [
        Fault(f"params: {name}", "unknown parameter", "leave it out; this model takes none")
        for name in asked or {}
    ]
    frame = _table(given)
    for column in frame.columns:
        if column not in COLUMNS:
            faults.append(Fault(f"column {column}", "unknown column", nearest(str(column), COLUMNS)))
    if faults:
        raise DataError("the request cannot be answered", faults)
    labels = sorted({str(v) for v in frame["horizon"].dropna()}) if "horizon" in frame else []
    if len(labels) > 1:
        fault = Fault("column horizon", f"several horizons: {', '.join(labels[:5])}", "ask for one at a time")
        raise DataError("the request cannot be answered", [fault])
    return Period.parse(labels[0]) if labels else None


def _table(given: Any) -> pd.DataFrame:
    try:
        return given if isinstance(given, pd.DataFrame) else pd.DataFrame(given)
    except (ValueError, TypeError):
        do = 'give pd.DataFrame({"horizon": ["FY2030"]}), or a table without columns for all periods'
        fault = Fault("the request", f"{reprlib.repr(given)} is no table", do)
        raise DataError("the request cannot be answered", [fault]) from None


def _as_given(model_input: Any, params: Mapping[str, Any] | None) -> tuple[Any, Mapping[str, Any] | None]:
    """The request before MLflow dropped the columns and parameters it does not know.

    MLflow only logs a warning and answers as if they were not there, so a misspelt scenario would silently
    give the base case. The request as it was given still stands in the caller's frame.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        owner = type(frame.f_locals.get("self"))
        if frame.f_code.co_name == "predict" and owner.__name__ == "PyFuncModel":
            return frame.f_locals.get("data", model_input), frame.f_locals.get("params", params)
        frame = frame.f_back
    return model_input, params
