"""Makes the report model from the material: sections, sentences, charts as data, traps and particulars."""

from __future__ import annotations

import pandas as pd

from forecasting.reports import registers, tables
from forecasting.reports.answer import moved
from forecasting.reports.balance import balance_section, leading_gaps
from forecasting.reports.banner import Standing
from forecasting.reports.facts import SeriesFacts, series_facts
from forecasting.reports.fans import chart_of
from forecasting.reports.format import Grouping, Numbers, day_text, period_text, unit_short
from forecasting.reports.language import Language, Words
from forecasting.reports.material import Material
from forecasting.reports.model import (
    Certificate,
    Fact,
    ReportModel,
    SeriesSection,
    SourceEntry,
    Trap,
)
from forecasting.reports.status import banner, noted, register, standings, told
from forecasting.reports.words import (
    STATUS_WORDS,
    certificate_sentence,
    certificate_verdict,
    message,
    outlook_sentence,
    scale_words,
)

MESSAGES = 8
SIDES = ("supply", "demand", "driver")
METHOD = (
    "Every forecast is a set of joint sample paths; totals, differences and probabilities are taken path by "
    "path, and the bands shown here are quantiles computed once, at the end.",
    "The median is the value the outcome is as likely to exceed as to miss. A band of 80% is meant to hold "
    "the outcome four times in five; its certificate says how often it did in rolling backtests, where a "
    "model sees only what came before the forecast.",
    "Unless the catalogue says otherwise for a series, models learn from actual, provisional and derived "
    "figures only. Figures a source carried forward, and targets, are drawn but do not pose as observations.",
    "Forecasts are rounded to three significant digits in every rendering; the data files hold them in full.",
)
LIMITS = (
    "Backtests measure the past: a policy, a mine or an embargo without precedent lies outside every band.",
    "A certificate over few backtest points is itself uncertain; each states its sample size.",
    "Plan-bound series follow announced plants and plans; their bands do not price the chance that the "
    "whole plan is abandoned unless the scenario says so.",
    "Fiscal years (April to March, named by the year they end) and calendar years are never mixed: FY2030 "
    "ends nine months before calendar year 2030 does.",
)


def report_of(material: Material, grouping: Grouping, language: Language = "en") -> ReportModel:
    """The report model of one edition."""
    numbers, words = Numbers(grouping), Words(language)
    every = [series_facts(material, id) for id in _series_shown(material)]
    sections = []
    for side in SIDES:
        chosen = tuple(
            _section(material, facts, numbers, words) for facts in every if facts.series.side == side
        )
        if chosen:
            sections.append((words[side], chosen))
    critical = material.catalogue.publication.critical
    leading = [facts for facts in every if facts.id in critical and facts.headline_period]
    leading = sorted(leading, key=lambda facts: critical.index(facts.id))
    leading = leading or [facts for facts in every if facts.headline_period]
    withheld = {id: told(one, words) for id, one in standings(material).items() if one.level == "withheld"}
    missed = tuple(
        Fact(facts.series.title, f"{words['standing.withheld']}. {withheld[facts.id]}")
        for facts in every
        if facts.id in withheld and facts.id in critical
    )
    balance = balance_section(material, numbers, words)
    record, record_text = registers.track_record(material, numbers)
    assumed, assumed_text = registers.assumptions(material, numbers)
    return ReportModel(
        words=words,
        title=words["title"],
        subtitle=words["subtitle"],
        edition_id=material.edition_id,
        language=language,
        facts=_particulars(material, words),
        banner=banner(material, words),
        messages=tuple(_message(facts, numbers, words) for facts in leading[:MESSAGES]) + missed,
        headline=tables.headline(
            material, every, numbers, {id: one.level for id, one in standings(material).items()}
        ),
        sections=tuple(sections),
        honesty=_honesty(material, every),
        method=METHOD,
        scale=tuple((words[phrase], span) for phrase, span in scale_words()),
        limits=LIMITS,
        provenance=tables.provenance(material),
        sources=registers.sources(material, _used_sources(material, every)),
        colophon=_colophon(material, words),
        balance=balance,
        moved=moved(_untold(material), numbers, words),
        changes=registers.changes(material, numbers),
        waterfalls=registers.waterfalls(material, numbers, words, leading_gaps(material)),
        record=record,
        record_text=record_text,
        assumptions=assumed,
        assumptions_text=assumed_text,
        errata=registers.errata(material),
        standing=register(material),
        unanswered="" if balance else words["unanswered"],
        grouping=grouping,
    )


def _used_sources(material: Material, every: list[SeriesFacts]) -> list[str]:
    found = [entry.id for facts in every for entry in _sources(material, facts)]
    for name in ("assumptions", "validation"):
        told = [id for cell in material.table(name)["source"] for id in str(cell).split()]
        found += [id for id in told if id in material.catalogue.sources]
    return sorted(set(found))


def _message(facts: SeriesFacts, numbers: Numbers, words: Words) -> Fact:
    period, kind = facts.headline_period, facts.headline_kind
    if period is None:
        return Fact(facts.series.title, "no forecast is published.")
    seen = facts.last(kind)
    known = (seen.period, seen.value, seen.status) if seen else None
    fan = facts.fans[kind][period]
    return Fact(facts.series.title, message(numbers, period, fan, facts.series.unit, known, words))


