"""An edition whose inputs did not change: how its series stand, and what has come to be overdue since."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.data.store import Store
from forecasting.publishing.accompany import by_text
from forecasting.publishing.candidate import Candidate, states_of
from forecasting.publishing.edition import read_manifest
from forecasting.publishing.gates.freshness import freshness, overdue
from forecasting.publishing.gates.view import View


def seen_on(folder: Path, store: Store, as_of: date, day: date) -> View:
    """The forecasts of an edition and what is known, as gates see them on a day."""
    candidate = Candidate(
        pd.read_csv(folder / "forecasts.csv", float_precision="round_trip"),
        {},
        pd.DataFrame(),
        states_of(folder),
        store.catalogue,
        store.as_of(as_of),
        as_of,
        day,
    )
    return View(candidate)


def released_on(folder: Path) -> date:
    """The day an edition bears."""
    return date.fromisoformat(str(read_manifest(folder)["released"]))


def sources_late(view: View) -> int:
    """How many sources are late, whatever the number of their series."""
    return len({one.family for one in overdue(view)})


def untold(then: View, now: View) -> list[str]:
    """What is overdue now and was not, or by fewer periods, when the edition appeared and told it; a sentence each.

    No edition is made for it: the numbers would be the same, and the edition bears the day of its data.
    """
    behind = {one.series: one.late for one in overdue(then)}
    more = {one.series for one in overdue(now) if one.late > behind.get(one.series, 0)}
    whole = any(not one.series for one in freshness(then))
    found = list(freshness(now))
    lines = [one.text for one in found if not one.series and not whole]
    lines += by_text((one.series, one.text) for one in found if one.series in more)
    return [f"nothing new to publish, but {line}" for line in lines]
