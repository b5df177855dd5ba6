"""The last good edition as the next one needs it: its tables, what it knew, and the release behind it."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import structlog

from forecasting.errors import DataError, Fault, ForecastingError
from forecasting.frames import OBSERVATION_COLUMNS, Observations
from forecasting.publishing.candidate import Previous
from forecasting.publishing.edition import verify
from forecasting.publishing.inputs import INPUTS, Inputs, unpacked
from forecasting.publishing.release import Release

STATES = ("series", "standing", "model", "reason", "vintage")


def read(folder: Path) -> tuple[Previous, Release | None]:
    """An edition, every byte checked, and its release.

    Editions from before they held their inputs, or whose inputs this version cannot read, know the observations they
    printed and no release. Raises :class:`~forecasting.errors.DataError` for a damaged edition.
    """
    manifest = verify(folder)
    as_of = date.fromisoformat(str(manifest["as_of"]))
    with tempfile.TemporaryDirectory(prefix="inputs-") as place:
        inputs, why = inputs_of(folder, Path(place), as_of)
        if inputs is None and (folder / INPUTS).is_file():
            structlog.get_logger().warning("the last edition is compared as it was printed", why=why)
        known = _printed(folder) if inputs is None else inputs.store.as_of(as_of)
    states = folder / "states.csv"
    previous = Previous(
        edition=str(manifest["edition"]),
        folder=folder,
        released=date.fromisoformat(str(manifest["released"])),
        as_of=as_of,
        table=_table(folder / "forecasts.csv"),
        states=(
            _table(states, dtype=str, keep_default_na=False)
            if states.is_file()
            else pd.DataFrame(columns=list(STATES))
        ),
        balance={
            path.stem: _table(path, keep_default_na=False, na_values=[""])
            for path in sorted((folder / "balance").glob("*.csv"))
        },
        known=known,
    )
    return previous, inputs.release if inputs else None


def inputs_of(folder: Path, place: Path, as_of: date) -> tuple[Inputs | None, str]:
    """The inputs of an edition, unpacked into an empty folder that must outlive them; or None, and why.

    What another version wrote this one may be unable to read: a key it does not know, a file it misses.
    """
    if not (folder / INPUTS).is_file():
        return None, f"{folder.name} was published before editions held their inputs"
    try:
        inputs = unpacked(folder, place, as_of)
        inputs.store.as_of(as_of)
    except (ForecastingError, ValueError, LookupError, TypeError, AttributeError) as error:
        said = " ".join(str(error).replace(str(place), f"{folder.name}/{INPUTS}").split())
        return None, f"the inputs of {folder.name} can no longer be read ({said})"
    return inputs, ""


def _printed(folder: Path) -> Observations:
    path = folder / "history.csv"
    if not path.is_file():
        return Observations(pd.DataFrame(columns=list(OBSERVATION_COLUMNS)))
    frame = _table(path, keep_default_na=False)
    frame["available_at"] = pd.to_datetime(frame["available_at"])
    return Observations(frame[list(OBSERVATION_COLUMNS)])


def _table(path: Path, **options: Any) -> pd.DataFrame:
    try:
        table: pd.DataFrame = pd.read_csv(path, float_precision="round_trip", **options)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        fault = Fault(
            str(path), f"not a table ({' '.join(str(error).split())})", "restore the edition from a copy"
        )
        raise DataError(f"{path.parent}: the edition cannot be read", [fault]) from error
    return table