def _series_shown(material: Material) -> list[str]:
    """Targets of the catalogue that have anything to show, then other series forecast, or withheld."""
    observed = set(material.history["series"])
    withheld = {id for id, one in standings(material).items() if one.level == "withheld"}
    forecast = set(material.forecasts["series"]) | withheld
    targets = [id for id in material.catalogue.targets if id in forecast | observed]
    return targets + [id for id in material.catalogue.series if id in forecast and id not in targets]


def _untold(material: Material) -> pd.DataFrame:
    """The moves that the answers do not tell already; all of them where the answers tell none."""
    changes = material.table("changes")
    rest = changes[~changes["about"].isin(leading_gaps(material))]
    return rest if len(rest) else changes


def _particulars(material: Material, words: Words) -> tuple[Fact, ...]:
    following = day_text(material.next_release) if material.next_release else words["unscheduled"]
    return (
        Fact(words["edition"], material.edition_id),
        Fact(words["released"], day_text(material.released)),
        Fact(words["as_of"], day_text(material.as_of)),
        Fact(words["next"], following),
    )


def _colophon(material: Material, words: Words) -> tuple[Fact, ...]:
    publication = material.catalogue.publication
    return (
        Fact(words["contact"], publication.contact),
        Fact(words["licence"], publication.licence),
        Fact(
            words["cite"],
            f"{words['title']}, {words['edition']} {material.edition_id}, {day_text(material.released)}.",
        ),
        Fact("Data digest", material.data_digest or "not recorded"),
        Fact("Code version", material.code_version or "not recorded"),
    )


def _section(material: Material, facts: SeriesFacts, numbers: Numbers, words: Words) -> SeriesSection:
    series = facts.series
    period, kind = facts.headline_period, facts.headline_kind
    seen = facts.last(kind)
    sentence = ""
    if period:
        known = (seen.period, seen.value, seen.status) if seen else None
        sentence = outlook_sentence(numbers, period, facts.fans[kind][period], series.unit, known)
    latest = _latest(facts, numbers)
    standing = standings(material).get(facts.id, Standing("ok", facts.model, "", ""))
    fallen = told(standing, words)
    mark = (
        words.say(f"standing.{standing.level}.mark", model=standing.model, vintage=standing.vintage)
        if standing.level in ("degraded", "stale")
        else ""
    )
    return SeriesSection(
        id=facts.id,
        anchor=tables.anchor(facts.id),
        title=series.title,
        unit=unit_short(series.unit),
        side=series.side,
        plan_bound=series.plan_bound,
        provenance=tables.provenance_link(material, facts.id),
        sentence=sentence,
        latest=latest,
        model=facts.model,
        chart=chart_of(material, facts, numbers, mark),
        tables=tables.numbers_tables(material, facts, numbers),
        certificate=_certificate(material, facts, numbers),
        traps=series.traps,
        trust=series.trust,
        rivals=tables.rivals(facts, numbers),
        outlooks=tables.outlooks(material, facts, numbers),
        sources=_sources(material, facts),
        note=noted(material, facts.id),
        badge=words[f"standing.{standing.level}"] if fallen else "",
        standing=standing.level,
        standing_text=fallen,
    )


def _latest(facts: SeriesFacts, numbers: Numbers) -> str:
    """The newest observation where the headline tells of years, and a warning of figures carried forward."""
    kind = facts.chart_kind
    newest, parts = facts.last(kind), []
    if newest and kind is not facts.headline_kind:
        amount = numbers.with_unit(numbers.observed(newest.value), facts.series.unit)
        parts.append(
            f"Latest observation: {amount} in {period_text(newest.period)} ({STATUS_WORDS[newest.status]})."
        )
    carried = sorted(p for p, o in facts.believed.get(kind, {}).items() if o.status == "carried_forward")
    if carried:
        first, last = period_text(carried[0]), period_text(carried[-1])
        span = first if len(carried) == 1 else f"{first} to {last}"
        fitted = "carried_forward" in facts.series.fit
        parts.append(
            f"Figures carried forward by their source, not measured: {len(carried)} ({span}). They are drawn "
            f"as crosses{'' if fitted else ', and no model learns from them'}."
        )
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
        shown = numbers.forecast(float(row["mase"]))
        accuracy = (
            f"Mean absolute scaled error {shown}; 1 is the average error of the naive forecast in the past."
        )
    sentence = certificate_sentence(str(row["model"]), origins, points, coverage, note)
    return Certificate(sentence, certificate_verdict(points, coverage[80]), accuracy)


def _sources(material: Material, facts: SeriesFacts) -> tuple[SourceEntry, ...]:
    """The sources of the shown figures: believed first, then rivals, each once."""
    believed = [o.source for seen in facts.believed.values() for o in seen.values()]
    named = [
        s.strip() for source in [*believed, *(r.source for r in facts.rivals)] for s in source.split(",")
    ]
    entries = []
    for id in dict.fromkeys(named):
        source = material.catalogue.sources.get(id)
        if source is None:
            entries.append(SourceEntry(id, tables.anchor(id), id, "", "licence not recorded", False))
            continue
        when = f", {day_text(source.published)}" if source.published else ""
        web = source.address.startswith(("https://", "http://"))
        text = f"{source.publisher}: {source.title}{when}"
        entries.append(SourceEntry(id, tables.anchor(id), text, source.address, source.licence, web))
    return tuple(entries)


def _honesty(material: Material, every: list[SeriesFacts]) -> tuple[Trap, ...]:
    """Traps, most damaging first: of critical series, of the rest, then of sources by reach."""
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
