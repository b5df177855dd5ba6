"""A root with small recorded editions; every number is made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from forecasting.publishing import edition, ledger
from tests import servers

FIRST, SECOND = "2026-10-20-aaaaaaaa", "2026-11-20-bbbbbbbb"
HEAD = "series,kind,period,scenario,quantile,value,unit,model\n"


def forecasts(scale: float) -> bytes:
    rows = [
        f"in.{series},FY,FY{year},baseline,{level},{scale * year * (1 + level) / 3!r},t magnet,drift\n"
        for series in ("one", "two")
        for year in (2027, 2028)
        for level in (0.1, 0.5, 0.9)
    ]
    return (HEAD + "".join(rows)).encode()


def published(root: Path, id: str, scale: float = 1.0, as_of: str = "", **more: bytes) -> Path:
    """Write an edition and its line of the audit file; released at nine o'clock UTC of the day in its id."""
    day = date.fromisoformat(id[:10])
    states = b"series,standing,model,reason,vintage\nin.one,ok,drift,,\nin.two,degraded,naive,it failed,\n"
    files = {"forecasts.csv": forecasts(scale), "states.csv": states, "balance/gap.csv": b"a\n1\n", **more}
    facts = {
        "key": id[-8:] * 8,
        "released": id[:10],
        "as_of": as_of or day.replace(day=1).isoformat(),
        "status": "normal",
    }
    folder = edition.write(root, id, files, facts)
    ledger.record(root, id, datetime(day.year, day.month, day.day, 9, tzinfo=UTC))
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two editions, a month apart."""
    found = tmp_path / "editions"
    published(found, FIRST)
    published(found, SECOND, 1.1)
    return found


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    with servers.postgres() as address:
        yield address


@pytest.fixture
def database(cluster: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty database of the test's own, also in SINK_URL."""
    import psycopg

    name = "t" + str(abs(hash(request.node.nodeid)))
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    address = f"{cluster.rpartition('/')[0]}/{name}"
    monkeypatch.setenv("SINK_URL", address)
    return address


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with servers.s3() as address:
        yield address


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """The files below a folder, by name."""
    return lambda folder: {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }
