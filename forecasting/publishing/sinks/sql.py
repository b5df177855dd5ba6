"""Editions in a database, through SQLAlchemy: one transaction an edition, repeated without a change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecasting.catalogue.sinks import SqlRecord
from forecasting.errors import ConfigError, ForecastingError, ServiceAway
from forecasting.publishing.sinks.accounts import Account, accounts, damage, require_of_root
from forecasting.publishing.sinks.base import Delivered, from_environment, present

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

CONNECT_SECONDS, LOCK_SECONDS, STATEMENT_SECONDS = 5, 30, 60
LOCK = 0x666F7265  # the advisory lock deliveries of this package share in a PostgreSQL database
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "sqlite": "sqlite"}
# SQLSTATE classes and codes that may pass: PostgreSQL documentation, appendix A
PASSING = ("08", "53", "57", "40001", "40P01", "55P03")
# What a server says before there is a SQLSTATE, when asking again cannot help.
REFUSALS = re.compile(
    r"authentication failed|no pg_hba\.conf entry|(database|role) \S+ does not exist|unable to open|readonly"
)
ROWS_AT_ONCE = 2000


class Sql:
    """Delivers each edition into tables, with views of what was public when."""

    whole = False

    def __init__(self, record: SqlRecord) -> None:
        self.record = record
        self.name = record.name

    @property
    def secrets(self) -> tuple[str, ...]:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        found = present([self.record.url_env])
        try:
            passwords = tuple(str(make_url(url).password or "") for url in found)
        except ArgumentError:
            passwords = ()
        return (*found, *passwords)

    def deliver(self, folder: Path, root: Path) -> Delivered:
        """Write the rows of one edition and the fate of all that are there, or nothing.

        Raises :class:`DataError` for an edition that is not what was published, when the fates are written, and
        when the database holds an edition of another editions folder.
        """
        from forecasting.publishing.sinks.tables import create

        damaged = damage(folder, root)
        engine = self._engine()
        try:
            with self._translated(), engine.begin() as connection:
                _alone(connection)
                create(connection)
                changed, rows = _write(connection, None if damaged else folder, root, self._where)
        finally:
            engine.dispose()
        if damaged:
            raise damaged
        return Delivered(changed > 0, f"{rows} forecasts, {changed} rows written")

    @property
    def _where(self) -> str:
        return f"sink {self.name}: the database of {self.record.url_env}"

    def _engine(self) -> Engine:
        from sqlalchemy import create_engine, event
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
        from sqlalchemy.pool import NullPool

        (given,) = from_environment(self.name, [self.record.url_env])
        where = f"sink {self.name}: {self.record.url_env}"
        try:
            url = make_url(given or "")
        except ArgumentError:
            raise ConfigError(
                f"{where} is not a database address; write postgresql://user:password@host/database"
            ) from None
        driver = DRIVERS.get(url.drivername.partition("+")[0])
        if driver is None:
            raise ConfigError(f"{where} names {url.drivername}; use postgresql or sqlite")
        if driver == "sqlite":
            engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": LOCK_SECONDS})
            event.listen(engine, "connect", _manual)
            event.listen(engine, "begin", lambda one: one.exec_driver_sql("BEGIN IMMEDIATE"))
            return engine
        waits = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": STATEMENT_SECONDS * 1000}
        return create_engine(url.set(drivername=driver), poolclass=NullPool, connect_args=waits)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """What the database says, as errors of this package."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except ForecastingError:
            raise
        except DBAPIError as error:
            raise self._said(error.orig) from error

    def _said(self, error: BaseException | None) -> ForecastingError:
        where, said = self._where, " ".join(str(error).split())
        state = getattr(error, "sqlstate", None)
        if state is None and type(error).__name__ == "OperationalError" and not REFUSALS.search(said):
            return ServiceAway(f"{where} does not answer ({said})")
        if state is not None and state.startswith(PASSING):
            return ServiceAway(f"{where} is busy or closing ({said})")
        return ConfigError(f"{where} refuses ({said}); check the address, the account and its rights")


