"""The tables of the report: headline, the numbers behind a chart, rivals, published outlooks, provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import pandas as pd

from forecasting.periods import Kind, Period
from forecasting.reports.facts import Observed, Quantiles, SeriesFacts, periods_of
from forecasting.reports.format import MISSING, Numbers, period_text, unit_short
from forecasting.reports.material import Material
from forecasting.reports.model import Cell, Column, Table
from forecasting.reports.words import STATUS_WORDS

BANDS: tuple[tuple[str, float, float], ...] = (
    ("50% band", 0.25, 0.75),
    ("80% band", 0.1, 0.9),
    ("95% band", 0.025, 0.975),
)
OBSERVED_YEARS = 10
OBSERVED_YEARS_OF_MONTHS = 5
RIVAL_ROWS = 40


def anchor(id: str) -> str:
    """An id as an HTML anchor, a sheet name or a PDF label can carry it.

    >>> anchor("in.ev.2w")
    'in-ev-2w'
    """
    return id.replace(".", "-").replace("_", "-").lower()


def provenance_link(material: Material, id: str) -> str:
    """The anchor of a series' provenance row, or nothing when the edition has none."""
    return f"#provenance-{anchor(id)}" if id in set(material.provenance["series"]) else ""


def headline(
    material: Material, every: Iterable[SeriesFacts], numbers: Numbers, standing: Mapping[str, str]
) -> Table:
    """One row a target: the last observation and the end of the horizon; ``standing`` by series where it is told."""
    rows = []
    for facts in every:
        period = facts.headline_period
        kind = facts.headline_kind
        seen = facts.last(kind)
        note = unit_short(facts.series.unit) + (" · plan-bound" if facts.series.plan_bound else "")
        level = standing.get(facts.id, "ok")
        note += f" · {level}" if level != "ok" else ""
        row = [
            Cell(facts.series.title, link=f"#{anchor(facts.id)}", note=note),
            _observed(seen, numbers),
            Cell(f"{period_text(seen.period)}, {STATUS_WORDS[seen.status]}" if seen else "nothing observed"),
            Cell(period_text(period) if period else MISSING),
        ]
        fan = facts.fans[kind][period] if period else {}
        row += [_forecast(fan, level, numbers) for level in (0.5, 0.1, 0.9, 0.025, 0.975)]
        model = facts.model or ("withheld" if level == "withheld" else "none")
        row.append(Cell(model, link=provenance_link(material, facts.id)))
        rows.append(tuple(row))
    columns = (
        Column("Series and unit"),
        Column("Value", numeric=True, group="Last observed"),
        Column("Period, status", group="Last observed"),
        Column("Period", group="Forecast"),
        Column("Median", numeric=True, group="Forecast"),
        Column("from", numeric=True, group="80% band"),
        Column("to", numeric=True, group="80% band"),
        Column("from", numeric=True, group="95% band"),
        Column("to", numeric=True, group="95% band"),
        Column("Model"),
    )
    caption = "Last observation and forecast at the end of the horizon. FY2030 is April 2029 to March 2030."
    return Table("headline-numbers", caption, columns, tuple(rows))


def numbers_tables(material: Material, facts: SeriesFacts, numbers: Numbers) -> tuple[Table, ...]:
    """The chart's numbers: yearly tables, and for months the last twelve with every December to come."""
    tables = []
    for kind in (Kind.FY, Kind.CY, Kind.QUARTER, Kind.MONTH):
        seen, fan = facts.believed.get(kind, {}), facts.fans.get(kind, {})
        if not seen and not fan:
            continue
        years = OBSERVED_YEARS if kind is facts.chart_kind else OBSERVED_YEARS_OF_MONTHS
        before, ahead = sorted(seen)[-years:], sorted(fan)
        if kind is Kind.MONTH:
            before = sorted(seen)[-12:]
            ahead = [p for p in ahead if p.part == 12]
        columns = [Column(_kind_head(kind)), Column("Status"), Column("Observed or median", numeric=True)]
        for name, _, _ in BANDS:
            columns += [Column("from", numeric=True, group=name), Column("to", numeric=True, group=name)]
        link = provenance_link(material, facts.id)
        rows = [_observed_row(seen[p], numbers, link) for p in before] + [
            _forecast_row(p, fan[p], numbers, link) for p in ahead
        ]
        tables.append(
            Table(
                f"numbers-{anchor(facts.id)}-{kind.value.lower()}",
                f"{facts.series.title}, {unit_short(facts.series.unit)}, {_kind_words(kind)}",
                tuple(columns),
                tuple(rows),
            )
        )
    return tuple(tables)


