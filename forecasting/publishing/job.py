"""The publishing job: from a release and today's data to an edition, or a reason why not."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting import __version__
from forecasting.balance.joint import Group, published
from forecasting.catalogue import STATUSES, Catalogue
from forecasting.data.store import Store, believed
from forecasting.errors import DataError, HeldBack
from forecasting.evaluation.backtest import Progress, silent, touching, view
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.experiment import Experiment
from forecasting.frames import Forecast, Observations
from forecasting.models import build
from forecasting.models.total import Total
from forecasting.publishing import edition
from forecasting.publishing.gates import objections
from forecasting.publishing.lock import publisher
from forecasting.publishing.release import Release, Released

SCENARIO = "baseline"
COLUMNS = ["series", "kind", "period", "scenario", "quantile", "value", "unit", "model"]
GOLDEN_TOLERANCE = 1e-6  # relative; optimisers differ by less on one machine


@dataclass(frozen=True)
class Facts:
    """Everything a report may say about an edition; see :mod:`forecasting.reports.material`."""

    edition_id: str
    released: date
    as_of: date
    catalogue: Catalogue
    forecasts: pd.DataFrame
    history: pd.DataFrame
    certificates: pd.DataFrame
    provenance: pd.DataFrame
    outlooks: pd.DataFrame
    data_digest: str
    code_version: str


@dataclass(frozen=True)
class Published:
    """The folder of the edition that now is the latest, and whether this run made it."""

    folder: Path
    new: bool


Render = Callable[[Facts], Mapping[str, bytes]]


def publish(
    store: Store,
    release: Release,
    root: Path,
    as_of: date,
    edition_date: date,
    render: Render,
    progress: Progress = silent,
) -> Published:
    """Forecast every released series, pass the gates, and write the edition; unchanged inputs change nothing.

    Raises :class:`HeldBack` when a gate objects (the last edition stays), :class:`DataError` when a recipe no
    longer gives its golden forecast, and the errors of :mod:`forecasting.publishing.edition` when the folder
    cannot be written.
    """
    known = store.as_of(as_of)
    with publisher(root):
        edition.sweep(root)
        key = _key(store, known, release)
        last = edition.latest(root)
        if last is not None and edition.verify(last).get("key") == key:
            return Published(last, new=False)
        table = tabulate(forecast_paths(store, release, as_of, progress))
        said = objections(table, store.catalogue)
        if said:
            lines = [f"{gate}: {'; '.join(texts[:3])} ({len(texts)} in all)" for gate, texts in said.items()]
            raise HeldBack("held back, the last good edition stays:\n  " + "\n  ".join(lines))
        id = f"{edition_date.isoformat()}-{key[:8]}"
        facts = _facts(id, edition_date, as_of, store, known, release, table)
        files = {**_tables(table), **render(facts)}
        manifest = {
            "key": key,
            "as_of": as_of.isoformat(),
            "released": edition_date.isoformat(),
            "status": "ok",
        }
        return Published(edition.write(root, id, files, manifest), new=True)


def _key(store: Store, known: Observations, release: Release) -> str:
    configuration = [
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.catalogue.root.glob("*.*"))
        if path.suffix in (".yaml", ".csv")
    ]
    inputs = [known.digest(), release.digest, __version__, code_digest(), *configuration]
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()


def forecast_paths(
    store: Store, release: Release, as_of: date, progress: Progress = silent
) -> list[Forecast]:
    """The joint sample paths of every published series, as known on a day.

    Months, fiscal years and calendar years are forecasts of their own; draw ``d`` is the same world in all.
    """
    groups = []
    for done, experiment in enumerate(release.experiments):
        progress(done, len(release.experiments))
        groups.append(_group(store, release, experiment, as_of))
    progress(len(release.experiments), len(release.experiments))
    return published(groups, store.catalogue, release.experiments[0].seed)


def _group(store: Store, release: Release, experiment: Experiment, as_of: date) -> Group:
    panel, regressors = view(store, experiment, as_of, None, experiment.end)
    forecasts = []
    for id in experiment.series:
        if id not in release.champions:
            raise DataError(f"{id} has no champion; run: forecast run experiments/{experiment.name}.yaml")
        champion = release.champions[id]
        recipe = champion.recipe
        if isinstance(recipe, Total):
            raise DataError(f"{id} is released as a sum, but {experiment.name} forecasts it on its own")
        pooled = build(recipe.model, recipe.parameters).pooled
        mine = panel if pooled else panel.only(id)
        forecast = recipe.apply(mine, touching(regressors, mine, store)).only(id)
        if mine.digest() == recipe.panel_digest:
            _require_golden(id, champion, forecast)
        forecasts.append(forecast)
    return Group(Forecast.joined(forecasts), panel, release.errors[experiment.name])


def _require_golden(id: str, champion: Released, forecast: Forecast) -> None:
    now = forecast.quantiles()["value"].to_numpy(dtype=float)
    then = champion.golden["value"].to_numpy(dtype=float)
    if len(now) != len(then) or not np.allclose(now, then, rtol=GOLDEN_TOLERANCE, atol=1e-12):
        worst = float(np.max(np.abs(now / then - 1))) if len(now) == len(then) else float("nan")
        raise DataError(
            f"{id}: the recipe of {champion.model} no longer gives its golden forecast (moved by up to {worst:.2%}); "
            "a library or the code has changed: run the experiment again and promote"
        )


def tabulate(forecasts: list[Forecast]) -> pd.DataFrame:
    """The forecast table of an edition, in canonical order, one row a quantile."""
    parts = [f.quantiles().assign(kind=str(f.kind), scenario=SCENARIO) for f in forecasts]
    table = pd.concat(parts, ignore_index=True)
    order = {"month": 0, "FY": 1, "CY": 2}
    table["_kind"] = table["kind"].map(order)
    table = table.sort_values(["series", "_kind", "period", "quantile"], ignore_index=True)
    return table[COLUMNS]


def _tables(table: pd.DataFrame) -> dict[str, bytes]:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return {
        "forecasts.csv": table.to_csv(index=False, lineterminator="\n").encode(),
        "forecasts.parquet": buffer.getvalue(),
    }


def _facts(
    id: str,
    released: date,
    as_of: date,
    store: Store,
    known: Observations,
    release: Release,
    table: pd.DataFrame,
) -> Facts:
    ids = list(dict.fromkeys(table["series"]))
    outlooks = store.catalogue.root / "outlooks.csv"
    return Facts(
        edition_id=id,
        released=released,
        as_of=as_of,
        catalogue=store.catalogue,
        forecasts=table,
        history=_history(store.catalogue, known, ids),
        certificates=_certificates(release),
        provenance=_provenance(store, known, release),
        outlooks=pd.read_csv(outlooks, keep_default_na=False) if outlooks.is_file() else pd.DataFrame(),
        data_digest=known.digest(),
        code_version=__version__,
    )


def _history(catalogue: Catalogue, known: Observations, ids: list[str]) -> pd.DataFrame:
    parts = []
    for id in ids:
        rows = known.of(id).frame
        chosen = believed(known, catalogue, id, STATUSES)
        keys = set(zip(chosen["period"], chosen["source"], chosen["available_at"], strict=True))
        marks = [k in keys for k in zip(rows["period"], rows["source"], rows["available_at"], strict=True)]
        parts.append(rows.assign(kind=str(catalogue.series[id].kind), believed=marks))
    return pd.concat(parts, ignore_index=True)


def _certificates(release: Release) -> pd.DataFrame:
    rows = [
        {
            "series": id,
            "model": c.model,
            **c.record,
            "note": _unjudged(c),
        }
        for id, c in release.champions.items()
    ]
    columns = [
        "series",
        "model",
        "origins",
        "points",
        "coverage_50",
        "coverage_80",
        "coverage_95",
        "mase",
        "crps",
    ]
    return pd.DataFrame(rows).reindex(columns=[*columns, "note"])


def _unjudged(champion: Released) -> str:
    if isinstance(champion.recipe, Total):
        return "the sum of its parts, draw by draw; their backtests stand with them"
    return "" if champion.record else "not backtested: too little history"


def _provenance(store: Store, known: Observations, release: Release) -> pd.DataFrame:
    rows = []
    for id, champion in release.champions.items():
        parts = store.catalogue.series[id].sum_of or (id,)
        sources = {s for part in parts for s in believed(known, store.catalogue, part)["source"]}
        rows.append(
            {
                "series": id,
                "recipe_digest": champion.recipe.digest,
                "run_id": champion.run_id,
                "data_digest": champion.inputs["panel"],
                "sources": json.dumps(sorted(sources)),
            }
        )
    return pd.DataFrame(rows, columns=["series", "recipe_digest", "run_id", "data_digest", "sources"])
