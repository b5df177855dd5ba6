"""After an edition is public, or was held back: sinks, metrics and hooks take nothing back and are told."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pytest
from structlog.testing import capture_logs

from forecasting.catalogue.sinks import ObjectStoreRecord
from forecasting.errors import HeldBack, InputMissing
from forecasting.publishing import edition, job, ledger, metrics
from forecasting.publishing.lock import publisher
from forecasting.publishing.sinks import deliver_all
from forecasting.publishing.sinks.object_store import ObjectStore
from tests.publishing.small_job import Project, counted, sample
from tests.publishing.small_world import OXIDE


def test_a_sink_that_fails_takes_nothing_back(copy: Project) -> None:
    done = copy.publish(again=True, deliver=lambda *_: ["store: refused"])
    assert (done.new, done.code, done.reasons) == (True, 3, ("store: refused",))
    assert copy.latest == done.folder


def test_a_retraction_reaches_the_sinks_although_the_run_is_held_back(copy: Project, tmp_path: Path) -> None:
    address = f"file://{tmp_path}/mirror"
    mirror = ObjectStore(ObjectStoreRecord(kind="object_store", name="mirror", address=address))

    def deliver(folder: Path, root: Path) -> list[str]:
        return [str(one) for one in deliver_all([mirror], folder, root) if one.outcome == "failed"]

    def told() -> Any:
        return json.loads((tmp_path / "mirror" / "latest.json").read_text())["edition"]

    only = copy.publish(deliver=deliver).folder.name
    assert told() == only
    ledger.retract(copy.editions, only, "a unit slipped")
    with pytest.raises(HeldBack, match=f"give {only} again, which was retracted"):
        copy.publish(deliver=deliver)
    assert told() is None
    listed = json.loads((tmp_path / "mirror" / "editions.json").read_text())["editions"]
    assert [(one["edition"], one["reason"]) for one in listed] == [(only, "a unit slipped")]


def test_a_sink_that_fails_while_held_back_is_told_beside_it(copy: Project) -> None:
    def deliver(*_: Path) -> list[str]:
        return ["store: refused"]

    with pytest.raises(HeldBack) as held:
        copy.publish(again=True, released=date(2027, 1, 1), deliver=deliver)
    assert [str(one) for one in held.value.faults][-1] == (
        "beside it: store: refused; mend that, then run forecast deliver"
    )
    assert sample(copy, "forecast_last_exit_code") == 4

    def broken(*_: Path) -> list[str]:
        raise OSError(28, "No space left on device")

    with pytest.raises(HeldBack, match=r"beside it: .*: No space left on device; mend that"):
        copy.publish(again=True, released=date(2027, 1, 1), deliver=broken)


def test_a_run_held_back_before_the_first_edition_has_nothing_to_tell(tmp_path: Path) -> None:
    project = Project(tmp_path / "p").release()
    with pytest.raises(HeldBack) as held:
        project.publish(released=date(2027, 1, 1), deliver=lambda *_: ["never asked"])
    assert held.value.faults == []


def test_metrics_that_cannot_be_written_take_nothing_back(copy: Project, tmp_path: Path) -> None:
    path = copy.editions / metrics.FILE
    path.unlink()
    path.mkdir()
    hooked(copy, tmp_path / "told")
    done = copy.publish()
    assert done.code == 3
    assert "the metrics could not be written" in done.reasons[0]
    assert (tmp_path / "told").read_text().split()[:2] == ["$HOME;degraded", "3"]


def test_a_run_held_back_shows_how_the_public_edition_stands(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError("a model's own fault")

    monkeypatch.setattr("forecasting.publishing.champions.Bench.fitted", broken)
    shutil.rmtree(copy.cache)
    with pytest.raises(HeldBack):
        copy.publish(again=True)
    assert sample(copy, "forecast_last_exit_code") == 4
    assert sample(copy, "forecast_series_status", series=OXIDE, status="ok") == 1


def test_a_run_that_failed_writes_no_metrics_beside_another_publisher(
    copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (copy.editions / metrics.FILE).read_bytes()
    monkeypatch.setattr(job, "load", missing)
    with publisher(copy.editions), capture_logs() as said, pytest.raises(InputMissing):
        copy.publish()
    assert (copy.editions / metrics.FILE).read_bytes() == before
    assert [one["why"] for one in said] == [
        f"{copy.editions / metrics.FILE}: the metrics were not written ({copy.editions}: another publisher is at work; "
        "try again when it has finished)"
    ]


def missing(*_: object) -> NoReturn:
    raise InputMissing("there is no bundle")


def hooked(project: Project, out: Path) -> None:
    """Hooks that write their own name, the exit code and the edition to a file."""
    code = (
        "import os, sys; told = [sys.argv[2], os.environ['FORECAST_EXIT_CODE'], os.environ['FORECAST_EDITION']];"
        "open(sys.argv[1], 'a').write(' '.join(told) + chr(10))"
    )
    argv = [sys.executable, "-c", code, str(out)]

    def hooks(one: dict[str, Any]) -> None:
        one["job"]["hooks"] = {
            f"on_{name}": [*argv, f"$HOME;{name}"] for name in ("success", "degraded", "held")
        }

    project.settings(hooks)


def test_hooks_run_by_outcome_without_a_shell(copy: Project, tmp_path: Path) -> None:
    out = tmp_path / "told"
    hooked(copy, out)
    first = copy.publish(again=True)
    copy.publish(again=True, deliver=lambda *_: ["store: refused"])
    with pytest.raises(HeldBack):
        copy.publish(again=True, released=date(2027, 1, 1))
    lines = [line.split() for line in out.read_text().splitlines()]
    assert [line[0] for line in lines] == ["$HOME;success", "$HOME;degraded", "$HOME;held"]
    assert [line[1] for line in lines] == ["0", "3", "4"]
    assert lines[0][2] == first.folder.name


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["/nowhere/at/all"], "could not be started"),
        ([sys.executable, "-c", "raise SystemExit(9)"], "ended with code 9"),
        ([sys.executable, "-c", "import time; time.sleep(60)"], "was stopped after 1 s"),
    ],
)
def test_a_hook_that_fails_is_told(argv: list[str], said: str, copy: Project) -> None:
    copy.settings(lambda one: one["job"].update(hooks={"on_success": argv, "seconds": 1}))
    copy.settings(lambda one: one["gates"].update(sums={"severity": "warn", "parts": 1e-6}))
    before = counted(copy)
    done = copy.publish(again=True)
    assert done.code == 3
    assert said in done.reasons[-1]
    assert sample(copy, "forecast_last_exit_code") == 3
    assert counted(copy) == before + len(edition.read_manifest(done.folder)["gates"]) > before, "each once"
