"""A series is retired or renamed: held until somebody says so, once."""

from __future__ import annotations

import pandas as pd
import pytest
import yaml

from forecasting.errors import HeldBack, UsageError
from forecasting.publishing import edition, ledger
from forecasting.publishing.release import attachments, load
from forecasting.tracking import export_bundle, read_bundle
from tests.publishing.small_job import Project
from tests.publishing.small_world import OXIDE


def retire(project: Project, id: str, altogether: bool) -> None:
    """Promote without a series, and let the catalogue want it no more, or not know it."""
    release, bundle = load(project.bundles), read_bundle(project.bundles)
    left = [one for one in release.experiments if id not in one.series]
    cards = {
        key: {"model": one.model, "record": one.record} for key, one in release.champions.items() if key != id
    }
    files = attachments(left, {one.name: release.errors[one.name] for one in left}, cards)
    export_bundle({key: bundle.trained(key) for key in cards}, project.bundles, files)
    path = project.data / "series.yaml"
    content = yaml.safe_load(path.read_text())
    content["series"][id].pop("target", None)
    if altogether:
        del content["series"][id]
        rows = pd.read_csv(project.data / "observations" / "all.csv")
        rows[rows["series"] != id].to_csv(project.data / "observations" / "all.csv", index=False)
    path.write_text(yaml.safe_dump(content, sort_keys=False))


@pytest.mark.parametrize("altogether", [False, True], ids=["from the release", "from the catalogue too"])
def test_a_series_is_retired_once_with_a_reason(altogether: bool, copy: Project) -> None:
    retire(copy, OXIDE, altogether)
    with pytest.raises(HeldBack) as held:
        copy.publish()
    assert f"retired: {OXIDE} was in the previous edition, and nothing forecasts it any more" in str(
        held.value
    )
    assert (
        "if series are retired or renamed: --override retired --reason TEXT, once; else promote them"
        in str(held.value)
    )
    with pytest.raises(UsageError, match="--override complete: this gate cannot be overridden"):
        copy.publish(overrides={"complete": "oxide is retired"})
    why = "The mine is closed."
    done = copy.publish(overrides={"retired": why})
    assert (done.new, done.code) == (True, 3)
    assert set(copy.table()["series"]) == {"market", "ev", "left", "right", "both"}
    gates = edition.read_manifest(done.folder)["gates"]
    assert [(one["series"], one["overridden"]) for one in gates if one["gate"] == "retired"] == [(OXIDE, why)]
    assert ledger.read(copy.editions)[-1].facts == {"gate": "retired", "reason": why}
    assert why in (done.folder / "report.html").read_text()
    assert copy.publish(again=True).new, "the next edition is held by nothing"
