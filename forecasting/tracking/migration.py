"""A database with MLflow's tables: made beside and renamed into place, so that a kill leaves none or a whole one.

SQLite commits each step of a migration on its own; a migration that is killed would leave a database that no version of
MLflow can read.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from forecasting.errors import ConfigError, DataError, Fault


def migrate_file(database: Path, artifacts: str) -> None:
    """Make a SQLite database, or bring an older one up to date after a backup; call it under a lock.

    Raises :class:`ConfigError` for the schema of a newer MLflow and :class:`DataError` for one that is in pieces.
    """
    for left in database.parent.glob(f".{database.name}.making-*"):
        left.unlink()
    work = database.with_name(f".{database.name}.making-{os.getpid()}")
    if database.exists():
        with _speaking(str(database)):
            here, wanted = _versions(_uri(database))
            if here == wanted:
                _complete(_uri(database), artifacts)
                return
        shutil.copy2(database, f"{database}.before-{wanted}")
        shutil.copy2(database, work)
    try:
        with _speaking(str(database)):
            _complete(_uri(work), artifacts)
        work.replace(database)
    finally:
        work.unlink(missing_ok=True)


def migrate_server(uri: str, artifacts: str, shown: str) -> None:
    """The same for a database server, whose migrations are whole or not at all."""
    with _speaking(shown):
        _complete(uri, artifacts)


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
def _speaking(where: str) -> Iterator[None]:
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
        found = str(error).partition("\n")[0][:500]
        raise ConfigError("the tracking store has another schema", [Fault(where, found, do)]) from error
    except utils.sqlalchemy.exc.SQLAlchemyError as error:
        found = str(error).partition("\n")[0][:500]
        do = "restore the backup beside it, or move it away and begin a new one"
        raise DataError(
            "the tracking store cannot be brought up to date", [Fault(where, found, do)]
        ) from error
    finally:
        logging.disable(before)
