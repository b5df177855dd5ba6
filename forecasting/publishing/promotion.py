"""From outcomes to decisions: the champions in force enter, the gate decides, with editions published as evidence.

:mod:`forecasting.publishing.succession` puts the decisions in force.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import structlog

from forecasting import __version__
from forecasting.data.store import Store
from forecasting.errors import ConfigError, DataError, Fault, InputMissing, Locked
from forecasting.evaluation.cache import Cache, code_digest
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.issued import EDITIONS, issued_losses
from forecasting.evaluation.leaderboard import by_horizon, by_origin
from forecasting.evaluation.outcome import Outcome, in_force
from forecasting.evaluation.promotion import (
    DECLARED,
    OVERRIDDEN,
    SAME,
    Decision,
    contending,
    declare,
    settle,
    spelt,
)
from forecasting.models.recipe import Recipe
from forecasting.models.total import read_recipe
from forecasting.publishing.candidate import states_of
from forecasting.publishing.edition import read_manifest
from forecasting.publishing.inputs import recipes as recipes_of
from forecasting.publishing.ledger import edition_damage, ledger
from forecasting.publishing.release import Release, Released, load
from forecasting.tracking import ExperimentRecord


@dataclass(frozen=True)
class Settled:
    """An outcome with the models in force, and what the gate decided about each series.

    ``before`` are the champions of its series that the gate saw in force.
    """

    outcome: Outcome
    decisions: Mapping[str, Decision]
    before: Mapping[str, Released]


def present(root: Path) -> Release | None:
    """The release in force below a folder; None before the first. A damaged one is an error."""
    try:
        return load(root)
    except InputMissing:
        return None


def enter(
    experiment: Experiment, release: Release | None
) -> tuple[Experiment, dict[str, str], tuple[Fault, ...]]:
    """The experiment with the champions in force among its models, their labels by series, and those left out.

    An experiment that names a single model is a declaration, not a contest: nothing enters it. Nor does a champion that
    this version cannot build: a fault each; :func:`judge` asks for a reason before another takes its place.
    """
    if release is None or len(experiment.models) == 1:
        return experiment, {}, ()
    entered, labels, lost = contending(experiment, _alone(release.champions))
    return entered, labels, tuple(lost.values())


def _alone(champions: Mapping[str, Released]) -> dict[str, tuple[str, Recipe]]:
    """Label and recipe of the champions that are no sums."""
    return {id: (one.model, one.recipe) for id, one in champions.items() if isinstance(one.recipe, Recipe)}


def judge(
    store: Store,
    outcome: Outcome,
    release: Release | None,
    cache: Cache,
    issued: pd.DataFrame | None = None,
    reason: str | None = None,
) -> Settled:
    """Put the winners of an outcome through the gate; ``issued`` is the table of :func:`issued_forecasts`.
    What rivals would have said on its days is kept in ``cache``.

    ``reason`` decides for the model with the lowest mean wherever the gate is inconclusive; for the backtest's winner
    where the champion cannot be built any more, and for an outcome on the data of an earlier day than the champion's:
    without one these two raise :class:`ConfigError`. Raises :class:`Locked` when a champion in force was not among
    the models of the outcome: another promotion put it there meanwhile.
    """
    before = {id: release.champions[id] for id in outcome.winners if release and id in release.champions}
    champions = _alone(before)
    older = {id: fault for id, one in before.items() if (fault := _older(store, outcome, id, one))}
    if older and not reason:
        raise ConfigError("a champion in force knows later data than the outcome", older.values())
    if len(outcome.experiment.models) == 1:
        recipes = {id: w.recipe for id, w in outcome.winners.items() if isinstance(w.recipe, Recipe)}
        found = declare(outcome.experiment.models[0].name, recipes, champions)
    else:
        found = _contested(store, outcome, champions, cache, issued, reason)
    for id, one in before.items():
        if id not in champions:
            why = f"declared: {found[id].challenger} of its own, where the sum of its parts was in force"
            was = {"model": one.model, "parameters": {}}
            found[id] = replace(found[id], verdict=DECLARED, champion=one.model, why=why, was=was)
    for id in older.keys() & found.keys():
        found[id] = _put_back(found[id], older[id], str(reason))
    chosen = {id: decision.chosen for id, decision in found.items()}
    return Settled(in_force(store, outcome, chosen), found, before)


def _older(store: Store, outcome: Outcome, id: str, champion: Released) -> Fault | None:
    """What is wrong with an outcome whose data end before the day whose knowledge a champion in force was fitted on.

    Nothing where the store itself has nothing of later days up to that one any more: rows were taken back.
    """
    recipe = champion.recipe
    recipes = [recipe] if isinstance(recipe, Recipe) else [member.recipe for member in recipe.members]
    known = max((one.as_of for one in recipes if one.as_of), default="")
    if not known or outcome.as_of >= store.last_known(date.fromisoformat(known)):
        return None
    said = (
        f"the data of {outcome.as_of} are older than those of {known}, on which {champion.model} is in force"
    )
    do = f"run it as of {known} or later, or put it back with forecast promote --reason TEXT"
    return Fault(f"{outcome.experiment.name}: {id}", said, do)


def _put_back(decision: Decision, fault: Fault, reason: str) -> Decision:
    """A decision on older data than the champion's: somebody's reason made it, whatever the gate would have said."""
    if decision.verdict == OVERRIDDEN:
        return replace(decision, why=f"{decision.why}; {fault.found}")
    made = replace(decision, verdict=OVERRIDDEN, why=f"{reason} (the gate: {fault.found}; {decision.why})")
    return (
        replace(made, challenger=decision.chosen, test=None, rivals=0) if decision.verdict == SAME else made
    )


def _contested(
    store: Store,
    outcome: Outcome,
    champions: Mapping[str, tuple[str, Recipe]],
    cache: Cache,
    issued: pd.DataFrame | None,
    reason: str | None,
) -> dict[str, Decision]:
    entered, labels, lost = contending(outcome.experiment, champions)
    if lost and not reason:
        raise ConfigError("a champion cannot be challenged", lost.values())
    there = {candidate.name for candidate in outcome.experiment.models}
    late = [id for id, label in labels.items() if label not in there]
    if late:
        raise Locked(
            f"{entered.name}: champions were put in force since its models were judged",
            [Fault(id, f"{champions[id][0]} was not among them", "run the experiment again") for id in late],
        )
    if outcome.scores.frame.empty:
        return {}
    found = settle(outcome.experiment, outcome.scores, labels, None, reason)
    rivals = {
        id: (d.champion, d.challenger)
        for id, d in found.items()
        if d.champion is not None and d.verdict != SAME
    }
    if issued is not None and len(issued) and rivals:
        losses = issued_losses(store, outcome.experiment, outcome.as_of, issued, rivals, cache)
        found = settle(outcome.experiment, outcome.scores, labels, losses, reason)
    for id in lost.keys() & found.keys():
        fault, (label, recipe) = lost[id], champions[id]
        why = f"{reason} (the gate: {fault.found})"
        was = {"model": recipe.model, "parameters": recipe.parameters}
        found[id] = replace(found[id], verdict=OVERRIDDEN, champion=label, why=why, was=was)
    return {id: decision for id, decision in found.items() if id in outcome.winners}


def issued_forecasts(root: Path, as_of: date) -> pd.DataFrame:
    """The quantiles of editions made before a day's data, with the columns :data:`EDITIONS`.

    ``recipe`` is empty where no champion is known to have spoken: for a fallback, for values of an earlier edition,
    for a recipe this version cannot read, and throughout an edition without its inputs.
    An edition says something new only where its data are newer: of those with one ``as_of`` the one published last
    counts, none that was retracted, and none the audit file does not know. One that is damaged or lost says nothing and
    is named in a warning. Raises :class:`DataError` when the audit file is damaged.
    """
    last: dict[str, Path] = {}
    known = ledger(root)
    for id in known.ranked:
        if faults := edition_damage(root, id, known):
            said = "an edition has no say at the gate: it is not as it was published"
            check = f"forecast editions verify {id}"
            structlog.get_logger().warning(said, edition=id, why=str(faults[0]), check=check)
            continue
        last.setdefault(str(read_manifest(root / id)["as_of"]), root / id)
    parts = []
    for day, folder in sorted(last.items()):
        if date.fromisoformat(day) >= as_of:
            continue
        table = pd.read_csv(folder / "forecasts.csv", float_precision="round_trip")
        table = table[table["scenario"] == "baseline"].assign(edition=folder.name, as_of=day)
        parts.append(table.assign(recipe=table["series"].map(_spoken(folder)).fillna(""))[list(EDITIONS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(EDITIONS))


def _spoken(folder: Path) -> dict[str, str]:
    """The models of an edition whose champions' own forecasts it published, by series."""
    states = states_of(folder)
    found = {}
    for id, text in recipes_of(folder).items():
        if id in states and states[id].standing != "ok":
            continue
        with suppress(DataError):
            recipe = read_recipe(text)
            if isinstance(recipe, Recipe):
                found[id] = spelt(recipe.model, recipe.parameters)
    return found


