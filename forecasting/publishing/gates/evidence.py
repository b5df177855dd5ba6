"""A band carries its certificate: realised coverage within its limits, and a champion no worse than naive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np

from forecasting.publishing.gates.view import Found, View

COVERAGES = {"coverage_50": 0.5, "coverage_80": 0.8, "coverage_95": 0.95}


def _certificates(view: View) -> Mapping[str, dict[str, Any]]:
    table = view.candidate.certificates
    rows = [{str(key): cell for key, cell in row.items()} for row in table.to_dict("records")]
    return {str(row["series"]): row for row in rows}


def _number(row: Mapping[str, Any], name: str) -> float:
    cell = row.get(name)
    return float(cell) if isinstance(cell, Real) else float("nan")


def coverage(view: View) -> Iterator[Found]:
    """Every forecast has a certificate, with coverage within the binomial limits of its origins or why there is none.

    Errors of one origin stand or fall together, so an origin counts once, however many periods were judged from it.
    """
    from scipy.stats import binom

    limit = view.limits.coverage
    rows = _certificates(view)
    for series in sorted(view.present):
        row = rows.get(series)
        target = series in view.catalogue.targets
        if row is None:
            yield Found("block" if target else "warn", "has no certificate of coverage", series)
            continue
        measured = {name: value for name in COVERAGES if np.isfinite(value := _number(row, name))}
        if not measured and not str(row.get("note") or "").strip():
            yield Found("block", "its certificate has neither coverage nor the reason why", series)
            continue
        origins = _number(row, "origins")
        for name, realised in measured.items():
            if not 0 <= realised <= 1 or not origins >= 1:
                yield Found(
                    "block", f"its certificate has {name} {realised:g} from {origins:g} origins", series
                )
                continue
            tail = (1 - limit.confidence) / 2
            low, high = (
                float(q) / origins for q in binom.ppf([tail, 1 - tail], int(origins), COVERAGES[name])
            )
            if not low <= realised <= high:
                text = (
                    f"{COVERAGES[name]:.0%} bands covered {realised:.1%} in {origins:g} origins; "
                    f"{limit.confidence:.0%} limits are {low:.1%} to {high:.1%}"
                )
                yield Found(limit.severity, text, series)


def skill(view: View) -> Iterator[Found]:
    """No champion scored worse in its backtest than the naive model, where both were judged on the same origins."""
    limit = view.limits.skill
    rows = _certificates(view)
    for series in sorted(view.present & set(rows)):
        for name in ("crps", "mase"):
            mine, naive = _number(rows[series], name), _number(rows[series], f"naive_{name}")
            if mine > naive * (1 + limit.worse_by):
                text = (
                    f"{name.upper()} {mine:.3g} is worse than {naive:.3g} of the naive model; "
                    f"{limit.worse_by:.0%} more is allowed"
                )
                yield Found(limit.severity, text, series)
                break
