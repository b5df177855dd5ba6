"""The promotion gate: a challenger replaces a champion when the difference is more than luck, else the champion stays.

Evidence is paired: both models at the same as-of origins, and both on the days of editions really issued. The
challenger is the rival with the lowest mean score; because it is picked among several, its p-value is multiplied by
their number (Bonferroni), so that the gate's rate holds for the picking as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import DataError, Fault, ForecastingError
from forecasting.evaluation.comparison import COLUMN, Paired, compare
from forecasting.evaluation.experiment import Candidate, Experiment, Promotion
from forecasting.evaluation.leaderboard import leaderboard, winners
from forecasting.frames import Scores
from forecasting.models import build
from forecasting.models.recipe import Recipe

ISSUED = ("series", "edition", "period", "model", "loss")
FIRST, SAME, PROMOTED, INCONCLUSIVE, OVERRIDDEN = "first", "same", "promoted", "inconclusive", "overridden"
DECLARED = "declared"


@dataclass(frozen=True)
class Decision:
    """What became of one series: the verdict, the model in force, and the evidence in words and numbers.

    ``verdict`` is ``first`` (there was no champion), ``same`` (no rival has a lower mean), ``promoted``,
    ``inconclusive`` (the champion stays), ``overridden`` (somebody's ``reason`` decided) or ``declared`` (the file
    names one model, another than the champion: nothing was tested). ``was`` holds model and parameters of a champion
    replaced without a test.
    """

    series: str
    verdict: str
    champion: str | None
    challenger: str
    why: str
    test: Paired | None = None
    rivals: int = 0
    issued: tuple[int, float, float] | None = None
    was: Mapping[str, Any] | None = None

    @property
    def chosen(self) -> str:
        """The label in force after the decision."""
        keeps = self.verdict in (SAME, INCONCLUSIVE) and self.champion is not None
        return self.champion if keeps and self.champion is not None else self.challenger

    @property
    def evidence(self) -> dict[str, Any]:
        """The numbers behind the verdict, as kept with a promotion; rounded to six digits."""
        found: dict[str, Any] = {
            "champion": self.champion,
            "challenger": self.challenger,
            "rivals": self.rivals,
        }
        if self.test is not None:
            found |= {"origins": self.test.origins, "overlap": self.test.overlap}
            numbers = {"lower": self.test.lower, "dm": self.test.statistic, "p": self.p}
            found |= {k: float(f"{v:.6g}") if np.isfinite(v) else None for k, v in numbers.items()}
        if self.was is not None:
            found["was"] = dict(self.was)
        if self.issued is not None:
            found["issued"] = [self.issued[0], *(float(f"{loss:.6g}") for loss in self.issued[1:])]
        return found

    @property
    def p(self) -> float:
        """The one-sided probability of the difference between equal models, for the picking of one among rivals."""
        p = self.test.p_sized * max(1, self.rivals) if self.test else float("nan")
        return 1.0 if p > 1 else p


def contending(
    experiment: Experiment, champions: Mapping[str, tuple[str, Recipe]]
) -> tuple[Experiment, dict[str, str], dict[str, Fault]]:
    """The experiment with every champion among its candidates, and each series' champion by the label it has there.

    ``champions`` gives label and recipe by series. A champion is recognised by model and parameters; one that is no
    longer in the file competes under ``<label>-champion``. One that this version cannot build cannot compete: the
    third part says why, by series.
    """
    known: dict[str, tuple[str, Mapping[str, Any]]] = {
        c.name: (c.model, build(c.model, c.parameters).parameters) for c in experiment.models
    }
    added: list[Candidate] = []
    labels: dict[str, str] = {}
    lost: dict[str, Fault] = {}
    for series, (label, recipe) in champions.items():
        if series not in experiment.series:
            continue
        try:
            content = _content(recipe)
        except ForecastingError as error:
            found = "; ".join([error.message, *(f"{fault.where}: {fault.found}" for fault in error.faults)])
            do = "put back what it needs, or decide with forecast promote --reason TEXT"
            lost[series] = Fault(f"{experiment.name}: {series}", f"{label} cannot be built: {found}", do)
            continue
        same = [name for name, one in known.items() if one == content]
        if not same:
            name = f"{label.removesuffix('-champion')}-champion"
            while name in known:
                name += "-2"
            scale = recipe.parameters.get("link", "auto")  # its own, whatever the experiment's is by now
            added.append(
                Candidate(model=recipe.model, label=name, parameters=recipe.parameters, transform=scale)
            )
            known[name] = content
            same = [name]
        labels[series] = label if label in same else same[0]
    return experiment.model_copy(update={"models": (*experiment.models, *added)}), labels, lost


def _content(recipe: Recipe) -> tuple[str, Mapping[str, Any]]:
    """What makes two recipes the same model: its name and its parameters with their defaults."""
    return recipe.model, build(recipe.model, recipe.parameters).parameters


def spelt(model: str, parameters: Mapping[str, Any]) -> str:
    """A model and its parameters with their defaults as one text, the same for the same model.

    What this version cannot build is told as it was written.

    >>> spelt("naive", {}) == spelt("naive", {"link": "auto"}), spelt("gone", {"a": 1})
    (True, '["gone",{"a":1}]')
    """
    return _spelt(model, json.dumps(parameters, sort_keys=True, default=str))


@cache
def _spelt(model: str, text: str) -> str:
    parameters = json.loads(text)
    with suppress(ForecastingError):
        parameters = build(model, parameters).parameters
    return json.dumps([model, parameters], sort_keys=True, separators=(",", ":"), default=str)


def declare(
    label: str, chosen: Mapping[str, Recipe], champions: Mapping[str, tuple[str, Recipe]]
) -> dict[str, Decision]:
    """What becomes of the series of an experiment that names one model: it is in force, and nothing is tested.

    ``chosen`` gives its recipe, ``champions`` label and recipe in force, both by series. Another model, or the same
    with other parameters, is ``declared``, with what it replaces as evidence.
    """
    found = {}
    for series, recipe in chosen.items():
        if series not in champions:
            why = f"the first champion: {label}, the only model of its file"
            found[series] = Decision(series, FIRST, None, label, why)
            continue
        before, old = champions[series]
        try:
            same = _content(old) == _content(recipe)
        except ForecastingError:  # what cannot be built any more is not what was built just now
            same = False
        if same:
            why = f"{label} stays: the only model of its file"
            found[series] = Decision(series, SAME, label, label, why)
        else:
            why = f"declared: the file names {label} only; it replaces {before} without a test"
            was = {"model": old.model, "parameters": old.parameters}
            found[series] = Decision(series, DECLARED, before, label, why, was=was)
    return found


def settle(
    experiment: Experiment,
    scores: Scores,
    champions: Mapping[str, str],
    issued: pd.DataFrame | None = None,
    reason: str | None = None,
) -> dict[str, Decision]:
    """What becomes of every series that was judged: first champions by their scores, the others through the gate.

    ``champions`` gives the label in force by series, ``issued`` the losses of forecasts really issued (:data:`ISSUED`),
    ``reason`` overrides the gate wherever another model has the lower mean. A series without champion of which no model
    held is not among the decisions.
    """
    names = [candidate.name for candidate in experiment.models]
    board = leaderboard(scores)
    first = [id for id in dict.fromkeys(board["series"]) if champions.get(str(id)) is None]
    fresh = Scores(scores.frame[scores.frame["series"].isin(first)])
    best = winners(fresh, experiment.metric, names, experiment.margin) if first else {}
    found = {
        id: Decision(id, FIRST, None, label, f"the first champion: {label} by its scores in the backtest")
        for id, label in best.items()
    }
    told = {} if issued is None else {str(id): rows for id, rows in issued.groupby("series")}
    for series, rows in board.groupby("series", sort=True):
        id = str(series)
        if id in found or id not in champions:
            continue
        found[id] = _challenged(experiment, scores, id, rows, champions[id], told.get(id))
        if reason and found[id].verdict == INCONCLUSIVE:
            words = f"{reason} (the gate: {found[id].why})"
            found[id] = replace(found[id], verdict=OVERRIDDEN, why=words)
    return found


def _challenged(
    experiment: Experiment,
    scores: Scores,
    series: str,
    rows: pd.DataFrame,
    champion: str,
    issued: pd.DataFrame | None,
) -> Decision:
    column = COLUMN[experiment.metric]
    sound = rows[(rows["failures"] == 0) & rows[column].notna()].sort_values([column, "model"])
    rivals = sound[sound["model"] != champion]
    if rivals.empty:
        return Decision(series, SAME, champion, champion, f"{champion} stays: nothing else could be judged")
    challenger = str(rivals["model"].iloc[0])
    test = compare(scores, series, challenger, champion, experiment.metric)
    made = Decision(series, SAME, champion, challenger, "", test, len(rivals))
    if not test.origins:
        why = f"inconclusive, {champion} stays: it and {challenger} were never judged at the same origin"
        return replace(made, verdict=INCONCLUSIVE, why=why)
    if test.difference <= 0:
        why = f"{champion} stays: no rival has a lower mean {experiment.metric}, {challenger} comes nearest"
        return replace(made, why=why)
    return decide(made, experiment.promotion, experiment.metric, issued)


def decide(made: Decision, gate: Promotion, metric: str, issued: pd.DataFrame | None = None) -> Decision:
    """Promoted or inconclusive, with the reason in words; ``made`` holds the paired test of the two models."""
    test = made.test
    if test is None:
        raise DataError(f"{made.series}: a decision needs a test")
    against = []
    if test.origins < gate.pairs:
        against.append(f"{test.origins} paired origins are fewer than {gate.pairs}")
    elif not np.isfinite(made.p):
        against.append(f"{test.untested} cannot be tested")
    elif made.p > gate.alpha:
        against.append(f"p {made.p:.2f} is above {gate.alpha:g}")
    if gate.margin and not test.lower > gate.margin:
        against.append(f"more than {100 * gate.margin:g}% is asked for")
    told, made = _issued(made, gate, issued)
    against += [told] if told.startswith("forecasts really issued say") else []
    figures = (
        f"{made.challenger} has a {test.lower:.1%} lower mean {metric} than {made.champion} on {test.origins} paired "
        f"origins (p {made.p:.2f}, best of {made.rivals}); {told}"
    )
    if against:
        return replace(
            made,
            verdict=INCONCLUSIVE,
            why=f"inconclusive, {made.champion} stays: {figures}; {'; '.join(against)}",
        )
    return replace(made, verdict=PROMOTED, why=f"promoted: {figures}")


def _issued(made: Decision, gate: Promotion, issued: pd.DataFrame | None) -> tuple[str, Decision]:
    """What the forecasts really issued say, and the decision with their losses by edition."""
    if issued is None or issued.empty:
        return "no issued forecast can be judged yet", made
    mine = issued[issued["series"] == made.series]
    wide = mine.pivot_table(index=["edition", "period"], columns="model", values="loss", aggfunc="mean")
    if not {made.champion, made.challenger} <= set(wide.columns):
        return "no issued forecast can be judged yet", made
    both = wide[[made.champion, made.challenger]].dropna().groupby(level="edition").mean()
    made = replace(
        made,
        issued=(len(both), float(both[made.champion].mean()), float(both[made.challenger].mean())),
    )
    if len(both) < gate.issued:
        return f"{len(both)} issued edition(s) are too few to have a say", made
    better = made.issued is not None and made.issued[2] < made.issued[1]
    agree = "agree" if better else "say otherwise"
    return f"forecasts really issued {agree} ({len(both)} editions)", made
