"""Carried-forward figures found by rule: a number repeated identically for years is not a new measurement.

The rule looks back only, so a row's status never depends on what was printed later: a figure is carried
forward when the same source family, as known on the day the figure became known, prints the identical number
for the periods just before it, two years or five other periods in a row. Zeros and numbers of fewer than two
significant digits in a month are too common to mean anything.
"""

from __future__ import annotations

import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.periods import Kind, Period

BEFORE = {Kind.MONTH: 5, Kind.QUARTER: 5, Kind.FY: 2, Kind.CY: 2}
SHORT = 100.0  # a monthly figure below this repeats by chance
NOTE = "carried forward by rule"
MEASURED = ("actual", "provisional", "estimate", "derived")


def repeated(frame: pd.DataFrame, catalogue: Catalogue) -> pd.Series:
    """For each row of observations, how many periods in a row before it show the identical number (0: none).

    Only runs as long as :data:`BEFORE` demands are counted; ``frame`` has the columns of observations with
    ``available_at`` as a datetime.
    """
    family = frame["source"].map({name: catalogue.sources[name].family for name in frame["source"].unique()})
    parsed = {label: Period.parse(label) for label in frame["period"].unique()}
    found = dict.fromkeys(frame.index, 0)
    eligible = frame[frame["status"].isin([*MEASURED, "carried_forward"]) & (frame["value"] != 0)]
    for _, group in eligible.groupby([eligible["series"], family[eligible.index]]):
        if group["value"].duplicated().any():
            found.update(zip(group.index, _run_lengths(group, parsed), strict=True))
    return pd.Series(found, index=frame.index, dtype=int)


def _run_lengths(group: pd.DataFrame, parsed: dict[str, Period]) -> list[int]:
    known: dict[int, list[tuple[pd.Timestamp, float]]] = {}
    rows = list(zip(group["period"], group["value"], group["available_at"], strict=True))
    for label, value, day in sorted(rows, key=lambda row: row[2]):
        known.setdefault(parsed[label].ordinal, []).append((day, value))
    lengths = []
    for label, value, day in rows:
        period = parsed[label]
        run = 0
        while True:
            earlier = [v for d, v in known.get(period.ordinal - run - 1, []) if d <= day]
            if not earlier or earlier[-1] != value:
                break
            run += 1
        few = period.kind is Kind.MONTH and abs(value) < SHORT
        lengths.append(run if run >= BEFORE[period.kind] and not few else 0)
    return lengths


def marked(frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The observations with every carried-forward figure labelled so; its note says by which rule.

    Models never fit such a row; ``forecast data show`` and the report name it.
    """
    run = repeated(frame, catalogue)
    hit = (run > 0) & frame["status"].isin(MEASURED)
    if not hit.any():
        return frame
    marked_frame = frame.copy()
    said = [f"{NOTE}: the same number in the {n} periods before" for n in run[hit]]
    notes = frame.loc[hit, "note"]
    marked_frame.loc[hit, "note"] = [f"{s}; {n}".removesuffix("; ") for s, n in zip(said, notes, strict=True)]
    marked_frame.loc[hit, "status"] = "carried_forward"
    return marked_frame
