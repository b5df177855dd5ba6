"""Which forecast each series gets when its champion fails: the next rung of a ladder, never under another's name.

::

    champion                the released recipe                                        ok
    previous release        the recipe of the release behind the last edition          degraded
    named fallbacks         simple models with widened bands (publication.yaml)        degraded
    stale                   the values of the last edition, with its vintage           stale
    withheld                none

A rung is left when its fit raises, hangs, crashes or is not finite, and when a gate objects to what it gave. The
fits of other series are kept as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import structlog

from forecasting.catalogue.running import Job
from forecasting.evaluation.backtest import Progress, silent
from forecasting.frames import Forecast
from forecasting.models import build
from forecasting.models.recipe import Recipe
from forecasting.publishing.candidate import Previous, State
from forecasting.publishing.champions import Bench
from forecasting.publishing.isolation import Failure
from forecasting.publishing.paths import Fits, fitted
from forecasting.publishing.release import Release
from forecasting.publishing.stale import paths_again


@dataclass(frozen=True)
class Rung:
    """A way to forecast a series: a recipe (None: no fit), how wide its bands are stretched, and its name."""

    kind: str
    name: str
    recipe: Recipe | None = None
    widening: float = 1.0


@dataclass(frozen=True)
class Made:
    """What a series got: how it stands, its forecast unless withheld, and the recipe that made it, if one did."""

    state: State
    forecast: Forecast | None
    recipe: Recipe | None


class Ladder:
    """The series of an edition, each on its rung.

    ``start`` names series that begin below their champion: as they stood in an edition that is made again; ``unlike``
    those whose champion may not forecast, with the reason.
    """

    def __init__(
        self,
        bench: Bench,
        job: Job,
        fits: Fits,
        previous: Previous | None,
        before: Release | None,
        progress: Progress = silent,
        start: Mapping[str, State] | None = None,
        unlike: Mapping[str, str] | None = None,
    ) -> None:
        self._bench, self._job, self._fits, self._previous = bench, job, fits, previous
        self._before, self._progress, self._unlike = before, progress, unlike or {}
        self._left: dict[str, list[Rung]] = {}
        self._why: dict[str, list[str]] = {id: [] for id in bench.series}
        self.made: dict[str, Made] = {}
        for model in job.fallbacks:
            build(model)
        begun = {id: self._begun(id, (start or {}).get(id)) for id in bench.series}
        self._climb(list(bench.series), begun)

    def drop(self, objections: Mapping[str, str]) -> None:
        """Let series fall to their next rung, with the reason for each."""
        pending = {}
        for id, why in objections.items():
            self._why[id].append(f"{self.made[id].state.model} was refused: {why}")
            pending[id] = self._next(id)
        self._climb(list(pending), pending)

    def _climb(self, ids: list[str], rungs: dict[str, Rung]) -> None:
        while ids:
            self._settle({id: rungs[id] for id in ids if rungs[id].recipe is None})
            tried = {id: rungs[id] for id in ids if rungs[id].recipe is not None}
            given = self._fit(tried)
            failed = {id: one for id, one in given.items() if isinstance(one, Failure)}
            for id, one in given.items():
                if isinstance(one, Forecast):
                    self._stand(id, tried[id], one)
            for id, failure in failed.items():
                self._why[id].append(f"{tried[id].name}: {failure.text}")
                structlog.get_logger().warning(
                    "no forecast", series=id, rung=tried[id].name, kind=failure.kind, why=failure.text
                )
            ids = list(failed)
            rungs = {id: self._next(id) for id in ids}

    def _fit(self, rungs: Mapping[str, Rung]) -> dict[str, Forecast | Failure]:
        found: dict[str, Forecast | Failure] = {}
        asked: dict[str, tuple[Recipe, float]] = {}
        for id, rung in rungs.items():
            assert rung.recipe is not None
            if rung.kind == "champion" and id in self._unlike:
                found[id] = Failure("refused", self._unlike[id])
                continue
            kept = self._fits.get(id, rung.recipe, rung.widening)
            if kept is not None:
                found[id] = kept
            else:
                asked[id] = (rung.recipe, rung.widening)
        for id, one in fitted(self._bench, asked, self._job, self._progress).items():
            found[id] = one
            if isinstance(one, Forecast):
                self._fits.put(one, id, *asked[id])
        return found

    def _stand(self, id: str, rung: Rung, forecast: Forecast) -> None:
        assert rung.recipe is not None
        if rung.kind == "champion":
            model = forecast.models.get(id, rung.recipe.model)
            self.made[id] = Made(State(id, "ok", model), forecast, rung.recipe)
            return
        named = replace(forecast, models={id: rung.name})
        self.made[id] = Made(State(id, "degraded", rung.name, self._reason(id)), named, rung.recipe)

    def _settle(self, rungs: Mapping[str, Rung]) -> None:
        for id, rung in rungs.items():
            if rung.kind == "stale" and self._previous is not None:
                at = self._bench.series[id]
                again = paths_again(self._previous, id, at.first, at.experiment.end, at.experiment.paths)
                assert again is not None  # _rungs() offers it only then
                forecast, vintage = again
                state = State(id, "stale", forecast.models[id], self._reason(id), vintage)
                self.made[id] = Made(state, forecast, None)
            else:
                self.made[id] = Made(State(id, "withheld", "", self._reason(id)), None, None)

    def _reason(self, id: str) -> str:
        return "; ".join(self._why[id])

    def _champion(self, id: str) -> Rung:
        recipe = self._bench.champion(id)
        return Rung("champion", f"the champion {recipe.model}", recipe)

    def _begun(self, id: str, state: State | None) -> Rung:
        if state is None or state.standing == "ok":
            return self._champion(id)
        rungs = self._rungs(id)
        for place, rung in enumerate(rungs):
            if rung.name == state.model or rung.kind == state.standing:
                self._left[id], self._why[id] = rungs[place + 1 :] or rungs[-1:], [state.reason]
                return rung
        return self._champion(id)

    def _next(self, id: str) -> Rung:
        if id not in self._left:
            self._left[id] = self._rungs(id)
        left = self._left[id]
        return left.pop(0) if len(left) > 1 else left[0]

    def _rungs(self, id: str) -> list[Rung]:
        """The rungs below the champion; the last is always ``withheld``."""
        champion = self._bench.champion(id)
        found = []
        before = self._before
        released = None if before is None or id not in before.champions else before.champions[id].recipe
        if isinstance(released, Recipe) and (released.model, released.parameters) != (
            champion.model,
            champion.parameters,
        ):
            recipe = self._bench.alike(id, released)
            found.append(Rung("previous", f"{recipe.model} (previous release)", recipe))
        for model in self._job.fallbacks:
            recipe, wide = self._bench.plain(id, model), self._job.fallback_widening
            found.append(Rung("fallback", f"{model} (bands widened {wide:g} times)", recipe, wide))
        at = self._bench.series[id]
        stale = self._previous is not None and paths_again(
            self._previous, id, at.first, at.experiment.end, at.experiment.paths
        )
        return [*found, *([Rung("stale", "the last edition")] if stale else []), Rung("withheld", "withheld")]
