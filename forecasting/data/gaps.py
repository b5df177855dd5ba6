"""Gaps whose sum is known: months nobody printed inside a year whose total somebody did.

A gap is never filled as an observation. What is known about it is a :class:`Constraint`, which models may use:
:func:`constrain` conditions their joint draws on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.catalogue import Catalogue
from forecasting.data.store import believed
from forecasting.data.sums import YEARS, year_sums
from forecasting.errors import DataError
from forecasting.frames import Array, Observations
from forecasting.periods import Kind, Period

LEAST_SLACK = 0.002  # of the year: totals and months never agree better than rounding and late registrations
NORMAL = 1.4826  # a standard deviation over a median absolute deviation
DOUBTED_SLACK = 0.02  # of the year, where no year is whole in both and nothing can be learnt


@dataclass(frozen=True)
class Constraint:
    """What is known about the missing months of a series: together they are ``total``, give or take ``slack``.

    ``year`` is the year whose stated total (by ``source``) leaves this residual; ``slack`` is one standard
    deviation, in the series' unit, learnt from the years in which both months and total are known.
    """

    series: str
    periods: tuple[Period, ...]
    total: float
    slack: float
    year: Period
    source: str


def gaps(observations: Observations, catalogue: Catalogue, series: str) -> list[Period]:
    """The periods without a believed figure between a series' first and its last one."""
    labels = believed(observations, catalogue, series)["period"]
    if labels.empty:
        return []
    known = {Period.parse(label).ordinal for label in labels}
    kind = catalogue.series[series].kind
    return [Period(kind, ordinal) for ordinal in range(min(known), max(known)) if ordinal not in known]


def constraints(observations: Observations, catalogue: Catalogue, series: str) -> list[Constraint]:
    """Everything stated totals say about the gaps of a monthly series: longest gaps first, the surest first.

    Pass ``observations.as_of(day)`` to know no more than was known on a day. A residual that is not positive
    contradicts the months and gives no constraint. Raises :class:`DataError` for an unknown series.
    """
    if series not in catalogue.series:
        raise DataError(f"unknown series {series!r}; see forecast data list")
    stated_by = any(series + suffix in catalogue.series for suffix in YEARS)
    if catalogue.series[series].kind is not Kind.MONTH or not stated_by:
        return []
    missing = gaps(observations, catalogue, series)
    rows = believed(observations, catalogue, series)
    months = {
        Period.parse(label).ordinal: float(value)
        for label, value in zip(rows["period"], rows["value"], strict=True)
    }
    found: list[Constraint] = []
    for suffix, kind in YEARS.items():
        stated = series + suffix
        if stated not in catalogue.series or catalogue.series[stated].unit != catalogue.series[series].unit:
            continue
        totals = believed(observations, catalogue, stated)
        known = {
            Period.parse(str(label)): (float(value), str(source))
            for label, value, source in zip(totals["period"], totals["value"], totals["source"], strict=True)
        }
        slack = _slack(months, {year: value for year, (value, _) in known.items()}, kind)
        for year, (value, source) in sorted(known.items(), key=lambda item: item[0].ordinal):
            absent = tuple(month for month in year.months() if month in missing)
            present = [month for month in year.months() if month.ordinal in months]
            if not absent or len(absent) + len(present) < 12:
                continue
            residual = value - sum(months[month.ordinal] for month in present)
            if residual > 0:
                found.append(Constraint(series, absent, residual, slack * value, year, source))
    return sorted(found, key=lambda one: (-len(one.periods), one.slack))


def _slack(months: dict[int, float], totals: dict[Period, float], kind: Kind) -> float:
    """How far totals stray from the sums of their months, as a share; from the years in which both are known."""
    sums = year_sums(months, kind)
    ratios = [
        value / sums[year.ordinal] - 1 for year, value in totals.items() if sums.get(year.ordinal, 0) > 0
    ]
    if not ratios:
        return DOUBTED_SLACK
    return max(NORMAL * float(np.median(np.abs(ratios))), LEAST_SLACK)


def constrain(paths: Array, total: float, *, slack: float = 0.0, seed: int = 0) -> Array:
    """Joint draws of some periods, conditioned on their sum.

    ``paths`` is (periods, draws) and nowhere negative; ``total`` what the periods add up to, give or take ``slack``
    (one standard deviation). Each draw is moved along the covariance of the periods with their sum (exact for
    normal draws); a draw that would turn negative is scaled to the sum instead. Nothing is filled in: the result
    is as uncertain as the split of the total is.

    Raises :class:`DataError` for a total that is not positive, negative draws, or draws that are all nought.

    >>> draws = np.random.default_rng(1).gamma(9.0, 10.0, (3, 2000))
    >>> held = constrain(draws, 300.0)
    >>> bool(np.allclose(held.sum(axis=0), 300.0)), bool(held.std(axis=1).min() > 10)
    (True, True)
    """
    if not total > 0 or slack < 0:
        raise DataError(
            f"a total of {total:g} with a slack of {slack:g} constrains nothing; both must be sound"
        )
    if (paths < 0).any() or not np.isfinite(paths).all():
        raise DataError("draws to be constrained must be finite and not negative")
    sums = paths.sum(axis=0)
    if (sums <= 0).any():
        raise DataError("a draw of nought everywhere cannot be scaled to a total")
    count = paths.shape[1]
    noise = np.random.default_rng(seed).standard_normal(count) * slack
    variance = float(sums.var())
    if variance > 0:
        share = ((paths - paths.mean(axis=1, keepdims=True)) * (sums - sums.mean())).mean(axis=1) / variance
        gain = variance / (variance + slack**2)
        moved: Array = paths + np.outer(share, gain * (total + noise - sums))
    else:
        moved = np.full_like(paths, -1.0)
    wanted = sums + (variance / (variance + slack**2) if variance > 0 else 1.0) * (total + noise - sums)
    scaled: Array = paths * (np.maximum(wanted, total * 1e-6) / sums)
    return np.where((moved < 0).any(axis=0), scaled, moved)
