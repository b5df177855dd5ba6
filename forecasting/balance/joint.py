"""From the champions' forecasts to what is published: dependence, markets as bounds, sums, fiscal years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.catalogue import Assumption, Catalogue
from forecasting.errors import DataError, PeriodError
from forecasting.frames import Forecast, Panel
from forecasting.models.base import seed_of
from forecasting.models.paths import schaake
from forecasting.periods import Kind

UNIT_VALUE = "magnets.unit_value.850511"  # USD per kg of HS 850511, from the years whose tonnage is sound
TONNES, VALUE = "in.magnets.tonnes.fy", "in.magnets.value.850511"


@dataclass(frozen=True)
class Group:
    """The champions of one experiment: their forecasts over one period range and their aligned past errors.

    ``errors`` has one row an origin and one column a series; ``panel`` is the observed past. ``held`` names the series
    whose paths are final as they are, such as those of an earlier edition: no market rescales them.
    """

    forecast: Forecast
    panel: Panel
    errors: pd.DataFrame
    held: frozenset[str] = frozenset()


def dependent(group: Group, seed: int) -> Forecast:
    """Joint paths: series move together as their past errors did (the Schaake shuffle).

    The order of a series' draws follows from its own past errors in worlds drawn once for the group, so it is the same
    whether or not its siblings could be forecast. With fewer than three aligned origins there is nothing to learn
    dependence from and paths stay independent.
    """
    ids = [id for id in group.forecast.ids if id in group.errors]
    past = group.errors.dropna()
    if not ids or len(past.columns) < 2 or len(past) < 3:
        return group.forecast
    shuffled = schaake(group.forecast.only(*ids), past[ids].to_numpy(dtype=float), seed=seed)
    return replace(
        group.forecast,
        paths=np.stack(
            [shuffled.of(id) if id in ids else group.forecast.of(id) for id in group.forecast.ids]
        ),
    )


def below_market(
    part: Forecast,
    markets: Forecast,
    ceilings: pd.DataFrame,
    catalogue: Catalogue,
    held: frozenset[str] = frozenset(),
) -> Forecast:
    """Paths of a share times paths of its market, so that no draw exceeds the market of the same draw.

    A part was forecast as a share of its ceiling, the completed market known when it was fitted; that share is
    kept and multiplied by the market's own forecast; in months whose market is observed already, by what was observed.
    The paths of ``held`` series are only cut at their market.
    """
    paths = part.paths.copy()
    observed = max(markets.first - part.first, 0)
    window = markets.between(part.first + observed, part.last)
    for s, id in enumerate(part.ids):
        market = catalogue.series[id].within
        if market is None or id not in ceilings:
            continue
        if market not in window.ids:
            raise DataError(f"{id} lies within {market}, which has no forecast; add it to an experiment")
        bound = ceilings[id].loc[[p.ordinal for p in part.periods]].to_numpy(dtype=float)[:, None]
        now = np.repeat(bound[:observed], paths.shape[2], axis=1)
        whole = np.concatenate([now, window.of(market)])
        paths[s] = np.minimum(paths[s], whole) if id in held else np.minimum(paths[s] / bound, 1.0) * whole
    return replace(part, paths=paths)


def sums(forecast: Forecast, catalogue: Catalogue) -> list[Forecast]:
    """The aggregates of the catalogue whose parts are all here, draw by draw."""
    return [
        forecast.total(id, series.sum_of)
        for id, series in catalogue.series.items()
        if series.sum_of and set(series.sum_of) <= set(forecast.ids)
    ]


def with_sums(panel: Panel, catalogue: Catalogue) -> Panel:
    """A panel with the aggregates of its parts added; an aggregate is known where all its parts are."""
    values = panel.values.copy()
    units = dict(panel.units)
    for id, series in catalogue.series.items():
        if series.sum_of and set(series.sum_of) <= set(panel.ids):
            values[id] = panel.values[list(series.sum_of)].sum(axis=1, skipna=False)
            units[id] = series.unit
    return Panel(panel.kind, values, units)


def yearly(forecast: Forecast, panel: Panel, catalogue: Catalogue) -> list[Forecast]:
    """Fiscal- and calendar-year totals of monthly flows; a price has none."""
    flows = [id for id in forecast.ids if "/" not in catalogue.series[id].unit]
    if forecast.kind is not Kind.MONTH or not flows:
        return []
    found = []
    for kind in (Kind.FY, Kind.CY):
        for id in flows:
            try:
                found.append(forecast.only(id).to(kind, panel))
            except PeriodError:
                continue
    return found


def tonnes(value: Forecast, assumptions: Mapping[str, Assumption], seed: int) -> Forecast:
    """Tonnes of HS 850511 by fiscal year: value paths over a unit value drawn from its sound range.

    ``value`` is in USD m; the unit value in USD per kg comes from the assumption register, triangular over the
    years whose published tonnage is credible, one draw a world.
    """
    assumed = assumptions[UNIT_VALUE]
    rng = seed_of(seed, UNIT_VALUE)
    drawn = rng.triangular(assumed.low, assumed.central, assumed.high, value.paths.shape[2])
    paths = value.of(VALUE) * 1e6 / drawn / 1e3
    return Forecast((TONNES,), value.first, paths[None], {TONNES: "t magnet"}, {TONNES: "value / unit value"})


def published(groups: Sequence[Group], catalogue: Catalogue, seed: int) -> list[Forecast]:
    """Every forecast an edition holds, by period kind and range.

    Raises :class:`DataError` when a part has no market forecast to stay below.
    """
    joint = [dependent(group, seed) for group in groups]
    monthly = [forecast for forecast in joint if forecast.kind is Kind.MONTH]
    found: list[Forecast] = []
    for group, forecast in zip(groups, joint, strict=True):
        if group.panel.ceilings is not None:
            markets = _holding(monthly, [catalogue.series[id].within for id in forecast.ids])
            forecast = below_market(forecast, markets, group.panel.ceilings, catalogue, group.held)
        whole = Forecast.joined([forecast, *sums(forecast, catalogue)])
        found.append(whole)
        totals = yearly(whole, with_sums(group.panel, catalogue), catalogue)
        found += totals
        if UNIT_VALUE in catalogue.assumptions:
            found += [
                tonnes(total, catalogue.assumptions, seed)
                for total in totals
                if total.kind is Kind.FY and total.ids == (VALUE,)
            ]
    return found


def _holding(forecasts: Sequence[Forecast], wanted: Sequence[str | None]) -> Forecast:
    names = {name for name in wanted if name is not None}
    for forecast in forecasts:
        if names <= set(forecast.ids):
            return forecast
    raise DataError(f"no experiment forecasts {', '.join(sorted(names))} together; they bound other series")
