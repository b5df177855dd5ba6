"""Makes the report model from the material: sections, sentences, charts as data, traps and particulars."""

from __future__ import annotations

from datetime import date

import pandas as pd

from forecasting.periods import Kind, Period
from forecasting.reports import tables
from forecasting.reports.facts import SeriesFacts, decimal_year, middle, periods_of, series_facts
from forecasting.reports.format import Grouping, Numbers, period_text, unit_short
from forecasting.reports.material import Material
from forecasting.reports.model import (
    Banner,
    Certificate,
    Chart,
    EventMark,
    Fact,
    FanPoint,
    Mark,
    ReportModel,
    SeriesSection,
    SourceEntry,
    Trap,
)
from forecasting.reports.words import (
    STATUS_WORDS,
    certificate_sentence,
    certificate_verdict,
    outlook_sentence,
    scale_words,
)

SIDES = {"supply": "Supply", "demand": "Demand", "driver": "What drives them"}
FIRST_MONTH = Period.parse("2019-01")
RIVAL_LINES = 4
STATUS_BANNERS = {
    "normal": ("Normal", "Every input arrived and every gate was passed."),
    "degraded": ("Degraded", "Published with known shortcomings; read the marked series with care."),
    "stale": ("Stale", "New data did not arrive in time; these are the last good numbers."),
    "superseded": ("Superseded", "A newer edition replaces this one."),
    "retracted": ("Retracted", "Do not use these numbers."),
}
METHOD = (
    "Every forecast is a set of joint sample paths; totals, differences and probabilities are taken path by "
    "path, and the bands shown here are quantiles computed once, at the end.",
    "The median is the value the outcome is as likely to exceed as to miss. A band of 80% is meant to hold the "
    "outcome four times in five; its certificate says how often it did in rolling backtests, in which a model "
    "sees only what was published before the forecast was made.",
    "Models learn from actual, provisional and derived figures only. Figures a source carried forward from the "
    "year before, and targets, are drawn but never fitted.",
    "Forecasts are rounded to three significant digits in every rendering; the data files carry them in full.",
)
LIMITS = (
    "Backtests measure the past: a policy, a mine or an embargo without precedent lies outside every band.",
    "A certificate over few backtest points is itself uncertain; each states its sample size.",
    "Plan-bound series follow announced plants and plans; their bands do not price the chance that the whole "
    "plan is abandoned unless the scenario says so.",
    "Fiscal years (April to March, named by the year they end) and calendar years are never mixed: FY2030 ends "
    "nine months before calendar year 2030 does.",
)


def report_of(material: Material, grouping: Grouping) -> ReportModel:
    """The report model of one edition."""
    numbers = Numbers(grouping)
    every = [series_facts(material, id) for id in _series_shown(material)]
    sections = []
    for side, title in SIDES.items():
        chosen = tuple(_section(material, facts, numbers) for facts in every if facts.series.side == side)
        if chosen:
            sections.append((title, chosen))
    word, text = STATUS_BANNERS.get(material.status, (material.status.capitalize(), "See the reasons given."))
    level = material.status if material.status in STATUS_BANNERS else "degraded"
    reasons = tuple(material.status_reasons)
    critical = material.catalogue.publication.critical
    said = {s.id: f"{s.title}. {s.sentence}" for _, group in sections for s in group if s.sentence}
    leading = [said[id] for id in critical if id in said] or list(said.values())
    return ReportModel(
        title="India’s rare-earth and electric-vehicle outlook to 2030",
        subtitle="Supply of rare earths and magnets, demand from electric vehicles, and how sure each number is",
        edition_id=material.edition_id,
        language="en",
        facts=_particulars(material),
        banner=Banner(level, word, text, reasons),
        messages=tuple(leading[:5]),
        headline=tables.headline(every, numbers),
        sections=tuple(sections),
        honesty=_honesty(material, every),
        method=METHOD,
        scale=tuple(scale_words()),
        limits=LIMITS,
        provenance=tables.provenance(material),
        colophon=_colophon(material),
    )


def _series_shown(material: Material) -> list[str]:
    """Targets of the catalogue that have anything to show, then other series that were forecast."""
    forecast, observed = set(material.forecasts["series"]), set(material.history["series"])
    targets = [id for id in material.catalogue.targets if id in forecast | observed]
    return targets + [id for id in material.catalogue.series if id in forecast and id not in targets]