def _manual(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _alone(connection: Connection) -> None:
    """Let deliveries to one database run one after another; the lock ends with the transaction or the process."""
    from sqlalchemy import text

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
        connection.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _write(connection: Connection, folder: Path | None, root: Path, place: str) -> tuple[int, int]:
    """Rows changed, and the forecasts the edition has; without one, the fates of those that are there."""
    from sqlalchemy import select

    from forecasting.publishing.sinks.tables import EDITIONS, FORECASTS, PUBLIC, STATUSES

    told = accounts(root)
    held = connection.execute(select(EDITIONS.c.edition, EDITIONS.c.manifest_sha256)).all()
    present = {row.edition: row.manifest_sha256 for row in held}
    require_of_root(place, present, told, root)
    new = folder.name if folder else ""
    of = [one for one in told if one.edition in (*present, new)]
    changed = _bring(connection, EDITIONS, None, [_edition(one) for one in of])
    for one in of:
        days = [{"edition": one.edition, "valid_from": a, "valid_to": b} for a, b in one.public]
        changed += _bring(connection, PUBLIC, one.edition, days)
    if folder is None:
        return changed, 0
    rows = _forecasts(folder)
    changed += _bring(connection, FORECASTS, folder.name, rows)
    changed += _bring(connection, STATUSES, folder.name, _statuses(folder))
    return changed, len(rows)


def _edition(one: Account) -> dict[str, Any]:
    return {
        "edition": one.edition,
        "key": one.key,
        "released": one.released,
        "as_of": one.as_of,
        "status": one.status,
        "manifest_sha256": one.manifest_sha256,
        "fate": one.fate,
        "superseded_by": one.superseded_by or None,
        "retracted": one.retracted,
        "reason": one.reason,
    }


def _forecasts(folder: Path) -> list[dict[str, Any]]:
    import pandas as pd

    table = pd.read_csv(
        folder / "forecasts.csv",
        dtype={"series": str, "kind": str, "period": str, "scenario": str, "unit": str, "model": str},
        keep_default_na=False,
        na_values={"value": [""]},
        float_precision="round_trip",
    )
    table = table.assign(edition=folder.name).astype({"value": object})
    table["value"] = table["value"].where(table["value"].notna(), None)
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _statuses(folder: Path) -> list[dict[str, Any]]:
    import pandas as pd

    path = folder / "states.csv"
    if not path.is_file():
        return []
    table = pd.read_csv(path, dtype=str, keep_default_na=False).rename(columns={"standing": "status"})
    columns = ["series", "status", "model", "reason", "vintage"]
    table = table[columns].assign(edition=folder.name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _bring(
    connection: Connection, table: Table, edition: str | None, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Make the rows of an edition (None: those given, of any) what is wanted; how many had to change."""
    from sqlalchemy import and_, bindparam, select
    from sqlalchemy.dialects import postgresql, sqlite

    keys = [column.name for column in table.primary_key]
    rest = [column.name for column in table.columns if column.name not in keys]
    wanted = {tuple(row[name] for name in keys): row for row in rows}
    query = select(table) if edition is None else select(table).where(table.c.edition == edition)
    held = {tuple(row[name] for name in keys): row for row in connection.execute(query).mappings()}
    differing = [row for key, row in wanted.items() if key not in held or dict(held[key]) != dict(row)]
    gone = [] if edition is None else [key for key in held if key not in wanted]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for start in range(0, len(differing), ROWS_AT_ONCE):
        statement: Any = insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in rest}
        )
        connection.execute(statement, [dict(row) for row in differing[start : start + ROWS_AT_ONCE]])
    if gone:
        match = and_(*(table.c[name] == bindparam(f"old_{name}") for name in keys))
        olds = [{f"old_{name}": part for name, part in zip(keys, key, strict=True)} for key in gone]
        connection.execute(table.delete().where(match), olds)
    return len(differing) + len(gone)
