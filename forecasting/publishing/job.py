"""The publishing job: from a release and today's data to an edition, or a reason why not."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from forecasting import __version__
from forecasting.balance.tables import open_balance, tables
from forecasting.catalogue import STATUSES, Catalogue
from forecasting.data.sanity import require_sane
from forecasting.data.store import Store, believed
from forecasting.errors import HeldBack
from forecasting.evaluation.backtest import Progress, silent
from forecasting.frames import Forecast, Observations
from forecasting.models.total import Total
from forecasting.publishing import edition
from forecasting.publishing.gates import objections
from forecasting.publishing.lock import publisher
from forecasting.publishing.paths import joint_paths
from forecasting.publishing.release import Release, Released

SCENARIO = "baseline"
COLUMNS = ["series", "kind", "period", "scenario", "quantile", "value", "unit", "model"]


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
    balance: Mapping[str, pd.DataFrame]
    data_digest: str
    code_version: str
    status: str
    status_reasons: tuple[str, ...]


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
    cache: Path,
    progress: Progress = silent,
) -> Published:
    """Forecast every released series, pass the gates, and write the edition; unchanged inputs change nothing.

    Raises :class:`HeldBack` when a gate objects (the last edition stays), :class:`DataError` when a recipe no
    longer gives its golden forecast, and the errors of :mod:`forecasting.publishing.edition` when the folder
    cannot be written.
    """
    require_sane(store.observations.frame, store.catalogue)
    known = store.as_of(as_of)
    with publisher(root):
        edition.sweep(root)
        key = _key(store, known, release)
        last = edition.latest(root)
        if last is not None and edition.verify(last).get("key") == key:
            return Published(last, new=False)
        forecasts = joint_paths(store, release, as_of, cache, progress)
        table = tabulate(forecasts)
        said = objections(table, store.catalogue)
        if said:
            lines = [f"{gate}: {'; '.join(texts[:3])} ({len(texts)} in all)" for gate, texts in said.items()]
            raise HeldBack("held back, the last good edition stays:\n  " + "\n  ".join(lines))
        id = f"{edition_date.isoformat()}-{key[:8]}"
        seed = release.experiments[0].seed
        balance = open_balance(store.catalogue, known, forecasts, seed, edition_date)
        found = tables(balance, store.catalogue, known, forecasts, edition_date)
        facts = _facts(id, edition_date, as_of, store, known, release, table, found)
        files = {**_tables(table, found), **render(facts)}
        manifest = {
            "key": key,
            "as_of": as_of.isoformat(),
            "released": edition_date.isoformat(),
            "status": facts.status,
            "status_reasons": list(facts.status_reasons),
            "observations_sha256": known.digest(),
        }
        return Published(edition.write(root, id, files, manifest), new=True)


def _key(store: Store, known: Observations, release: Release) -> str:
    root = store.catalogue.root
    package = Path(__file__).resolve().parents[1]
    files = [
        *(path for path in sorted(root.glob("*.*")) if path.suffix in (".yaml", ".csv")),
        *sorted((root / "scenarios").glob("*.yaml")),
        *(path for path in sorted(package.rglob("*")) if path.is_file() and path.suffix != ".pyc"),
    ]
    configuration = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    inputs = [known.digest(), release.digest, __version__, *configuration]
    return hashlib.sha256("\n".join(inputs).encode()).hexdigest()


def shortcomings(catalogue: Catalogue, as_of: date, released: date) -> tuple[str, ...]:
    """What readers must be told beside the numbers: data older than the declared limit in days."""
    age, limit = (released - as_of).days, catalogue.publication.gates.freshness.stale_days
    if age <= limit:
        return ()
    return (
        f"No figure became known after {as_of}, {age} days before the release; the limit is {limit}.",
    )


def tabulate(forecasts: list[Forecast]) -> pd.DataFrame:
    """The forecast table of an edition, in canonical order, one row a quantile."""
    parts = [f.quantiles().assign(kind=str(f.kind), scenario=SCENARIO) for f in forecasts]
    table = pd.concat(parts, ignore_index=True)
    order = {"month": 0, "FY": 1, "CY": 2}
    table["_kind"] = table["kind"].map(order)
    table = table.sort_values(["series", "_kind", "period", "quantile"], ignore_index=True)
    return table[COLUMNS]


def _tables(table: pd.DataFrame, balance: Mapping[str, pd.DataFrame]) -> dict[str, bytes]:
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return {
        "forecasts.csv": _csv(table),
        "forecasts.parquet": buffer.getvalue(),
        **{f"balance/{name}.csv": _csv(one) for name, one in balance.items()},
    }


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _facts(
    id: str,
    released: date,
    as_of: date,
    store: Store,
    known: Observations,
    release: Release,
    table: pd.DataFrame,
    balance: Mapping[str, pd.DataFrame],
) -> Facts:
    ids = list(dict.fromkeys(table["series"]))
    outlooks = store.catalogue.root / "outlooks.csv"
    reasons = shortcomings(store.catalogue, as_of, released)
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
        balance=balance,
        data_digest=known.digest(),
        code_version=__version__,
        status="degraded" if reasons else "normal",
        status_reasons=reasons,
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
