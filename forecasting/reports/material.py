"""What a report is made from: the facts of one edition, as tables, checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from forecasting.catalogue import STATUSES, Catalogue
from forecasting.errors import DataError, Fault, PeriodError, nearest
from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period
from forecasting.reports.extras import EXTRAS, extra_faults

COLUMNS: dict[str, tuple[str, ...]] = {
    "forecasts": ("series", "kind", "period", "scenario", "quantile", "value", "unit", "model"),
    "history": (
        "series", "kind", "period", "value", "unit", "status", "source", "available_at", "note", "believed",
    ),
    "certificates": (
        "series", "model", "origins", "points", "coverage_50", "coverage_80", "coverage_95", "mase", "crps",
        "note",
    ),
    "provenance": ("series", "recipe_digest", "run_id", "data_digest", "sources"),
}  # fmt: skip


def empty(table: str) -> pd.DataFrame:
    """An empty table with the columns the contract names.

    >>> list(empty("provenance").columns)
    ['series', 'recipe_digest', 'run_id', 'data_digest', 'sources']
    """
    return pd.DataFrame(columns=list(COLUMNS[table]))


@dataclass(frozen=True)
class Material:
    """The facts of one edition.

    ``forecasts`` are quantiles by series, period and scenario; ``history`` are observations, ``believed`` on
    the rows the models used or would show, off on rival figures; ``certificates`` are the backtest of each
    champion; ``outlooks`` are the rows of ``data/outlooks.csv``. ``as_of`` is the day the data were frozen.
    ``tables`` are those of :data:`~forecasting.reports.extras.EXTRAS` that the edition has; ``series_notes``
    say, by series, why its forecast is degraded or stale.
    Raises :class:`DataError` with every fault when a table breaks this contract.
    """

    edition_id: str
    released: date
    as_of: date
    next_release: date | None
    status: str
    catalogue: Catalogue
    forecasts: pd.DataFrame
    history: pd.DataFrame
    certificates: pd.DataFrame
    provenance: pd.DataFrame
    outlooks: pd.DataFrame = field(default_factory=pd.DataFrame)
    data_digest: str = ""
    code_version: str = ""
    scenario: str = "baseline"
    status_reasons: tuple[str, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    series_notes: Mapping[str, str] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """An extra table of the edition; empty, with its columns, when the edition has none."""
        found = self.tables.get(name)
        return found if found is not None else pd.DataFrame(columns=list(EXTRAS[name]))

    def __post_init__(self) -> None:
        faults = [
            Fault(
                f"material.{name}",
                f"no column {column!r}",
                f"add it; found {', '.join(map(str, frame.columns))}",
            )
            for name, wanted in COLUMNS.items()
            for frame in [getattr(self, name)]
            for column in wanted
            if column not in frame.columns
        ]
        if not faults:
            faults = [
                *extra_faults(self.tables),
                *self._series_faults(),
                *self._unit_faults(),
                *self._forecast_faults(),
                *self._history_faults(),
            ]
        if faults:
            raise DataError(
                f"edition {self.edition_id}: the report's material has {len(faults)} fault(s)", faults
            )

    def _series_faults(self) -> list[Fault]:
        return [
            Fault(f"material.{name}", f"unknown series {id!r}", nearest(str(id), self.catalogue.series))
            for name in COLUMNS
            for id in sorted(set(getattr(self, name)["series"]) - set(self.catalogue.series), key=str)
        ]

    def _unit_faults(self) -> list[Fault]:
        faults = []
        for name in ("forecasts", "history"):
            for row in getattr(self, name)[["series", "unit"]].drop_duplicates().to_dict("records"):
                series = self.catalogue.series.get(str(row["series"]))
                if series and series.unit != row["unit"]:
                    where = f"material.{name}: {row['series']}"
                    faults.append(
                        Fault(where, f"unit {row['unit']!r}", f"the catalogue says {series.unit!r}")
                    )
        return faults

    def _forecast_faults(self) -> list[Fault]:
        frame = self.forecasts
        faults = _period_faults("forecasts", frame)
        values = pd.to_numeric(frame["value"], errors="coerce").to_numpy(float)
        for row in frame[~np.isfinite(values)].head(5).itertuples():
            where = f"material.forecasts: {row.series} {row.period}"
            faults.append(Fault(where, f"value {row.value!r} is not finite", "leave the period out"))
        key = ["series", "kind", "period", "scenario"]
        chosen = frame[frame["scenario"] == self.scenario]
        for (id, _, period, _), group in chosen.groupby(key, sort=True):
            found = sorted(round(float(level), 4) for level in group["quantile"])
            if found != list(LEVELS):
                faults.append(
                    Fault(
                        f"material.forecasts: {id} {period}",
                        f"quantile levels {found}",
                        f"give {list(LEVELS)}",
                    )
                )
            elif not group.sort_values("quantile")["value"].is_monotonic_increasing:
                faults.append(
                    Fault(
                        f"material.forecasts: {id} {period}", "quantiles cross", "sort the paths' quantiles"
                    )
                )
        return faults

    def _history_faults(self) -> list[Fault]:
        faults = _period_faults("history", self.history)
        for status in sorted(set(self.history["status"]) - set(STATUSES), key=str):
            faults.append(
                Fault("material.history", f"unknown status {status!r}", nearest(str(status), STATUSES))
            )
        believed = self.history[self.history["believed"].astype(bool)]
        for row in believed[believed.duplicated(["series", "kind", "period"])].head(5).itertuples():
            where = f"material.history: {row.series} {row.period}"
            faults.append(Fault(where, "two believed values", "believe one, mark the rest as rivals"))
        return faults


def _period_faults(table: str, frame: pd.DataFrame) -> list[Fault]:
    faults = []
    for row in frame[["kind", "period"]].drop_duplicates().itertuples():
        where = f"material.{table}: {row.period}"
        try:
            kind = Period.parse(str(row.period)).kind
        except PeriodError as error:
            faults.append(Fault(where, "not a period", str(error)))
            continue
        if kind is not Kind(str(row.kind)):
            faults.append(Fault(where, f"kind {row.kind!r}", f"write {kind.value!r}"))
    return faults
