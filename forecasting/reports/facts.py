"""Reads the material series by series, in types instead of rows: fans, observations and their yearly sums."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pandas as pd

from forecasting.catalogue import Series
from forecasting.errors import PeriodError
from forecasting.periods import Kind, Period
from forecasting.reports.format import NOT_SUMMABLE
from forecasting.reports.material import Material

Quantiles = dict[float, float]


@dataclass(frozen=True)
class Observed:
    """One observation as the report shows it."""

    period: Period
    value: float
    status: str
    source: str
    note: str


@dataclass(frozen=True)
class SeriesFacts:
    """What one edition knows of one series."""

    id: str
    series: Series
    fans: dict[Kind, dict[Period, Quantiles]]
    believed: dict[Kind, dict[Period, Observed]]
    rivals: tuple[Observed, ...]
    model: str

    @property
    def chart_kind(self) -> Kind:
        """The kind the chart is drawn in: the series' own when there is anything to draw."""
        own = self.series.kind
        if own in self.fans or own in self.believed:
            return own
        return next(iter([*self.fans, *self.believed]), own)

    @property
    def headline_kind(self) -> Kind:
        """The kind the headline is told in: whole years before months."""
        return next((kind for kind in (Kind.FY, Kind.CY) if kind in self.fans), self.chart_kind)

    @property
    def headline_period(self) -> Period | None:
        """The last forecast period of 2030, or the last one when the horizon ends sooner."""
        periods = sorted(self.fans.get(self.headline_kind, {}))
        of_2030 = [p for p in periods if p.year == 2030]
        chosen = of_2030 or periods
        return chosen[-1] if chosen else None

    def last(self, kind: Kind) -> Observed | None:
        """The last observation a forecast may be compared with: targets and carried figures are not one."""
        usable = [
            o for o in self.believed.get(kind, {}).values() if o.status not in ("target", "carried_forward")
        ]
        return max(usable, key=lambda o: o.period, default=None)


def series_facts(material: Material, id: str) -> SeriesFacts:
    """Everything the material holds about one series."""
    series = material.catalogue.series[id]
    fans: dict[Kind, dict[Period, Quantiles]] = {}
    rows = material.forecasts
    rows = rows[(rows["series"] == id) & (rows["scenario"] == material.scenario)]
    for label, quantile, value in zip(rows["period"], rows["quantile"], rows["value"], strict=True):
        period = Period.parse(str(label))
        fans.setdefault(period.kind, {}).setdefault(period, {})[round(float(quantile), 4)] = float(value)
    own = rows[rows["kind"].astype(str) == series.kind.value]
    models = list(dict.fromkeys(map(str, (own if len(own) else rows)["model"])))

    believed: dict[Kind, dict[Period, Observed]] = {}
    rivals = []
    history = material.history
    history = history[(history["series"] == id) & history["value"].notna()]
    for row in history.sort_values(["period", "source", "available_at"]).to_dict("records"):
        period = Period.parse(str(row["period"]))
        note = "" if pd.isna(row["note"]) else str(row["note"])
        one = Observed(period, float(row["value"]), str(row["status"]), str(row["source"]), note)
        if row["believed"]:
            believed.setdefault(period.kind, {})[period] = one
        else:
            rivals.append(one)
    for kind in (Kind.FY, Kind.CY):
        if kind in fans and kind not in believed and series.unit not in NOT_SUMMABLE:
            sums = _year_sums(believed.get(Kind.MONTH, {}), kind)
            if sums:
                believed[kind] = sums
    latest_first = sorted(rivals, key=lambda o: (o.period.end, o.source), reverse=True)
    return SeriesFacts(id, series, fans, believed, tuple(latest_first), ", ".join(models))


def _year_sums(months: dict[Period, Observed], kind: Kind) -> dict[Period, Observed]:
    """Sums of the years whose twelve months are all observed; a year is as good as its worst month."""
    years: dict[Period, Observed] = {}
    for year in sorted({month.to(kind) for month in months}):
        members = [months.get(month) for month in year.months()]
        known = [m for m in members if m is not None and m.status not in ("target", "carried_forward")]
        if len(known) == 12:
            status = "provisional" if any(m.status == "provisional" for m in known) else "derived"
            sources = ", ".join(sorted({m.source for m in known}))
            years[year] = Observed(year, sum(m.value for m in known), status, sources, "sum of twelve months")
    return years


def decimal_year(day: date) -> float:
    """A day as a fraction of its year, for the time axis."""
    start = date(day.year, 1, 1)
    return day.year + (day - start).days / (date(day.year + 1, 1, 1) - start).days


def middle(period: Period) -> float:
    """Where a period stands on the time axis: the middle of its days."""
    return round((decimal_year(period.start) + decimal_year(period.end)) / 2, 4)


def periods_of(labels: Iterable[object]) -> list[Period | None]:
    """Periods of labels that may be anything (published outlooks are free with theirs)."""
    found: list[Period | None] = []
    for label in labels:
        try:
            found.append(Period.parse(str(label)))
        except PeriodError:
            found.append(None)
    return found
