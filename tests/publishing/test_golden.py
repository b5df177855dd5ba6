"""Champions of a release of other code: held against their golden forecasts once, and refused when they moved."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pytest

from forecasting.catalogue.running import Job
from forecasting.errors import DataError
from forecasting.frames import Forecast
from forecasting.models.recipe import Recipe
from forecasting.publishing import golden
from forecasting.publishing.golden import refused
from forecasting.publishing.release import Release, load
from tests.publishing.small_job import FITTED, Project
from tests.publishing.small_world import EV

SAID = (
    "ev: the recipe of drift no longer gives its golden forecast (moved by up to 20.00%); a library or the code has "
    "changed: run the experiment again and promote"
)
JOB = Job(fit_seconds=20)


@pytest.fixture
def release(published: Project) -> Release:
    return load(published.bundles)


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Other code than the release was made with, by its digest."""
    monkeypatch.setattr(golden, "code_digest", lambda: "b" * 64)
    return monkeypatch


def bent(patch: pytest.MonkeyPatch) -> None:
    apply = Recipe.apply

    def moved(self: Recipe, *given: Any, **named: Any) -> Forecast:
        found = apply(self, *given, **named)
        return replace(found, paths=found.paths * 1.2) if EV in self.series else found

    patch.setattr(Recipe, "apply", moved)


def untouched(*_: object) -> NoReturn:
    raise AssertionError("a champion was refitted")


def test_with_the_code_of_the_release_nothing_is_asked(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "read_bundle", untouched)
    assert refused(release, tmp_path / "cache", JOB) == {}
    assert not (tmp_path / "cache").exists()


def test_an_upgrade_that_moves_nothing_is_paid_for_once(
    release: Release, tmp_path: Path, upgraded: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    assert refused(release, tmp_path, JOB, lambda *two: told.append(two)) == {}
    assert told[-1] == (len(FITTED), len(FITTED))
    assert len(list(tmp_path.glob("golden-*.json"))) == len(list(tmp_path.iterdir())) == len(FITTED)
    upgraded.setattr(golden, "require_golden", untouched)
    assert refused(release, tmp_path, JOB) == {}
    upgraded.setattr(golden, "code_digest", lambda: "c" * 64)
    assert set(refused(release, tmp_path, JOB)) == set(FITTED), "the next upgrade is another"


@pytest.mark.usefixtures("upgraded")
def test_a_champion_that_moved_is_refused(release: Release, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        bent(patch)
        assert refused(release, tmp_path, JOB) == {EV: SAID}
    assert refused(release, tmp_path, JOB) == {EV: SAID}, "kept"
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes()[:-3])
    assert refused(release, tmp_path, JOB) == {}, "a damaged answer is no answer"


@pytest.mark.usefixtures("upgraded")
def test_what_may_not_happen_again_is_not_kept(release: Release, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(golden, "_refitted", lambda *_: os.abort())
        assert refused(release, tmp_path, JOB) == dict.fromkeys(FITTED, "its process was killed by SIGABRT")
    assert list(tmp_path.iterdir()) == []
    assert refused(release, tmp_path, JOB) == {}


@pytest.mark.usefixtures("upgraded")
@pytest.mark.parametrize("passing", [OSError(28, "No space left on device"), ImportError("no such library")])
@pytest.mark.parametrize("told", [False, True])
def test_what_is_of_the_machine_is_asked_again(
    release: Release, tmp_path: Path, passing: Exception, told: bool
) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        if not told:
            raise passing
        raise DataError("drift: cannot be fitted") from passing

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "apply", broken)
        said = "drift: cannot be fitted" if told else f"{type(passing).__name__}: {passing}"
        assert refused(release, tmp_path, JOB) == dict.fromkeys(FITTED, said)
    assert list(tmp_path.iterdir()) == []
    assert refused(release, tmp_path, JOB) == {}


@pytest.mark.usefixtures("upgraded")
def test_what_its_model_breaks_with_is_paid_for_once(release: Release, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> NoReturn:
        raise ValueError("not invertible")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recipe, "apply", broken)
        said = dict.fromkeys(FITTED, "ValueError: not invertible")
        assert refused(release, tmp_path, JOB) == said
        patch.setattr(golden, "_refitted", untouched)
        assert refused(release, tmp_path, JOB) == said


def test_new_data_do_not_hide_that_the_code_moved_a_champion(
    copy: Project, upgraded: pytest.MonkeyPatch
) -> None:
    """It falls to a fallback, as it does on the data it was promoted with."""
    for folder in (copy.editions, copy.cache):
        shutil.rmtree(folder)
    bent(upgraded)
    copy.settings(lambda one: one.update(critical=[]))
    done = copy.publish(known_on=date(2026, 3, 31))
    assert (done.new, done.code) == (True, 3)
    states = copy.states()
    assert states.loc[EV, "standing"] == "degraded"
    assert states.loc[EV, "reason"] == f"the champion drift: {SAID}"
    assert set(states.drop(index=EV)["standing"]) == {"ok"}
