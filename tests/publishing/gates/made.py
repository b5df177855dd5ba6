"""Made-up candidates with as few numbers as a gate needs, so that every message can be told in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue, Expectation, Publication, Series, Source
from forecasting.catalogue.gating import Gates
from forecasting.frames import LEVELS, OBSERVATION_COLUMNS, Observations
from forecasting.periods import Period, span
from forecasting.publishing.candidate import Candidate, Previous
from forecasting.publishing.gates import GATES, View

FAN = np.array([0.5, 0.6, 0.7, 0.85, 1.0, 1.15, 1.3, 1.4, 1.5])  # times the median, one a level
AS_OF, RELEASED = date(2026, 1, 31), date(2026, 2, 1)


def catalogue(gates: Mapping[str, Any] | None = None, **series: Mapping[str, Any]) -> Catalogue:
    """Annual series in tonnes (``a`` unless others are named) with one source each, due 31 days after the year."""
    usual = {
        "title": "made up",
        "unit": "t REO",
        "kind": "CY",
        "side": "supply",
        "sources": ["press"],
        "lag_days": 31,
    }
    records = {
        name.replace("__", "."): Series.model_validate({**usual, **fields})
        for name, fields in (series or {"a": {}}).items()
    }
    source = Source(title="made up", publisher="press", family="press", address="made up", licence="made up")
    publication = Publication(
        critical=(), contact="nobody", licence="none", gates=Gates.model_validate(gates or {}), expected={}
    )
    return Catalogue(Path("made-up"), records, {"press_1": source}, {}, {}, (), publication)


def rows(
    series: str,
    first: str,
    medians: Sequence[float],
    fan: Any = FAN,
    unit: str = "t REO",
    scenario: str = "baseline",
) -> pd.DataFrame:
    """The rows of a forecast: ``fan`` times each median, one fan for all periods or one a period."""
    start = Period.parse(first)
    fans = np.broadcast_to(np.asarray(fan, dtype=float), (len(medians), len(LEVELS)))
    labels = [str(start + step) for step in range(len(medians))]
    return pd.DataFrame(
        {
            "series": series,
            "kind": str(start.kind),
            "period": np.repeat(labels, len(LEVELS)),
            "scenario": scenario,
            "quantile": np.tile(LEVELS, len(medians)),
            "value": (fans * np.asarray(medians, dtype=float)[:, None]).ravel(),
            "unit": unit,
            "model": "made up",
        }
    )


def known(figures: Mapping[str, Mapping[str, float]], on: str = "2026-01-31") -> Observations:
    """Figures by series and period, all known on a day."""
    held = [
        [label, series, float(value), "t REO", "press_1", "actual", pd.Timestamp(on), ""]
        for series, values in figures.items()
        for label, value in values.items()
    ]
    frame = pd.DataFrame(held, columns=list(OBSERVATION_COLUMNS))
    frame["available_at"] = pd.to_datetime(frame["available_at"])
    return Observations(frame)


def years(first: str, values: Sequence[float]) -> dict[str, float]:
    start = Period.parse(first)
    return {str(start + step): value for step, value in enumerate(values)}


def candidate(
    table: pd.DataFrame | Sequence[pd.DataFrame],
    of: Catalogue | None = None,
    figures: Mapping[str, Mapping[str, float]] | None = None,
    **others: Any,
) -> Candidate:
    """A candidate of 1 February 2026; ``figures`` are those it stands on."""
    whole = table if isinstance(table, pd.DataFrame) else pd.concat(list(table), ignore_index=True)
    given: dict[str, Any] = {
        "balance": {},
        "certificates": pd.DataFrame(columns=["series"]),
        "states": {},
        "as_of": AS_OF,
        "released": RELEASED,
        **others,
    }
    return Candidate(table=whole, catalogue=of or catalogue(), known=known(figures or {}), **given)


def after(
    now: Candidate, table: pd.DataFrame | Sequence[pd.DataFrame] | None = None, **others: Any
) -> Candidate:
    """The candidate as the follower of an edition that was the same but for what is named."""
    whole = (
        now.table if table is None else table if isinstance(table, pd.DataFrame) else pd.concat(list(table))
    )
    before = Previous(
        edition="2026-01-01-aaaaaaaa",
        folder=Path("made-up"),
        released=now.released,
        as_of=now.as_of,
        table=whole,
        states=pd.DataFrame(),
        balance=others.get("balance", now.balance),
        known=known(others["figures"]) if "figures" in others else now.known,
    )
    return replace(now, previous=before)


def said(gate: str, made: Candidate) -> list[tuple[str, str, str]]:
    """Severity, series and text of what one gate objects to, in order."""
    return sorted((one.severity, one.series, one.text) for one in GATES[gate](View(made)))


__all__ = ["FAN", "Expectation", "after", "candidate", "catalogue", "known", "rows", "said", "span", "years"]
