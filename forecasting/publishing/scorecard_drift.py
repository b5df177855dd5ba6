"""The track record in few numbers, and an alarm when it leaves what chance allows.

Forecasts of one series overlap: a shock counts again in every edition and period it reaches. So the binomial limits
are taken for the number of *windows* that do not overlap (from the month of an edition's data to the end of the
period), the most that could be independent, while the rate comes from all figures; the count it amounts to is rounded
towards the nominal one. Across series the windows of the longest series count, as if all moved together. Both make an
alarm rarer than 1 %, never more frequent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting.frames import Array
from forecasting.periods import Period
from forecasting.publishing.candidate import Objection

GATE = "track_record"
ALPHA = 0.01  # two-sided
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


def windows(table: pd.DataFrame) -> int:
    """The most figures whose windows do not overlap; of several series, those of the one with most.

    >>> rows = [("a", "2024-06-30", "2024-07"), ("a", "2024-06-30", "2024-09"), ("a", "2024-07-31", "2024-09")]
    >>> windows(pd.DataFrame(rows, columns=["series", "as_of", "period"]))
    2
    """
    most = 0
    for _, mine in table.groupby("series"):
        spans = sorted(
            (Period.parse(str(period)).months()[-1].ordinal, Period.parse(str(day)[:7]).ordinal)
            for period, day in zip(mine["period"], mine["as_of"], strict=True)
        )
        count, reached = 0, -math.inf
        for end, start in spans:
            if start >= reached:
                count, reached = count + 1, end
        most = max(most, count)
    return most


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row by series, by horizon and by edition, months and years apart; columns :data:`COLUMNS`.

    ``coverage_*`` are shares of figures inside each band, ``absolute_pct`` the median absolute error in percent,
    ``skill`` one less the ratio of the scores to the naive ones (each in units of its figure), ``better`` the share of
    figures on which the naive forecast scored worse. NaN where no yardstick is known.
    """
    done = table[table["actual"].notna()]
    done = done.assign(horizon=[horizon(int(months)) for months in done["months_ahead"]])
    rows = []
    for by in ("series", "horizon", "edition"):
        for (kind, group), mine in done.groupby(["kind", by], sort=True):
            rows.append({"by": by, "group": group, "kind": kind, **_numbers(mine)})
    for kind, mine in done.groupby("kind", sort=True):
        rows.append({"by": ALL, "group": ALL, "kind": kind, **_numbers(mine)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _numbers(mine: pd.DataFrame) -> dict[str, float]:
    judged = mine[mine["naive_wis"].notna() & (mine["actual"] > 0)]
    own, other = (judged[name] / judged["actual"] for name in ("wis", "naive_wis"))
    return {
        "figures": len(mine),
        "windows": windows(mine),
        "absolute_pct": float(mine["absolute_pct"].median()),
        **{f"coverage_{band}": float(mine[f"inside_{band}"].mean()) for band in ("50", "80", "95")},
        "skill": 1 - float(own.sum() / other.sum()) if other.sum() > 0 else np.nan,
        "better": float((judged["wis"] < judged["naive_wis"]).mean()) if len(judged) else np.nan,
    }


def alarms(found: pd.DataFrame) -> list[Objection]:
    """What leaves its limits, by series and over all, as warnings beside the numbers."""
    said = []
    for row in found[found["by"].isin(["series", ALL])].to_dict("records"):
        series = "" if row["by"] == ALL else str(row["group"])
        for text in _alarms(row):
            where = series or "all series together"
            said.append(Objection(GATE, "warn", f"{where} ({row['kind']}): {text}", series))
    return said


def _alarms(row: dict[object, object]) -> Iterator[str]:
    count, figures = int(str(row["windows"])), row["figures"]
    for band in (50, 80, 95):
        share = float(str(row[f"coverage_{band}"]))
        if side := outside(share, count, band / 100):
            what = "narrow" if side < 0 else "wide"
            yield (
                f"the {band}% band held {share:.0%} of {figures} figures, beyond chance at {count} independent "
                f"windows: too {what}"
            )
    better = float(str(row["better"]))
    if np.isfinite(better) and outside(better, count, 0.5) < 0:
        yield (
            f"better than naive on {better:.0%} of {figures} figures, beyond chance at {count} independent windows"
        )


def outside(share: float, count: int, nominal: float) -> int:
    """-1 or 1 when a share of ``count`` independent trials lies below or above its exact binomial limits, else 0.

    >>> outside(0.25, 4, 0.8), outside(0.0, 4, 0.8), outside(0.0, 3, 0.8), outside(1.0, 24, 0.8)
    (0, -1, 0, 1)
    """
    from scipy.stats import binom

    low, high = math.ceil(share * count - 1e-9), math.floor(share * count + 1e-9)
    if binom.cdf(low, count, nominal) <= ALPHA / 2:
        return -1
    if count and binom.sf(high - 1, count, nominal) <= ALPHA / 2:
        return 1
    return 0


def limits(count: int, nominal: float) -> Array:
    """The least and greatest share of ``count`` trials that raises no alarm."""
    shares = np.arange(count + 1) / max(count, 1)
    fine = [share for share in shares if not outside(float(share), count, nominal)]
    return np.array([fine[0], fine[-1]])
