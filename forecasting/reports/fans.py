"""Fan charts as data: what is drawn, with which events and rivals, and the text that replaces it."""

from __future__ import annotations

import pandas as pd

from forecasting.periods import Kind, Period
from forecasting.reports import tables
from forecasting.reports.facts import SeriesFacts, decimal_year, middle, periods_of
from forecasting.reports.format import Numbers, day_text, period_text, unit_short
from forecasting.reports.material import Material
from forecasting.reports.model import Chart, EventMark, FanPoint, Mark
from forecasting.reports.words import STATUS_WORDS

FIRST_MONTH = Period.parse("2019-01")
RIVAL_LINES = 4


def chart_of(material: Material, facts: SeriesFacts, numbers: Numbers, mark: str = "") -> Chart | None:
    """The chart of a series as data, or nothing when there is nothing to draw; ``mark`` stands across its fan."""
    kind, series = facts.chart_kind, facts.series
    seen, fans = facts.believed.get(kind, {}), facts.fans.get(kind, {})
    shown = [seen[p] for p in sorted(seen) if kind is not Kind.MONTH or p >= FIRST_MONTH]
    shown = shown or [seen[p] for p in sorted(seen)]
    if not shown and not fans:
        return None
    believed = tuple(Mark(middle(o.period), str(o.period), o.value, o.status, o.source) for o in shown)
    fan = tuple(FanPoint(middle(p), str(p), tuple(sorted(fans[p].items()))) for p in sorted(fans))
    xs = [m.x for m in believed] + [p.x for p in fan]
    low, high = min(xs), max(xs)
    rivals: dict[str, list[Mark]] = {}
    for rival in facts.rivals:
        if rival.period.kind is kind and low <= middle(rival.period) <= high:
            one = Mark(middle(rival.period), str(rival.period), rival.value, rival.status, rival.source)
            rivals.setdefault(rival.source, []).append(one)
    longest = sorted(rivals, key=lambda source: (-len(rivals[source]), source))[:RIVAL_LINES]
    lines = tuple((source, tuple(sorted(rivals[source], key=lambda m: m.x))) for source in sorted(longest))
    events = [
        e for e in material.catalogue.touching(facts.id).values() if low <= decimal_year(e.date) <= high
    ]
    letters = [chr(ord("a") + i % 26) * (1 + i // 26) for i in range(len(events))]
    outlooks = _outlook_marks(material, facts, kind, low, high + 1)
    top = _top(believed, fan, outlooks)
    labels: list[tuple[str, str]] = []
    if fan:
        end = dict(fan[-1].quantiles)
        labels = [(f"{level}", numbers.forecast(value)) for level, value in end.items()]
    return Chart(
        id=tables.anchor(facts.id),
        title=f"{series.title}: history and forecast",
        description=_alt(facts, believed, fan, numbers, top, mark if fan else ""),
        axis=unit_short(series.unit) + {Kind.MONTH: " a month", Kind.QUARTER: " a quarter"}.get(kind, ""),
        kind=kind,
        believed=believed,
        rivals=lines,
        fan=fan,
        events=tuple(
            EventMark(round(decimal_year(e.date), 4), letter, f"{e.title} ({day_text(e.date)})")
            for e, letter in zip(events, letters, strict=True)
        ),
        outlooks=outlooks,
        labels=tuple(labels),
        top=top,
        indian=numbers.grouping == "indian",
        mark=mark if fan else "",
    )


def _outlook_marks(
    material: Material, facts: SeriesFacts, kind: Kind, low: float, high: float
) -> tuple[Mark, ...]:
    frame = tables.outlooks_of(material, facts.id)
    if not len(frame) or "unit" not in frame.columns:
        return ()
    marks = []
    values = pd.to_numeric(frame["value"], errors="coerce")
    for period, value, unit in zip(periods_of(frame["period"]), values, frame["unit"], strict=True):
        if period and period.kind is kind and unit == facts.series.unit and low <= middle(period) <= high:
            marks.append(Mark(middle(period), str(period), float(value), "target", "published outlook"))
    return tuple(marks)


def _top(believed: tuple[Mark, ...], fan: tuple[FanPoint, ...], outlooks: tuple[Mark, ...]) -> float | None:
    """Where to cut the axis when the 95% band would flatten everything else; ``None`` when it does not."""
    if not fan:
        return None
    rest = max([m.value for m in (*believed, *outlooks)] + [p.at(0.9) for p in fan])
    highest = max(p.at(0.975) for p in fan)
    return rest * 1.15 if highest > 2.5 * rest > 0 else None


def _alt(
    facts: SeriesFacts,
    believed: tuple[Mark, ...],
    fan: tuple[FanPoint, ...],
    numbers: Numbers,
    top: float | None,
    mark: str,
) -> str:
    unit = unit_short(facts.series.unit)
    labels = [m.period for m in believed] + [p.period for p in fan]
    names = [period_text(Period.parse(label)) for label in labels]
    parts = [f"Fan chart of {facts.series.title} in {unit}, {names[0]} to {names[-1]}."]
    if believed:
        last = believed[-1]
        amount, when = numbers.observed(last.value), period_text(Period.parse(last.period))
        parts.append(f"The last figure is {amount} in {when} ({STATUS_WORDS[last.status]}).")
        kinds = list(dict.fromkeys(STATUS_WORDS[m.status] for m in believed))
        parts.append(f"History holds {len(believed)} figures: {'; '.join(kinds)}.")
    if fan:
        end = {level: numbers.forecast(value) for level, value in fan[-1].quantiles}
        start, when = numbers.forecast(fan[0].at(0.5)), period_text(Period.parse(fan[-1].period))
        first = period_text(Period.parse(fan[0].period))
        parts.append(
            f"The median goes from {start} in {first} to {end[0.5]} in {when}; "
            f"80% band {end[0.1]} to {end[0.9]}, 95% band {end[0.025]} to {end[0.975]}."
        )
    if mark:
        parts.append(f"The forecast is hatched: {mark}.")
    if top:
        parts.append("The axis is cut: the 95% band reaches beyond the top of the chart.")
    return " ".join(parts)
