"""A cluster that is away, badly spoken to, or lost in the middle ends in words and a documented exit code."""

from __future__ import annotations

from pathlib import Path

import distributed
import pytest

from forecasting.data.store import Store
from forecasting.errors import ConfigError, ServiceAway
from forecasting.evaluation import cluster
from forecasting.evaluation.backtest import run
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.cluster import connected
from forecasting.evaluation.engine import Workers
from tests.evaluation.servers import started
from tests.evaluation.test_engine import planned


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        ("tcp://127.0.0.1:9", ServiceAway, r"tcp://127.0.0.1:9 cannot be reached \(OSError.* without --cluster"),
        ("no://where", ServiceAway, r"no://where cannot be reached \(ValueError: unknown address scheme"),
        ("tls://127.0.0.1:9", ConfigError, r"needs Dask's own settings distributed.comm.tls, see docs/experiments"),
    ],
)  # fmt: skip
def test_a_scheduler_that_cannot_be_spoken_to_is_let_go_of_at_once(
    address: str, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "CONNECT", 1)
    with pytest.raises(kind, match=words), connected(address):
        pass
    half_made = {one.status for one in distributed.Client._instances} - {"closed"}
    assert not half_made, "it would wait a minute for an answer as it is collected"


@pytest.mark.servers
def test_a_cluster_without_workers_and_one_lost_in_the_middle_are_services_away(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = [{"model": name} for name in ("naive", "drift", "damped_drift")]
    found, cache = planned(store, models=models), Cache(tmp_path / "cache")
    with started(tmp_path, 0) as dask:
        workers = Workers(cluster=dask.address)
        with monkeypatch.context() as patched:
            patched.setattr(cluster, "CONNECT", 1)
            with pytest.raises(
                ServiceAway, match=r"had no worker for 1 s; start one with: dask worker tcp://"
            ):
                run(found, cache, workers)
        dask.start()

        def kill(done: int, of: int) -> None:
            if done > of // 8:
                dask.scheduler.kill()

        with pytest.raises(ServiceAway, match=r"was lost in the middle of the run .* the same command"):
            run(found, cache, workers, kill)
    kept = len(cache.known([key for keys in found.keys for key in keys]))
    assert found.fits // 8 < kept < found.fits
