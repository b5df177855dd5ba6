"""An existing Dask cluster through joblib's backend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from forecasting.errors import ConfigError, ServiceAway

CONNECT = 30  # seconds to find the scheduler and a first worker


@contextmanager
def connected(address: str) -> Iterator[type[Exception]]:
    """Let joblib work on the cluster whose scheduler is at an address; gives what it raises when workers die.

    Raises :class:`ConfigError` without Dask and :class:`ServiceAway` when there is no scheduler or no worker.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise ConfigError(
            "--cluster needs Dask; install it with: pip install 'forecasting[cluster]'"
        ) from None
    from joblib import parallel_config
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]  # untyped
        """joblib's own leaves a cluster of one thread idle and works in this process."""

        def effective_n_jobs(self, n_jobs: int) -> int:
            threads: int = super().effective_n_jobs(n_jobs)
            return max(2, threads)

    try:
        client = Client(address, timeout=CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        found = f"{type(error).__name__}: {error}"
        raise ServiceAway(
            f"the Dask scheduler at {address} cannot be reached ({found}); start it or run without --cluster"
        ) from None
    try:
        with parallel_config(backend=Backend(client=client, wait_for_workers_timeout=CONNECT)):
            yield KilledWorker
    except TimeoutError:
        raise ServiceAway(
            f"the scheduler at {address} had no worker for {CONNECT} s; start one with: dask worker {address}"
        ) from None
    finally:
        client.close()
