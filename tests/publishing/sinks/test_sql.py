"""Editions in a real PostgreSQL, and in SQLite."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from forecasting.catalogue.sinks import SqlRecord
from forecasting.errors import ConfigError, DataError, ServiceAway
from forecasting.publishing import edition, ledger
from forecasting.publishing.sinks.sql import Sql
from tests import servers
from tests.publishing.sinks.conftest import FIRST, SECOND, published

SINK = Sql(SqlRecord(kind="sql", name="warehouse", url_env="SINK_URL"))
pytestmark = pytest.mark.servers


def asked(address: str, query: str, **values: Any) -> list[Any]:
    url = address.replace("postgresql://", "postgresql+psycopg://")
    with create_engine(url).connect() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


@pytest.fixture(params=["postgresql", "sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("database"))
    found = f"sqlite:///{tmp_path / 'forecasts.db'}"
    monkeypatch.setenv("SINK_URL", found)
    return found


def test_every_figure_arrives_once(address: str, root: Path) -> None:
    for id in (FIRST, SECOND):
        assert SINK.deliver(root / id, root).changed
    for id in (FIRST, SECOND):
        rows = asked(
            address,
            "SELECT series, kind, period, scenario, quantile, value, unit, model FROM forecasts "
            "WHERE edition = :id ORDER BY series, period, quantile",
            id=id,
        )
        table = pd.read_csv(root / id / "forecasts.csv", float_precision="round_trip")
        assert rows == [tuple(row) for row in table.itertuples(index=False)]
    assert asked(address, "SELECT series, status FROM statuses WHERE edition = :id ORDER BY 1", id=FIRST) == [
        ("in.one", "ok"),
        ("in.two", "degraded"),
    ]
    again = [SINK.deliver(root / id, root) for id in (FIRST, SECOND)]
    assert [(one.changed, one.detail) for one in again] == [(False, "12 forecasts, 0 rows written")] * 2


def test_what_is_lost_or_spoilt_is_put_right(address: str, root: Path) -> None:
    SINK.deliver(root / FIRST, root)
    with create_engine(address.replace("postgresql://", "postgresql+psycopg://")).begin() as connection:
        connection.execute(text("DELETE FROM forecasts WHERE series = 'in.one' AND quantile = 0.5"))
        connection.execute(text("UPDATE forecasts SET value = -1 WHERE series = 'in.two' AND quantile = 0.1"))
        connection.execute(text("UPDATE statuses SET series = 'in.three' WHERE series = 'in.two'"))
    assert SINK.deliver(root / FIRST, root).detail == "12 forecasts, 6 rows written"
    assert asked(address, "SELECT count(*), min(value) > 0 FROM forecasts") in ([(12, True)], [(12, 1)])


def on(address: str, day: str) -> list[str]:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return [
        row[0]
        for row in asked(
            address,
            "SELECT DISTINCT edition FROM forecast_asof "
            "WHERE valid_from <= :moment AND (valid_to IS NULL OR valid_to > :moment)",
            moment=moment if address.startswith("postgresql") else f"{moment:%F %T.%f}",
        )
    ]


def latest(address: str) -> list[str]:
    return [row[0] for row in asked(address, "SELECT DISTINCT edition FROM latest_forecast")]


def test_the_views_say_what_was_public_when(address: str, root: Path) -> None:
    third = "2026-11-20-cccccccc"
    for id in (FIRST, SECOND):
        SINK.deliver(root / id, root)
    assert latest(address) == [SECOND]
    assert [on(address, day) for day in ("2026-10-20", "2026-10-21", "2026-11-20T09:00", "2027-01-01")] == [
        [], [FIRST], [SECOND], [SECOND],
    ]  # fmt: skip
    published(root, third, 1.2)
    ledger.retract(root, third, "a unit slipped")
    SINK.deliver(root / third, root)
    assert latest(address) == [SECOND]
    reigns = ledger.ledger(root).reigns
    assert [
        (row[0], datetime.fromisoformat(str(row[1])).replace(tzinfo=UTC), row[2] is None)
        for row in asked(
            address, "SELECT DISTINCT edition, valid_from, valid_to FROM forecast_asof ORDER BY 2"
        )
    ] == [
        (one.edition, one.since.replace(microsecond=one.since.microsecond), one.until is None)
        for one in reigns
    ]
    fates = asked(address, "SELECT edition, fate, reason FROM editions ORDER BY edition")
    assert fates == [(FIRST, "current", ""), (SECOND, "current", ""), (third, "retracted", "a unit slipped")]
    assert asked(address, "SELECT count(*) FROM forecasts WHERE edition = :id", id=third) == [(12,)]


def test_there_is_one_latest_although_the_folder_of_another_is_lost(address: str, root: Path) -> None:
    third = "2026-12-20-cccccccc"
    for id in (FIRST, SECOND):
        SINK.deliver(root / id, root)
    shutil.rmtree(root / SECOND)
    published(root, third, 1.2)
    SINK.deliver(root / third, root)
    assert latest(address) == [third]
    assert on(address, "2026-12-01") == [SECOND]
    assert asked(address, "SELECT count(*) FROM public WHERE valid_to IS NULL") == [(1,)]
    ledger.retract(root, SECOND, "a unit slipped")
    SINK.deliver(root / third, root)
    assert asked(address, "SELECT fate FROM editions WHERE edition = :id", id=SECOND) == [("retracted",)]


@pytest.mark.usefixtures("address")
def test_another_root_with_the_same_id_is_refused(root: Path, tmp_path: Path) -> None:
    SINK.deliver(root / FIRST, root)
    published(tmp_path / "other", FIRST, 7.0)
    with pytest.raises(DataError, match="holds another edition 2026-10-20-aaaaaaaa"):
        SINK.deliver(tmp_path / "other" / FIRST, tmp_path / "other")


def test_editions_of_another_root_are_not_mixed_in(address: str, root: Path, tmp_path: Path) -> None:
    SINK.deliver(root / FIRST, root)
    other = published(tmp_path / "other", SECOND, 7.0)
    with pytest.raises(DataError, match=f"SINK_URL holds {FIRST}, and .*other/audit.jsonl has no line of it"):
        SINK.deliver(other, other.parent)
    assert asked(address, "SELECT edition, count(*) FROM forecasts GROUP BY 1") == [(FIRST, 12)]
    assert asked(address, "SELECT edition FROM editions") == [(FIRST,)]


def test_the_retraction_of_a_damaged_edition_is_told(address: str, root: Path) -> None:
    SINK.deliver(root / FIRST, root)
    ledger.retract(root, SECOND, "never sent")
    ledger.retract(root, FIRST, "tampered with")
    (root / FIRST / "forecasts.csv").write_bytes(b"")
    with pytest.raises(DataError, match="not what was published"):
        SINK.deliver(root / FIRST, root)
    assert latest(address) == []
    assert asked(address, "SELECT edition, fate FROM editions") == [(FIRST, "retracted")]
    assert asked(address, "SELECT count(*) FROM forecasts") == [(12,)]


@pytest.mark.usefixtures("address")
def test_a_damaged_edition_is_not_delivered(root: Path) -> None:
    path = root / FIRST / "forecasts.csv"
    path.write_bytes(path.read_bytes().replace(b"drift", b"drifd", 1))
    with pytest.raises(DataError, match="not what was published"):
        SINK.deliver(root / FIRST, root)
    path = root / SECOND / edition.MANIFEST
    path.write_bytes(path.read_bytes().replace(b"normal", b"normaL"))
    with pytest.raises(DataError, match="not what was published"):
        SINK.deliver(root / SECOND, root)


DELIVER = """
    import sys
    from pathlib import Path
    from forecasting.catalogue.sinks import SqlRecord
    from forecasting.publishing.sinks import sql
    {before}
    sink = sql.Sql(SqlRecord(kind="sql", name="warehouse", url_env="SINK_URL"))
    for id in sys.argv[2:]:
        sink.deliver(Path(sys.argv[1]) / id, Path(sys.argv[1]))
