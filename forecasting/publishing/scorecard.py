"""Every past edition held against what happened since: errors, scores, coverage, and skill against naive.

An edition is scored whether it stands or was superseded, because readers relied on it; a retracted one is not. A
period is scored once its figure became known after the edition's day of data. The score counts against the *first
final* figure (actual or derived), which later changes of definition cannot move; the score against the figure believed
today stands beside it. Where only a provisional figure or an estimate is known, the score against it counts for
nothing yet and stands in the columns of the latest figure alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.outturns import Figure, Outturns
from forecasting.data.store import Store
from forecasting.evaluation.metrics import interval_score
from forecasting.frames import LEVELS, Array
from forecasting.periods import Kind, Period
from forecasting.publishing.edition import editions, read_manifest
from forecasting.publishing.ledger import ledger
from forecasting.publishing.scorecard_naive import naive_of

COLUMNS = (
    "edition", "released", "as_of", "series", "kind", "period", "months_ahead", "unit", "model",
    "low_95", "low_80", "low_50", "median", "high_50", "high_80", "high_95",
    "actual", "actual_known", "error_pct", "absolute_pct", "wis", "naive_wis", "inside_50", "inside_80", "inside_95",
    "latest", "latest_known", "latest_status", "latest_error_pct", "latest_wis", "latest_inside_80",
)  # fmt: skip
BANDS = {"50": (0.25, 0.75), "80": (0.1, 0.9), "95": (0.025, 0.975)}
_AT = {level: place for place, level in enumerate(LEVELS)}


@dataclass(frozen=True)
class Issued:
    """A past edition: its folder, id, the day it bears, and the last day of its data."""

    folder: Path
    id: str
    released: date
    as_of: date


def issued(root: Path) -> list[Issued]:
    """The editions to be scored, oldest first: all but the retracted ones."""
    known = ledger(root).editions
    found = []
    for folder in editions(root):
        if folder.name in known and known[folder.name].retracted:
            continue
        told = read_manifest(folder)
        days = (date.fromisoformat(str(told[name])) for name in ("released", "as_of"))
        found.append(Issued(folder, folder.name, *days))
    return sorted(found, key=lambda one: (one.released, one.id))


def scores(found: Sequence[Issued], store: Store, as_of: date, cache: Path) -> pd.DataFrame:
    """One row an edition, series and period that happened by ``as_of``; columns :data:`COLUMNS`.

    ``months_ahead`` counts from the month of the edition's data to the last month of the period. Errors are forecast
    less figure in percent of the figure; ``wis`` is the weighted interval score over the published levels in the unit
    of the series, ``naive_wis`` that of the naive forecast made from the edition's own inputs.
    """
    outturns = Outturns(store.catalogue, store.as_of(as_of))
    parts = [_of_edition(one, store, outturns, as_of, cache) for one in found]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_edition(one: Issued, store: Store, outturns: Outturns, as_of: date, cache: Path) -> pd.DataFrame:
    table = pd.read_csv(one.folder / "forecasts.csv", float_precision="round_trip")
    rows: list[dict[str, object]] = []
    naive: dict[tuple[str, str], Array] | None = None
    for (series, label), group in table.groupby(["series", "period"], sort=True):
        period = Period.parse(str(label))
        if period.end > as_of or str(series) not in store.catalogue.series:
            continue
        first, latest = outturns.first(str(series), period), outturns.latest(str(series), period)
        if latest is None or latest.known <= one.as_of:
            continue
        first = first if first is not None and first.known > one.as_of else None
        quantiles = group.sort_values("quantile")["value"].to_numpy(dtype=float)
        if len(quantiles) != len(LEVELS):
            continue
        if naive is None:
            naive = naive_of(one.folder, one.as_of, store, cache)
        row = _row(quantiles, naive.get((str(series), str(period))), first, latest)
        rows.append(
            {
                "edition": one.id,
                "released": one.released.isoformat(),
                "as_of": one.as_of.isoformat(),
                "series": series,
                "kind": str(period.kind),
                "period": str(period),
                "months_ahead": period.months()[-1] - Period.month(one.as_of.year, one.as_of.month),
                "unit": group["unit"].iloc[0],
                "model": group["model"].iloc[0],
                **row,
            }
        )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(quantiles: Array, naive: Array | None, first: Figure | None, latest: Figure) -> dict[str, object]:
    row: dict[str, object] = {
        "median": quantiles[_AT[0.5]],
        **{f"low_{name}": quantiles[_AT[low]] for name, (low, _) in BANDS.items()},
        **{f"high_{name}": quantiles[_AT[high]] for name, (_, high) in BANDS.items()},
    }
    if first is not None:
        error = _percent(float(quantiles[_AT[0.5]]), first.value)
        row |= {
            "actual": first.value,
            "actual_known": first.known.isoformat(),
            "error_pct": error,
            "absolute_pct": abs(error),
            "wis": _wis(quantiles, first.value),
            "naive_wis": np.nan if naive is None else _wis(naive, first.value),
            **{f"inside_{name}": float(_held(quantiles, name, first.value)) for name in BANDS},
        }
    return row | {
        "latest": latest.value,
        "latest_known": latest.known.isoformat(),
        "latest_status": latest.status,
        "latest_error_pct": _percent(float(quantiles[_AT[0.5]]), latest.value),
        "latest_wis": _wis(quantiles, latest.value),
        "latest_inside_80": float(_held(quantiles, "80", latest.value)),
    }


def _percent(forecast: float, figure: float) -> float:
    return 100 * (forecast / figure - 1) if figure else float("nan")


def _wis(quantiles: Array, figure: float) -> float:
    return float(interval_score(np.array([figure]), quantiles[None], np.array(LEVELS))[0])


def _held(quantiles: Array, band: str, figure: float) -> bool:
    low, high = BANDS[band]
    return bool(quantiles[_AT[low]] <= figure <= quantiles[_AT[high]])


def track_record(table: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The rows a report prints: of each target its newest year, or newest period where no year was forecast, as each
    edition of another month of data saw it; columns as the report's ``track_record``."""
    columns = [
        "edition",
        "released",
        "series",
        "period",
        "low_80",
        "median",
        "high_80",
        "actual",
        "error_pct",
        "inside_80",
    ]
    done = table[table["actual"].notna() & table["series"].isin(catalogue.targets)]
    parts = []
    for _, mine in done.groupby("series", sort=True):
        years = mine[mine["kind"] == str(Kind.FY)]
        chosen = years if len(years) else mine
        ends = chosen["period"].map(lambda label: Period.parse(str(label)).end)
        newest = chosen[ends == ends.max()].sort_values(["released", "edition"])
        parts.append(newest.drop_duplicates("as_of", keep="last"))
    shown = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return shown.assign(inside_80=shown["inside_80"].astype(float) == 1.0)