def _day(day: date | None) -> str:
    return f"{day.day} {day.strftime('%B %Y')}" if day else "not scheduled"


def _particulars(material: Material) -> tuple[Fact, ...]:
    return (
        Fact("Edition", material.edition_id),
        Fact("Released", _day(material.released)),
        Fact("Data as of", _day(material.as_of)),
        Fact("Next release", _day(material.next_release)),
        Fact("Scenario", material.scenario),
    )


def _colophon(material: Material) -> tuple[Fact, ...]:
    publication = material.catalogue.publication
    cite = f"India’s rare-earth and electric-vehicle outlook to 2030, edition {material.edition_id}"
    return (
        Fact("Contact", publication.contact),
        Fact("Licence", publication.licence),
        Fact("Cite as", f"{cite}, released {_day(material.released)}."),
        Fact("Data digest", material.data_digest or "not recorded"),
        Fact("Code version", material.code_version or "not recorded"),
    )


def _section(material: Material, facts: SeriesFacts, numbers: Numbers) -> SeriesSection:
    series = facts.series
    period, kind = facts.headline_period, facts.headline_kind
    seen = facts.last(kind)
    sentence = ""
    if period:
        known = (seen.period, seen.value, seen.status) if seen else None
        sentence = outlook_sentence(numbers, period, facts.fans[kind][period], series.unit, known)
    latest = ""
    newest = facts.last(facts.chart_kind)
    if newest:
        amount = numbers.with_unit(numbers.observed(newest.value), series.unit)
        latest = f"Latest observation: {amount} in {period_text(newest.period)} ({STATUS_WORDS[newest.status]})."
    return SeriesSection(
        id=facts.id,
        anchor=tables.anchor(facts.id),
        title=series.title,
        unit=unit_short(series.unit),
        side=series.side,
        plan_bound=series.plan_bound,
        sentence=sentence,
        latest=latest,
        model=facts.model,
        chart=_chart(material, facts, numbers),
        tables=tables.numbers_tables(facts, numbers),
        certificate=_certificate(material, facts, numbers),
        traps=series.traps,
        trust=series.trust,
        rivals=tables.rivals(facts, numbers),
        outlooks=tables.outlooks(material, facts, numbers),
        sources=_sources(material, facts),
    )


def _chart(material: Material, facts: SeriesFacts, numbers: Numbers) -> Chart | None:
    kind, series = facts.chart_kind, facts.series
    seen, fans = facts.believed.get(kind, {}), facts.fans.get(kind, {})
    shown = [seen[p] for p in sorted(seen) if kind is not Kind.MONTH or p >= FIRST_MONTH]
    shown = shown or [seen[p] for p in sorted(seen)]
    if not shown and not fans:
        return None
    believed = tuple(Mark(middle(o.period), str(o.period), o.value, o.status, o.source) for o in shown)
    fan = tuple(FanPoint(middle(p), str(p), tuple(sorted(fans[p].items()))) for p in sorted(fans))
    xs = [m.x for m in (*believed, *fan)]
    low, high = min(xs), max(xs)
    rivals: dict[str, list[Mark]] = {}
    for rival in facts.rivals:
        if rival.period.kind is kind and low <= middle(rival.period) <= high:
            mark = Mark(middle(rival.period), str(rival.period), rival.value, rival.status, rival.source)
            rivals.setdefault(rival.source, []).append(mark)
    longest = sorted(rivals, key=lambda source: (-len(rivals[source]), source))[:RIVAL_LINES]
    lines = tuple((source, tuple(sorted(rivals[source], key=lambda m: m.x))) for source in sorted(longest))
    events = [e for e in material.catalogue.touching(facts.id).values() if low <= decimal_year(e.date) <= high]
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
        description=_alt(facts, kind, believed, fan, numbers, top),
        axis=unit_short(series.unit) + {Kind.MONTH: " a month", Kind.QUARTER: " a quarter"}.get(kind, ""),
        kind=kind,
        believed=believed,
        rivals=lines,
        fan=fan,
        events=tuple(
            EventMark(round(decimal_year(e.date), 4), letter, f"{e.title} ({_day(e.date)})")
            for e, letter in zip(events, letters, strict=True)
        ),
        outlooks=outlooks,
        labels=tuple(labels),
        top=top,
        indian=numbers.grouping == "indian",
    )


