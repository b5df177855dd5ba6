"""Promotions at the same time, through the Python API: the second begins again, and none is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecasting.api import Project
from forecasting.errors import Locked
from forecasting.publishing import succession
from forecasting.publishing.promotion import Settled, present
from forecasting.publishing.release import Release
from tests.conftest import ROOT
from tests.test_api import PRICE, only


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two experiments in force, of one simple model each."""
    root = tmp_path_factory.mktemp("together")
    for name in ("data", "experiments"):
        (root / name).symlink_to(ROOT / name)
    made = Project.open(root)
    other = only(
        made, "naive", name="other", features="magnet_imports", series=("in.magnets.value.85051110",)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORECAST_TRACKING_URI", "http://127.0.0.1:9")
        made.promote(made.gate([made.run(other), made.run(only(made, "drift", name="metals"))]))
        yield made


def test_of_two_promotions_at_once_the_second_is_told_to_begin_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, early, late = (
        project.run(only(project, model, name="metals")) for model in ("drift", "naive", "damped_drift")
    )
    project.promote(project.gate([base]))
    contest = project.run(only(project, "damped_drift", "seasonal_naive", name="metals"))
    [first], [second] = project.gate([early]), project.gate([late])
    project.promote([first])
    with pytest.raises(
        Locked, match="naive was put in force after the gate had decided; run the experiment again"
    ):
        project.promote([second])
    with pytest.raises(Locked, match="naive was not among them; run the experiment again"):
        project.gate([contest])
    project.promote([first])
    assert project.champion(PRICE).model == "naive"
    monkeypatch.setattr("forecasting.tracking.store.LOCK_WITHIN", 0.05)
    with project.tracking.lock("promote"), pytest.raises(Locked, match="the tracking store is busy"):
        project.promote(project.gate([early]))


def test_two_promotions_side_by_side_both_reach_the_release(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = project.release
    assert release is not None
    other = release.experiments[0].model_copy(update={"seed": 11})
    outcomes = [project.run(only(project, "drift", name="metals")), project.run(other)]
    keys, settled = project.keep(outcomes), project.gate(outcomes)

    def slowly(root: Path) -> Release | None:
        found = present(root)
        time.sleep(0.5)  # time enough for the other to read the same release
        return found

    monkeypatch.setattr("forecasting.publishing.succession.present", slowly)

    def put(one: Settled) -> Path:
        return succession.promote(
            project.store, [one], keys, project.tracking, project.releases, datetime.now(UTC)
        )

    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(put, settled))
    after = project.release
    assert after is not None
    assert after.champions[PRICE].model == "drift"
    for one in settled:
        for id, winner in one.outcome.winners.items():
            assert after.champions[id].recipe == winner.recipe
    assert after.digest in {folder.name for folder in folders}
