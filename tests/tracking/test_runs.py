from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from forecasting.errors import DataError, InputMissing
from forecasting.tracking import ExperimentRecord, Store, latest_complete, log_experiment, read_experiment


def test_mlflow_finds_the_parent_its_children_and_what_they_hold(
    store: Store, record: ExperimentRecord
) -> None:
    parent = log_experiment(store, record)
    client = store.client()
    run = client.get_run(parent)
    experiment = run.info.experiment_id
    assert run.data.params["backtest.origins"] == "4"
    assert run.data.params["models"] == '["model_0","model_1"]'
    assert run.data.metrics["mase"] == 1.0
    tags = run.data.tags
    assert tags["forecasting.as_of"] == "2026-10-01"
    assert tags["forecasting.data_sha256"] == "d" * 64
    assert tags["forecasting.lock_sha256"] == "e" * 64
    assert tags["forecasting.code"] == "abc123"
    assert tags["forecasting.winner.in.s0"] == "model_0"
    assert len(tags["forecasting.complete"]) == 64
    assert run.inputs.dataset_inputs[0].dataset.digest == "d" * 36
    assert {file.path for file in client.list_artifacts(parent)} == {
        "card.json",
        "forecasts.parquet",
        "manifest.json",
        "models.json",
        "pictures",
        "scores.csv",
        "scores.parquet",
        "settings.json",
        "tables",
        "winners.json",
    }
    children = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    assert {child.info.run_name for child in children} == {"model_0", "model_1"}
    [second] = client.search_runs([experiment], "tags.`forecasting.model` = 'model_1' and metrics.mase > 1.5")
    assert second.data.metrics["mase.in.s1"] == 2.0
    assert second.data.metrics["coverage_80"] == 0.5
    assert second.data.metrics["failures"] == 1.0
    assert "mase.in.short" not in second.data.metrics
    assert second.data.params == {"season": "12", "nested.a": "null"}
    assert "forecasting.complete" not in second.data.tags


def test_what_was_logged_is_read_back(store: Store, record: ExperimentRecord) -> None:
    with pytest.raises(InputMissing):
        latest_complete(store, record.name)
    log_experiment(store, record)
    parent = log_experiment(store, replace(record, as_of=date(2026, 11, 1)))
    assert latest_complete(store, record.name) == parent
    found = read_experiment(store, parent)
    assert found.settings == record.settings
    assert found.winners == record.winners
    assert found.forecasts["period"].tolist() == ["FY2019", "FY2019"]
    assert len(found.scores) == len(record.scores)
    assert found.tables["leaderboard"]["model"].tolist() == ["model_0", "model_1"]
    content = (found.folder / "scores.csv").read_bytes()
    assert hashlib.sha256(content).hexdigest() == found.tags["forecasting.scores_sha256"]


@pytest.mark.parametrize("file", ["scores.parquet", "manifest.json", "settings.json"])
def test_a_changed_file_is_named(store: Store, record: ExperimentRecord, file: str) -> None:
    parent = log_experiment(store, record)
    path = read_experiment(store, parent).folder / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_experiment(store, parent)
    assert [Path(fault.where).name for fault in caught.value.faults] == [file]


def test_the_same_content_is_logged_once(store: Store, record: ExperimentRecord) -> None:
    parent = log_experiment(store, record)
    assert log_experiment(store, record) == parent
    assert runs_of(store, record) == 3
    assert log_experiment(store, replace(record, code_version="def456")) != parent
    assert runs_of(store, record) == 6


def runs_of(store: Store, record: ExperimentRecord) -> int:
    client = store.client()
    return len(client.search_runs([client.get_experiment_by_name(record.name).experiment_id]))


@pytest.mark.parametrize(
    ("nth", "call"),
    [
        (1, "create_run"), (2, "create_run"), (1, "log_batch"), (2, "log_batch"),
        (1, "set_terminated"), (2, "set_terminated"), (1, "log_inputs"), (1, "log_artifacts"),
    ],
)  # fmt: skip
def test_a_run_that_was_cut_short_is_never_the_latest_and_is_completed_not_doubled(
    store: Store, record: ExperimentRecord, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    import mlflow

    whole = log_experiment(store, replace(record, code_version="before"))
    called, original = 0, getattr(mlflow.MlflowClient, call)

    def fail(*args: object, **kwargs: object) -> object:
        nonlocal called
        called += 1
        if called == nth:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, call, fail)
        with pytest.raises(KeyboardInterrupt):
            log_experiment(store, record)
    assert latest_complete(store, record.name) == whole
    parent = log_experiment(store, record)
    assert runs_of(store, record) == 6
    assert latest_complete(store, record.name) == parent
    assert read_experiment(store, parent).winners == record.winners
    client = store.client()
    assert len(client.get_metric_history(parent, "mase")) == 1
    assert len(client.get_run(parent).inputs.dataset_inputs) == 1


def test_a_run_that_an_unanswered_request_made_twice_goes(store: Store, record: ExperimentRecord) -> None:
    import mlflow

    original = mlflow.MlflowClient.create_run

    def twice(*args: object, **kwargs: object) -> object:
        original(*args, **kwargs)
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "create_run", twice)
        parent = log_experiment(store, record)
    assert runs_of(store, record) == 3
    assert read_experiment(store, parent).winners == record.winners


def test_what_is_too_long_for_mlflow_is_told_by_size_and_digest_and_kept_whole_in_the_files(
    store: Store, record: ExperimentRecord
) -> None:
    ids = [f"in.ev.registrations.{number:04}" for number in range(400)]
    grid = [
        {"model": "ets", "parameters": {"damping": 0.8, "smoothness": n}, "label": f"ets {n}"}
        for n in range(100)
    ]
    models = {"model_0": {"text": "x" * 6001}, "model_1": {"text": "y" * 6000}}
    large = replace(
        record, settings={"series": ids, "models": grid}, models=models, winners=dict.fromkeys(ids, "model_0")
    )
    parent = log_experiment(store, large)
    client = store.client()
    told = client.get_run(parent).data.params
    assert re.fullmatch(r"400 items, sha256 [0-9a-f]{16}", told["series"])
    assert re.fullmatch(r"100 items, sha256 [0-9a-f]{16}", told["models"])
    whole = read_experiment(store, parent)
    assert whole.settings == {"series": ids, "models": grid}
    assert whole.models == models
    experiment = client.get_experiment_by_name(record.name).experiment_id
    first, second = client.search_runs(
        [experiment], f"tags.`mlflow.parentRunId` = '{parent}'", order_by=["tags.`forecasting.model` ASC"]
    )
    assert first.data.tags["forecasting.wins"].startswith("400 series, sha256 ")
    assert first.data.params["text"].startswith("6001 characters, sha256 ")
    assert second.data.params["text"] == "y" * 6000
    assert second.data.tags["forecasting.wins"] == ""


def test_two_settings_of_one_name_are_refused_before_anything_is_logged(
    store: Store, record: ExperimentRecord
) -> None:
    with pytest.raises(DataError, match="cannot be logged as 'a_b'") as caught:
        log_experiment(store, replace(record, settings={"a/b": 1, "a:b": 2}))
    assert [fault.where for fault in caught.value.faults] == [f"settings of {record.name}: a:b"]
    assert store.client().get_experiment_by_name(record.name) is None


def test_labels_mlflow_would_refuse_are_kept_in_the_files(store: Store, record: ExperimentRecord) -> None:
    odd = replace(record, settings={"grid": {"ets[log]": 1, "a/b": 2}})
    run = store.client().get_run(log_experiment(store, odd))
    assert run.data.params == {"grid.ets_log_": "1", "grid.a_b": "2"}
