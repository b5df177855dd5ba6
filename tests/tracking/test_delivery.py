"""What MLflow is told waits on disk when it cannot be told, and is told exactly once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from forecasting.errors import CannotWrite, DataError
from forecasting.tracking import (
    ExperimentRecord,
    Spool,
    Store,
    append,
    deliver,
    keep_champion,
    keep_experiment,
    latest_complete,
    log_experiment,
    promotions,
    register,
)
from tests.tracking.conftest import NOW, trained

ROOT = Path(__file__).resolve().parents[2]
EV = "in.ev.2w"


class Faulty(BaseHTTPRequestHandler):
    """A server that answers everything with one fault."""

    fault = "500"

    def log_message(self, format: str, *args: object) -> None:
        del format, args

    def do_GET(self) -> None:
        if self.fault == "hangs":
            time.sleep(20)
        elif self.fault == "drips":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n")
            for _ in range(100):
                self.wfile.write(b"X-A: b\r\n")
                self.wfile.flush()
                time.sleep(0.2)
        else:
            self.send_response(int(self.fault))
            self.end_headers()

    do_POST = do_GET


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (Faulty,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        made.daemon_threads = True
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()


def spooled(store: Store, record: ExperimentRecord) -> None:
    key = keep_experiment(store, record)
    one = trained(EV, run_key=key)
    keep_champion(store, one, append(store, NOW, EV, "first", one.champion.digest, "lowest crps"))


@pytest.mark.parametrize("fault", ["refused", "500", "503", "429", "403", "hangs", "drips"])
def test_a_job_goes_on_when_tracking_is_away_and_what_it_kept_is_delivered_later(
    store: Store, record: ExperimentRecord, server: ThreadingHTTPServer, fault: str
) -> None:
    port = 9 if fault == "refused" else server.server_address[1]
    server.RequestHandlerClass.fault = fault
    away = replace(store, uri=f"http://127.0.0.1:{port}").patient(budget=1.0)
    spooled(away, record)
    done = deliver(away)
    assert (done.delivered, done.waiting) == (0, 2)
    assert done.why is not None
    assert done.why.exit_code in (69, 75, 78)
    assert deliver(away).why is done.why, "an open breaker is not tried again"
    assert deliver(store).delivered == 2
    assert latest_complete(store, record.name)
    assert store.client().get_model_version_by_alias(EV, "champion").run_id == latest_complete(
        store, record.name
    )
    assert deliver(store).waiting == 0


def test_a_locked_database_is_away_as_well(store: Store, record: ExperimentRecord) -> None:
    store.client()
    patient = store.patient(budget=0.5)
    spooled(patient, record)
    with closing(sqlite3.connect(store.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = deliver(patient)
    assert (done.delivered, done.waiting) == (0, 2)
    assert deliver(store).delivered == 2


def test_the_same_content_waits_once_and_is_delivered_once(store: Store, record: ExperimentRecord) -> None:
    for _ in range(2):
        spooled(store, record)
    assert [entry.kind for entry in Spool(store).pending()] == ["experiment", "champion"]
    assert deliver(store).delivered == 2
    assert [path.name for path in Spool(store).folder.iterdir()] == ["spool.jsonl"]
    assert Spool(store).lines.read_bytes() == b""
    spooled(store, record)
    deliver(store)
    client = store.client()
    assert len(client.search_runs([client.get_experiment_by_name(record.name).experiment_id])) == 3
    assert len(client.search_model_versions(f"name = '{EV}'")) == 1
    version = client.get_model_version_by_alias(EV, "champion")
    assert version.tags["forecasting.ledger"] == promotions(store, EV)[0].number
    assert version.tags["forecasting.promoted_at"] == NOW.isoformat(), "when it was decided, not told"
    parent = client.get_run(version.run_id)
    assert "mlflow.parentRunId" not in parent.data.tags


def test_a_line_cut_short_counts_for_nothing_and_a_broken_one_is_named(
    store: Store, record: ExperimentRecord
) -> None:
    spool = Spool(store)
    spooled(store, record)
    whole = spool.lines.read_bytes()
    spool.lines.write_bytes(whole[:-10])
    assert [entry.kind for entry in spool.pending()] == ["experiment"]
    spooled(store, record)
    assert [entry.kind for entry in spool.pending()] == ["experiment", "champion"]
    spool.lines.write_bytes(b"{}\n" + whole)
    with pytest.raises(DataError) as caught:
        spool.pending()
    assert caught.value.faults[0].where == f"{spool.lines}:1"


def test_a_file_of_the_spool_that_was_changed_is_named_and_not_logged(
    store: Store, record: ExperimentRecord
) -> None:
    spooled(store, record)
    path = Spool(store).pending()[0].folder / "scores.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    done = deliver(store)
    assert isinstance(done.why, DataError)
    assert [fault.where for fault in done.why.faults] == [str(path)]
    assert (done.delivered, done.waiting) == (0, 2)
    assert len(Spool(store).pending()) == 2


def zeroed(content: bytes) -> bytes:
    """A database whose middle pages are gone."""
    return content[:8192] + bytes(len(content) - 16384) + content[-8192:]


@pytest.mark.parametrize("damage", [lambda _: b"no database", lambda whole: whole[: len(whole) // 2], zeroed])
def test_a_damaged_database_stops_no_job_and_is_told_once_it_is_whole_again(
    store: Store, record: ExperimentRecord, damage: Callable[[bytes], bytes]
) -> None:
    whole = store.database.read_bytes()
    spooled(store, record)
    store.database.write_bytes(damage(whole))
    done = deliver(store.patient())
    assert isinstance(done.why, DataError), done.why
    assert "mlflow.db" in done.why.faults[0].where
    assert "restore the backup" in done.why.faults[0].do
    assert (done.delivered, done.waiting) == (0, 2)
    store.database.write_bytes(whole)
    assert deliver(store).delivered == 2
    assert latest_complete(store, record.name)


def test_a_disk_that_fills_stops_no_job(
    store: Store, record: ExperimentRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device", "artifacts")

    spooled(store, record)
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "log_artifacts", full)
        done = deliver(store)
    assert isinstance(done.why, CannotWrite)
    assert (done.delivered, done.waiting) == (0, 2)
    assert deliver(store).delivered == 2


def test_a_damaged_spool_stops_no_job_that_has_nothing_to_keep(store: Store) -> None:
    spool = Spool(store)
    spool.folder.mkdir()
    spool.lines.write_bytes(b"{}\n")
    done = deliver(store)
    assert isinstance(done.why, DataError)
    assert (done.delivered, done.waiting) == (0, 0)


KILLED = """
import os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
from forecasting.tracking import Spool, append, deliver, keep_champion, keep_experiment
from forecasting.tracking.store import prepare
prepare()
import mlflow, mlflow.models, mlflow.store.tracking.sqlalchemy_store
from tests.tracking.conftest import NOW, a_record, store_at, trained

