"""The Python API: a project, from its data to a champion in force, in a handful of calls.

::

    from forecasting.api import Project

    project = Project.open("path/to/project")
    [experiment] = project.experiments("ev_sales")
    outcome = project.run(experiment)             # rolling origins; what is in the cache is not fitted again
    outcome.board                                 # one row a series and model
    settled = project.gate([outcome])             # first champions, and challengers through the gate
    promoted = project.promote(settled)           # ledger, release, and what MLflow is told
    project.champion("in.ev.2w").golden           # the quantiles that were promised

``forecast run``, ``leaderboard``, ``promote`` and ``make forecast`` go through the same calls. Balance, editions and
reports have none here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forecasting.errors import InputMissing, nearest

if TYPE_CHECKING:
    from forecasting.data.store import Store
    from forecasting.evaluation.cache import Cache
    from forecasting.evaluation.experiment import Experiment
    from forecasting.evaluation.outcome import Outcome
    from forecasting.publishing.drift import Drift
    from forecasting.publishing.promotion import Settled
    from forecasting.publishing.release import Release, Released
    from forecasting.tracking import Delivery
    from forecasting.tracking import Store as Tracking

__all__ = ["Project", "Promoted"]

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Promoted:
    """Champions put in force: the decisions, the folder of the release, and what went to MLflow or waits.

    ``dropped`` are the series that had a champion and have none any more, as no experiment forecasts them.
    """

    settled: tuple[Settled, ...]
    folder: Path
    delivery: Delivery
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A folder with ``data/`` and ``experiments/``, and the runs, champions and releases in its ``mlruns/``."""

    root: Path
    store: Store

    @classmethod
    def open(cls, root: str | Path = ".") -> Project:
        """The project of a folder, its data read and checked.

        Raises :class:`~forecasting.errors.InputMissing` when there is no project and
        :class:`~forecasting.errors.DataError` with every fault of its data.
        """
        from forecasting.data.store import Store

        folder = Path(root).resolve()
        if not (folder / "data" / "series.yaml").is_file():
            raise InputMissing(
                f"{folder} is no project: it has no data/series.yaml; name the folder that has"
            )
        return cls(folder, Store.open(folder / "data"))

    @property
    def tracking(self) -> Tracking:
        """Where runs and models are kept: ``mlruns/`` of the project, or what FORECAST_TRACKING_URI names."""
        from forecasting.tracking import default_store

        return default_store(self.root)

    @property
    def releases(self) -> Path:
        """The folder of releases, which publishing reads."""
        return self.root / "mlruns" / "releases"

    @property
    def release(self) -> Release | None:
        """The champions in force; None before the first promotion."""
        from forecasting.publishing.promotion import present

        return present(self.releases)

    def champion(self, series: str) -> Released:
        """The champion of a series: recipe, golden forecast and backtest record."""
        champions = self.release.champions if self.release else {}
        if series not in champions:
            raise InputMissing(
                f"{series} has no champion; {nearest(series, champions) if champions else 'promote one'}"
            )
        return champions[series]

    def experiments(self, name: str | Path = "default") -> list[Experiment]:
        """The experiments of a file: a path or a name in ``experiments/``. A suite gives several.

        Raises :class:`~forecasting.errors.InputMissing` with the nearest name where there is none, and
        :class:`~forecasting.errors.ConfigError` with every fault of every file.
        """
        from forecasting.evaluation.experiment import read_experiments

        path, folder = Path(name), self.root / "experiments"
        if not path.is_file() and (named := folder / f"{str(name).removesuffix('.yaml')}.yaml").is_file():
            path = named
        if path.is_dir():
            there = ", ".join(sorted(one.name for one in path.glob("*.yaml"))) or "it has none"
            raise InputMissing(f"{path} is a folder; name an experiment file in it: {there}")
        if not path.exists() and path.parent == Path():
            files = [*folder.glob("*.yaml"), *Path().glob("*.yaml")]
            known = (
                {one.name for one in files} if path.suffix else {one.stem for one in folder.glob("*.yaml")}
            )
            advice = nearest(str(path), known) if known else "write one as docs/experiments.md says"
            raise InputMissing(f"{path} is neither a file nor an experiment in {folder}; {advice}")
        return read_experiments(path, self.store.catalogue)

    def run(
        self,
        experiment: Experiment,
        *,
        as_of: date | None = None,
        jobs: int = 1,
        cluster: str | None = None,
        release: Release | None = None,
        progress: Progress | None = None,
    ) -> Outcome:
        """Backtest an experiment's models, the champions in force that can be built among them, at rolling origins.

        ``as_of`` is the day whose knowledge is used: by default the experiment's own, else the last one known.
        ``release`` holds the champions in force, where it was read before; without it, it is read.
        """
        from forecasting.evaluation.backtest import Workers, silent
        from forecasting.evaluation.outcome import carry_out
        from forecasting.publishing.promotion import enter

        cut = self.store.last_known(as_of or experiment.as_of or datetime.now(UTC).date())
        entered, _, _ = enter(experiment, release or self.release)
        return carry_out(self.store, entered, cut, self._fits, Workers(jobs, cluster), progress or silent)

    @property
    def _fits(self) -> Cache:
        from forecasting.evaluation.cache import Cache

        return Cache(self.root / ".cache" / "backtest")

    def keep(self, outcomes: Sequence[Outcome]) -> dict[str, str]:
        """Keep outcomes for MLflow in the spool; the key of each experiment by its name."""
        from forecasting.publishing.promotion import record
        from forecasting.reports.leaderboard import leaderboard_chart
        from forecasting.tracking import keep_experiment

        keys = {}
        for outcome in outcomes:
            judged = outcome.scores.frame["mase"].notna().any()
            pictures = {"leaderboard.svg": leaderboard_chart(outcome.scores.frame)} if judged else {}
            made = record(outcome, self.root / "requirements.lock", pictures)
            keys[outcome.experiment.name] = keep_experiment(self.tracking, made)
        return keys

    def deliver(self, budget: float | None = None, progress: Progress | None = None) -> Delivery:
        """Tell MLflow what waits in the spool, each thing once; ``budget`` seconds of waiting in all."""
        from forecasting.tracking import deliver
        from forecasting.tracking.patience import BUDGET

        return deliver(self.tracking.patient(BUDGET if budget is None else budget), progress)

    def log(self, outcomes: Sequence[Outcome]) -> Delivery:
        """Log outcomes to MLflow; what cannot be told now waits in the spool."""
        self.keep(outcomes)
        return self.deliver()

    def gate(self, outcomes: Sequence[Outcome], reason: str | None = None) -> list[Settled]:
        """Put outcomes through the promotion gate, with the editions published so far as evidence.

        ``reason`` promotes the model with the lowest mean where the gate is inconclusive, the backtest's winner where
        the champion cannot be built any more, and on the data of an earlier day than the champion's; without one the
        latter two raise :class:`~forecasting.errors.ConfigError`. Raises
        :class:`~forecasting.errors.UsageError` for a reason that says nothing, and
        :class:`~forecasting.errors.Locked` when other champions were put in force since the outcomes were made.
        """
        from forecasting.publishing.promotion import issued_forecasts, judge
        from forecasting.publishing.reasons import said

        reason = None if reason is None else said("reason", reason)
        release, editions = self.release, self.root / "data" / "editions"
        days = {outcome.as_of for outcome in outcomes} if release is not None else set()
        issued = {day: issued_forecasts(editions, day) for day in days}
        return [
            judge(self.store, outcome, release, self._fits, issued.get(outcome.as_of), reason)
            for outcome in outcomes
        ]

    def promote(self, settled: Sequence[Settled], progress: Progress | None = None) -> Promoted:
        """Put champions in force: experiments kept, decisions in the ledger, the release written, MLflow told.

        A series leaves the experiment of the release that forecast it before. Raises
        :class:`~forecasting.errors.ConfigError` where that takes apart what is forecast together, and
        :class:`~forecasting.errors.Locked` when another promotion came in between.
        """
        from forecasting.publishing.release import load
        from forecasting.publishing.succession import promote

        before = self.release
        keys = self.keep([one.outcome for one in settled])
        folder = promote(self.store, settled, keys, self.tracking, self.releases, datetime.now(UTC))
        after = load(folder).champions
        dropped = tuple(id for id in (before.champions if before else ()) if id not in after)
        return Promoted(tuple(settled), folder, self.deliver(progress=progress), dropped)

    def leaderboard(self, outcomes: Sequence[Outcome]) -> bytes:
        """The leaderboard of outcomes as one HTML page, with the champions in force by the labels they have there."""
        from forecasting.publishing.promotion import enter
        from forecasting.reports.contest import Contest, page

        release = self.release
        chosen = {id: one.model for id, one in release.champions.items()} if release else {}

        def in_force(outcome: Outcome) -> dict[str, str]:
            _, labels, _ = enter(outcome.experiment, release)
            return {id: labels.get(id, chosen[id]) for id in outcome.experiment.series if id in chosen}

        return page(
            [
                Contest(
                    one.experiment.name, one.experiment.about, one.as_of, one.experiment.metric, one.scores,
                    one.forecasts, in_force(one), one.unjudged,
                )
                for one in outcomes
            ]
        )  # fmt: skip

    def drift(self, progress: Progress | None = None) -> Drift:
        """How far each number of the release would move with the code and libraries installed now.

        Champions that cannot be refitted any more are in ``lost``.
        """
        from forecasting.publishing.drift import drift

        return drift(self.releases, progress)
