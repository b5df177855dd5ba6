"""Everything a report may say about an edition, and the tables that say it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from forecasting import __version__
from forecasting.catalogue import STATUSES, Catalogue
from forecasting.data.store import Store, believed
from forecasting.frames import Forecast, Observations
from forecasting.models.total import Total
from forecasting.publishing.candidate import State
from forecasting.publishing.ladder import Made
from forecasting.publishing.previous import STATES
from forecasting.publishing.release import Release, Released

SCENARIO = "baseline"
COLUMNS = ["series", "kind", "period", "scenario", "quantile", "value", "unit", "model"]
_RECORD = [
    "origins", "points", "coverage_50", "coverage_80", "coverage_95", "mase", "crps", "naive_mase", "naive_crps",
]  # fmt: skip


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
    series_notes: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


def facts(
    id: str,
    released: date,
    as_of: date,
    store: Store,
    release: Release,
    table: pd.DataFrame,
    balance: Mapping[str, pd.DataFrame],
    made: Mapping[str, Made],
    states: Mapping[str, State],
    reasons: tuple[str, ...],
    notes: Mapping[str, str],
    degraded: bool,
    tables: Mapping[str, pd.DataFrame],
) -> Facts:
    """The facts of an edition; ``reasons`` are what readers must know beside ``notes`` on single series."""
    known = store.as_of(as_of)
    outlooks = store.catalogue.root / "outlooks.csv"
    return Facts(
        edition_id=id,
        released=released,
        as_of=as_of,
        catalogue=store.catalogue,
        forecasts=table,
        history=history(store.catalogue, known, sorted(states)),
        certificates=certificates(release, made, states),
        provenance=_provenance(store, known, release, made, states),
        outlooks=pd.read_csv(outlooks, keep_default_na=False) if outlooks.is_file() else pd.DataFrame(),
        balance=balance,
        data_digest=known.digest(),
        code_version=__version__,
        status="degraded" if degraded else "normal",
        status_reasons=reasons,
        series_notes=notes,
        tables={"states": states_table(states), **tables},
    )


def note(state: State) -> str:
    """How a series stands, in words.

    >>> note(State("a", "stale", "ets", "the champion ets: no answer within 60 s", "2026-10-20-0a1b2c3d"))
    'stale, the values of edition 2026-10-20-0a1b2c3d (ets); the champion ets: no answer within 60 s'
    """
    what = {
        "ok": f"forecast by {state.model}",
        "degraded": f"degraded, published is {state.model}",
        "stale": f"stale, the values of edition {state.vintage} ({state.model})",
        "withheld": "withheld",
    }[state.standing]
    return f"{what}; {state.reason}" if state.reason else what


def states_table(states: Mapping[str, State]) -> pd.DataFrame:
    """Columns ``series, standing, model, reason, vintage``, by series."""
    rows = [
        (one.series, one.standing, one.model, one.reason, one.vintage) for _, one in sorted(states.items())
    ]
    return pd.DataFrame(rows, columns=list(STATES))


def tabulate(forecasts: list[Forecast]) -> pd.DataFrame:
    """The forecast table of an edition, in canonical order, one row a quantile."""
    parts = [f.quantiles().assign(kind=str(f.kind), scenario=SCENARIO) for f in forecasts]
    return ordered(pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS))


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """A forecast table in canonical order: series, kind, period, quantile."""
    ranked = table.assign(_kind=table["kind"].map({"month": 0, "FY": 1, "CY": 2}))
    ranked = ranked.sort_values(["series", "_kind", "period", "quantile"], ignore_index=True)
    return ranked[COLUMNS]


def table_files(table: pd.DataFrame) -> dict[str, bytes]:
    """The forecast table as CSV and Parquet."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    return {
        "forecasts.csv": table.to_csv(index=False, lineterminator="\n").encode(),
        "forecasts.parquet": buffer.getvalue(),
    }


def history(catalogue: Catalogue, known: Observations, ids: list[str]) -> pd.DataFrame:
    """Every known row of some series, ``believed`` on those models may see."""
    parts = []
    for id in ids:
        rows = known.of(id).frame
        chosen = believed(known, catalogue, id, STATUSES)
        keys = set(zip(chosen["period"], chosen["source"], chosen["available_at"], strict=True))
        marks = [k in keys for k in zip(rows["period"], rows["source"], rows["available_at"], strict=True)]
        parts.append(rows.assign(kind=str(catalogue.series[id].kind), believed=marks))
    return pd.concat(parts, ignore_index=True)


def certificates(release: Release, made: Mapping[str, Made], states: Mapping[str, State]) -> pd.DataFrame:
    """The backtest of each champion that was published; whatever took its place has none."""
    rows = []
    for id, champion in release.champions.items():
        state = states[id] if id in states else State(id, "ok", champion.model)
        own = id not in made or made[id].state.standing == "ok"
        if own and state.standing != "withheld":
            row = {"model": champion.model, **champion.record, "note": _unjudged(champion)}
        else:
            row = {"model": state.model, "note": note(state)}
        rows.append({"series": id, **row})
    return pd.DataFrame(rows).reindex(columns=["series", "model", *_RECORD, "note"])


def _unjudged(champion: Released) -> str:
    if isinstance(champion.recipe, Total):
        return "the sum of its parts, draw by draw; their backtests stand with them"
    return "" if champion.record else "not backtested: too little history"


def _provenance(
    store: Store,
    known: Observations,
    release: Release,
    made: Mapping[str, Made],
    states: Mapping[str, State],
) -> pd.DataFrame:
    rows = []
    for id, champion in release.champions.items():
        own = made[id].state.standing == "ok" if id in made else states[id].standing == "ok"
        other = made[id].recipe if id in made and not own else None
        parts = store.catalogue.series[id].sum_of or (id,)
        behind = champion.recipe.series if own else parts
        sources = {s for part in behind for s in believed(known, store.catalogue, part)["source"]}
        rows.append(
            {
                "series": id,
                "recipe_digest": champion.recipe.digest if own else other.digest if other else "",
                "run_id": champion.run_id if own else "",
                "data_digest": champion.inputs["panel"] if own else other.panel_digest if other else "",
                "sources": json.dumps(sorted(sources)),
            }
        )
    return pd.DataFrame(rows, columns=["series", "recipe_digest", "run_id", "data_digest", "sources"])