store, chance = store_at(Path(sys.argv[1])), random.Random(7)
experiments = champions = kills = 0
while kills < 50:
    while len(Spool(store).pending()) < 4:
        key = keep_experiment(store, replace(a_record(), code_version=str(experiments)))
        experiments += 1
        one = trained("in.ev.2w", scale=1.0 + experiments, run_key=key)
        keep_champion(store, one, append(store, NOW, "in.ev.2w", "promoted", one.champion.digest, "x"))
        champions += 1
    child = os.fork()
    if not child:
        deliver(store)
        os._exit(0)
    time.sleep(chance.uniform(0.02, 0.7))
    os.kill(child, signal.SIGKILL)
    kills += os.waitpid(child, 0)[1] == signal.SIGKILL
done = deliver(store)
client = store.client()
experiment = client.get_experiment_by_name("in.magnets").experiment_id
runs = client.search_runs([experiment], max_results=5000)
keys = [run.data.tags["forecasting.key"] for run in runs]
complete = [run for run in runs if "forecasting.complete" in run.data.tags]
versions = client.search_model_versions("name = 'in.ev.2w'")
logged = client.search_logged_models([experiment], max_results=5000)
print(done.waiting, len(keys) - 3 * experiments, len(set(keys)) - 3 * experiments, len(complete) - experiments,
      len(versions) - champions, len({v.tags["forecasting.digest"] for v in versions}) - champions,
      len(logged) - champions, max(len(client.get_metric_history(run.info.run_id, "mase")) for run in runs))
"""


def test_fifty_kills_while_delivering_lose_nothing_and_double_nothing(store: Store) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.home)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.split() == ["0", "0", "0", "0", "0", "0", "0", "1"], done.stderr[-2000:]


def test_a_champion_that_waited_gives_way_to_one_decided_since(
    store: Store, record: ExperimentRecord
) -> None:
    key = keep_experiment(store, record)
    decided = datetime(2020, 1, 1, 9, tzinfo=UTC)
    late = trained(EV, run_key=key)
    keep_champion(store, late, append(store, decided, EV, "first", late.champion.digest, "x"))
    elsewhere = replace(record, code_version="elsewhere")
    run = log_experiment(store, elsewhere)
    assert register(store, trained(EV, 2.0), run, "x", at=decided + timedelta(hours=1)) == (1, True)
    done = deliver(store)
    assert (done.delivered, done.waiting) == (2, 0)
    since = decided.isoformat()
    assert done.notes == (f"{EV}: version 2 is kept, a champion promoted after {since} stays in force",)
    assert int(store.client().get_model_version_by_alias(EV, "champion").version) == 1
