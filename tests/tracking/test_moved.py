"""A project that was copied or moved: its store would write into the folder it came from."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from forecasting.errors import ConfigError
from forecasting.tracking import ExperimentRecord, Store, deliver, keep_experiment
from tests.tracking.conftest import store_at


def files(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def test_a_copied_project_logs_nothing_into_the_one_it_came_from(
    store: Store, record: ExperimentRecord, tmp_path: Path
) -> None:
    keep_experiment(store, record)
    assert deliver(store).delivered == 1
    copy = store_at(Path(shutil.copytree(store.home, tmp_path / "copy" / "mlruns")))
    before = files(store.home)
    keep_experiment(copy, replace(record, code_version="later"))
    done = deliver(copy)
    assert isinstance(done.why, ConfigError)
    assert (done.delivered, done.waiting) == (0, 1)
    [fault] = done.why.faults
    assert fault.where == str(copy.database)
    assert (
        f"in.magnets lie in {store.artifacts / 'in.magnets'}: the project was copied or moved" in fault.found
    )
    assert files(store.home) == before
    without = shutil.ignore_patterns(copy.database.name, copy.artifacts.name)
    anew = store_at(Path(shutil.copytree(copy.home, tmp_path / "anew" / "mlruns", ignore=without)))
    assert deliver(anew).delivered == 1, "as it says"
    assert files(store.home) == before


def test_a_database_that_projects_share_keeps_artifacts_where_each_experiment_began(
    store: Store, record: ExperimentRecord, tmp_path: Path
) -> None:
    first, second = (Store(store.uri, tmp_path / name / "artifacts") for name in ("one", "two"))
    assert first.experiment(record.name) == second.experiment(record.name)