"""


def started(root: Path, *ids: str, before: str = "") -> subprocess.Popen[str]:
    code = textwrap.dedent(DELIVER).format(before=before)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(root), *ids],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_deliveries_at_once(database: str, root: Path) -> None:
    both = [started(root, FIRST, SECOND), started(root, SECOND, FIRST)]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert asked(database, "SELECT edition, count(*) FROM forecasts GROUP BY 1 ORDER BY 1") == [
        (FIRST, 12), (SECOND, 12),
    ]  # fmt: skip
    assert latest(database) == [SECOND]


@pytest.mark.parametrize("after", [1, 3, 4, 5])
def test_a_killed_delivery_leaves_nothing(database: str, root: Path, after: int) -> None:
    SINK.deliver(root / FIRST, root)
    die = textwrap.dedent(f"""
    import os, signal
    calls, bring = [], sql._bring
    def deadly(*given):
        calls.append(bring(*given))
        if len(calls) == {after}:
            os.kill(os.getpid(), signal.SIGKILL)
        return calls[-1]
    sql._bring = deadly""")
    process = started(root, SECOND, before=die)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert asked(database, "SELECT DISTINCT edition FROM forecasts") == [(FIRST,)]
    assert asked(database, "SELECT edition, fate FROM editions") == [(FIRST, "current")]
    assert SINK.deliver(root / SECOND, root).changed
    assert latest(database) == [SECOND]


@pytest.fixture
def refused(cluster: str) -> str:
    return cluster.replace("/postgres", "/nowhere").replace("postgres@", "postgres:hunter2@")


def test_what_a_server_says_is_sorted(root: Path, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_URL", refused)
    with pytest.raises(ConfigError, match=r'SINK_URL refuses .*"nowhere" does not exist') as raised:
        SINK.deliver(root / FIRST, root)
    assert "hunter2" not in str(raised.value)
    monkeypatch.setenv("SINK_URL", f"postgresql://me:hunter2@127.0.0.1:{servers.free_port()}/x")
    with pytest.raises(ServiceAway, match="SINK_URL does not answer") as away:
        SINK.deliver(root / FIRST, root)
    assert "hunter2" not in str(away.value)
    monkeypatch.setenv("SINK_URL", "mysql://me@host/x")
    with pytest.raises(ConfigError, match="names mysql; use postgresql or sqlite"):
        SINK.deliver(root / FIRST, root)
    monkeypatch.setenv("SINK_URL", "me:hunter2 at home")
    with pytest.raises(ConfigError, match="SINK_URL is not a database address") as wrong:
        SINK.deliver(root / FIRST, root)
    assert "hunter2" not in str(wrong.value)
    monkeypatch.delenv("SINK_URL")
    with pytest.raises(ConfigError, match="the environment variable SINK_URL is not set"):
        SINK.deliver(root / FIRST, root)


def test_a_busy_database_is_waited_for_then_reported(
    database: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    from forecasting.publishing.sinks import sql

    monkeypatch.setattr(sql, "LOCK_SECONDS", 1)
    with psycopg.connect(database) as other:
        other.execute(f"SELECT pg_advisory_xact_lock({sql.LOCK})")
        with pytest.raises(ServiceAway, match="busy or closing"):
            SINK.deliver(root / FIRST, root)
    assert SINK.deliver(root / FIRST, root).changed
    assert os.environ["SINK_URL"] == database
