"""How fast the backtest engine is: against statsforecast, from its cache, over many series, on a Dask cluster.

    python benchmarks/engine.py peer            same models and folds as StatsForecast.cross_validation
    python benchmarks/engine.py scale 1000      forecast run: 3 fast models x 3 origins over so many series
    python benchmarks/engine.py cluster         one and two workers of one thread against this process

Series are synthetic. Each figure is printed as one line of JSON. Run on an idle machine, with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

from forecasting.api import Project
from forecasting.catalogue import Catalogue, Publication, Series, Source
from forecasting.cli.boards import print_board
from forecasting.data.store import Store
from forecasting.evaluation.backtest import plan, run
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE, Workers
from forecasting.evaluation.experiment import Experiment
from forecasting.evaluation.outcome import carry_out
from forecasting.evaluation.scoring import score
from forecasting.frames import Observations
from forecasting.periods import Kind, Period

TODAY = date(2026, 6, 30)
TURNS = 3
FAST = ("naive", "seasonal_naive", "damped_drift")
PEERS = {
    "auto_ets": ("AutoETS", {}),
    "theta": ("Theta", {"decomposition_type": "additive"}),
    "optimised_theta": ("DynamicOptimizedTheta", {"decomposition_type": "additive"}),
    "auto_ces": ("AutoCES", {}),
    "auto_arima": ("AutoARIMA", {}),  # takes half a second a fit
}
AS_IS = {
    "origins": 0,
    "history": None,
    "link": "none",
}  # one fit an origin, on all the past, on the unit given


def values(count: int, months: int, positive: bool) -> np.ndarray:
    """Seasonal random walks, (series, months)."""
    rng = np.random.default_rng(2030)
    walk = np.cumsum(rng.normal(0.005, 0.05, (count, months)), axis=1)
    phase = rng.uniform(0, 12, (count, 1))
    y = (
        walk
        + 0.2 * np.sin(2 * np.pi * (np.arange(months) + phase) / 12)
        + rng.normal(0, 0.05, (count, months))
    )
    return np.exp(y + 6) if positive else y - y.mean()


def synthetic(y: np.ndarray, last: Period) -> Store:
    """A store of monthly series, each known in the month it belongs to."""
    count, months = y.shape
    ids = [f"s{i:05d}" for i in range(count)]
    entry = Series(
        title="synthetic", unit="t Nd", kind=Kind.MONTH, side="demand", floor=None, sources=("made",)
    )
    source = Source(title="synthetic", publisher="none", family="made", address="none", licence="CC0-1.0")
    periods = [last + (i - months + 1) for i in range(months)]
    frame = pd.DataFrame(
        {
            "period": np.tile(np.array([str(p) for p in periods], dtype=object), count),
            "series": np.repeat(np.array(ids, dtype=object), months),
            "value": y.ravel(),
            "unit": "t Nd",
            "source": "made",
            "status": "actual",
            "available_at": np.tile(np.array([p.end for p in periods], dtype="datetime64[ns]"), count),
            "note": "",
        }
    )
    publication = Publication(critical=(), contact="none", licence="CC0-1.0")
    catalogue = Catalogue(Path(), dict.fromkeys(ids, entry), {"made": source}, {}, {}, (), publication)
    return Store(catalogue, Observations(frame))


def experiment(
    store: Store, models: list[dict[str, Any]], first: str, every: int, **changes: Any
) -> Experiment:
    given = {
        "name": "engine", "about": "speed", "features": "markets", "series": tuple(store.catalogue.series),
        "horizon": "2027-06", "backtest": {"first": first, "every": every, "steps": 12}, "models": models,
    }  # fmt: skip
    return Experiment.model_validate({**given, **changes})


def tell(what: str, **figures: Any) -> None:
    rounded = {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({"what": what, **rounded}), flush=True)


def clocked(work: Any, *arguments: Any, **options: Any) -> tuple[Any, float, float]:
    """What a call gives, its seconds by the clock and of the processor."""
    wall, spent = time.perf_counter(), time.process_time()
    given = work(*arguments, **options)
    return given, time.perf_counter() - wall, time.process_time() - spent


def main() -> None:
    warnings.simplefilter("ignore")
    what, *arguments = sys.argv[1:]
    {"peer": peer, "scale": scale, "cluster": cluster}[what](*map(int, arguments))


def backtested(store: Store, one: Experiment, cache: Cache, workers: Workers = HERE) -> pd.DataFrame:
    """The scores of a backtest, without choosing winners."""
    found = plan(store, one, TODAY)
    scores, _ = score(found, cache, run(found, cache, workers))
    return scores.frame


def peer(count: int = 200) -> None:
    """The quick models in one run, then on logarithms, each alone, and against a peer that makes bands."""
    *quick, slow = PEERS
    against(tuple(quick), count)
    against(tuple(quick), count, logarithms=True)
    for name in quick:
        against((name,), max(count // 4, 2))
    against((slow,), max(count // 32, 2))
    against(tuple(quick), max(count // 8, 2), level=[80, 95])


def against(names: tuple[str, ...], count: int, logarithms: bool = False, **options: Any) -> None:
    """The peer and the engine in turn on the same models and folds, the least of each, and the engine again from its
    cache; ``most`` is the longest turn of the engine over its shortest, the noise of the machine.

    Series are in units of their typical step, to which the engine's models bring every series: the theta methods'
    optimiser stops the sooner the smaller the numbers, so that on ``logarithms`` (a step is some 0.08) the peer's work
    is less than the engine's, which does not depend on the unit.
    """
    import statsforecast.models as library
    from statsforecast import StatsForecast

    y = values(count, 96, positive=False)
    if not logarithms:
        y /= np.sqrt(np.mean(np.diff(y) ** 2, axis=1, keepdims=True))
    last = Period.parse("2026-05")
    store, small = synthetic(y, last), synthetic(y[:2], last)
    stamps = pd.date_range(end=pd.Timestamp(last.end), periods=96, freq="ME")
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(list(store.catalogue.series), 96),
            "ds": np.tile(stamps, count),
            "y": y.ravel(),
        }
    )
    peers = [getattr(library, PEERS[name][0])(season_length=12, **PEERS[name][1]) for name in names]
    sf = StatsForecast(peers, freq="ME")
    ours = [{"model": name, "parameters": AS_IS} for name in names]
    folds = {"h": 12, "n_windows": 4, "step_size": 6, **options}
    first = str(last + (-12 - 18))
    with tempfile.TemporaryDirectory() as folder:
        sf.cross_validation(df=frame[frame["unique_id"] < "s00002"], **folds)
        backtested(small, _upto(experiment(small, ours, first, 6), last), Cache(Path(folder) / "warm"))
        one = _upto(experiment(store, ours, first, 6), last)
        theirs_spent, ours_spent = [], []
        for turn in range(TURNS):
            cache = Cache(Path(folder) / f"cache{turn}")
            theirs_spent.append(clocked(sf.cross_validation, df=frame, **folds)[2])
            rows, _, spent = clocked(backtested, store, one, cache)
            ours_spent.append(spent)
        _, _, again = clocked(backtested, store, one, cache)
    assert len(rows) == count * 4 * 12 * len(names), len(rows)
    tell(
        "peer", models=", ".join(names), series=count, origins=4, logarithms=logarithms,
        bands="level" in options,
        theirs=min(theirs_spent), ours=min(ours_spent), ratio=min(ours_spent) / min(theirs_spent),
        most=max(ours_spent) / min(ours_spent), cached=again / min(ours_spent),
    )  # fmt: skip


def _upto(one: Experiment, last: Period) -> Experiment:
    return one.model_copy(update={"backtest": one.backtest.model_copy(update={"last": str(last + -12)})})


def scale(count: int = 1000) -> None:
    """What ``forecast run`` does with an experiment, from observations to the record that waits for MLflow."""
    store = synthetic(values(count, 96, positive=True), Period.parse("2026-05"))
    one = experiment(store, [{"model": name} for name in FAST], "2024-11", 6)
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        outcome, wall, spent = clocked(carry_out, store, one, TODAY, Cache(cache))
        with redirect_stdout(StringIO()):
            _, board_wall, board = clocked(print_board, outcome)
        _, kept_wall, kept = clocked(Project(Path(folder), store).keep, [outcome])
        size = sum(path.stat().st_size for path in cache.iterdir())
    fits = len(FAST) * count * outcome.scores.frame["cutoff"].nunique()
    tell(
        "scale", series=count, fits=fits, seconds=wall + board_wall + kept_wall, carried_out=spent, board=board,
        kept=kept, a_series=(spent + board + kept) / count * 1000,
        peak_gb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, cache_gb=size / 2**30,
        winners=len(outcome.winners),
    )  # fmt: skip


def cluster(count: int = 200) -> None:
    """One worker, two workers, and this process: seconds, and whether the numbers are the same bit for bit.

    ``processor_one`` and ``processor_two`` are the processor seconds of this process and of each worker.
    """
    store = synthetic(values(count, 96, positive=False), Period.parse("2026-05"))
    one = experiment(store, [{"model": "auto_ets", "parameters": AS_IS}], "2023-11", 6)
    frames, took, spent = {}, {}, {}
    with tempfile.TemporaryDirectory() as folder:
        frames["here"], took["here"], _ = clocked(
            lambda: backtested(store, one, Cache(Path(folder) / "here"))
        )
        for workers in (1, 2, 2, 1):
            with dask(Path(folder), workers) as (address, processes):
                given = Workers(cluster=address)
                warm = synthetic(values(8, 96, positive=False), Period.parse("2026-05"))
                backtested(
                    warm,
                    experiment(warm, one.model_dump()["models"], "2023-11", 6),
                    Cache(Path(folder) / "w"),
                    given,
                )
                cache = Cache(Path(tempfile.mkdtemp(dir=folder)))
                found = plan(store, one, TODAY)
                before = [_spent(process) for process in processes]
                lost, seconds, mine = clocked(
                    lambda cache=cache, found=found, given=given: run(found, cache, given)
                )
                frames[f"{workers} workers"] = score(found, cache, lost)[0].frame
                took.setdefault(f"{workers} workers", []).append(seconds)
                busy = [_spent(process) - b for process, b in zip(processes, before, strict=True)]
                spent.setdefault(f"{workers} workers", []).append([round(mine, 2), *busy])
    same = all(frame.equals(frames["here"]) for frame in frames.values())
    single, double = min(took["1 workers"]), min(took["2 workers"])
    tell(
        "cluster",
        series=count,
        one=took["1 workers"],
        two=took["2 workers"],
        faster=single / double,
        identical=same,
        processor_one=spent["1 workers"],
        processor_two=spent["2 workers"],
    )


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers of one thread as processes of this machine; gives the address and the workers."""
    told = Path(tempfile.mkdtemp(dir=folder)) / "scheduler.json"
    started = [
        _dask(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told)
        )
    ]
    try:
        while not (told.is_file() and told.read_text().endswith("}")):
            time.sleep(0.1)
        address = json.loads(told.read_text())["address"]
        for _ in range(workers):
            started.append(_dask("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"))
        from distributed import Client

        with Client(address) as client:
            client.wait_for_workers(workers)
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def _spent(process: subprocess.Popen[bytes]) -> float:
    """Processor seconds of a process so far."""
    times = psutil.Process(process.pid).cpu_times()
    return round(times.user + times.system, 2)


def _dask(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
