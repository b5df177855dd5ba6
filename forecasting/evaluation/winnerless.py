"""Why a series has no winner: nothing is known of it, nothing could be judged, or no model held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from forecasting.errors import Fault

if TYPE_CHECKING:
    from forecasting.evaluation.backtest import Plan
    from forecasting.evaluation.experiment import Experiment

ELSE = "choose another first origin or horizon, give drivers a model, mend the data, or name models that hold"


def bound(experiment: Experiment, found: Plan) -> list[Fault]:
    """Why series of a backtest can have no winner, whatever its fits will say."""
    judged: set[str] = set()
    for work in found.works:
        first = work.origin.cutoff.ordinal + 1
        ahead = found.today.values.loc[first : first + work.steps - 1, list(work.ids)]
        judged.update(ahead.columns[ahead.notna().any()])
    faults = []
    for id in experiment.series:
        where = f"{experiment.name}: {id}"
        if id not in found.today.ids:
            faults.append(unknown(where))
        elif found.refused:
            said = f"each of {len(found.models)} model(s) will fail at {next(iter(found.refused.values()))}"
            faults.append(Fault(where, said, ELSE))
        elif id not in judged and len(found.models) > 1:
            faults.append(untried(where, experiment))
    return faults


def unknown(where: str) -> Fault:
    return Fault(where, "no fittable observation", "check its rows and their status")


def untried(where: str, experiment: Experiment) -> Fault:
    found = f"could not be backtested from {experiment.backtest.first} on"
    return Fault(where, found, "choose an earlier first origin or name a single model")


def unheld(where: str, rows: pd.DataFrame, models: int) -> Fault:
    """Every model failed on a series: the refusal that stands there most often, with the origins it came from."""
    failed = rows[rows["failure"] != ""]
    if failed.empty:
        found = f"none of {models} model(s) could be judged: the naive error of the past is nought or unknown"
        return Fault(where, found, "choose a later first origin")
    words = failed.groupby("failure", sort=False).size()
    often = str(words.idxmax())
    at = failed.loc[failed["failure"] == often, "cutoff"].drop_duplicates()
    found = (
        f"each of {models} model(s) failed at an origin or could not be judged; most often, {words.max()} of "
        f"{len(failed)} times, first at {at.iloc[0]}: {often}"
    )
    return Fault(where, found, ELSE)
