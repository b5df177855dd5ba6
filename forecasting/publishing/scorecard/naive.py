"""What a naive forecaster would have said on the day of an edition: the yardstick of its skill.

Months are forecast by last year's month (``seasonal_naive``), years by the last one (``naive``), with the spread of
past changes; sums are sums of paths. A series too short for it has no yardstick.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import structlog

from forecasting.data.store import Store
from forecasting.errors import ForecastingError
from forecasting.evaluation.cache import code_digest
from forecasting.features.panels import believed_panel
from forecasting.frames import LEVELS, Array, Forecast, Panel
from forecasting.models import build
from forecasting.periods import Kind, Period
from forecasting.publishing.edition import MANIFEST
from forecasting.publishing.inputs import INPUTS
from forecasting.publishing.previous import inputs_of

PATHS, SEED = 1000, 1953
_COLUMNS = ["series", "period", *(str(level) for level in LEVELS)]


def warned(what: str) -> None:
    """Tell the log."""
    structlog.get_logger().warning("past editions", what=what)


def naive_of(
    folder: Path, as_of: date, store: Store, cache: Path, tell: Callable[[str], None] = warned
) -> dict[tuple[str, str], Array]:
    """Quantiles at the published levels by series and period, from the inputs of an edition, kept in ``cache``.

    For an edition from before they were held, or whose inputs this version cannot read (``tell`` is told why), from
    the vintages of ``store`` known on its day, which differ only by figures entered later.
    """
    content = (folder / MANIFEST).read_bytes() + code_digest().encode()
    path = _path(cache, content)
    table = _kept(path)
    if table is None:
        with tempfile.TemporaryDirectory(prefix="inputs-") as place:
            inputs, why = inputs_of(folder, Path(place), as_of)
            if inputs is not None:
                table = _said(inputs.store, as_of, _wanted(folder))
                _keep(path, table)
    if table is None:
        if (folder / INPUTS).is_file():
            tell(f"{why}; its naive yardstick is made from the vintages known on its day")
        path = _path(cache, content + store.as_of(as_of).digest().encode())
        table = _kept(path)
    if table is None:
        table = _said(store, as_of, _wanted(folder))
        _keep(path, table)
    values = table[_COLUMNS[2:]].to_numpy(dtype=float)
    return dict(zip(zip(table["series"], table["period"], strict=True), values, strict=True))


def _path(cache: Path, content: bytes) -> Path:
    return cache / f"naive-{hashlib.sha256(content).hexdigest()}.csv"


def _kept(path: Path) -> pd.DataFrame | None:
    """A table kept whole; what was cut off reads as absent."""
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    table = pd.read_csv(io.StringIO(text), float_precision="round_trip")
    sound = text.endswith("\n") and list(table.columns) == _COLUMNS and not table.isna().to_numpy().any()
    return table if sound else None


def _keep(path: Path, table: pd.DataFrame) -> None:
    """Keep a table whole or not at all; a full or locked cache only costs the next run time."""
    draft = path.with_name(f".{path.stem}-{os.getpid()}.csv")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(table.to_csv(index=False, lineterminator="\n").encode())
        draft.replace(path)
    except OSError as error:
        structlog.get_logger().warning("a yardstick was not kept", file=str(path), why=error.strerror)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _wanted(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "forecasts.csv", usecols=["series", "period"]).drop_duplicates()


def _said(store: Store, as_of: date, wanted: pd.DataFrame) -> pd.DataFrame:
    rows: list[list[object]] = []
    for series, group in wanted.groupby("series", sort=True):
        if str(series) not in store.catalogue.series:
            continue
        periods = {Period.parse(str(label)) for label in group["period"]}
        for forecast in naive(store, as_of, str(series), periods):
            values = np.quantile(forecast.of(str(series)), LEVELS, axis=1)
            rows += [
                [series, str(period), *values[:, t]]
                for t, period in enumerate(forecast.periods)
                if period in periods
            ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def naive(store: Store, as_of: date, series: str, periods: Iterable[Period]) -> list[Forecast]:
    """The naive forecast of a series in every kind of period asked for; empty where it refuses."""
    entry = store.catalogue.series[series]
    parts = entry.sum_of or (series,)
    own = [period for period in periods if period.kind is entry.kind]
    if not own:
        return []
    known = store.as_of(as_of)
    model = build("seasonal_naive" if entry.kind is Kind.MONTH else "naive", {})
    try:
        panel = believed_panel(known, store.catalogue, parts)
        if set(panel.ids) != set(parts):
            return []
        forecast = model.fit(panel).predict(max(own), paths=PATHS, seed=SEED)
        whole = forecast if len(parts) == 1 else forecast.total(series, parts)
        found = [whole]
        history = panel if len(parts) == 1 else _summed(panel, series, parts)
        kinds = {period.kind for period in periods} - {entry.kind}
        return found + [whole.to(kind, history) for kind in sorted(kinds)]
    except ForecastingError:
        return []


def _summed(panel: Panel, series: str, parts: Iterable[str]) -> Panel:
    total = panel.values[list(parts)].sum(axis=1, skipna=False).to_frame(series)
    return Panel(panel.kind, total, {series: next(iter(panel.units.values()))})