def _kind_head(kind: Kind) -> str:
    heads = {Kind.MONTH: "Month", Kind.QUARTER: "Quarter", Kind.FY: "Fiscal year", Kind.CY: "Calendar year"}
    return heads[kind]


def _kind_words(kind: Kind) -> str:
    return {
        Kind.MONTH: "the last twelve observed months and each December ahead",
        Kind.QUARTER: "quarters",
        Kind.FY: "fiscal years (April to March, named by the year they end)",
        Kind.CY: "calendar years",
    }[kind]


def _observed(seen: Observed | None, numbers: Numbers) -> Cell:
    return Cell(numbers.observed(seen.value), seen.value) if seen else Cell(MISSING)


def _forecast(fan: Quantiles, level: float, numbers: Numbers) -> Cell:
    value = fan.get(level)
    return Cell(numbers.forecast(value), value)


def _observed_row(seen: Observed, numbers: Numbers, link: str) -> tuple[Cell, ...]:
    one = "," not in seen.source
    status = Cell(
        STATUS_WORDS[seen.status], note=seen.source, link=f"#source-{anchor(seen.source)}" if one else link
    )
    return (Cell(period_text(seen.period)), status, _observed(seen, numbers), *[Cell("")] * (2 * len(BANDS)))


def _forecast_row(period: Period, fan: Quantiles, numbers: Numbers, link: str) -> tuple[Cell, ...]:
    row = [Cell(period_text(period)), Cell("forecast", link=link), _forecast(fan, 0.5, numbers)]
    for _, low, high in BANDS:
        row += [_forecast(fan, low, numbers), _forecast(fan, high, numbers)]
    return tuple(row)


def rivals(facts: SeriesFacts, numbers: Numbers) -> Table | None:
    """What other sources say of the same periods, beside the figure that is believed."""
    if not facts.rivals:
        return None
    rows = []
    for rival in facts.rivals[:RIVAL_ROWS]:
        ours = facts.believed.get(rival.period.kind, {}).get(rival.period)
        apart = numbers.signed_percent(rival.value / ours.value - 1) if ours and ours.value else MISSING
        rows.append(
            (
                Cell(period_text(rival.period)),
                Cell(rival.source, note=rival.note),
                Cell(STATUS_WORDS[rival.status]),
                Cell(numbers.observed(rival.value), rival.value),
                _observed(ours, numbers),
                Cell(apart),
            )
        )
    shown, total = len(rows), len(facts.rivals)
    caption = f"Figures of other sources that are not believed here, {unit_short(facts.series.unit)}"
    caption += f" (the latest {shown} of {total})" if total > shown else ""
    columns = (
        Column("Period"),
        Column("Source"),
        Column("Status"),
        Column("Rival", numeric=True),
        Column("Believed", numeric=True),
        Column("Rival against believed", numeric=True),
    )
    return Table(f"rivals-{anchor(facts.id)}", caption, columns, tuple(rows))


def _first(row: pd.Series, *names: str) -> str:
    for name in names:
        if name in row.index and not pd.isna(row[name]) and str(row[name]).strip():
            return str(row[name]).strip()
    return ""


def _who(material: Material, row: pd.Series) -> str:
    name = _first(row, "publisher", "source", "source_id")
    source = material.catalogue.sources.get(name)
    return source.publisher if source else name


