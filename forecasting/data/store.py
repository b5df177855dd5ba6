"""The store: the observations of a data folder, checked, corrected, and seen as of a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue, Correction
from forecasting.data.carried import marked
from forecasting.data.check import read_observations
from forecasting.errors import DataError, Fault, InputMissing, nearest
from forecasting.frames import OBSERVATION_COLUMNS, Observations


@dataclass(frozen=True)
class Store:
    """A data folder that passed its contract: catalogue and corrected observations."""

    catalogue: Catalogue
    observations: Observations

    @classmethod
    def open(cls, root: Path, today: date | None = None) -> Store:
        """Read and check a data folder; corrections are applied and carried-forward figures labelled by rule.

        Rows known after ``today`` (by default the day in UTC, as for the publishing job) are faults. Raises
        :class:`InputMissing` for a missing folder or file, :class:`~forecasting.errors.ConfigError` for its YAML,
        and one :class:`DataError` with every fault of every CSV.
        """
        catalogue = Catalogue.read(root)
        return cls.of(catalogue, reported(catalogue, today or datetime.now(UTC).date()))

    @classmethod
    def of(cls, catalogue: Catalogue, rows: pd.DataFrame) -> Store:
        """The store of rows as sources reported them; see :func:`reported`."""
        corrected = marked(_corrected(rows, catalogue), catalogue)
        ordered = corrected.sort_values(["series", "period", "source", "available_at"], ignore_index=True)
        return cls(catalogue, Observations(ordered[list(OBSERVATION_COLUMNS)]))

    def as_of(self, day: date) -> Observations:
        """What was known at the end of a day; :class:`DataError` when nothing was."""
        known = self.observations.as_of(day)
        if known.frame.empty:
            first = self.observations.frame["available_at"].min().date()
            raise DataError(
                f"nothing was known on {day}: the first observation became known on {first}; "
                f"use an as-of date from {first} on"
            )
        return known

    def last_known(self, day: date) -> date:
        """The last day up to ``day`` on which anything became known: the true as-of date of the data."""
        known: date = self.as_of(day).frame["available_at"].max().date()
        return known


def reported(catalogue: Catalogue, today: date) -> pd.DataFrame:
    """The rows of a data folder as their sources reported them: checked, nothing corrected, nothing relabelled.

    Raises :class:`InputMissing` without any file and one :class:`DataError` with every fault of every file.
    """
    folder = catalogue.root / "observations"
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise InputMissing(f"{folder} holds no .csv; restore data/observations")
    frames: list[pd.DataFrame] = []
    faults: list[Fault] = []
    for path in paths:
        frame, found = read_observations(path, catalogue, today)
        frames.append(frame)
        faults += found
    if faults:
        raise DataError(f"{catalogue.root}: {len(faults)} fault(s) in its observations", faults)
    return pd.concat(frames, ignore_index=True)


def believed(
    observations: Observations, catalogue: Catalogue, series: str, statuses: Sequence[str] | None = None
) -> pd.DataFrame:
    """One row a period: the most trusted source's newest vintage.

    Families are believed in the order of the catalogue; inside a family the row that became known last wins.
    ``statuses`` limits the rows that may be chosen, by default to those the catalogue allows models to fit.
    """
    if series not in catalogue.series:
        raise DataError(f"unknown series {series!r}; {nearest(series, catalogue.series)}")
    found = believed_each(observations, catalogue, [series], statuses)
    return found.reset_index(drop=True)


def believed_each(
    observations: Observations,
    catalogue: Catalogue,
    ids: Sequence[str],
    statuses: Sequence[str] | None = None,
) -> pd.DataFrame:
    """What :func:`believed` gives for each of some series, one below the other, in one pass over the rows."""
    rows = observations.of(*ids).frame
    entries = {id: catalogue.series[id] for id in ids}
    allowed = np.zeros(len(rows), dtype=bool)
    for kept in {entry.fit for entry in entries.values()} if statuses is None else {tuple(statuses)}:
        mine = [id for id, entry in entries.items() if statuses is not None or entry.fit == kept]
        fitting = rows["status"].isin(list(kept))
        allowed |= (fitting if len(mine) == len(entries) else fitting & rows["series"].isin(mine)).to_numpy()
    rows = rows[allowed]
    series, named = pd.factorize(rows["series"])
    source, printed = pd.factorize(rows["source"])
    ranks = np.full((len(named), len(printed)), np.nan)
    for place in np.unique(series * len(printed) + source):
        id, family = named[place // len(printed)], catalogue.sources[printed[place % len(printed)]].family
        if family in entries[id].sources:
            ranks[place // len(printed), place % len(printed)] = entries[id].sources.index(family)
    ranked = rows.assign(_rank=ranks[series, source]).dropna(subset=["_rank"])
    ranked = ranked.sort_values(
        ["series", "period", "_rank", "available_at", "source"], ascending=[True, True, True, False, True]
    )
    return ranked.drop_duplicates(["series", "period"]).drop(columns="_rank")


def _corrected(frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    unmatched: list[Fault] = []
    path = catalogue.root / "corrections.yaml"
    for correction in catalogue.corrections:
        matched = (
            (frame["series"] == correction.series)
            & (frame["period"] == correction.period)
            & (frame["source"] == correction.source)
        )
        if not matched.any():
            unmatched.append(
                Fault(
                    f"{path}: {correction.series} {correction.period} {correction.source}",
                    "this correction matches no row",
                    "the source may have been mended: remove or update the correction",
                )
            )
            continue
        frame = _applied(frame, correction, matched)
    if unmatched:
        raise DataError(f"{path}: {len(unmatched)} correction(s) match nothing", unmatched)
    return frame


def _applied(frame: pd.DataFrame, correction: Correction, matched: pd.Series) -> pd.DataFrame:
    if correction.action == "drop":
        return frame[~matched]
    frame = frame.copy()
    said = (
        f"corrected: {correction.reason}"
        if correction.action == "override"
        else f"flagged: {correction.reason}"
    )
    frame.loc[matched, "note"] = frame.loc[matched, "note"].map(lambda note: f"{said}; {note}".rstrip("; "))
    if correction.action == "override":
        frame.loc[matched, "value"] = correction.value
    return frame
