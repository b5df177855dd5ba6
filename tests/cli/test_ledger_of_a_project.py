"""A published edition and its release: every file vouched for, made again from itself, retracted for later readers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from forecasting.errors import DataError
from forecasting.publishing import ledger
from forecasting.publishing.release import load
from tests.cli.conftest import Project

Cli = Callable[..., tuple[int, str, str]]


def places(size: int) -> list[int]:
    """Bytes at both ends, in the middle, and between."""
    return sorted({0, size // 3, size // 2, 2 * size // 3, size - 1} - {-1})


def flips(folder: Path) -> list[tuple[Path, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(path, place) for path in files for place in places(path.stat().st_size)]


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << place % 8
    path.write_bytes(content)


@pytest.fixture
def editions(project: Project, tmp_path: Path) -> Path:
    """A copy of the project's editions that a test may break."""
    return Path(shutil.copytree(project.root / "data" / "editions", tmp_path / "editions", symlinks=True))


def test_a_flipped_byte_anywhere_in_an_edition_is_found(editions: Path) -> None:
    folder = (editions / "latest").resolve()
    assert ledger.all_damage(editions) == []
    tried = flips(folder)
    assert {"MANIFEST.json", "inputs.zip", "report.html"} <= {path.name for path, _ in tried}
    for path, place in tried:
        flip(path, place)
        assert str(path) in {fault.where for fault in ledger.damage_of(editions, folder.name)}, (path, place)
        flip(path, place)
    assert ledger.all_damage(editions) == []


def test_a_flipped_byte_anywhere_in_a_release_is_found(project: Project, tmp_path: Path) -> None:
    releases = Path(shutil.copytree(project.root / "mlruns" / "releases", tmp_path / "releases"))
    current = releases / (releases / "CURRENT").read_text().strip()
    tried = [*flips(current), *((releases / "CURRENT", place) for place in places(64))]
    assert len(tried) > 100
    for path, place in tried:
        flip(path, place)
        with pytest.raises(DataError) as caught:
            load(releases)
        assert str(path) in str(caught.value), (path, place)
        flip(path, place)
    load(releases)


def test_an_edition_is_made_again_from_itself(project: Project, tmp_path: Path) -> None:
    done = project.run("editions", "rebuild", "latest", "--to", str(tmp_path / "again"))
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("forecasts.csv", "balance/balance.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (project.latest / name).read_bytes()
    assert "certificates " in done.stdout
    assert f"{project.latest.name}: rebuilt," in done.stdout
    forecasts = next(line for line in done.stdout.splitlines() if line.startswith("forecasts "))
    assert forecasts.endswith("largest relative difference 0")
    assert f"{2 * len(pd.read_csv(project.latest / 'forecasts.csv')):,} numbers" in forecasts


def test_an_edition_that_comes_out_otherwise_says_where_and_why(
    editions: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = (editions / "latest").resolve()
    table = pd.read_csv(folder / "forecasts.csv", float_precision="round_trip")
    table.loc[0, "value"] *= 1 + 1e-6

    def made(*_: Any) -> SimpleNamespace:
        return SimpleNamespace(
            candidate=SimpleNamespace(table=table, states={}, balance={}, certificates=table)
        )

    monkeypatch.setattr("forecasting.publishing.rebuild.make", made)
    code, _, err = cli("editions", "rebuild", "latest", "--editions", editions)
    assert code == 65
    first = table.iloc[0]
    assert f"forecasts.csv: {first['series']} {first['kind']} {first['period']}" in err
    assert "moved by 1e-06; see what differs: " in err
    assert "balance/balance.csv: not made again" in err


def test_a_retraction_reaches_every_later_reader(project: Project, editions: Path, tmp_path: Path) -> None:
    out, id = ("--out", str(editions)), project.latest.name
    done = project.run("editions", "retract", "latest", "--reason", "Imports were counted twice.", *out)
    assert (done.returncode, "no edition stands; latest was removed" in done.stdout) == (0, True)
    held = project.run("publish", *out)
    assert held.returncode == 4
    assert f"these inputs give {id} again, which was retracted on" in held.stdout + held.stderr
    assert not (editions / "latest").exists()

    other = tmp_path / "other"
    other.mkdir()
    for name in ("experiments", "mlruns"):
        (other / name).symlink_to(project.root / name)
    shutil.copytree(project.root / "data", other / "data", ignore=shutil.ignore_patterns("editions"))
    words = other / "data" / "publication.yaml"
    words.write_text(words.read_text().replace("contact: ", "contact: mended by "))
    done = Project(other, "").run("publish", *out)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    later = (editions / "latest").resolve()
    assert later.name != id
    (row,) = pd.read_csv(later / "errata.csv").to_dict("records")
    assert (row["edition"], row["class"], row["what"]) == (id, "retracted", "Imports were counted twice.")
    assert "Imports were counted twice." in (later / "report.html").read_text(encoding="utf-8")
    shown = json.loads(project.run("editions", "show", id, "--json", *out).stdout)
    assert [line["event"] for line in shown["history"]] == ["published", "retracted"]
    assert project.run("editions", "verify", "--all", *out).returncode == 0
