"""The tables and views that editions become in a database: PostgreSQL or SQLite.

::

    editions(edition, key, released, as_of, status, manifest_sha256, fate, superseded_by, retracted, reason)
    public(edition, valid_from, valid_to)    when an edition was the latest; the end not included, null: still
    forecasts(edition, series, kind, period, scenario, quantile, value, unit, model)
    statuses(edition, series, status, model, reason, vintage)
    latest_forecast                          the forecasts of the current edition
    forecast_asof                            all forecasts that were public, with valid_from and valid_to
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which knows no time zones, holds it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)
        return moment


METADATA = MetaData()

EDITIONS = Table(
    "editions",
    METADATA,
    Column("edition", String(80), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("released", Date, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("fate", String(20), nullable=False),
    Column("superseded_by", String(80)),
    Column("retracted", Moment),
    Column("reason", Text, nullable=False),
)
PUBLIC = Table(
    "public",
    METADATA,
    Column("edition", ForeignKey("editions.edition"), primary_key=True),
    Column("valid_from", Moment, primary_key=True),
    Column("valid_to", Moment),
)
FORECASTS = Table(
    "forecasts",
    METADATA,
    Column("edition", ForeignKey("editions.edition"), primary_key=True),
    Column("series", String(120), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("period", String(16), primary_key=True),
    Column("scenario", String(120), primary_key=True),
    Column("quantile", Double, primary_key=True),
    Column("value", Double),
    Column("unit", Text, nullable=False),
    Column("model", Text, nullable=False),
)
STATUSES = Table(
    "statuses",
    METADATA,
    Column("edition", ForeignKey("editions.edition"), primary_key=True),
    Column("series", String(120), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("model", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("vintage", String(80), nullable=False),
)

_JOINED = (
    "SELECT f.edition, f.series, f.kind, f.period, f.scenario, f.quantile, f.value, f.unit, f.model, "
    "e.released, e.as_of, e.status, e.fate, e.reason, p.valid_from, p.valid_to "
    "FROM forecasts f JOIN editions e ON e.edition = f.edition JOIN public p ON p.edition = f.edition"
)
VIEWS = {
    "forecast_asof": _JOINED,
    "latest_forecast": f"{_JOINED} WHERE p.valid_to IS NULL",
}


def create(connection: Connection) -> None:
    """Create what is missing, inside the transaction of the connection."""
    METADATA.create_all(connection)
    how = "CREATE OR REPLACE VIEW" if connection.dialect.name == "postgresql" else "CREATE VIEW IF NOT EXISTS"
    for name, body in VIEWS.items():
        connection.execute(text(f"{how} {name} AS {body}"))
