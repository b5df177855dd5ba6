"""A forecast goes on from what was observed and from what the previous edition said."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from forecasting.frames import LEVELS, Array
from forecasting.periods import Period
from forecasting.publishing.gates.view import HIGH, LOW, MIDDLE, Found, Line, View, shared


def _ratios(numbers: Array) -> Array:
    """Each number over the one before it; not a number where either is not above nought."""
    numbers = np.where(numbers > 0, numbers, np.nan)
    return np.asarray(numbers[1:] / numbers[:-1])


def retired(view: View) -> Iterator[Found]:
    """Every series of the previous edition goes on, or somebody says that it is retired.

    One that is a target or has a state must be there whatever anybody says: that is the gate ``complete``.
    """
    before = view.candidate.previous
    wanted = {*view.catalogue.targets, *view.candidate.states, *view.present}
    for series in sorted(set(map(str, before.table["series"])) - wanted if before else ()):
        yield Found("hold", "was in the previous edition, and nothing forecasts it any more", series)


def growth(view: View) -> Iterator[Found]:
    """No year and no period grows or falls by more than the caps, no upper quantile beyond its own.

    Steps may be as wide as those the figures made in their last two years, seasons included.
    """
    limit = view.limits.growth
    for line in view.lines.values():
        per = line.kind.per_year
        past = view.now.of(line.series)
        level, usual = (past.level(per), past.widest(per)) if line in view.own else (float("nan"), 1.0)
        years = _ratios(np.concatenate([[level], line.years(line.median)]))
        for place in np.flatnonzero((years > limit.cap) | (years < limit.floor))[:1]:
            text = (
                f"forecast year {place + 1} from {line.label(place * per)} is {years[place]:.3g} times the year "
                f"before; the limits are {limit.floor:g} and {limit.cap:g}"
            )
            yield Found(limit.severity, text, line.series)
        steps, most = _ratios(line.median), max(limit.step_cap, usual)
        for place in np.flatnonzero((steps > most) | (steps < 1 / most))[:1]:
            text = (
                f"{line.label(place + 1)} is {steps[place]:.3g} times {line.label(place)}; "
                f"the limits are {1 / most:.3g} and {most:.3g}"
            )
            yield Found(limit.severity, text, line.series)
        upper = line.years(line.values[:, HIGH]) / level if level > 0 else np.empty(0)
        for place in np.flatnonzero(upper > limit.upper_cap)[:1]:
            text = (
                f"the 97.5 % quantile of forecast year {place + 1} is {upper[place]:.3g} times the last observed year; "
                f"the limit is {limit.upper_cap:g}"
            )
            yield Found(limit.severity, text, line.series)


def slip(view: View) -> Iterator[Found]:
    """No unit but the catalogue's, and no ratio to the last figures or the previous edition that a slip makes."""
    limit = view.limits.slip
    named = view.candidate.table[["series", "unit"]].drop_duplicates().sort_values(["series", "unit"])
    for series, unit in named.itertuples(index=False):
        entry = view.catalogue.series.get(series)
        if entry is not None and unit != entry.unit:
            yield Found(limit.severity, f"is in {unit!r}, the catalogue says {entry.unit!r}", series)
    for line in view.own:
        level, years = view.now.of(line.series).level(line.kind.per_year), line.years(line.median)
        if len(years):
            factor = _slipped(np.array([years[0] / level]) if level > 0 else np.empty(0), view)
            if factor is not None:
                ratio = years[0] / level
                text = (
                    f"the first forecast year is {ratio:.3g} times the last observed one, "
                    f"as by a slip of {factor[1]:g}"
                )
                yield Found(limit.severity, text, line.series)
    for key, line in view.lines.items():
        before = view.earlier.get(key)
        if before is None:
            continue
        mine, theirs = shared(line, before)
        now, then = line.values[mine][:, MIDDLE:], before.values[theirs][:, MIDDLE:]
        ratios = np.divide(now, then, out=np.ones_like(now), where=then > 0)
        factor = _slipped(ratios, view)
        if factor is not None:
            place, level_at = np.unravel_index(factor[0], ratios.shape)
            text = (
                f"{line.label(mine[place])} quantile {LEVELS[MIDDLE + level_at]:g} is {ratios[place, level_at]:.3g} "
                f"times the previous edition's, as by a slip of {factor[1]:g}"
            )
            yield Found(limit.severity, text, line.series)


