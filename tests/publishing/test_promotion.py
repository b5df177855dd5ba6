"""Which editions speak at the gate."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.evaluation.issued import EDITIONS
from forecasting.publishing import edition, ledger
from forecasting.publishing.promotion import issued_forecasts


def public(root: Path, id: str, as_of: str, value: float, recorded: bool = True) -> None:
    columns = ["series", "period", "quantile", "value", "scenario"]
    rows = [("s", "2026-01", 0.5, value, "baseline"), ("s", "2026-01", 0.5, -1.0, "mission")]
    table = pd.DataFrame(rows, columns=columns).to_csv(index=False).encode()
    edition.write(root, id, {"forecasts.csv": table}, {"as_of": as_of})
    if recorded:
        ledger.record(root, id)


def test_one_edition_a_day_of_data_speaks_and_none_that_was_retracted(tmp_path: Path) -> None:
    assert list(issued_forecasts(tmp_path, date(2026, 3, 1)).columns) == list(EDITIONS)
    for number in range(11):
        public(tmp_path, f"2026-01-{number + 10}-a", "2026-01-05", number)
    public(tmp_path, "2026-02-10-a", "2026-02-05", 20.0)
    public(tmp_path, "2026-02-11-a", "2026-02-05", 21.0)
    public(tmp_path, "2026-02-20-a", "2026-02-15", 22.0)
    public(tmp_path, "2026-02-21-a", "2026-02-16", 23.0, recorded=False)
    public(tmp_path, "2026-03-10-a", "2026-03-05", 30.0)
    ledger.retract(tmp_path, "2026-02-11-a", "wrong series")
    ledger.retract(tmp_path, "2026-02-20-a", "wrong series")
    found = issued_forecasts(tmp_path, date(2026, 3, 1))
    assert found[["edition", "as_of", "value"]].to_numpy().tolist() == [
        ["2026-01-20-a", "2026-01-05", 10.0],
        ["2026-02-10-a", "2026-02-05", 20.0],
    ]