def _outlook_value(row: pd.Series, numbers: Numbers) -> tuple[float | None, str]:
    """An outlook's number, or its range when it gives no central value."""
    read = pd.to_numeric(row.reindex(["value", "low", "high"]), errors="coerce")
    value, low, high = (None if pd.isna(x) else float(x) for x in read)
    if value is not None:
        return value, numbers.observed(value)
    if low is not None and high is not None:
        return None, f"{numbers.observed(low)} to {numbers.observed(high)}"
    return None, MISSING


def tables_digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """The SHA-256 of tables as CSV, in order of their names: what a number of the balance is traced to."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        digest.update(f"{name}\n{tables[name].to_csv(index=False, lineterminator=chr(10))}".encode())
    return digest.hexdigest()


def outlooks_of(material: Material, id: str) -> pd.DataFrame:
    """The published outlooks of one series, latest period first as far as periods can be read."""
    frame = material.outlooks
    if not {"series", "period", "value"} <= set(frame.columns):
        return pd.DataFrame()
    mine = frame[frame["series"] == id]
    values = pd.to_numeric(mine["value"], errors="coerce")
    order = mine.assign(_value=values).sort_values(["period", "_value"], kind="stable").index
    return mine.loc[order]


def outlooks(material: Material, facts: SeriesFacts, numbers: Numbers) -> Table | None:
    """What others forecast for the series, in their words and with our band for the same period."""
    frame = outlooks_of(material, facts.id)
    if not len(frame):
        return None
    rows = []
    for (_, row), period in zip(frame.iterrows(), periods_of(frame["period"]), strict=True):
        fan = facts.fans.get(period.kind, {}).get(period, {}) if period else {}
        value, shown = _outlook_value(row, numbers)
        unit = _first(row, "unit")
        alike = unit == facts.series.unit
        rows.append(
            (
                Cell(period_text(period) if period else str(row["period"])),
                Cell(_who(material, row)),
                Cell(_first(row, "issued", "published", "date", "available_at")),
                Cell(_first(row, "scenario") or MISSING),
                Cell(shown, value),
                Cell(unit_short(unit)),
                _forecast(fan if alike else {}, 0.1, numbers),
                _forecast(fan if alike else {}, 0.9, numbers),
                Cell(_first(row, "words", "wording", "quote", "note")),
            )
        )
    columns = (
        Column("Period"),
        Column("Who"),
        Column("Issued"),
        Column("Scenario"),
        Column("Value", numeric=True),
        Column("Unit"),
        Column("from", numeric=True, group="Our 80% band"),
        Column("to", numeric=True, group="Our 80% band"),
        Column("In their words"),
    )
    return Table(
        f"outlooks-{anchor(facts.id)}", f"Published outlooks for {facts.series.title}", columns, tuple(rows)
    )


def provenance(material: Material) -> Table:
    """One row a series: the run, recipe, data and sources its numbers come from."""
    columns = (Column("Series"), Column("Run"), Column("Recipe"), Column("Data"), Column("Sources"))
    rows = []
    for row in material.provenance.sort_values("series", kind="stable").to_dict("records"):
        title = material.catalogue.series[str(row["series"])].title
        texts = [row[name] for name in ("run_id", "recipe_digest", "data_digest")]
        cells = [MISSING if pd.isna(text) else str(text) for text in texts]
        sources = row["sources"] if isinstance(row["sources"], str) else ", ".join(map(str, row["sources"]))
        name = anchor(str(row["series"]))
        head = Cell(title, link=f"#{name}", id=f"provenance-{name}")
        rows.append((head, *(Cell(c) for c in cells), Cell(sources)))
    if material.tables:
        run = f"joint draws of the paths above; code {material.code_version or 'not recorded'}"
        digest = tables_digest(material.tables)
        told = "balance.yaml, assumptions.yaml, events.yaml, scenarios; sources of the assumptions"
        head = Cell("Balance and scenarios", link="#balance", id="provenance-balance")
        rows.append((head, Cell(run), Cell(f"tables {digest}"), Cell(material.data_digest), Cell(told)))
    return Table("provenance-table", "Where each series' numbers come from", columns, tuple(rows))