def _slipped(ratios: Array, view: View) -> tuple[int, float] | None:
    """The first ratio that is near a factor or its inverse, and the nearest factor."""
    limit = view.limits.slip
    distances = np.full(ratios.size, np.nan)
    sizes = np.abs(np.log10(np.where(ratios > 0, ratios, 1.0))).ravel()
    factors = np.array(limit.factors)
    distances = np.abs(sizes[:, None] - np.log10(factors)[None, :])
    near = np.flatnonzero((distances <= limit.tolerance).any(axis=1))
    if not len(near):
        return None
    return int(near[0]), float(factors[np.argmin(distances[near[0]])])


def jump(view: View) -> Iterator[Found]:
    """Without new data no median leaves the previous edition's 95 % band."""
    limit = view.limits.jump
    for key, line in view.lines.items():
        before = view.earlier.get(key)
        if before is None:
            continue
        mine, theirs = shared(line, before)
        now, low, high = line.median[mine], before.values[theirs, LOW], before.values[theirs, HIGH]
        slack = 1e-9 * np.abs(now)
        out = np.flatnonzero((now < low - slack) | (now > high + slack))
        if len(out) <= limit.allowed:
            continue
        place = out[0]
        news = view.news(line.series)
        text = (
            f"{len(out)} median(s) leave the previous edition's 95 % band, first {line.label(mine[place])}: "
            f"{now[place]:g} is outside {low[place]:g} to {high[place]:g}; "
            f"{'there are new data' if news else 'there are no new data'}, {limit.allowed} allowed"
        )
        yield Found("warn" if news else limit.severity, text, line.series)


def start(view: View) -> Iterator[Found]:
    """The forecast begins after the last figure, and no further from it than past steps went; stale values may not."""
    limit = view.limits.start
    for line in view.own:
        past, state = view.now.of(line.series), view.candidate.states.get(line.series)
        if past.last is None or (state is not None and state.standing == "stale"):
            continue
        first, last = int(line.ordinals[0]), Period(line.kind, past.last)
        gap = first - past.last
        if gap < 1:
            beside = _late_beside(view, line)
            text = f"starts at {line.label(0)} although there is a figure of {last}"
            if beside:
                yield Found("warn", f"{text}: {beside} is forecast with it and has none yet", line.series)
            else:
                yield Found(limit.severity, text, line.series)
            continue
        if gap > 1:
            text = f"starts at {line.label(0)}, {gap} periods after the last figure of {last}"
            yield Found(limit.severity if gap > line.kind.per_year else "warn", text, line.series)
        yield from _distance(view, line, gap)


def _late_beside(view: View, line: Line) -> str:
    """A series whose forecast starts in the same period because its own figures end there; empty when none does."""
    first = int(line.ordinals[0])
    return next(
        (
            other.series
            for other in view.own
            if other.kind is line.kind
            and int(other.ordinals[0]) == first
            and view.now.of(other.series).last == first - 1
        ),
        "",
    )


def _distance(view: View, line: Line, gap: int) -> Iterator[Found]:
    limit, past = view.limits.start, view.now.of(line.series)
    recent = past.ordinals > past.ordinals[-1] - limit.years * line.kind.per_year
    values = np.where(past.values[recent] > 0, past.values[recent], np.nan)
    steps = np.abs(np.diff(np.log(values)))[np.diff(past.ordinals[recent]) == 1]
    steps = steps[np.isfinite(steps)]
    anchor = float(past.values[-1])
    if len(steps) < limit.points or anchor <= 0:
        return
    reach = float(np.exp(np.quantile(steps, limit.quantile) * np.sqrt(gap)))
    low, middle, high = line.values[0, LOW], line.values[0, MIDDLE], line.values[0, HIGH]
    if not (middle > anchor * reach or middle < anchor / reach):
        return
    apart = low > anchor * reach or high < anchor / reach
    text = (
        f"{line.label(0)} is {middle / anchor:.3g} times the last figure; {limit.quantile:.0%} of past changes "
        f"are within a factor of {reach:.3g}{', and so is no part of the 95 % interval' if apart else ''}"
    )
    yield Found(limit.severity if apart else "warn", text, line.series)