def record(outcome: Outcome, lock: Path, pictures: Mapping[str, bytes]) -> ExperimentRecord:
    """What an outcome leaves behind in MLflow; ``lock`` is the file of locked requirements, if there is one."""
    experiment = outcome.experiment
    return ExperimentRecord(
        name=experiment.name,
        settings=experiment.model_dump(mode="json"),
        as_of=outcome.as_of,
        data_digest=outcome.data_digest,
        code_version=f"{__version__}+{code_digest()[:12]}",
        lock_digest=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        scores=outcome.scores.frame,
        forecasts=outcome.forecasts,
        models={c.name: {"model": c.model, **c.parameters} for c in experiment.models},
        winners={id: winner.model for id, winner in outcome.winners.items()},
        tables={
            "leaderboard": outcome.board,
            "confidence": outcome.confidence,
            "by_horizon": by_horizon(outcome.scores),
            "by_origin": by_origin(outcome.scores),
        },
        pictures=pictures,
    )


def in_release(release: Release | None, settled: Sequence[Settled]) -> bool:
    """Whether a release holds exactly these champions, each made by this code, so that there is nothing to promote.

    One that forecasts a series in two experiments cannot be published: promoting again puts it right.
    """
    if release is None:
        return False
    ids = [id for one in release.experiments for id in one.series]
    if len(ids) != len(set(ids)):
        return False
    there = {one.name: set(one.series) for one in release.experiments}
    asked = {one.outcome.experiment.name: set(one.outcome.experiment.series) for one in settled}
    if any(there.get(name, series) != series for name, series in asked.items()):
        return False
    recipes = {id: winner.recipe for one in settled for id, winner in one.outcome.winners.items()}
    held = {id: c.recipe for id, c in release.champions.items() if c.code == code_digest()}
    return all(held.get(id) == recipe for id, recipe in recipes.items())
