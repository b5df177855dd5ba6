"""From outcomes to champions in force: the gate, the ledger, the release that publishing reads, and MLflow's share.

Nothing here needs MLflow to answer: the ledger and the release are files, and what MLflow is to be told goes through
the spool (:mod:`forecasting.tracking.delivery`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd

from forecasting import __version__
from forecasting.data.store import Store
from forecasting.errors import InputMissing
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.comparison import confidence
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.issued import EDITIONS, issued_losses
from forecasting.evaluation.leaderboard import by_horizon, by_origin
from forecasting.evaluation.outcome import Outcome, Winner, errors, in_force, totals
from forecasting.evaluation.promotion import FIRST, INCONCLUSIVE, SAME, Decision, contending, settle
from forecasting.models.recipe import Recipe
from forecasting.publishing.edition import editions, read_manifest
from forecasting.publishing.release import Release, attachments, load
from forecasting.tracking import (
    Champion,
    ExperimentRecord,
    Trained,
    append,
    export_bundle,
    keep_champion,
    promotions,
    read_bundle,
)
from forecasting.tracking.store import Store as Tracking

REFRESHED = "refreshed"


@dataclass(frozen=True)
class Settled:
    """An outcome with the models in force, and what the gate decided about each series."""

    outcome: Outcome
    decisions: Mapping[str, Decision]


def present(root: Path) -> Release | None:
    """The release in force below a folder; None before the first. A damaged one is an error."""
    try:
        return load(root)
    except InputMissing:
        return None


def enter(experiment: Experiment, release: Release | None) -> tuple[Experiment, dict[str, str]]:
    """The experiment with the champions in force among its models, and their labels by series.

    An experiment that names a single model is a declaration, not a contest: nothing enters it.
    """
    if release is None or len(experiment.models) == 1:
        return experiment, {}
    champions = {
        id: (one.model, one.recipe) for id, one in release.champions.items() if isinstance(one.recipe, Recipe)
    }
    return contending(experiment, champions)


def judge(
    store: Store,
    outcome: Outcome,
    champions: Mapping[str, str],
    issued: pd.DataFrame | None = None,
    reason: str | None = None,
) -> Settled:
    """Put the winners of an outcome through the gate; ``issued`` is the table of :func:`issued_forecasts`.

    ``reason`` decides for the model with the lowest mean wherever the gate is inconclusive.
    """
    labels = {id: champions[id] for id in outcome.winners if id in champions}
    found = (
        settle(outcome.experiment, outcome.scores, labels, None, reason) if len(outcome.scores.frame) else {}
    )
    if issued is not None and len(issued):
        rivals = {
            id: (d.champion, d.challenger)
            for id, d in found.items()
            if d.champion is not None and d.verdict != SAME
        }
        losses = issued_losses(store, outcome.experiment, outcome.as_of, issued, rivals)
        found = settle(outcome.experiment, outcome.scores, labels, losses, reason)
    for id, winner in outcome.winners.items():
        if id not in found:
            why = f"{winner.model} is the only model of {outcome.experiment.name}"
            found[id] = Decision(id, FIRST, None, winner.model, why)
    chosen = {id: decision.chosen for id, decision in found.items() if id in outcome.winners}
    return Settled(in_force(store, outcome, chosen), found)


def issued_forecasts(root: Path, as_of: date) -> pd.DataFrame:
    """The quantiles of every edition made before a day's data, with the columns :data:`EDITIONS`."""
    parts = []
    for folder in editions(root):
        manifest = read_manifest(folder)
        if date.fromisoformat(str(manifest["as_of"])) >= as_of:
            continue
        table = pd.read_csv(folder / "forecasts.csv", float_precision="round_trip")
        table = table[table["scenario"] == "baseline"].assign(
            edition=folder.name, as_of=str(manifest["as_of"])
        )
        parts.append(table[list(EDITIONS)])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(EDITIONS))


def record(store: Store, outcome: Outcome, lock: Path, pictures: Mapping[str, bytes]) -> ExperimentRecord:
    """What an outcome leaves behind in MLflow; ``lock`` is the file of locked requirements, if there is one."""
    experiment = outcome.experiment
    return ExperimentRecord(
        name=experiment.name,
        settings=experiment.model_dump(mode="json"),
        as_of=outcome.as_of,
        data_digest=store.as_of(outcome.as_of).of(*experiment.series).digest(),
        code_version=f"{__version__}+{code_digest()[:12]}",
        lock_digest=hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else "",
        scores=outcome.scores.frame,
        forecasts=outcome.forecasts,
        models={c.name: {"model": c.model, **c.parameters} for c in experiment.models},
        winners={id: winner.model for id, winner in outcome.winners.items()},
        tables={
            "leaderboard": outcome.board,
            "confidence": confidence(outcome.scores, experiment.metric),
            "by_horizon": by_horizon(outcome.scores),
            "by_origin": by_origin(outcome.scores),
        },
        pictures=pictures,
    )


