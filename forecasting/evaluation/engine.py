"""The engine: fits what is not kept yet, here or on a Dask cluster, and survives workers that die."""

from __future__ import annotations

import os
import pickle
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from forecasting.errors import ConfigError
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.cluster import Connection, connected
from forecasting.evaluation.fits import Fit, Work, fit_digest

Progress = Callable[[int, int], None]
Todo = Iterable[tuple[int, Work]]
Done = Iterator[tuple[int, dict[str, Fit]]]
Run = Callable[[Todo], Done]

BUDGET = 5.0  # seconds after which a worker hands back what it has; a killed one loses no more
ORPHAN = 1.0  # seconds between looks of a worker at whether the process that started it still lives
LOST = 2  # times in a row workers may die without a result before the rest is fitted one by one


def silent(done: int, of: int) -> None:
    """No progress shown."""
    del done, of


@dataclass(frozen=True)
class Workers:
    """Who fits: ``jobs`` processes of this machine, or the Dask cluster whose scheduler is at an address.

    The numbers are the same bit for bit.
    """

    jobs: int = 1
    cluster: str | None = None


HERE = Workers()


def complete(
    works: Sequence[tuple[Work, Sequence[str]]], cache: Cache, workers: Workers, progress: Progress = silent
) -> dict[str, Fit]:
    """Fit what the cache lacks, given works and the keys of their series.

    Results go to the cache as they come, so whatever stops a run loses the last seconds only. Gives by key the
    fits that are not lasting: those whose process died every time. Raises :class:`ServiceAway` when the cluster
    cannot be reached.
    """
    total = sum(len(keys) for _, keys in works)
    known = cache.known([key for _, keys in works for key in keys])
    pending: dict[int, dict[str, str]] = {}
    for n, (work, named) in enumerate(works):
        lacking = {id: key for id, key in zip(work.ids, named, strict=True) if key not in known}
        if lacking:
            pending[n] = lacking
    done = total - sum(map(len, pending.values()))
    progress(done, total)
    lost: dict[str, Fit] = {}
    if not pending:
        return lost
    with _runner(workers) as run:
        idle = 0
        while pending:
            before = done
            todo = ((n, works[n][0].of(tuple(ids))) for n, ids in list(pending.items()))
            for n, fits in run(todo) if idle < LOST else _one_by_one(todo):
                mine = pending.pop(n)
                made = {mine.pop(id): fit for id, fit in fits.items() if id in mine}
                kept = {key: fit for key, fit in made.items() if fit.lasting}
                if kept:
                    cache.put(kept, *works[n][0].named)
                lost |= {key: fit for key, fit in made.items() if not fit.lasting}
                if mine:
                    pending[n] = mine
                done += len(made)
                progress(done, total)
            idle = 0 if done > before else idle + 1
    return lost


@contextmanager
def _runner(workers: Workers) -> Iterator[Run]:
    from threadpoolctl import threadpool_limits

    if workers.cluster is not None:
        with connected(workers.cluster) as connection:
            yield partial(_on_cluster, connection=connection)
    elif workers.jobs > 1:
        from joblib import parallel_config

        with parallel_config("loky", initializer=_end_with, initargs=(os.getpid(),)):
            yield partial(_side_by_side, jobs=workers.jobs)
    else:
        import scipy.linalg  # noqa: F401  (its threads are limited too)

        with threadpool_limits(1):
            yield _here


def _here(todo: Todo) -> Done:
    for n, work in todo:
        yield n, dict(work.run(BUDGET))


def _side_by_side(todo: Todo, jobs: int, killed: type[Exception] = BrokenProcessPool) -> Done:
    """Fits in other processes in the order they finish; ends early when one of them is killed."""
    from joblib import Parallel, delayed

    # Works travel as bytes: Dask would scatter objects to a worker, and lose them with it.
    calls = (delayed(_carried)(n, pickle.dumps(work), fit_digest()) for n, work in todo)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="3*n_jobs", batch_size=1)
    try:
        yield from parallel(calls)
    except killed:
        return


def _on_cluster(todo: Todo, connection: Connection) -> Done:
    """Fits on the workers of a cluster; raises :class:`ServiceAway` when it is lost."""
    try:
        yield from _side_by_side(todo, -1, connection.killed)
    except connection.gone as error:
        raise connection.lost(error) from error


def _carried(n: int, packed: bytes, code: str) -> tuple[int, dict[str, Fit]]:
    from threadpoolctl import threadpool_limits

    if fit_digest() != code:
        raise ConfigError(
            "a worker runs other models or libraries than this process; "
            "install the same version and the same requirements.lock on every worker"
        )
    work: Work = pickle.loads(packed)
    with threadpool_limits(1):
        return n, dict(work.run(BUDGET))


def _end_with(parent: int) -> None:
    """End this worker as soon as the process that started it is gone, however that ended."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHAN)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _one_by_one(todo: Todo) -> Done:
    """Each fit in a process of its own; one that dies again is a failure in words.

    By loky, which does not run the script of the caller again in it, as the standard library's spawn does.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    for n, work in todo:
        for ids in [work.ids] if work.pooled else [(id,) for id in work.ids]:
            with ProcessPoolExecutor(1, initializer=_end_with, initargs=(os.getpid(),)) as alone:
                try:
                    yield alone.submit(_carried, n, pickle.dumps(work.of(ids)), fit_digest()).result()
                except BrokenProcessPool:
                    words = f"{work.candidate.name}: its process died (killed, out of memory, or crashed)"
                    yield n, {id: Fit.refused(words, lasting=False) for id in ids}
