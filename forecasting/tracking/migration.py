"""A database with MLflow's tables: made beside and renamed into place, so that a kill leaves none or a whole one.

SQLite commits each step of a migration on its own; a migration that is killed would leave a database that no version of
MLflow can read.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecasting.errors import ConfigError, DataError, Fault, ForecastingError
from forecasting.tracking.address import VARIABLE, away, harmless, shown

_REFUSED = re.compile(
    r"password|authentication|pg_hba|permission denied|access denied|login failed|unknown database"
    r"|(database|role) \S+ does not exist",
    re.IGNORECASE,
)


def migrate_file(database: Path, artifacts: str) -> None:
    """Make a SQLite database, or bring an older one up to date after a backup; call it under a lock.

    Raises :class:`ConfigError` for the schema of a newer MLflow and :class:`DataError` for one that is in pieces.
    """
    for left in database.parent.glob(f".{database.name}.making-*"):
        left.unlink()
    work = database.with_name(f".{database.name}.making-{os.getpid()}")
    if database.exists():
        with _speaking(str(database), _damaged):
            here, wanted = _versions(_uri(database))
            if here == wanted:
                _complete(_uri(database), artifacts)
                return
        shutil.copy2(database, f"{database}.before-{wanted}")
        shutil.copy2(database, work)
    try:
        with _speaking(str(database), _damaged):
            _complete(_uri(work), artifacts)
        work.replace(database)
    finally:
        work.unlink(missing_ok=True)


def migrate_server(
    uri: str, artifacts: str, where: str, waited: Callable[[Callable[[], None]], None]
) -> None:
    """The same for a database server, whose migrations are whole or not at all.

    ``waited`` carries the work out and bounds it. Raises :class:`ServiceAway` when the server does not answer, and
    :class:`ConfigError` when it refuses us or its driver is not installed.
    """
    with speaking_of_server(where):
        waited(lambda: _complete(uri, artifacts))


@contextmanager
def speaking_of_server(where: str) -> Iterator[None]:
    """Errors of a database server in words."""
    try:
        with _speaking(where, _refused_or_away):
            yield
    except ImportError as error:
        do = f"install the driver of this kind of database, or correct {VARIABLE}"
        raise ConfigError(
            "the tracking address needs a driver that is not installed", [Fault(where, str(error), do)]
        ) from error


def _complete(uri: str, artifacts: str) -> None:
    """All tables at the latest schema, and MLflow's default experiment, which concurrent users would make twice."""
    from mlflow.store.db import utils as untyped
    from mlflow.store.tracking import sqlalchemy_store as tracking

    utils: Any = untyped
    here, wanted = _versions(uri)
    if here is not None and here != wanted:
        engine = utils.create_sqlalchemy_engine(uri)
        try:
            utils._upgrade_db(engine)
        finally:
            engine.dispose()
    make: Any = tracking.SqlAlchemyStore
    make(uri, artifacts).engine.dispose()


def _versions(uri: str) -> tuple[str | None, str]:
    from mlflow.store.db import utils as untyped

    utils: Any = untyped
    engine = utils.create_sqlalchemy_engine(uri)
    try:
        return utils._get_schema_version(engine), utils._get_latest_schema_revision()
    finally:
        engine.dispose()


def _uri(database: Path) -> str:
    return f"sqlite:///{database}"


@contextmanager
def _speaking(where: str, told: Callable[[str, Exception], ForecastingError]) -> Iterator[None]:
    """Errors of a migration in words, and its hundred steps kept quiet: they mean nothing to a reader."""
    from alembic.util.exc import CommandError
    from mlflow.store.db import utils as untyped

    utils: Any = untyped
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    except CommandError as error:
        do = "install the mlflow that wrote it, or restore the backup beside it"
        found = shown(str(error).partition("\n")[0][:500])
        raise ConfigError("the tracking store has another schema", [Fault(where, found, do)]) from harmless(
            error
        )
    except utils.sqlalchemy.exc.SQLAlchemyError as error:
        raise told(where, error) from harmless(error)
    finally:
        logging.disable(before)


def _damaged(where: str, error: Exception) -> ForecastingError:
    do = "restore the backup beside it, or move it away and begin a new one"
    return DataError("the tracking store cannot be brought up to date", [Fault(where, _first(error), do)])


def _refused_or_away(where: str, error: Exception) -> ForecastingError:
    from mlflow.store.db import utils as untyped

    utils: Any = untyped
    kinds, found = utils.sqlalchemy.exc, _first(error)
    if isinstance(error, kinds.ArgumentError):
        return ConfigError(
            "the tracking address cannot be used", [Fault(where, found, f"correct {VARIABLE}")]
        )
    if _REFUSED.search(str(error)):
        do = f"correct {VARIABLE}, or ask for access"
        return ConfigError("the tracking server refuses us", [Fault(where, found, do)])
    if isinstance(error, (kinds.OperationalError, kinds.InterfaceError, kinds.TimeoutError)):
        return away(where, found)
    do = "restore the backup of this database, or name another one"
    return DataError("the tracking store cannot be brought up to date", [Fault(where, found, do)])


def _first(error: Exception) -> str:
    return shown(str(error)).partition("\n")[0][:500]
