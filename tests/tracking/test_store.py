from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from forecasting.errors import CannotCreate, ConfigError, DataError, Locked, ServiceAway
from forecasting.tracking import Store, default_store
from forecasting.tracking import store as module

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, *args: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_importing_the_package_does_not_import_mlflow(tmp_path: Path) -> None:
    code = "import sys, forecasting.tracking as t; t.default_store; print('mlflow' in sys.modules)"
    out, err = run(code, cwd=tmp_path).communicate(timeout=60)
    assert out.strip() == "False", err


RACE = """
import multiprocessing, os, sys
from pathlib import Path
from forecasting.tracking import Store
from forecasting.tracking.store import prepare

prepare()
import mlflow
import mlflow.store.tracking.sqlalchemy_store

context = multiprocessing.get_context("fork")
line = context.Barrier(8)

def race(number):
    line.wait()
    home = Path(sys.argv[1])
    store = Store(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts")
    experiment = store.experiment("race")
    client = store.client()
    run = client.create_run(experiment, run_name=str(number)).info.run_id
    client.log_param(run, "number", number)

racers = [context.Process(target=race, args=(number,)) for number in range(8)]
for racer in racers:
    racer.start()
for racer in racers:
    racer.join()
print([racer.exitcode for racer in racers], os.environ["MLFLOW_DISABLE_TELEMETRY"])
"""


def test_eight_processes_start_on_an_empty_store_and_none_fails(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    out, err = run(RACE, str(tmp_path / "mlruns"), cwd=elsewhere).communicate(timeout=120)
    assert out.strip() == f"{[0] * 8} true", err
    assert "Traceback" not in err
    assert "Running upgrade" not in err
    with sqlite3.connect(tmp_path / "mlruns" / "mlflow.db") as database:
        assert database.execute("select count(*) from runs").fetchone() == (8,)
        assert database.execute("select count(*) from experiments where name = 'race'").fetchone() == (1,)
    assert list(elsewhere.iterdir()) == []


def test_the_default_store_is_absolute_wherever_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_store(Path()) == default_store(tmp_path)
    assert default_store(tmp_path).uri == f"sqlite:///{tmp_path}/mlruns/mlflow.db"


def test_the_environment_names_another_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECAST_TRACKING_URI", "https://user:secret@tracking.example")
    store = default_store(tmp_path)
    assert store.served
    assert "secret" not in store.shown


@pytest.mark.parametrize("uri", ["mlruns", "file:./mlruns", "sqlite:///mlflow.db", "sqlite://"])
def test_an_address_that_depends_on_the_working_directory_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Store(uri, tmp_path)


@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_a_server_that_is_away_is_noticed_at_once(scheme: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ServiceAway) as caught:
        Store(f"{scheme}://127.0.0.1:{port}", tmp_path / "artifacts").client()
    [fault] = caught.value.faults
    assert str(port) in fault.where
    assert "FORECAST_TRACKING_URI" in fault.do
    assert caught.value.exit_code == 69


def test_a_server_that_hangs_is_noticed_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ServiceAway):
            Store(address, tmp_path / "artifacts").ready()


def test_a_store_that_cannot_be_created_says_where(tmp_path: Path) -> None:
    (tmp_path / "mlruns").write_text("a file stands where the folder should be")
    with pytest.raises(CannotCreate) as caught:
        default_store(tmp_path).ready()
    assert "mlruns" in caught.value.faults[0].where


def test_a_held_lock_is_reported(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_WITHIN", 0.1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store.lock("registry"):
            held.set()
            done.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    try:
        with pytest.raises(Locked), store.lock("registry"):
            pass
    finally:
        done.set()
        thread.join()


def test_an_experiment_is_made_once_and_comes_back_when_deleted(store: Store) -> None:
    one = store.experiment("in.magnets")
    assert store.experiment("in.magnets") == one
    client = store.client()
    assert client.get_experiment(one).artifact_location == (store.artifacts / "in.magnets").as_uri()
    client.delete_experiment(one)
    assert store.experiment("in.magnets") == one
    assert client.get_experiment(one).lifecycle_stage == "active"


def test_a_schema_of_the_future_is_named(store: Store) -> None:
    with sqlite3.connect(store.database) as database:
        database.execute("update alembic_version set version_num = 'ffffffffffff'")
    with pytest.raises(ConfigError) as caught:
        store.ready()
    assert "schema" in caught.value.message


KILLED = """
import multiprocessing, os, random, signal, sqlite3, sys, time
from pathlib import Path
from forecasting.tracking.store import Store, prepare
prepare()
import mlflow.store.tracking.sqlalchemy_store
from mlflow.store.db import utils
home, chance = Path(sys.argv[1]), random.Random(3)
store = Store(f"sqlite:///{home / 'mlflow.db'}", home / "artifacts")
context, kills = multiprocessing.get_context("fork"), 0
for _ in range(6):
    (home / "mlflow.db").unlink(missing_ok=True)
    child = context.Process(target=store.ready)
    child.start()
    deadline = time.monotonic() + 60
    while not list(home.glob(".mlflow.db.making-*")) and child.is_alive() and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(chance.uniform(0.0, 1.0))
    child.kill()
    child.join()
    kills += child.exitcode == -signal.SIGKILL
    if (home / "mlflow.db").exists():
        store.ready()
store.ready()
print(kills > 0, sorted(path.name for path in home.iterdir() if "making" in path.name), store.experiment("x"))
"""


def test_a_first_start_that_is_killed_leaves_no_half_database(tmp_path: Path) -> None:
    out, err = run(KILLED, str(tmp_path / "mlruns"), cwd=tmp_path).communicate(timeout=300)
    assert out.strip() == "True [] 1", err


def test_a_database_in_pieces_is_named(store: Store) -> None:
    with sqlite3.connect(store.database) as database:
        database.execute("update alembic_version set version_num = '451aebb31d03'")
    with pytest.raises(DataError) as caught:
        store.ready()
    assert caught.value.faults[0].where == str(store.database)
    assert "restore the backup" in caught.value.faults[0].do
