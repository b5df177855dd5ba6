"""Where runs and models are kept: an SQLite file beside its artifacts, or a server.

A new SQLite store is migrated once, under a file lock: MLflow itself lets concurrent processes break a fresh
database. A server that does not answer is noticed in seconds, before MLflow's own retries begin.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import unquote, urlsplit

from filelock import FileLock, Timeout

from forecasting.errors import (
    CannotCreate,
    CannotWrite,
    ConfigError,
    DataError,
    Fault,
    ForecastingError,
    Locked,
)
from forecasting.tracking import probes
from forecasting.tracking.address import VARIABLE, away, harmless, require_usable, shown
from forecasting.tracking.migration import migrate_file, migrate_server, speaking_of_server
from forecasting.tracking.patience import BUDGET, Guarded, Patience

if TYPE_CHECKING:
    from mlflow import MlflowClient

T = TypeVar("T")
ANSWER_WITHIN = 5.0
LOCK_WITHIN = 180.0
_SQLITE = "sqlite:///"
_ready: set[str] = set()


def prepare() -> None:
    """Set what MLflow reads from the environment while it is imported; call before every import of it."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }.items():
        os.environ.setdefault(name, value)


@dataclass(frozen=True)
class Store:
    """A tracking and registry address, and the folder that holds artifacts and the promotions beside it.

    >>> Store("sqlite:////srv/mlruns/mlflow.db", Path("/srv/mlruns/artifacts")).home
    PosixPath('/srv/mlruns')
    >>> Store("mlruns", Path("/srv/mlruns/artifacts"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    forecasting.errors.ConfigError: the tracking address cannot be used...
    """

    uri: str
    artifacts: Path
    patience: Patience | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        require_usable(self.uri)
        if not self.artifacts.is_absolute():
            where = str(self.artifacts)
            raise ConfigError(
                "the artifacts folder cannot be used",
                [Fault(where, "relative path", "write an absolute one")],
            )

    @property
    def home(self) -> Path:
        """The folder of locks and promotions."""
        return self.artifacts.parent

    @property
    def local(self) -> bool:
        return self.uri.startswith("sqlite:")

    @property
    def served(self) -> bool:
        """Whether a tracking server stands in front and decides where artifacts lie."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def database(self) -> Path:
        """The SQLite file of a local store."""
        return Path(self.uri.removeprefix(_SQLITE))

    @property
    def shown(self) -> str:
        """The address without its password or token."""
        return shown(self.uri)

    def patient(self, budget: float = BUDGET) -> Self:
        """The same store for a job that goes on without it: ``budget`` seconds of waiting in all.

        A local database works rather than waits, so the first seconds of each of its calls are free.
        """
        return replace(self, patience=Patience(budget, free=ANSWER_WITHIN if self.local else 0.0))

    def ready(self) -> Self:
        """Create or migrate the database once, or find that the server answers; cheap to call again.

        Raises :class:`ServiceAway`, :class:`Locked`, :class:`CannotCreate` or :class:`ConfigError`.
        """
        if self.patience is not None:
            self.patience.call(self._probe, self.shown, within=2 * ANSWER_WITHIN)
        else:
            self._probe()
        self._make_home()
        if self.served or (self.uri in _ready and (not self.local or self.database.exists())):
            return self
        with self.lock("migrate"), self.speaking():
            self._migrate()
        _ready.add(self.uri)
        return self

    def _waited(self, work: Callable[[], T]) -> T:
        """What the work gives; of a server, within the budget of the job or one of its own."""
        return work() if self.local else (self.patience or Patience()).call(work, self.shown)

    def client(self) -> MlflowClient:
        """MLflow's client for this store, which is made ready first; no global state is touched."""
        self.ready()
        prepare()
        from mlflow import MlflowClient

        with self.speaking():
            client = self._connected(MlflowClient)
        # A guarded client answers to every method of the one it guards.
        return (
            client
            if self.patience is None
            else cast("MlflowClient", Guarded(client, self.patience, self.shown))
        )

    def _connected(self, make: type[MlflowClient]) -> MlflowClient:
        if self.local or self.served:
            return make(self.uri, self.uri)
        with speaking_of_server(self.shown):
            return self._waited(lambda: make(self.uri, self.uri))

    def experiment(self, name: str) -> str:
        """The id of an experiment, created when absent with artifacts at a fixed, absolute place.

        Raises :class:`ConfigError` when they lie in another folder than the store: the project was copied or moved.
        """
        from mlflow.exceptions import MlflowException

        client = self.client()
        with self.speaking():
            found = client.get_experiment_by_name(name)
            if found is None:
                folder = self.artifacts / re.sub(r"[^A-Za-z0-9_.-]+", "_", name)
                try:
                    return str(client.create_experiment(name, None if self.served else folder.as_uri()))
                except MlflowException as error:
                    if error.error_code != "RESOURCE_ALREADY_EXISTS":
                        raise
                    found = client.get_experiment_by_name(name)
            if found is None:
                return ""
            self._require_here(found)
            if found.lifecycle_stage == "deleted":
                client.restore_experiment(found.experiment_id)
            return str(found.experiment_id)

    def _require_here(self, experiment: Any) -> None:
        if not self.local or self.database.parent != self.home:
            return
        place = Path(unquote(urlsplit(experiment.artifact_location).path))
        if not place.is_relative_to(self.artifacts):
            found = f"the artifacts of {experiment.name} lie in {place}: the project was copied or moved"
            do = f"move it back, or move {self.database.name} and artifacts away to begin a new store"
            raise ConfigError(
                "the tracking store is that of another folder", [Fault(str(self.database), found, do)]
            )

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold one of the store's locks, or raise :class:`Locked`."""
        path = self.home / f".{name}.lock"
        within = LOCK_WITHIN if self.patience is None else min(LOCK_WITHIN, self.patience.left)
        held, asked = FileLock(path), time.monotonic()
        try:
            held.acquire(timeout=within)
        except Timeout:
            fault = Fault(str(path), f"held by another process for {within:.0f} s", "try again later")
            raise Locked("the tracking store is busy", [fault]) from None
        finally:
            if self.patience is not None:
                self.patience.lost += time.monotonic() - asked
        try:
            yield
        finally:
            held.release()

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turn what MLflow and the disk raise into errors that say where, what and what to do."""
        prepare()
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise self._translated(error) from harmless(error)
        except OSError as error:
            if self.served and error.filename is None:  # an upload that broke off
                found = shown(str(error)).partition("\n")[0][:500] or type(error).__name__
                raise away(self.uri, found) from harmless(error)
            where = str(error.filename or self.home)
            fault = Fault(where, error.strerror or str(error), "free some space or fix its permissions")
            raise CannotWrite("the tracking store cannot be written", [fault]) from error

    def _translated(self, error: Exception) -> ForecastingError:
        text = shown(str(error)).strip().partition("\n")[0][:500]
        if "database is locked" in text:
            return Locked("the tracking store is busy", [Fault(self.shown, text, "try again later")])
        if re.search(r"not a database|malformed", text):
            do = "restore the backup beside it, or move it away and begin a new one"
            return DataError("the tracking store is damaged", [Fault(self.shown, text, do)])
        if re.search(r"disk is full|readonly database|unable to open database|disk I/O", text):
            return CannotWrite(
                "the tracking store cannot be written", [Fault(self.shown, text, "check the disk")]
            )
        if re.search(r"Can't locate revision|out-of-date database schema", text):
            do = "install the mlflow that wrote it, or restore the backup beside it"
            return ConfigError("the tracking store has another schema", [Fault(self.shown, text, do)])
        if self.served and re.search(r"\b40[13]\b|PERMISSION_DENIED|UNAUTHENTICATED", text):
            do = "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or ask for access"
            return ConfigError("the tracking server refuses us", [Fault(self.shown, text, do)])
        if self.served and re.search(r"error code (3\d\d|404)\b|not in a valid JSON format", text):
            do = f"correct {VARIABLE}"
            return ConfigError("the address is not that of a tracking server", [Fault(self.shown, text, do)])
        if self.served and re.search(
            r"API request to|Max retries|\b(5\d\d|429)\b|timed out|TEMPORARILY|INTERNAL_ERROR", text
        ):
            return away(self.uri, text)
        if not self.local and re.search(r"\b(Operational|Interface)Error\b", text):
            return away(self.uri, text)
        return ForecastingError("MLflow failed", [Fault(self.shown, text, "run again with --debug")])

    def _probe(self) -> None:
        """Whether anything answers at all, in seconds."""
        if self.local:
            self._probe_file()
        elif self.served or self.uri not in _ready:
            wrong = (
                probes.http(self.uri, ANSWER_WITHIN) if self.served else probes.port(self.uri, ANSWER_WITHIN)
            )
            if wrong:
                raise away(self.uri, wrong)

    def _probe_file(self) -> None:
        if not self.database.exists():
            return
        try:
            found = sqlite3.connect(f"{self.database.as_uri()}?mode=rw", timeout=ANSWER_WITHIN, uri=True)
            try:
                found.execute("select count(*) from sqlite_master").fetchone()
            finally:
                found.close()
        except sqlite3.Error as error:
            raise self._translated(error) from None
        except UnicodeDecodeError as error:  # of a message that quotes a damaged schema
            raise self._translated(sqlite3.DatabaseError(f"malformed: {error}")) from None

    def _make_home(self) -> None:
        try:
            self.artifacts.mkdir(parents=True, exist_ok=True)
            if self.local:
                self.database.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fault = Fault(
                str(error.filename or self.artifacts), error.strerror or str(error), "make it writable"
            )
            raise CannotCreate("the tracking store cannot be created", [fault]) from error

    def _migrate(self) -> None:
        prepare()
        if self.local:
            migrate_file(self.database, self.artifacts.as_uri())
        else:
            migrate_server(self.uri, self.artifacts.as_uri(), self.shown, self._waited)


def default_store(root: Path) -> Store:
    """The store of a project folder, ``mlruns/mlflow.db`` and ``mlruns/artifacts``.

    The environment variable ``FORECAST_TRACKING_URI`` names another database or server.

    >>> default_store(Path("/srv/india")).artifacts
    PosixPath('/srv/india/mlruns/artifacts')
    """
    home = root.resolve() / "mlruns"
    uri = os.environ.get(VARIABLE, "").strip() or f"{_SQLITE}{home / 'mlflow.db'}"
    return Store(uri, home / "artifacts")