def in_release(release: Release | None, settled: Sequence[Settled]) -> bool:
    """Whether a release holds exactly these champions, made by this code, so that there is nothing to promote."""
    if release is None or release.code != code_digest():
        return False
    recipes = {id: winner.recipe for one in settled for id, winner in one.outcome.winners.items()}
    return {id: c.recipe for id, c in release.champions.items() if id in recipes} == recipes


def promote(
    store: Store,
    settled: Sequence[Settled],
    keys: Mapping[str, str],
    tracking: Tracking,
    root: Path,
    at: datetime,
) -> Path:
    """Put the champions in force: a line of the ledger each, the spool, then the release; gives the bundle's folder.

    ``keys`` are those of the experiments as logged, by name. Champions of experiments that are not among these stay
    as they are.
    """
    release = present(root)
    winners: dict[str, tuple[Settled, Winner]] = {
        id: (one, winner)
        for one in settled
        for id, winner in [*one.outcome.winners.items(), *totals(store, one.outcome).items()]
    }
    trained: dict[str, Trained] = {}
    for id, (one, winner) in winners.items():
        name = one.outcome.experiment.name
        champion = Champion.of(
            id, winner.recipe.to_json(), winner.golden(), panel=winner.panel, covariates=winner.regressors,
            experiment=name, run_key=keys[name],
        )  # fmt: skip
        trained[id] = Trained(champion, winner.panel, winner.regressors)
    for id, (one, _) in winners.items():
        _decide(tracking, trained[id], one.decisions.get(id), at)
    outcomes = [one.outcome for one in settled]
    cards = {id: {"model": winner.model, "record": winner.record} for id, (_, winner) in winners.items()}
    return _export(release, root, outcomes, trained, cards)


def _decide(tracking: Tracking, trained: Trained, decision: Decision | None, at: datetime) -> None:
    """Write down what was decided; what puts another recipe in force goes to MLflow as well."""
    champion = trained.champion
    before = promotions(tracking, champion.series)
    if decision is not None and decision.verdict == INCONCLUSIVE:
        last = before[-1].digest if before else champion.digest
        append(tracking, at, champion.series, INCONCLUSIVE, last, decision.why, decision.evidence)
    if decision is None:  # a total: the sum of its parts, whatever they are
        verdict, why = REFRESHED if before else FIRST, "the sum of its parts"
    elif decision.verdict in (SAME, INCONCLUSIVE) or (decision.verdict == FIRST and before):
        verdict, why = REFRESHED, f"{decision.chosen} on the data of {_day(champion)}"
    else:
        verdict, why = decision.verdict, decision.why
    evidence = {} if decision is None or verdict == REFRESHED else decision.evidence
    line = append(tracking, at, champion.series, verdict, champion.digest, why, evidence)
    keep_champion(tracking, trained, line)  # again, should an earlier run have been killed before it did


def _day(champion: Champion) -> str:
    return str(json.loads(champion.recipe_json).get("as_of", "today"))


def _export(
    release: Release | None,
    root: Path,
    outcomes: Sequence[Outcome],
    trained: Mapping[str, Trained],
    cards: Mapping[str, Mapping[str, object]],
) -> Path:
    experiments = {one.name: one for one in (release.experiments if release else ())}
    experiments |= {outcome.experiment.name: outcome.experiment for outcome in outcomes}
    tables = {**(release.errors if release else {}), **{o.experiment.name: errors(o) for o in outcomes}}
    others = {id: one for id, one in (release.champions if release else {}).items() if id not in trained}
    stay = read_bundle(root) if others else None
    kept = {id: stay.trained(id) for id in others} if stay else {}
    told = {id: {"model": one.model, "record": one.record} for id, one in others.items()}
    files = attachments(list(experiments.values()), tables, {**told, **cards})
    if release is not None and others and release.code != code_digest():
        files["code.txt"] = (
            release.code.encode()
        )  # some goldens are of older code: the main job makes them anew
    return export_bundle({**kept, **trained}, root, files)
