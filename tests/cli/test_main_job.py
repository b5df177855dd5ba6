"""From real observations to a published edition through 2030, by the command line alone."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.data.store import Store
from forecasting.frames import LEVELS
from forecasting.periods import Kind
from forecasting.publishing.paths import joint_paths
from forecasting.publishing.release import load
from tests.browser import opened
from tests.cli.conftest import Project

MONTHLY = ["in.ev.2w", "in.ev.3w", "in.ev.pv", "in.ev.total", "in.magnets.value", "in.magnets.value.85051190"]
ENDS = {
    **{(id, "month"): "2030-12" for id in [*MONTHLY, "cn.magnets.exports"]},
    **{(id, "FY"): "FY2030" for id in [*MONTHLY, "in.ndpr.oxide", "in.magnets.tonnes.fy"]},
    ("in.reo", "CY"): "CY2030",
}


def expected(project: Project) -> int:
    """The exit code of a new edition of a project: 3 when it is degraded, by age of its data for one."""
    manifest = json.loads((project.latest / "MANIFEST.json").read_text())
    return 0 if manifest["status"] == "normal" else 3


@pytest.fixture(scope="session")
def table(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.latest / "forecasts.csv")


def test_the_main_job_ends_with_edition_report_and_headlines(project: Project) -> None:
    tail = project.output.strip().splitlines()
    assert Path(tail[-2].split()[1]).resolve() == project.latest
    assert Path(tail[-1].split()[1]).is_file()
    assert "80 % band" in project.output
    assert "in.ev.total" in project.output


def test_every_target_reaches_the_end_of_2030(table: pd.DataFrame) -> None:
    columns = ["series", "kind", "period", "scenario", "quantile", "value", "unit", "model"]
    assert list(table.columns) == columns
    for (series, kind), last in ENDS.items():
        rows = table[(table["series"] == series) & (table["kind"] == kind)]
        assert rows["period"].max() >= last, (series, kind)
        assert sorted(rows["quantile"].unique()) == list(LEVELS)


def test_every_value_is_a_finite_ordered_quantity(table: pd.DataFrame) -> None:
    assert np.isfinite(table["value"]).all()
    assert (table["value"] >= 0).all()
    wide = table.pivot(index=["series", "kind", "period"], columns="quantile", values="value")
    assert (np.diff(wide.to_numpy(), axis=1) >= 0).all()


def test_the_parquet_holds_the_same_numbers(project: Project, table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(pd.read_parquet(project.latest / "forecasts.parquet"), table, rtol=1e-15)


def test_paths_add_to_totals_and_years_and_stay_below_their_market(project: Project) -> None:
    store = Store.open(project.root / "data")
    cut = store.last_known(date(2026, 11, 22))
    release = load(project.root / "mlruns" / "releases")
    found = joint_paths(store, release, cut, project.root / ".cache" / "paths")
    months = {id: (f, f.of(id)) for f in found if f.kind is Kind.MONTH for id in f.ids}
    for id, series in store.catalogue.series.items():
        if id not in months:
            continue
        forecast, paths = months[id]
        if series.sum_of:
            np.testing.assert_allclose(sum(months[p][1] for p in series.sum_of), paths, rtol=1e-9)
        if series.within in months:
            market = months[series.within][0].between(forecast.first, forecast.last).of(series.within)
            assert (paths <= market).all(), id
    years = {
        (f.ids[0], p): f.paths[0, t] for f in found if f.kind is Kind.FY for t, p in enumerate(f.periods)
    }
    checked = 0
    for id in MONTHLY:
        forecast, paths = months[id]
        for year in {p.to(Kind.FY) for p in forecast.periods}:
            within = [t for t, p in enumerate(forecast.periods) if p.to(Kind.FY) == year]
            if len(within) == 12:
                np.testing.assert_allclose(paths[within].sum(axis=0), years[(id, year)], rtol=1e-9)
                checked += 1
    assert checked >= 4 * len(MONTHLY) - 4


def test_a_second_run_publishes_nothing_and_logs_nothing(project: Project) -> None:
    before = {p: p.stat().st_mtime_ns for p in project.latest.rglob("*")}
    database = (project.root / "mlruns" / "mlflow.db").stat().st_mtime_ns
    done = project.run("make")
    assert "(unchanged)" in done.stdout
    assert before == {p: p.stat().st_mtime_ns for p in project.latest.rglob("*")}
    assert (project.root / "mlruns" / "mlflow.db").stat().st_mtime_ns == database
    again = project.run("publish")
    assert again.stdout.split()[0] == "unchanged"
    lines = [json.loads(line)["event"] for line in again.stderr.splitlines()]
    assert lines == ["started", "ended"]  # and one on standard output: what cron mails
    released = json.loads((project.latest / "MANIFEST.json").read_text())["released"]
    overnight = datetime.now(UTC).date() > date.fromisoformat(
        released
    )  # a source may have come to be overdue
    for one in (done, again):
        assert one.returncode == 0 or (overnight and one.returncode == 3), one.stderr


def test_publishing_needs_no_mlflow_and_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    day = json.loads((project.latest / "MANIFEST.json").read_text())["released"]
    done = project.run(
        "publish", "--out", str(tmp_path / "e"), "--edition-date", day,
        FORECAST_TRACKING_URI="http://127.0.0.1:9", TZ="Asia/Kolkata", PYTHONHASHSEED="7",
    )  # fmt: skip
    assert done.returncode == expected(project), done.stderr
    other = (tmp_path / "e" / "latest").resolve()
    names = sorted(p.relative_to(project.latest) for p in project.latest.rglob("*") if p.is_file())
    assert "balance/scenarios.csv" in map(str, names)
    for name in names:
        assert (project.latest / name).read_bytes() == (other / name).read_bytes(), name


def test_mlflows_own_client_finds_runs_and_champions(project: Project) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{project.root}/mlruns/mlflow.db")
    names = {e.name: e.experiment_id for e in client.search_experiments()}
    assert {"ev_sales", "production", "magnet_imports"} <= set(names)
    runs = client.search_runs([names["ev_sales"]])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags]
    assert len(parents) == 1
    assert len(runs) == 1 + 3
    child = next(r for r in runs if r is not parents[0])
    assert {"crps", "mase", "coverage_80"} <= set(child.data.metrics)
    store = Store.open(project.root / "data")
    for id in store.catalogue.targets:
        assert int(client.get_model_version_by_alias(id, "champion").version) == 1


@pytest.mark.parametrize("series", ["in.ev.2w", "in.ev.total", "in.ndpr.oxide", "in.magnets.value.850511"])
def test_a_champion_gives_its_golden_forecast_to_a_stranger(
    project: Project, series: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    mlflow.set_tracking_uri(f"sqlite:///{project.root}/mlruns/mlflow.db")
    golden = load(project.root / "mlruns" / "releases").champions[series].golden
    horizon = "FY2030" if series == "in.ndpr.oxide" else "2030-12"
    model = mlflow.pyfunc.load_model(f"models:/{series}@champion")
    given = model.predict(pd.DataFrame({"horizon": [horizon]}))
    key = ["period", "quantile"]
    pd.testing.assert_series_equal(
        given.set_index(key)["value"].sort_index(), golden.set_index(key)["value"].sort_index(), rtol=1e-6
    )


def test_the_edition_verifies_until_a_byte_changes(project: Project, tmp_path: Path) -> None:
    copy = tmp_path / "editions"
    shutil.copytree(project.root / "data" / "editions", copy, symlinks=True)
    assert project.run("editions", "verify", "latest", "--out", str(copy)).returncode == 0
    table = (copy / "latest").resolve() / "forecasts.csv"
    table.write_text(table.read_text().replace("1", "2", 1))
    done = project.run("editions", "verify", "latest", "--out", str(copy))
    assert done.returncode == 65
    assert "forecasts.csv: its hash is not the manifest's" in done.stderr


def test_gates_pass_what_was_published(project: Project) -> None:
    manifest = json.loads((project.latest / "MANIFEST.json").read_text())
    assert {one["severity"] for one in manifest["gates"]} <= {"warn"}
    assert set(manifest["series"].values()) == {"ok"}


@pytest.mark.browser
def test_the_report_opens_from_the_file_system_without_network(project: Project) -> None:
    address = (project.latest / "report.html").as_uri()
    with opened(offline=True) as (page, complaints, requests):
        page.goto(address)
        assert page.locator("h1").count() == 1
        assert "two-wheelers" in page.locator("main").inner_text()
        assert page.locator("svg").count() >= 10
    assert complaints == []
    assert set(requests) == {address}


def test_old_data_are_not_dressed_as_fresh(project: Project) -> None:
    store = Store.open(project.root / "data")
    known = store.last_known(date(2026, 11, 22))
    manifest = json.loads((project.latest / "MANIFEST.json").read_text())
    released = date.fromisoformat(manifest["released"])
    late = (released - known).days > 120
    assert manifest["status"] == "degraded" or not late
    page = (project.latest / "report.html").read_text()
    assert ("the limit is 120" in page) == late
