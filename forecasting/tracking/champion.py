"""A champion: the recipe that won a series, and the golden forecast it must give again."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import DataError, Fault
from forecasting.frames import KnownSum, Panel
from forecasting.models.libraries import versions
from forecasting.periods import Kind
from forecasting.tracking.manifests import canonical, sha256

GOLDEN_COLUMNS = ("series", "kind", "period", "quantile", "value", "unit", "model")
_CARD = b"forecasting"
_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


@dataclass(frozen=True, eq=False)
class Champion:
    """The chosen model of one series: a readable recipe and the forecast it gave when it was chosen.

    ``digest`` is the identity of recipe, golden forecast and training data together; ``inputs`` holds the
    digests of the training panel and of its covariates. ``experiment`` and ``run_key`` say which experiment it
    won, by the name and the key of its content; ``libraries`` the versions its golden forecast was made with.
    """

    series: str
    recipe_json: str
    golden: pd.DataFrame
    digest: str
    inputs: Mapping[str, str]
    experiment: str = ""
    run_key: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        series: str,
        recipe_json: str,
        golden: pd.DataFrame,
        *,
        panel: Panel,
        covariates: Panel | None = None,
        experiment: str = "",
        run_key: str = "",
    ) -> Champion:
        """A champion from what it consists of, checked; :class:`DataError` says what is wrong with it."""
        checked_name(series)
        checked_recipe(series, recipe_json)
        golden = canonical_golden(series, golden)
        inputs = {"panel": panel.digest()} | (
            {} if covariates is None else {"covariates": covariates.digest()}
        )
        digest = identity(recipe_json, golden, inputs)
        return cls(series, recipe_json, golden, digest, inputs, experiment, run_key, dict(versions()))

    @property
    def card(self) -> dict[str, Any]:
        """What stands beside the files of a champion."""
        return {
            "digest": self.digest,
            "inputs": dict(self.inputs),
            "experiment": self.experiment,
            "run_key": self.run_key,
            "libraries": dict(self.libraries),
        }


@dataclass(frozen=True, eq=False)
class Trained:
    """A champion with the panel and the covariates it was fitted on."""

    champion: Champion
    panel: Panel
    covariates: Panel | None = None

    def write(self, folder: Path) -> None:
        """Keep everything but the card in an existing folder."""
        golden = canonical_golden(self.champion.series, self.champion.golden)
        if self.champion.digest != identity(self.champion.recipe_json, golden, self.champion.inputs):
            fault = Fault(self.champion.series, "its digest is not that of its content", "make it anew")
            raise DataError("a champion cannot be kept", [fault])
        (folder / "recipe.json").write_bytes(self.champion.recipe_json.encode())
        (folder / "golden.csv").write_bytes(golden_csv(golden))
        write_panel(self.panel, folder / "panel.parquet")
        if self.covariates is not None:
            write_panel(self.covariates, folder / "covariates.parquet")

    @classmethod
    def read(cls, series: str, folder: Path, card: Mapping[str, Any]) -> Trained:
        """The inverse of :meth:`write`."""
        covariates = folder / "covariates.parquet"
        return cls(
            read_champion(series, folder, card),
            read_panel(folder / "panel.parquet"),
            read_panel(covariates) if covariates.exists() else None,
        )


def read_champion(series: str, folder: Path, card: Mapping[str, Any]) -> Champion:
    """A champion from its files, its training data left unread."""
    return Champion(
        series,
        (folder / "recipe.json").read_bytes().decode(),
        read_golden_csv((folder / "golden.csv").read_bytes()),
        card["digest"],
        card["inputs"],
        card["experiment"],
        card["run_key"],
        card["libraries"],
    )


def checked_name(series: str) -> str:
    """A series id that may name a registered model.

    >>> checked_name("in.ev.2w")
    'in.ev.2w'
    >>> checked_name("EV sales")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    forecasting.errors.DataError: 'EV sales' cannot name a model; use lower-case words joined by dots...
    """
    if not _NAME.fullmatch(series):
        raise DataError(
            f"{series!r} cannot name a model; use lower-case words joined by dots, such as in.ev.2w"
        )
    return series


def checked_recipe(series: str, text: str) -> str:
    """A recipe that is at least a JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        fault = Fault(f"recipe of {series}", str(error), "write JSON")
        raise DataError("a recipe cannot be read", [fault]) from None
    if not isinstance(value, dict):
        fault = Fault(f"recipe of {series}", f"a {type(value).__name__}", "write an object")
        raise DataError("a recipe cannot be read", [fault])
    return text


