"""The rolling-origin backtest: at each origin a model sees exactly what was known, as it was known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from forecasting.data.revisions import Size, jump_off, learn
from forecasting.data.store import Store
from forecasting.errors import DataError, Fault, NothingKnown
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.covariates import REMEMBERED, Foresight, driven
from forecasting.evaluation.engine import Progress, Workers, complete, silent
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.fits import Fit, Origin, Work
from forecasting.features import BUILDERS, covariates, known_on
from forecasting.frames import Panel
from forecasting.models import build
from forecasting.periods import Period

__all__ = [
    "Plan",
    "Progress",
    "Workers",
    "origins",
    "plan",
    "run",
    "silent",
    "still_to_come",
    "touching",
    "view",
]

TOGETHER = 32


@dataclass(frozen=True, eq=False)
class Plan:
    """Every fit of a backtest: works in order of origin and candidate, and the keys of their fits.

    ``refused`` says of origins whose view could not be made why, and which candidates it costs: all ``models``.
    """

    today: Panel
    works: list[Work]
    keys: list[list[str]]
    models: tuple[str, ...]
    refused: dict[Period, str]

    @property
    def fits(self) -> int:
        return sum(map(len, self.keys))


def origins(experiment: Experiment, last: Period) -> list[Period]:
    """The periods after which forecasts are made, as long as one step can be judged."""
    asked = experiment.backtest
    first = Period.parse(asked.first)
    end = last if asked.last is None else min(last, Period.parse(asked.last) + 1)
    return [first + i for i in range(0, end - first, asked.every)]


def view(
    store: Store,
    experiment: Experiment,
    as_of: date,
    until: Period | None,
    horizon: Period,
    foresight: Foresight = REMEMBERED,
) -> tuple[Panel, Panel | None]:
    """Panel and regressors as known on a day, cut after a period; drivers are forecast from what was known."""
    return _view(store, experiment, as_of, until, horizon, foresight)[:2]


def _view(
    store: Store,
    experiment: Experiment,
    as_of: date,
    until: Period | None,
    horizon: Period,
    foresight: Foresight,
) -> tuple[Panel, Panel | None, dict[str, str]]:
    """The view, and why a driver has no forecast in it, by column."""
    builder = BUILDERS[experiment.features]
    panel = builder(store.observations, store.catalogue, as_of, experiment.series, horizon)
    if until is not None and until < panel.last:
        panel = panel.until(until)
    declared = covariates(store.observations, store.catalogue, as_of, panel, horizon, experiment.declared)
    if not experiment.drivers:
        return panel, declared, {}
    regressors, unforeseen = driven(
        store, experiment.drivers, as_of, panel, declared, horizon, experiment.seed, foresight
    )
    return panel, regressors, unforeseen


def plan(store: Store, experiment: Experiment, as_of: date, foresight: Foresight = REMEMBERED) -> Plan:
    """Every fit of an experiment's backtest; series nobody had heard of at an origin are not there.

    An origin at which nothing was known is left out; one that cannot be seen for another reason, such as a driver
    without a logarithm, is a refusal of every model on every series. Raises :class:`DataError` when nothing is left
    to forecast before the horizon.
    """
    try:
        today, _ = view(store, experiment, as_of, None, experiment.end, foresight)
    except NothingKnown as error:
        raise NothingKnown(f"{error.message} as of {as_of}{_known_since(store, experiment, as_of)}") from None
    if experiment.end <= today.last:
        where = f"{experiment.name}: horizon"
        fault = Fault(
            where, f"{experiment.end} is not after {today.last}, known on {as_of}", "give a later one"
        )
        raise DataError(f"{experiment.name}: nothing is left to forecast", [fault])
    pooled = [build(one.model, one.parameters).pooled for one in experiment.models]
    works: list[Work] = []
    keys: list[list[str]] = []
    refused: dict[Period, str] = {}
    for cutoff in origins(experiment, today.last):
        try:
            origin = seen_from(store, experiment, as_of, cutoff, foresight)
        except NothingKnown:
            continue
        except DataError as error:
            refused[cutoff] = f"origin {cutoff}: {error.message}"
            continue
        ids = tuple(origin.panel.ids)
        alone = {id: origin.slice_digest(id) for id in ids} if not all(pooled) else {}
        whole = dict.fromkeys(ids, origin.digest()) if any(pooled) else {}
        for candidate, together in zip(experiment.models, pooled, strict=True):
            size = len(ids) if together else TOGETHER
            for start in range(0, len(ids), size):
                part = ids[start : start + size]
                work = Work(
                    candidate,
                    origin,
                    part,
                    experiment.backtest.steps,
                    experiment.paths,
                    experiment.seed,
                    together,
                )
                works.append(work)
                keys.append(work.keys(whole if together else alone))
    return Plan(today, works, keys, tuple(one.name for one in experiment.models), refused)


def _known_since(store: Store, experiment: Experiment, as_of: date) -> str:
    days = store.observations.of(*experiment.series).frame["available_at"].dt.date
    return f"; the first became known on {days.min()}" if len(days) and days.min() > as_of else ""


def seen_from(
    store: Store, experiment: Experiment, as_of: date, cutoff: Period, foresight: Foresight = REMEMBERED
) -> Origin:
    """What was known when the last series of an experiment had published a period."""
    known = min(known_on(store.catalogue, experiment.series, cutoff), as_of)
    end = cutoff + experiment.backtest.steps
    panel, regressors, unforeseen = _view(store, experiment, known, cutoff, end, foresight)
    revisions = still_to_come(store, panel.ids, known)
    return Origin(cutoff, panel, regressors, _columns(regressors, panel, store), revisions, unforeseen)


def seen_now(store: Store, experiment: Experiment, as_of: date, foresight: Foresight = REMEMBERED) -> Origin:
    """All that is known, as an origin from which to forecast to the horizon; last figures are taken as they are."""
    panel, regressors, unforeseen = _view(store, experiment, as_of, None, experiment.end, foresight)
    return Origin(panel.last, panel, regressors, _columns(regressors, panel, store), {}, unforeseen)


def _columns(regressors: Panel | None, panel: Panel, store: Store) -> dict[str, tuple[str, ...]]:
    return {id: _touching(regressors, (id,), store) for id in panel.ids}


def still_to_come(store: Store, ids: Sequence[str], day: date) -> dict[str, Size]:
    """How much the last figure of each series is still going to be revised, learnt from what was known."""
    known = store.observations.as_of(day)
    return jump_off(learn(known, store.catalogue), known, store.catalogue, ids, day)


def touching(regressors: Panel | None, panel: Panel, store: Store) -> Panel | None:
    """The regressors that concern every series of a panel: events and breaks of all of them, drivers and the
    calendar; and the plan of each."""
    if regressors is None:
        return None
    columns = list(_touching(regressors, panel.ids, store))
    return Panel(regressors.kind, regressors.values[columns]) if columns else None


def _touching(regressors: Panel | None, ids: Sequence[str], store: Store) -> tuple[str, ...]:
    if regressors is None:
        return ()
    events = [{f"event.{event}" for event in store.catalogue.touching(id)} for id in ids]
    breaks = [{f"break.{id}" for id in store.catalogue.breaks_of(series)} for series in ids]
    mine = {*set.intersection(*events), *set.intersection(*breaks), *ids}
    return tuple(c for c in regressors.ids if c.startswith(("calendar.", "driver.")) or c in mine)


def run(found: Plan, cache: Cache, workers: Workers, progress: Progress = silent) -> dict[str, Fit]:
    """Fit what the cache lacks; gives by key the fits it must not keep."""
    return complete(list(zip(found.works, found.keys, strict=True)), cache, workers, progress)
