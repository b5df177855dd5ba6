"""``make forecast`` and ``forecast make``: what the shell hears of an edition that is degraded, or was held back."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from forecasting.cli.publish import main_job
from tests.cli.conftest import Project
from tests.conftest import ROOT


@pytest.mark.parametrize(("ended", "heard"), [(0, 0), (3, 0), (4, 2), (65, 2), (1, 2)])
def test_make_takes_what_was_published_for_success(ended: int, heard: int, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "forecast"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $1\nexit {ended}\n")
    program.chmod(0o755)
    (tmp_path / ".ready").touch()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    asked = ["make", "-C", str(ROOT), "--no-print-directory", "forecast", f"VENV={tmp_path}"]
    done = subprocess.run(asked, env=plain, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (heard, "make"), done.stderr


def test_the_main_job_ends_with_the_code_of_publishing(project: Project) -> None:
    status = json.loads((project.latest / "MANIFEST.json").read_text())["status"]
    assert project.code == (0 if status == "normal" else 3)
    assert ("see the notes" in project.output) == (project.code == 3)


@pytest.mark.parametrize(("faults", "does"), [(["the ledger names another"], "promote"), ([], "deliver")])
def test_an_unchanged_release_that_the_ledger_disputes_is_put_in_force_again(
    project: Project, monkeypatch: pytest.MonkeyPatch, faults: list[str], does: str
) -> None:
    """A promotion that was cut short left the ledger, and MLflow, with champions the release does not hold."""

    def stop(name: str) -> Callable[..., NoReturn]:
        def raised(*_: object) -> NoReturn:
            raise KeyboardInterrupt(name)

        return raised

    monkeypatch.chdir(project.root)
    for name, stand_in in {
        "forecasting.cli.publish.outcomes": lambda *_: ([], []),
        "forecasting.api.Project.gate": lambda *_: [],
        "forecasting.tracking.disputed": lambda *_: faults,
        "forecasting.cli.publish.put_in_force": stop("promote"),
        "forecasting.cli.publish.deliver": stop("deliver"),
    }.items():
        monkeypatch.setattr(name, stand_in)
    with pytest.raises(KeyboardInterrupt, match=does):
        main_job(1)
