"""The track record in few numbers, and an alarm when it leaves what chance allows.

Forecasts of one series overlap: a shock counts again in every edition and period it reaches. So each test takes only
figures whose *windows* (from the month of an edition's data to the end of the period) do not overlap, picked by their
dates alone: one series, its own kind of period, one class of horizons. Of those, the number inside a band is held
against the exact binomial limits, two-sided at 1 %, and the number on which the naive forecast scored worse against
those of a fair coin. The number of tests stands with the alarms, as one in a hundred is beyond its limits by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting.catalogue import Catalogue
from forecasting.periods import Period
from forecasting.publishing.candidate import Objection

GATE = "track_record"
ALPHA = 0.01  # two-sided
BANDS = (50, 80, 95)
HORIZONS = (
    (3, "up to 3 months"),
    (12, "4 to 12 months"),
    (24, "13 to 24 months"),
    (10_000, "beyond 24 months"),
)
ALL = "all"
COLUMNS = (
    "by", "group", "kind", "figures", "windows", "absolute_pct", "coverage_50", "coverage_80", "coverage_95", "skill",
    "better",
)  # fmt: skip


def horizon(months: int) -> str:
    """The class of a horizon.

    >>> horizon(3), horizon(13)
    ('up to 3 months', '13 to 24 months')
    """
    return next(name for most, name in HORIZONS if months <= most)


def apart(table: pd.DataFrame) -> pd.DataFrame:
    """The most figures whose windows do not overlap, those that end first chosen first; of one series.

    >>> rows = [("2024-06-30", "2024-07"), ("2024-06-30", "2024-09"), ("2024-07-31", "2024-09")]
    >>> apart(pd.DataFrame(rows, columns=["as_of", "period"])).index.tolist()
    [0, 2]
    """
    spans = sorted(
        (Period.parse(str(period)).months()[-1].ordinal, Period.parse(str(day)[:7]).ordinal, place)
        for place, (period, day) in enumerate(zip(table["period"], table["as_of"], strict=True))
    )
    chosen, reached = [], -math.inf
    for end, start, place in spans:
        if start >= reached:
            chosen.append(place)
            reached = end
    return table.iloc[chosen]


def windows(table: pd.DataFrame) -> int:
    """How many windows do not overlap; of several series, those of the one with most."""
    return max((len(apart(mine)) for _, mine in table.groupby("series")), default=0)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row by series, by horizon and by edition, months and years apart; columns :data:`COLUMNS`.

    ``coverage_*`` are shares of figures inside each band, ``absolute_pct`` the median absolute error in percent,
    ``skill`` one less the geometric mean of the ratios of the scores to the naive ones, which a few wild naive bands
    cannot carry (the relative skill of the forecast hubs), ``better`` the share of figures on which the naive forecast
    scored worse. NaN where no yardstick is known.
    """
    done = table[table["actual"].notna()]
    done = done.assign(horizon=[horizon(int(months)) for months in done["months_ahead"]])
    rows = []
    for by in ("series", "horizon", "edition"):
        rank = {name: place for place, (_, name) in enumerate(HORIZONS)}
        groups = sorted(
            done.groupby(["kind", by]),
            key=lambda one: (str(one[0][0]), rank.get(str(one[0][1]), 0), str(one[0][1])),
        )
        for (kind, group), mine in groups:
            rows.append({"by": by, "group": group, "kind": kind, **_numbers(mine)})
    for kind, mine in done.groupby("kind", sort=True):
        rows.append({"by": ALL, "group": ALL, "kind": kind, **_numbers(mine)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _numbers(mine: pd.DataFrame) -> dict[str, float]:
    judged = mine[(mine["naive_wis"] > 0) & (mine["wis"] > 0)]
    ratios = np.log((judged["wis"] / judged["naive_wis"]).to_numpy(dtype=float))
    return {
        "figures": len(mine),
        "windows": windows(mine),
        "absolute_pct": float(mine["absolute_pct"].median()),
        **{f"coverage_{band}": float(mine[f"inside_{band}"].mean()) for band in ("50", "80", "95")},
        "skill": 1 - float(np.exp(ratios.mean())) if len(judged) else np.nan,
        "better": float((judged["wis"] < judged["naive_wis"]).mean()) if len(judged) else np.nan,
    }


def alarms(table: pd.DataFrame, catalogue: Catalogue) -> list[Objection]:
    """What leaves its limits, as warnings beside the numbers: one a finding, and one with the number of tests."""
    said, tests = [], 0
    for series, kind, name, mine in _classes(table, catalogue):
        found = apart(mine)
        for text in _alarms(found):
            said.append(Objection(GATE, "warn", f"{name}, {kind}: {text}", series))
        tests += len(BANDS) + 1
    if said:
        whole = (
            f"{len(said)} of {tests} tests of past editions leave their 1% limits, {tests / 100:g} by chance"
        )
        said.append(Objection(GATE, "warn", whole))
    return said


def _classes(table: pd.DataFrame, catalogue: Catalogue) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """The figures of each series in its own kind of period, by class of horizon."""
    done = table[table["actual"].notna()]
    own = [str(catalogue.series[id].kind) for id in done["series"]]
    done = done[done["kind"] == own]
    classes = [horizon(int(months)) for months in done["months_ahead"]]
    for (series, kind, name), mine in done.groupby(
        ["series", "kind", pd.Series(classes, done.index)], sort=True
    ):
        yield str(series), str(kind), str(name), mine


def _alarms(found: pd.DataFrame) -> Iterator[str]:
    for band in BANDS:
        held = int(found[f"inside_{band}"].sum())
        if side := outside(held, len(found), band / 100):
            what = "narrow" if side < 0 else "wide"
            yield f"the {band}% band held {held} of {len(found)} independent figures: too {what}"
    judged = found[found["naive_wis"].notna()]
    better = int((judged["wis"] < judged["naive_wis"]).sum())
    if outside(better, len(judged), 0.5) < 0:
        yield f"better than naive on only {better} of {len(judged)} independent figures"


def outside(count: int, trials: int, nominal: float) -> int:
    """-1 or 1 when a count lies below or above its exact two-sided binomial limits, else 0.

    >>> outside(1, 4, 0.8), outside(0, 4, 0.8), outside(0, 3, 0.8), outside(24, 24, 0.8)
    (0, -1, 0, 1)
    """
    from scipy.stats import binom

    if trials and binom.cdf(count, trials, nominal) <= ALPHA / 2:
        return -1
    return 1 if trials and binom.sf(count - 1, trials, nominal) <= ALPHA / 2 else 0