def canonical_golden(series: str, golden: pd.DataFrame) -> pd.DataFrame:
    """The golden forecast with the columns of :data:`GOLDEN_COLUMNS`, in one order, every value finite."""
    where = f"golden forecast of {series}"
    missing = [column for column in GOLDEN_COLUMNS if column not in golden]
    if missing:
        fault = Fault(where, f"no column {', '.join(missing)}", f"give {', '.join(GOLDEN_COLUMNS)}")
        raise DataError("a golden forecast is incomplete", [fault])
    frame = golden.loc[:, list(GOLDEN_COLUMNS)].copy()
    for column in GOLDEN_COLUMNS:
        frame[column] = frame[column].astype(float if column in {"quantile", "value"} else str)
    faults = []
    if frame.empty:
        faults.append(Fault(where, "no rows", "forecast first"))
    others = sorted(set(frame["series"]) - {series})
    if others:
        faults.append(Fault(where, f"holds {', '.join(others)}", f"keep the rows of {series}"))
    if not np.isfinite(frame["value"].to_numpy()).all():
        faults.append(Fault(where, "a value is not a finite number", "drop the model"))
    key = ["kind", "period", "quantile"]
    if frame.duplicated(key).any():
        faults.append(Fault(where, "a period and quantile stand twice", "keep one"))
    if faults:
        raise DataError("a golden forecast cannot be kept", faults)
    return frame.sort_values(key, ignore_index=True)


def golden_csv(golden: pd.DataFrame) -> bytes:
    """A canonical golden forecast as CSV; every float reads back to the same float."""
    return golden.to_csv(index=False, lineterminator="\n").encode()


def read_golden_csv(content: bytes) -> pd.DataFrame:
    """The inverse of :func:`golden_csv`."""
    texts: dict[str, type] = dict.fromkeys([c for c in GOLDEN_COLUMNS if c not in {"quantile", "value"}], str)
    return pd.read_csv(
        io.BytesIO(content), dtype=texts, keep_default_na=False, float_precision="round_trip"
    ).astype({"quantile": float, "value": float})


def identity(recipe_json: str, golden: pd.DataFrame, inputs: Mapping[str, str]) -> str:
    """The digest by which two champions are the same."""
    parts = {"recipe": sha256(recipe_json), "golden": sha256(golden_csv(golden)), "inputs": dict(inputs)}
    return sha256(canonical(parts))


def write_panel(panel: Panel, path: Path) -> None:
    """A panel as Parquet, its ceilings in a second file beside it; nothing in them can execute.

    Raises :class:`DataError` when the files would not give the same panel again.
    """
    import pyarrow
    import pyarrow.parquet

    sums = [[one.series, one.ordinals, one.total, one.slack] for one in panel.sums]
    about = {"kind": str(panel.kind), "units": dict(panel.units), "sums": sums}
    card = json.dumps(about, sort_keys=True).encode()
    for frame, file in ((panel.values, path), (panel.ceilings, _ceilings(path))):
        if frame is not None:
            table = pyarrow.Table.from_pandas(frame, preserve_index=True)
            pyarrow.parquet.write_table(
                table.replace_schema_metadata({**table.schema.metadata, _CARD: card}), file
            )
    if read_panel(path).digest() != panel.digest():
        fault = Fault(str(path.name), "reads back as another panel", "give plain columns of floats")
        raise DataError("a panel cannot be kept", [fault])


def read_panel(path: Path) -> Panel:
    """The inverse of :func:`write_panel`, gaps, column order and units included."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    card = json.loads(table.schema.metadata[_CARD])
    beside = _ceilings(path)
    ceilings = pyarrow.parquet.read_table(beside).to_pandas() if beside.exists() else None
    sums = tuple(
        KnownSum(series, tuple(months), total, slack) for series, months, total, slack in card["sums"]
    )
    return Panel(Kind(card["kind"]), table.to_pandas(), card["units"], ceilings, sums)


def _ceilings(path: Path) -> Path:
    return path.with_name(f"{path.stem}_ceilings{path.suffix}")
