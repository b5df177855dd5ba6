"""An existing Dask cluster through joblib's backend."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from forecasting.errors import ConfigError, ForecastingError, ServiceAway

CONNECT = 30  # seconds to find the scheduler and a first worker


@dataclass(frozen=True)
class Connection:
    """A cluster at an address: what joblib raises when a worker dies too often, and when the cluster is gone."""

    address: str
    killed: type[Exception]
    gone: tuple[type[Exception], ...]

    def lost(self, error: Exception) -> ServiceAway:
        """The cluster went away in the middle of a run."""
        return ServiceAway(
            f"the Dask cluster at {self.address} was lost in the middle of the run ({_said(error)}); finished fits "
            "are kept: start it again and give the same command, or run without --cluster"
        )


@contextmanager
def connected(address: str) -> Iterator[Connection]:
    """Let joblib work on the cluster whose scheduler is at an address.

    Raises :class:`ConfigError` without Dask, TLS or the same Dask, and :class:`ServiceAway` when there is no
    scheduler or no worker.
    """
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed.client import ClosedClientError
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

    class Closing(Client):  # type: ignore[misc]  # untyped
        """One that cannot connect is closed at once; Dask's own waits a minute for an answer as it is collected."""

        def start(self, **options: float) -> None:
            try:
                super().start(**options)
            except BaseException:
                self.close()
                raise

    with _quiet():
        try:
            client = Closing(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError) as error:
            raise _unreached(address, error) from None
        connection = Connection(address, KilledWorker, (CancelledError, ClosedClientError, OSError))
        try:
            _awaited(client, connection)
            with parallel_config(backend=Backend(client=client, wait_for_workers_timeout=CONNECT)):
                yield connection
        finally:
            client.close()


def _awaited(client: Any, connection: Connection) -> None:
    """A first worker; a task asks for one where they are started on demand."""
    try:
        if not client.ncores():
            client.submit(int).result(timeout=CONNECT)
    except TimeoutError:
        where = connection.address
        raise ServiceAway(
            f"the scheduler at {where} had no worker for {CONNECT} s; start one with: dask worker {where}"
        ) from None
    except connection.gone as error:
        raise connection.lost(error) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the tracebacks that Dask's client logs beside what it raises."""
    log = logging.getLogger("distributed.client")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)


def _unreached(address: str, error: Exception) -> ForecastingError:
    if isinstance(error, TypeError):
        return ConfigError(
            f"the Dask scheduler at {address} cannot be spoken to ({_said(error)}); a tls:// address needs Dask's own "
            "settings distributed.comm.tls, see docs/experiments.md"
        )
    if isinstance(error, ImportError):
        return ConfigError(
            f"the Dask scheduler at {address} has other versions ({_said(error)}); "
            "install the same requirements.lock here and on every machine of the cluster"
        )
    return ServiceAway(
        f"the Dask scheduler at {address} cannot be reached ({_said(error)}); start it or run without --cluster"
    )


def _said(error: Exception) -> str:
    """An error in one sentence; Dask goes on with advice."""
    first = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
    return f"{type(error).__name__}: {first}"
