"""A tracking server or database that hangs, refuses, or is no such thing: told in words, in time, without passwords."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from forecasting.errors import ConfigError, ForecastingError, ServiceAway
from forecasting.tracking import ExperimentRecord, Store, deliver, keep_experiment
from forecasting.tracking.patience import BUDGET, Patience
from tests.servers import postgres


@contextmanager
def well_but(status: int, body: bytes = b"boom") -> Iterator[int]:
    """A server whose health is good and whose every other answer is this one; gives its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith("/health") else status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()


@contextmanager
def silent() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture(autouse=True)
def _ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setattr("mlflow.store.db.utils.MAX_RETRY_COUNT", 1)


def failed(store: Store, record: ExperimentRecord, uri: str, budget: float = 10.0) -> ForecastingError:
    """Why an experiment was not delivered to an address; the job went on."""
    there = replace(store, uri=uri).patient(budget)
    keep_experiment(there, record)
    done = deliver(there)
    assert (done.delivered, done.waiting) == (0, 1)
    assert done.why is not None
    return done.why


def test_a_database_server_that_hangs_is_away_within_the_budget(
    store: Store, record: ExperimentRecord
) -> None:
    with silent() as port:
        why = failed(store, record, f"postgresql://ann:sEcret@127.0.0.1:{port}/x", budget=1.0)
    assert isinstance(why, ServiceAway), why
    assert "no answer within the budget of 1 s" in str(why)
    assert "sEcret" not in str(why)


def test_a_database_server_that_ends_the_connection_is_away_not_damaged(
    store: Store, record: ExperimentRecord
) -> None:
    def hang_up(server: socket.socket) -> None:
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=(server,), daemon=True).start()
        address = f"postgresql://ann:sEcret@127.0.0.1:{server.getsockname()[1]}/x"
        why = failed(store, record, address)
    assert isinstance(why, ServiceAway), why
    assert "the tracking server does not answer" in str(why)
    assert "restore" not in str(why)


def test_a_database_whose_tables_are_there_already_is_waited_for_no_longer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call of a process makes the tables, every other one connects at once."""
    with silent() as port:
        uri = f"postgresql://127.0.0.1:{port}/x"
        monkeypatch.setattr("forecasting.tracking.store._ready", {uri})
        with pytest.raises(ServiceAway, match="no answer within the budget"):
            replace(store, uri=uri).patient(budget=0.5).client()


def test_who_named_no_budget_waits_for_a_database_no_longer_than_a_job(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Patience().budget == BUDGET
    monkeypatch.setattr("forecasting.tracking.store.Patience", lambda: Patience(0.5))
    with silent() as port, pytest.raises(ServiceAway, match=r"within the budget of 0\.5 s"):
        replace(store, uri=f"postgresql://127.0.0.1:{port}/x").ready()


def test_a_database_server_says_what_it_refuses(store: Store) -> None:
    with postgres() as uri:
        with pytest.raises(ConfigError, match="the tracking server refuses us") as caught:
            replace(store, uri=f"{uri.rpartition('/')[0]}/nowhere").patient().ready()
        assert 'database "nowhere" does not exist' in str(caught.value)
        assert "FORECAST_TRACKING_URI" in str(caught.value)
        there = replace(store, uri=uri).patient()
        assert there.experiment("in.magnets") == there.experiment("in.magnets")


@pytest.mark.parametrize("at", ["ann:sEcret@", "sEcret@"])
def test_an_address_is_shown_without_its_password(store: Store, record: ExperimentRecord, at: str) -> None:
    with well_but(500) as port:
        why = failed(store, record, f"http://{at}127.0.0.1:{port}")
    assert isinstance(why, ServiceAway), why
    assert f"@127.0.0.1:{port}/api" in str(why), "MLflow's words are quoted"
    assert "sEcret" not in "".join(traceback.format_exception(why))


@pytest.mark.parametrize(
    "uri",
    [
        "foo://ann:sEcret@host/x",
        "http://[::1",
        "postgresql://ann:sEcret@127.0.0.1:99999/x",
        "https://ann:p/sEcret@host",
        "http://:80",
        "postgresql+a+b://ann:sEcret@host/x",
        "sqlite:///mlruns.db?password=sEcret",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_at_once_and_shown_without_its_password(
    uri: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="the tracking address cannot be used") as caught:
        Store(uri, tmp_path / "artifacts")
    assert "write sqlite:////absolute/path/mlflow.db" in str(caught.value)
    assert "sEcret" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("mysql", "No module named 'MySQLdb'"),
        ("postgresql+nodriver", "Can't load plugin: sqlalchemy.dialects:postgresql.nodriver"),
    ],
)
def test_a_driver_that_is_not_installed_is_named(
    store: Store, record: ExperimentRecord, kind: str, said: str
) -> None:
    with silent() as port:
        why = failed(store, record, f"{kind}://ann:sEcret@127.0.0.1:{port}/x")
    assert isinstance(why, ConfigError), why
    assert said in str(why)
    assert "sEcret" not in str(why)


def test_a_host_that_is_no_name_is_away(store: Store) -> None:
    with pytest.raises(ServiceAway, match="port 5432"):
        replace(store, uri=f"postgresql://{'a' * 70}/x").ready()


@pytest.mark.parametrize("status", [404, 302, 200])
def test_a_server_that_is_no_tracking_server_is_named(
    store: Store, record: ExperimentRecord, status: int
) -> None:
    with well_but(status) as port:
        why = failed(store, record, f"http://127.0.0.1:{port}/elsewhere")
    assert isinstance(why, ConfigError), why
    assert "the address is not that of a tracking server" in str(why)
