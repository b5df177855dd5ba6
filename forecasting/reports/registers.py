"""Registers the report prints: what moved, track record, assumptions with amber flags, errata, sources."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from forecasting.periods import Period
from forecasting.reports.format import Numbers, day_text, percent_text, period_text, unit_short
from forecasting.reports.language import Words
from forecasting.reports.material import Material
from forecasting.reports.model import Bar, BarChart, Cell, Column, Table
from forecasting.reports.tables import anchor, provenance_link

AMBER = "amber"
ENOUGH_APART = 4  # with fewer an 80 % band cannot leave its limits at 1 %: docs/scorecard.md
FEW_APART = (
    "That is too few to judge the bands or the skill by.",
    "One stretch of time is no evidence of the bands or the skill.",
)


def changes(material: Material, numbers: Numbers) -> Table | None:
    """What moved since the last edition, cause by cause; the causes add up to the move."""
    frame = material.table("changes")
    if not len(frame):
        return None
    rows = []
    for (about, period), group in frame.groupby(["about", "period"], sort=False):
        first = group.iloc[0]
        head = Cell(
            str(first["title"]), note=unit_short(str(first["unit"])), link=_about_link(material, str(about))
        )
        for row in group.to_dict("records"):
            rows.append((head, Cell(str(period)), Cell(str(row["cause"])), *_amounts(row, numbers)))
    columns = (
        Column("What"),
        Column("Period"),
        Column("Cause"),
        Column("Before", numeric=True),
        Column("Now", numeric=True),
        Column("Of the move", numeric=True),
    )
    return Table("changes-table", "What moved since the last edition, by cause", columns, tuple(rows))


def _about_link(material: Material, about: str) -> str:
    return f"#{anchor(about)}" if about in set(material.forecasts["series"]) else "#provenance-balance"


def _amounts(row: dict[Any, Any], numbers: Numbers) -> list[Cell]:
    before, after, amount = (float(row[name]) for name in ("before", "after", "amount"))
    return [
        Cell(numbers.forecast(before), before),
        Cell(numbers.forecast(after), after),
        Cell(numbers.signed(amount), amount),
    ]


def waterfalls(
    material: Material, numbers: Numbers, words: Words, leading: Mapping[str, str], most: int = 4
) -> tuple[BarChart, ...]:
    """The moves as waterfalls: from the number before, cause by cause, to the number now.

    ``leading`` are the numbers to show first, by what they are about, with the titles they go by; the others follow in
    the order of the table.
    """
    charts = []
    groups = list(material.table("changes").groupby(["about", "period"], sort=False))
    order = {about: i for i, about in enumerate(leading)}
    for (about, period), group in sorted(groups, key=lambda one: order.get(str(one[0][0]), len(order)))[
        :most
    ]:
        title = leading.get(str(about), str(group["title"].iloc[0]))
        unit = unit_short(str(group["unit"].iloc[0]))
        level = float(group["before"].iloc[0])
        bars = [Bar(words["last edition"], level, level, level, numbers.forecast(level))]
        for row in group.to_dict("records"):
            after = level + float(row["amount"])
            text = numbers.signed(float(row["amount"]))
            cause = words.get(f"cause.{row['cause']}", str(row["cause"]))
            bars.append(Bar(cause, min(level, after), after, max(level, after), text))
            level = after
        now = float(group["after"].iloc[0])
        bars.append(Bar(words["this edition"], now, now, now, numbers.forecast(now)))
        said = "; ".join(f"{bar.name} {bar.text}" for bar in bars)
        charts.append(
            BarChart(
                f"moved-{anchor(str(about))}-{str(period).lower()}",
                f"{title}, {period}: what moved it",
                f"Waterfall of {title} for {period} in {unit}: {said}.",
                f"{unit}; bars: what each cause added or took away",
                tuple(bars),
                numbers.grouping == "indian",
                waterfall=True,
            )
        )
    return tuple(charts)


def track_record(material: Material, numbers: Numbers) -> tuple[Table | None, str]:
    """Past editions against what happened since, with the share of outcomes inside the 80% band."""
    frame = material.table("track_record")
    if not len(frame):
        return None, _over_all(material) or (
            "No period that an edition forecast has been observed since; the first comparison follows with the first "
            "new figures. Until then the backtests beside each series are the only record."
        )
    inside = frame["inside_80"].astype(str).isin(["True", "1", "1.0"])
    rows = []
    for row, held in zip(frame.to_dict("records"), inside, strict=True):
        id = str(row["series"])
        series = material.catalogue.series.get(id)
        period = Period.parse(str(row["period"]))
        rows.append(
            (
                Cell(series.title if series else id, link=provenance_link(material, id)),
                Cell(str(row["edition"]), note=str(row["released"])),
                Cell(period_text(period)),
                *[Cell(numbers.forecast(float(row[n])), float(row[n])) for n in ("median", "low_80", "high_80")],
                Cell(numbers.observed(float(row["actual"])), float(row["actual"])),
                Cell(numbers.signed(float(row["error_pct"])), float(row["error_pct"])),
                Cell("inside" if held else "outside"),
            )
        )  # fmt: skip
    columns = (
        Column("Series"), Column("Edition"), Column("Period"),
        Column("Median", True, "Forecast"), Column("80% from", True, "Forecast"), Column("to", True, "Forecast"),
        Column("Happened", numeric=True), Column("Error in %", numeric=True), Column("80% band"),
    )  # fmt: skip
    text = (
        f"Of {len(frame)} figures observed since an edition forecast them, {int(inside.sum())} "
        f"({percent_text(float(inside.mean()))}) fell into the 80% band of that edition."
    )
    text = _over_all(material) or text
    caption = "Past editions against what happened since: of each target the newest period"
    return Table("track-record", caption, columns, tuple(rows)), text


def _over_all(material: Material) -> str:
    """The scores of all past editions in words, months and years apart; empty while nothing was scored.

    Figures whose windows overlap share their shocks: with few apart, shares say nothing of the bands yet.
    """
    frame = material.table("scores")
    kinds = {"month": "Months", "FY": "Fiscal years", "CY": "Calendar years"}
    said = []
    for row in frame[frame["by"] == "all"].to_dict("records"):
        shares = [percent_text(float(row[f"coverage_{band}"])) for band in (50, 80, 95)]
        better = float(row["better"])
        against = f"; better than a naive forecast on {percent_text(better)}" if better == better else ""
        apart = int(row["windows"])
        weak = f" {FEW_APART[apart == 1]}" if apart < ENOUGH_APART else ""
        said.append(
            f"{kinds[str(row['kind'])]}: {int(row['figures']):,} forecasts of past editions can be held against a "
            f"figure, {apart:,} of them at most without overlapping in time; median error "
            f"{float(row['absolute_pct']):.1f}%; the 50, 80 and 95% bands held {', '.join(shares[:2])} and {shares[2]}"
            f"{against}.{weak}"
        )
    return " ".join(said)


def assumptions(material: Material, numbers: Numbers) -> tuple[Table | None, str]:
    """The register of assumptions; amber marks a number past its review or with less than two sources."""
    frame = material.table("assumptions")
    if not len(frame):
        return None, ""
    rows = []
    for row in frame.to_dict("records"):
        doubt = str(row["amber"]) if isinstance(row["amber"], str) else ""
        named = f"assumption-{anchor(str(row['assumption']))}"
        low, central, high = (float(row[name]) for name in ("low", "central", "high"))
        rows.append(
            (
                Cell(str(row["title"]), note=unit_short(str(row["unit"])), id=named),
                Cell(numbers.forecast(low), low),
                Cell(numbers.forecast(central), central),
                Cell(numbers.forecast(high), high),
                Cell(f"{AMBER}: {doubt}" if doubt else "two sources or more"),
                Cell(str(row["source"]) if row["source"] else "none", note=_text(row["note"])),
                Cell(str(row["review_by"])),
                Cell(str(row["owner"])),
            )
        )  # fmt: skip
    doubtful = sum(1 for row in rows if row[4].text.startswith(AMBER))
    columns = (
        Column("Assumption"), Column("Low", numeric=True), Column("Central", numeric=True),
        Column("High", numeric=True), Column("Flag"), Column("Source and note"), Column("Review by"), Column("Owner"),
    )  # fmt: skip
    text = f"{doubtful} of {len(rows)} assumptions are amber: resting on one source or none, or overdue for review."
    return Table("assumptions-table", "Assumptions of the balance", columns, tuple(rows)), text


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def errata(material: Material) -> Table | None:
    """Corrections of editions, newest first."""
    frame = material.table("errata")
    if not len(frame):
        return None
    rows = tuple(
        (Cell(str(row["date"])), Cell(str(row["edition"])), Cell(str(row["class"])), Cell(str(row["what"])))
        for row in frame.sort_values("date", ascending=False, kind="stable").to_dict("records")
    )
    columns = (Column("Day"), Column("Edition"), Column("Class"), Column("What was wrong, and what is right"))
    return Table("errata-table", "Corrections", columns, rows)


def sources(material: Material, used: list[str]) -> Table:
    """Every source behind a shown figure: publisher, date, licence, address."""
    rows = []
    for id in used:
        source = material.catalogue.sources.get(id)
        if source is None:
            rows.append((Cell(id, id=f"source-{anchor(id)}"), *[Cell("not recorded")] * 4))
            continue
        published = source.published if isinstance(source.published, date) else None
        rows.append(
            (
                Cell(id, id=f"source-{anchor(id)}"),
                Cell(source.publisher),
                Cell(source.title, note=day_text(published) if published else "date not recorded"),
                Cell(source.licence),
                Cell("".join(letter if letter < "\u0250" else quote(letter) for letter in source.address)),
            )
        )
    columns = (
        Column("Source"),
        Column("Publisher"),
        Column("Title, date"),
        Column("Licence"),
        Column("Address"),
    )
    return Table("sources-table", "Sources of the figures", columns, tuple(rows))
