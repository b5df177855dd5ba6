"""An edition whose inputs did not change: how its series stand, and what has come to be overdue since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.data.store import Store
from forecasting.publishing.accompany import FRESHNESS, by_text
from forecasting.publishing.candidate import Candidate, State
from forecasting.publishing.edition import read_manifest
from forecasting.publishing.gates import GATES, View
from forecasting.publishing.gates.view import Found


def states_of(folder: Path) -> dict[str, State]:
    """The states of an edition; none for one from before editions told them."""
    path = folder / "states.csv"
    if not path.is_file():
        return {}
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    return {row["series"]: State(**{str(name): cell for name, cell in row.items()}) for row in rows}


def overdue(folder: Path, store: Store, as_of: date, today: date) -> list[Found]:
    """What the series of an edition have overdue today, one finding a series or source."""
    candidate = Candidate(
        pd.read_csv(folder / "forecasts.csv", float_precision="round_trip"),
        {},
        pd.DataFrame(),
        states_of(folder),
        store.catalogue,
        store.as_of(as_of),
        as_of,
        today,
    )
    return list(GATES[FRESHNESS](View(candidate)))


def untold(folder: Path, found: Sequence[Found]) -> list[str]:
    """The findings the edition itself does not tell, a sentence each.

    No edition is made for them: the numbers would be the same, and the edition bears the day of its data.
    """
    told = {str(one["series"]) for one in read_manifest(folder).get("gates", []) if one["gate"] == FRESHNESS}
    new = [one for one in found if one.series not in told]
    lines = [one.text for one in new if not one.series]
    lines += by_text((one.series, one.text) for one in new if one.series)
    return [f"nothing new to publish, but {line}" for line in lines]
