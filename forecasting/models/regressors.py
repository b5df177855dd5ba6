"""Which regressors a sample can tell something about; the rest are left out rather than guessed."""

from __future__ import annotations

import numpy as np

from forecasting.frames import Array, Panel
from forecasting.periods import Period

OBSERVATIONS_PER_REGRESSOR = 10
OBSERVATIONS_EACH_SIDE = 3
SEEN_SHARE = 0.5


def usable_regressors(
    covariates: Panel | None, first: Period, z: Array
) -> tuple[tuple[str, ...], Array | None]:
    """Names and columns of the covariates whose effect on a sample can be estimated.

    ``z`` is the sample (NaN in gaps) and ``first`` its first period; the columns run from ``first`` to the
    end of the covariates. A column is kept when it is known over the whole sample; differs from its most
    common value in at least 3 observations; has shown at least half of its whole known range, so that a
    policy still ramping up is not extrapolated from its first months; and is no combination of columns
    already kept. There is at most one for every 10 observations, those that varied most first.

    >>> from forecasting.periods import Kind
    >>> import pandas as pd
    >>> months = pd.RangeIndex(24300, 24330)
    >>> step = pd.DataFrame({"event.ban": (months >= 24310) * 1.0, "event.none": 0.0}, index=months)
    >>> names, rows = usable_regressors(Panel(Kind.MONTH, step), Period(Kind.MONTH, 24300), np.arange(20.0))
    >>> names, rows.shape
    (('event.ban',), (30, 1))
    """
    if covariates is None:
        return (), None
    end = max(int(covariates.values.index[-1]), first.ordinal + len(z) - 1)
    rows = covariates.values.reindex(range(first.ordinal, end + 1))
    observed = np.isfinite(z)
    candidates: list[tuple[float, str, Array]] = []
    for name in sorted(str(column) for column in rows.columns):
        column = rows[name].to_numpy(dtype=float)
        past = column[: len(z)]
        if not np.isfinite(past).all():
            continue
        seen = past[observed]
        counts = np.unique(seen, return_counts=True)[1]
        whole = float(np.nanmax(column) - np.nanmin(column))
        if len(seen) - counts.max() < OBSERVATIONS_EACH_SIDE or np.ptp(seen) < SEEN_SHARE * whole:
            continue
        candidates.append((-float(np.std(seen)) / whole, name, column))
    kept: list[tuple[str, Array]] = []
    basis = np.ones((int(observed.sum()), 1))
    for _, name, column in sorted(candidates, key=lambda one: one[:2]):
        if len(kept) >= int(observed.sum()) // OBSERVATIONS_PER_REGRESSOR:
            break
        wider = np.column_stack([basis, column[: len(z)][observed]])
        if np.linalg.matrix_rank(wider) == wider.shape[1]:
            basis = wider
            kept.append((name, column))
    if not kept:
        return (), None
    kept.sort(key=lambda one: one[0])
    return tuple(name for name, _ in kept), np.column_stack([column for _, column in kept])
