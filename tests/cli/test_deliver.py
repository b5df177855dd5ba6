"""``forecast deliver`` on an edition of the main job, to a folder, a database and a site at once."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.cli.conftest import Project
from tests.reports.hub_rules import faults

NAMES = ("mirror", "warehouse", "site")


@pytest.fixture
def data(project: Project, tmp_path: Path) -> Path:
    """A copy of the project's data and editions with three sinks."""
    copy = tmp_path / "data"
    shutil.copytree(project.root / "data", copy, symlinks=True)
    sinks(
        copy,
        {"kind": "object_store", "name": "mirror", "address": f"file://{tmp_path}/mirror"},
        {"kind": "sql", "name": "warehouse", "url_env": "SINK_URL"},
        {"kind": "site", "name": "site", "folder": "site", "base_url": "https://example.org/"},
    )
    return copy


def sinks(data: Path, *records: dict[str, str]) -> None:
    path = data / "publication.yaml"
    content = yaml.safe_load(path.read_text())
    content["sinks"] = list(records)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


def test_an_edition_arrives_everywhere(project: Project, data: Path, tmp_path: Path) -> None:
    where = ["deliver", "--data", str(data), "--out", str(data / "editions")]
    database = f"sqlite:///{tmp_path}/forecasts.db"
    id = project.latest.name
    broken = project.run(*where, SINK_URL="sqlite:////proc/nowhere/canary.db")
    assert broken.returncode == 3, broken.stderr
    assert f"warehouse: {id} failed: sink warehouse: the database of SINK_URL refuses" in broken.stderr
    assert "canary" not in broken.stderr + (data / "editions" / "deliveries.jsonl").read_text()
    done = project.run(*where, SINK_URL=database)
    assert done.returncode == 0, done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["warehouse", "mirror", "site"]
    table = pd.read_csv(project.latest / "forecasts.csv", float_precision="round_trip")
    with sqlite3.connect(tmp_path / "forecasts.db") as connection:
        rows = connection.execute("SELECT count(*), sum(value) FROM latest_forecast").fetchone()
        statuses = connection.execute("SELECT count(*) FROM statuses").fetchone()
    assert rows == (len(table), pytest.approx(table["value"].sum(), rel=1e-12))
    assert statuses[0] > 0
    assert json.loads((tmp_path / "mirror" / "latest.json").read_text())["edition"] == id
    assert faults(tmp_path / "site" / "hub") == []
    latest = json.loads((tmp_path / "site" / "latest.json").read_text())
    assert (latest["edition"], len(latest["forecasts"])) == (
        id,
        len(table[["series", "kind"]].drop_duplicates()),
    )
    again = project.run(*where, "latest", SINK_URL=database)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count(f"{id} unchanged") == 3
    gone = project.run(
        "editions", "retract", "latest", "--reason", "a unit slipped", "--editions", str(data / "editions")
    )
    assert gone.returncode == 0, gone.stderr
    done = project.run(*where, SINK_URL=database)
    assert (done.returncode, done.stdout.count(f"{id} delivered")) == (0, 3), done.stderr
    for told in (tmp_path / "mirror" / "latest.json", tmp_path / "site" / "latest.json"):
        assert json.loads(told.read_text()) == {"edition": None}
    with sqlite3.connect(tmp_path / "forecasts.db") as connection:
        assert connection.execute("SELECT count(*) FROM latest_forecast").fetchone() == (0,)
        assert connection.execute("SELECT fate, reason FROM editions").fetchall() == [
            ("retracted", "a unit slipped")
        ]


def test_it_says_what_is_wrong(project: Project, data: Path) -> None:
    where = ["deliver", "--data", str(data), "--out", str(data / "editions")]
    wrong = project.run(*where, "--sink", "warehose")
    assert (wrong.returncode, "did you mean 'warehouse'?" in wrong.stderr) == (2, True)
    none = project.run(*where, "2020-01-01-aaaaaaaa")
    assert (none.returncode, "has no edition" in none.stderr) == (66, True)
    sinks(data, {"kind": "object_store", "name": "a", "address": "s3://key:canary@bucket"})
    secret = project.run(*where)
    assert (secret.returncode, "holds credentials" in secret.stderr) == (78, True)
    assert "canary" not in secret.stderr + secret.stdout
    sinks(data)
    idle = project.run(*where)
    assert (idle.returncode, "names no sinks; nothing to deliver" in idle.stderr) == (0, True)
