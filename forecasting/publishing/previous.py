"""The last good edition as the next one needs it: its tables, what it knew, and the release behind it."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.frames import OBSERVATION_COLUMNS, Observations
from forecasting.publishing.candidate import Previous
from forecasting.publishing.edition import verify
from forecasting.publishing.inputs import INPUTS, Inputs, unpacked
from forecasting.publishing.release import Release

STATES = ("series", "standing", "model", "reason", "vintage")


def read(folder: Path) -> tuple[Previous, Release | None]:
    """An edition and its release; see :func:`opened`."""
    with tempfile.TemporaryDirectory(prefix="inputs-") as place:
        previous, inputs = opened(folder, Path(place))
    return previous, inputs.release if inputs else None


def opened(folder: Path, place: Path) -> tuple[Previous, Inputs | None]:
    """An edition, every byte checked, and its inputs, unpacked into an empty folder that must outlive them.

    Editions from before they held their inputs know the observations they printed. Raises
    :class:`~forecasting.errors.DataError` for a damaged edition.
    """
    manifest = verify(folder)
    as_of = date.fromisoformat(str(manifest["as_of"]))
    inputs = unpacked(folder, place, as_of) if (folder / INPUTS).is_file() else None
    known = _printed(folder) if inputs is None else inputs.store.as_of(as_of)
    states = folder / "states.csv"
    previous = Previous(
        edition=str(manifest["edition"]),
        folder=folder,
        released=date.fromisoformat(str(manifest["released"])),
        as_of=as_of,
        table=pd.read_csv(folder / "forecasts.csv", float_precision="round_trip"),
        states=_text(states) if states.is_file() else pd.DataFrame(columns=list(STATES)),
        balance={
            path.stem: pd.read_csv(path, keep_default_na=False, na_values=[""], float_precision="round_trip")
            for path in sorted((folder / "balance").glob("*.csv"))
        },
        known=known,
    )
    return previous, inputs


def _printed(folder: Path) -> Observations:
    path = folder / "history.csv"
    if not path.is_file():
        return Observations(pd.DataFrame(columns=list(OBSERVATION_COLUMNS)))
    frame = pd.read_csv(path, keep_default_na=False, float_precision="round_trip")
    frame["available_at"] = pd.to_datetime(frame["available_at"])
    return Observations(frame[list(OBSERVATION_COLUMNS)])


def _text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)
