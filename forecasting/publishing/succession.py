"""Decisions put in force: lines of the ledger, what MLflow is to be told, the release that publishing reads.

The release is written first and pointed to last. A promotion that is killed in between leaves a ledger that names
other champions than the release (:func:`forecasting.tracking.disputed`); the next one sets it right, with a line.
Nothing here needs MLflow to answer: the ledger and the release are files, and what MLflow is to be told goes through
the spool (:mod:`forecasting.tracking.delivery`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import structlog

from forecasting.data.store import Store
from forecasting.errors import DataError, Fault, Locked
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import REFUSALS
from forecasting.evaluation.outcome import Winner, demand, errors, totals
from forecasting.evaluation.promotion import DECLARED, FIRST, INCONCLUSIVE, SAME, Decision
from forecasting.models.total import Total
from forecasting.publishing.promotion import Settled, present
from forecasting.publishing.regrouping import regrouped
from forecasting.publishing.release import Release, Released, attachments
from forecasting.tracking import (
    Book,
    Champion,
    Promotion,
    Spool,
    Trained,
    keep_champion,
    keep_dropped,
    make_current,
    read_bundle,
    sweep,
    write_bundle,
    writing,
)
from forecasting.tracking.bundle import CURRENT
from forecasting.tracking.store import Store as Tracking

REFRESHED, DROPPED, RESTORED = "refreshed", "dropped", "restored"
_CUT_SHORT = "no release holds it: a promotion was cut short, or a file was put back"


def promote(
    store: Store,
    settled: Sequence[Settled],
    keys: Mapping[str, str],
    tracking: Tracking,
    root: Path,
    at: datetime,
) -> Path:
    """Put the champions in force: a line of the ledger each, the spool, then the pointer to the release; gives the
    bundle's folder.

    ``keys`` are those of the experiments as logged, by name. Champions of experiments that are not among these stay
    as they are; a series promoted here leaves the experiment that forecast it before. A champion that no experiment
    forecasts any more is dropped, with a line of the ledger. One promotion works at a time.
    Raises :class:`DataError` when an outcome has no model for one of its series, one gives no forecast to the horizon
    or the releases were lost, :class:`ConfigError` where what is forecast together would be taken apart
    (:func:`regrouped`), and :class:`Locked` when a champion is no longer the one the gate saw; none of them writes
    anything.
    """
    demand([fault for one in settled for fault in one.outcome.faults])
    winners: dict[str, tuple[Settled, Winner]] = {
        id: (one, winner)
        for one in settled
        for id, winner in [*one.outcome.winners.items(), *totals(store, one.outcome).items()]
    }
    trained = _trained(winners, keys)
    outcomes = [one.outcome for one in settled]
    with tracking.lock("promote"):
        sweep(root)
        release = present(root)
        _require_seen(release, settled)
        experiments = regrouped(release, [one.experiment for one in outcomes], store.catalogue)
        before = release.champions if release else {}
        cards = {id: {"model": winner.model, "record": winner.record} for id, (_, winner) in winners.items()}
        tables = {one.experiment.name: errors(one) for one in outcomes}
        with writing(tracking) as book:
            _require_releases(root, book)
            kept, folder = _written(release, root, experiments, tables, trained, cards)
            spool, after = Spool(tracking), {**kept, **trained}
            _set_right(book, before, after, at)
            for id, stays in kept.items():
                if book.last[id].verdict == RESTORED:
                    keep_champion(tracking, stays, book.last[id], spool)
            for id, (one, _) in winners.items():
                line = _decide(book, trained[id].champion, one.decisions.get(id), before.get(id), at)
                keep_champion(
                    tracking, trained[id], line, spool
                )  # again, should a run have been killed before it did
            gone = dict.fromkeys(
                [id for id, o in book.last.items() if o.digest or o.reason == _CUT_SHORT], _CUT_SHORT
            )
            gone |= {
                id: f"no experiment forecasts it any more; {o.model} was in force" for id, o in before.items()
            }
            for id, why in gone.items():
                if id not in after:
                    keep_dropped(tracking, book.append(at, id, DROPPED, "", why), spool)
        make_current(folder)
        return folder


def _require_releases(root: Path, book: Book) -> None:
    """Raise :class:`DataError` where the ledger knows champions and there is no folder of releases any more."""
    if not (root / CURRENT).exists() and any(one.digest for one in book.last.values()):
        do = f"restore the folder from a copy, or move {book.path.name} away to begin without champions"
        fault = Fault(str(root), f"there is none, but {book.path.name} names champions in force", do)
        raise DataError("the releases were lost", [fault])


def _set_right(
    book: Book, before: Mapping[str, Released], after: Mapping[str, Trained], at: datetime
) -> None:
    """Write down what the release holds where the ledger names another: nobody reads it as what was in force."""
    for id, old in before.items():
        said = book.last[id].digest if id in book.last else ""
        if said not in (old.digest, after[id].champion.digest if id in after else ""):
            told = (
                f"the ledger named {said[:12] or 'none'}: a promotion was cut short, or a file was put back"
            )
            line = book.append(at, id, RESTORED, old.digest, f"the release holds {old.model}; {told}")
            structlog.get_logger().warning("ledger and release differed", series=id, why=line.reason)


def _trained(winners: Mapping[str, tuple[Settled, Winner]], keys: Mapping[str, str]) -> dict[str, Trained]:
    """The champions with the golden forecasts they give now; :class:`DataError` names all that give none."""
    trained: dict[str, Trained] = {}
    faults = []
    for id, (one, winner) in winners.items():
        name, horizon = one.outcome.experiment.name, one.outcome.experiment.horizon
        try:
            champion = Champion.of(
                id, winner.recipe.to_json(), winner.golden(), panel=winner.panel, covariates=winner.regressors,
                experiment=name, run_key=keys[name],
            )  # fmt: skip
        except REFUSALS as error:
            told = f"{winner.model} cannot be forecast to {horizon}: {str(error) or type(error).__name__}"
            do = "mend the data, or decide for another model with forecast promote --reason TEXT"
            faults.append(Fault(f"{name}: {id}", told, do))
        else:
            trained[id] = Trained(champion, winner.panel, winner.regressors)
    if faults:
        raise DataError(f"{len(faults)} model(s) in force give no forecast; nothing was promoted", faults)
    return trained


def _require_seen(release: Release | None, settled: Sequence[Settled]) -> None:
    """Raise :class:`Locked` for champions that another promotion changed after the gate looked at them."""
    now = release.champions if release else {}
    faults = []
    for one in settled:
        for id, winner in one.outcome.winners.items():
            found = now[id].recipe if id in now else None
            seen = one.before[id].recipe if id in one.before else None
            if found not in (seen, winner.recipe):
                told = f"{now[id].model} was put in force" if id in now else "its champion was taken away"
                faults.append(Fault(id, f"{told} after the gate had decided", "run the experiment again"))
    if faults:
        raise Locked("another promotion came in between", faults)


def _decide(
    book: Book, champion: Champion, decision: Decision | None, before: Released | None, at: datetime
) -> Promotion:
    """Write down what was decided; gives the line that put the champion in force."""
    evidence: Mapping[str, object] = {}
    if decision is None:
        verdict, why = (REFRESHED if before else FIRST), "the sum of its parts"
        if before is not None and not isinstance(before.recipe, Total):
            verdict, why = DECLARED, f"the sum of its parts from now on, where {before.model} was in force"
            evidence = {"was": {"model": before.recipe.model, "parameters": before.recipe.parameters}}
    elif decision.verdict in (SAME, INCONCLUSIVE):
        if decision.verdict == INCONCLUSIVE:
            last = book.last[champion.series].digest if champion.series in book.last else champion.digest
            book.append(at, champion.series, INCONCLUSIVE, last, decision.why, decision.evidence)
        verdict, why = REFRESHED, f"{decision.chosen} on the data of {_day(champion)}"
    else:
        verdict, why, evidence = decision.verdict, decision.why, decision.evidence
    return book.append(at, champion.series, verdict, champion.digest, why, evidence)


def _day(champion: Champion) -> str:
    return str(json.loads(champion.recipe_json).get("as_of", "today"))


def _written(
    release: Release | None,
    root: Path,
    experiments: Sequence[Experiment],
    tables: Mapping[str, pd.DataFrame],
    trained: Mapping[str, Trained],
    cards: Mapping[str, Mapping[str, object]],
) -> tuple[dict[str, Trained], Path]:
    """Write the release: the champions promoted now, and those that stay (these are given as well) with their
    experiments' past errors."""
    others: dict[str, Released] = {}
    past = dict(tables)
    if release is not None:
        others = {
            id: one
            for id, one in release.champions.items()
            if id not in trained and _stays(id, one, experiments)
        }
        for one in experiments:
            if one.name not in past:
                table = release.errors[one.name]
                past[one.name] = table[[id for id in table if id in one.series]]
    stay = read_bundle(root) if others else None
    kept = {id: stay.trained(id) for id in others} if stay else {}
    told = {id: {"model": one.model, "record": one.record, "code": one.code} for id, one in others.items()}
    files = attachments(experiments, past, {**told, **cards})
    return kept, write_bundle({**kept, **trained}, root, files)


def _stays(id: str, one: Released, experiments: Sequence[Experiment]) -> bool:
    """Whether a champion is still one: as long as an experiment forecasts it, a sum all its parts together."""
    parts = set(one.recipe.parts) if isinstance(one.recipe, Total) else {id}
    return any(parts <= set(group.series) for group in experiments)