def _outlook_marks(material: Material, facts: SeriesFacts, kind: Kind, low: float, high: float) -> tuple[Mark, ...]:
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
    kind: Kind,
    believed: tuple[Mark, ...],
    fan: tuple[FanPoint, ...],
    numbers: Numbers,
    top: float | None,
) -> str:
    unit = unit_short(facts.series.unit)
    names = [period_text(Period.parse(m.period)) for m in (*believed, *fan)]
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
        parts.append(
            f"The median goes from {start} in {period_text(Period.parse(fan[0].period))} to {end[0.5]} in {when}; "
            f"80% band {end[0.1]} to {end[0.9]}, 95% band {end[0.025]} to {end[0.975]}."
        )
    if top:
        parts.append("The axis is cut: the 95% band reaches beyond the top of the chart.")
    return " ".join(parts)


def _certificate(material: Material, facts: SeriesFacts, numbers: Numbers) -> Certificate:
    frame = material.certificates
    frame = frame[frame["series"] == facts.id]
    mine = frame[frame["model"].isin(facts.model.split(", "))] if len(frame) else frame
    if not len(frame):
        return Certificate(certificate_sentence(facts.model, 0, 0, {}, ""), certificate_verdict(0, 0.0), "")
    row = (mine if len(mine) else frame).iloc[0]
    points = 0 if pd.isna(row["points"]) else int(row["points"])
    origins = 0 if pd.isna(row["origins"]) else int(row["origins"])
    coverage = {level: float(row[f"coverage_{level}"]) for level in (50, 80, 95)}
    note = "" if pd.isna(row["note"]) else str(row["note"])
    accuracy = ""
    if not pd.isna(row["mase"]):
        mase = float(row["mase"])
        against = "better than" if mase < 1 else "no better than"
        accuracy = f"Mean absolute scaled error {numbers.forecast(mase)}: {against} the naive forecast in its own past."
    sentence = certificate_sentence(str(row["model"]), origins, points, coverage, note)
    return Certificate(sentence, certificate_verdict(points, coverage[80]), accuracy)


def _sources(material: Material, facts: SeriesFacts) -> tuple[SourceEntry, ...]:
    """The sources of the shown figures: believed first, then rivals, each once."""
    believed = [o.source for seen in facts.believed.values() for o in seen.values()]
    named = [s.strip() for source in [*believed, *(r.source for r in facts.rivals)] for s in source.split(",")]
    entries = []
    for id in dict.fromkeys(named):
        source = material.catalogue.sources.get(id)
        if source is None:
            entries.append(SourceEntry(id, id, "", "licence not recorded", False))
            continue
        when = f", {_day(source.published)}" if source.published else ""
        web = source.address.startswith(("https://", "http://"))
        text = f"{source.publisher}: {source.title}{when}"
        entries.append(SourceEntry(id, text, source.address, source.licence, web))
    return tuple(entries)


def _honesty(material: Material, every: list[SeriesFacts]) -> tuple[Trap, ...]:
    """Traps, most damaging first: of critical series, of the rest, then of sources by how many series they feed."""
    critical = material.catalogue.publication.critical
    ranked = sorted(every, key=lambda f: critical.index(f.id) if f.id in critical else len(critical))
    traps = [Trap(f.series.title, f"#{tables.anchor(f.id)}", text) for f in ranked for text in f.series.traps]
    feeds: dict[str, int] = {}
    for facts in every:
        for entry in _sources(material, facts):
            feeds[entry.id] = feeds.get(entry.id, 0) + 1
    for id in sorted(feeds, key=lambda id: -feeds[id]):
        source = material.catalogue.sources.get(id)
        if source:
            count = feeds[id]
            about = f"{source.publisher}: {source.title} (feeds {count} series)"
            traps += [Trap(about, "", text) for text in source.traps]
    seen: dict[str, Trap] = {}
    for trap in traps:
        seen.setdefault(trap.text, trap)
    return tuple(seen.values())


