"""Every past edition held against what happened since: errors, scores, coverage, and skill against naive.

An edition is scored whether it stands or was superseded, because readers relied on it; a retracted one is not. A
period is scored once its figure is known and was not when the edition was made: it became known after the day of the
edition's data, or was entered later and is not among the figures the edition printed. The score counts against the
*first final* figure (actual or derived), which later changes of definition cannot move; the score against the figure
believed today stands beside it. Where only a provisional figure or an estimate is known, the score against it counts
for nothing yet and stands in the columns of the latest figure alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.data.outturns import Figure, Outturns
from forecasting.data.store import Store
from forecasting.errors import Fault
from forecasting.evaluation.metrics import interval_score
from forecasting.frames import LEVELS, Array, Observations
from forecasting.periods import Kind, Period
from forecasting.publishing.edition import editions, read_manifest
from forecasting.publishing.ledger import edition_damage, ledger
from forecasting.publishing.scorecard.drift import horizon
from forecasting.publishing.scorecard.naive import naive_of, warned

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


def issued(root: Path, tell: Callable[[str], None] = warned) -> list[Issued]:
    """The editions to be scored, oldest first: all but the retracted ones and, told by name, those damaged or lost.

    Raises :class:`~forecasting.errors.DataError` for a damaged audit file.
    """
    known = ledger(root)
    found = []
    for id in sorted({folder.name for folder in editions(root)} | set(known.editions)):
        if id in known.editions and known.editions[id].retracted:
            continue
        if faults := edition_damage(root, id, known):
            tell(
                f"{id} is not scored, it is not as it was published: forecast editions verify {id} ({_first(faults)})"
            )
            continue
        told = read_manifest(root / id)
        days = (date.fromisoformat(str(told[name])) for name in ("released", "as_of"))
        found.append(Issued(root / id, id, *days))
    return sorted(found, key=lambda one: (one.released, one.id))


def _first(faults: Sequence[Fault]) -> str:
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return f"{Path(faults[0].where).name}: {faults[0].found}{more}"


def scores(
    found: Sequence[Issued], store: Store, as_of: date, cache: Path, tell: Callable[[str], None] = warned
) -> pd.DataFrame:
    """One row an edition, series and period that happened by ``as_of``; columns :data:`COLUMNS`.

    ``months_ahead`` counts from the month of the edition's data to the last month of the period. Errors are forecast
    less figure in percent of the figure; ``wis`` is the weighted interval score over the published levels in the unit
    of the series, ``naive_wis`` that of the naive forecast made from the edition's own inputs; ``tell`` is told of
    inputs this version cannot read.
    """
    outturns = Outturns(store.catalogue, store.as_of(as_of))
    parts = [_of_edition(one, store, outturns, as_of, cache, tell) for one in found]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _of_edition(
    one: Issued, store: Store, outturns: Outturns, as_of: date, cache: Path, tell: Callable[[str], None]
) -> pd.DataFrame:
    table = pd.read_csv(one.folder / "forecasts.csv", float_precision="round_trip")
    over = {label: Period.parse(str(label)).end <= as_of for label in table["period"].unique()}
    table = table[table["period"].map(over) & table["series"].isin(list(store.catalogue.series))]
    wide = table.pivot_table(index=["series", "period", "unit", "model"], columns="quantile", values="value")
    if wide.empty or [float(str(level)) for level in wide.columns] != list(LEVELS):
        return pd.DataFrame(columns=list(COLUMNS))
    wide = wide.dropna()
    keys = [tuple(map(str, key)) for key in wide.index]
    seen = _seen(one.folder, store.catalogue)
    happened = [_happened(outturns, seen, key[0], Period.parse(key[1]), one.as_of) for key in keys]
    due = [latest is not None for _, latest in happened]
    keys = [key for key, known in zip(keys, due, strict=True) if known]
    if not keys:
        return pd.DataFrame(columns=list(COLUMNS))
    naive = naive_of(one.folder, one.as_of, store, cache, tell)
    nothing = np.full(len(LEVELS), np.nan)
    yardstick = np.stack([naive.get((key[0], key[1]), nothing) for key in keys])
    found = pd.DataFrame(keys, columns=["series", "period", "unit", "model"]).assign(
        edition=one.id, released=one.released.isoformat(), as_of=one.as_of.isoformat()
    )
    periods = [Period.parse(str(label)) for label in found["period"]]
    month = Period.month(one.as_of.year, one.as_of.month)
    found["kind"] = [str(period.kind) for period in periods]
    found["months_ahead"] = [period.months()[-1] - month for period in periods]
    quantiles = wide[due].to_numpy(dtype=float)
    pairs = [pair for pair, known in zip(happened, due, strict=True) if known]
    return _judged(found, quantiles, yardstick, pairs)[list(COLUMNS)]


def _seen(folder: Path, catalogue: Catalogue) -> Outturns | None:
    """What an edition itself knew, from the figures it printed; None where it printed none."""
    path = folder / "history.csv"
    if not path.is_file():
        return None
    rows = pd.read_csv(path, keep_default_na=False, float_precision="round_trip")
    rows = rows[rows["source"].isin(list(catalogue.sources))]
    return Outturns(catalogue, Observations(rows.assign(available_at=pd.to_datetime(rows["available_at"]))))


def _happened(
    outturns: Outturns, seen: Outturns | None, series: str, period: Period, as_of: date
) -> tuple[Figure | None, Figure | None]:
    """The first final and the latest figure of a period, as far as an edition did not know it."""
    unknown = seen is not None and seen.latest(series, period) is None

    def new(one: Figure | None) -> Figure | None:
        return one if one is not None and (unknown or one.known > as_of) else None

    return new(outturns.first(series, period)), new(outturns.latest(series, period))


def _judged(
    found: pd.DataFrame, quantiles: Array, naive: Array, pairs: Sequence[tuple[Figure | None, Figure | None]]
) -> pd.DataFrame:
    firsts, latests = ([pair[place] for pair in pairs] for place in (0, 1))
    actual, latest = (
        np.array([np.nan if one is None else one.value for one in side]) for side in (firsts, latests)
    )
    levels, median = np.array(LEVELS), quantiles[:, _AT[0.5]]
    judged = found.assign(
        median=median,
        actual=actual,
        actual_known=["" if one is None else one.known.isoformat() for one in firsts],
        error_pct=_percent(median, actual),
        absolute_pct=np.abs(_percent(median, actual)),
        wis=interval_score(actual, quantiles, levels),
        naive_wis=interval_score(actual, naive, levels),
        latest=latest,
        latest_known=["" if one is None else one.known.isoformat() for one in latests],
        latest_status=["" if one is None else one.status for one in latests],
        latest_error_pct=_percent(median, latest),
        latest_wis=interval_score(latest, quantiles, levels),
        latest_inside_80=_held(quantiles, "80", latest),
    )
    for name, (low, high) in BANDS.items():
        judged[f"low_{name}"], judged[f"high_{name}"] = quantiles[:, _AT[low]], quantiles[:, _AT[high]]
        judged[f"inside_{name}"] = _held(quantiles, name, actual)
    return judged


def _percent(forecast: Array, figure: Array) -> Array:
    return np.asarray(100 * (forecast / np.where(figure == 0, np.nan, figure) - 1))


def _held(quantiles: Array, band: str, figure: Array) -> Array:
    """1 where a band held the figure, else 0; NaN where there is none."""
    low, high = (quantiles[:, _AT[level]] for level in BANDS[band])
    return np.where(np.isnan(figure), np.nan, (low <= figure) & (figure <= high))


def track_record(table: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The rows a report prints: of each target its newest year (newest period where no year was forecast), as the
    last edition of each class of horizon saw it; columns as the report's ``track_record``."""
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
        classes = [horizon(int(months)) for months in newest["months_ahead"]]
        parts.append(newest.assign(ahead=classes).drop_duplicates("ahead", keep="last"))
    shown = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return shown.assign(inside_80=shown["inside_80"].astype(float) == 1.0)
