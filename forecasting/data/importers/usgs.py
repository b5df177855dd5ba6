"""USGS: Mineral Commodity Summaries data releases (2024 and 2026 layouts) and what was made from them."""

from __future__ import annotations

import re

from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.reading import Raw, records

NO_MINE = None  # a country with reserves and no production of its own, or a sum of unnamed ones
COUNTRIES: dict[str, str | None] = {
    "United States": "us.reo",
    "Australia": "au.reo",
    "Brazil": "br.reo",
    "Burma": "mm.reo",
    "China": "cn.reo",
    "India": "in.reo",
    "Madagascar": "mg.reo",
    "Malaysia": "my.reo",
    "Nigeria": "ng.reo",
    "Russia": "ru.reo",
    "Thailand": "th.reo",
    "Vietnam": "vn.reo",
    "World total": "world.reo",
    "World total (rounded)": "world.reo",
    "Burundi": NO_MINE,
    "Canada": NO_MINE,
    "Greenland": NO_MINE,
    "South Africa": NO_MINE,
    "Tanzania": NO_MINE,
    "Other countries": NO_MINE,
}
PRICES: dict[str, str | None] = {
    "Praseodymium oxide": "price.pr_oxide.cy",
    "Neodymium oxide": "price.nd_oxide.cy",
    "Neodymium-praseodymium (NdPr) oxide": "price.ndpr_oxide.cy",
    "Terbium oxide": "price.tb_oxide.cy",
    "Dysprosium oxide": "price.dy_oxide.cy",
} | dict.fromkeys(
    [
        "Lanthanum oxide",
        "Cerium oxide",
        "Mischmetal",
        "Samarium oxide",
        "Europium oxide",
        "Gadolinium oxide",
        "Holmium oxide",
        "Erbium oxide",
        "Ytterbium oxide",
        "Lutetium oxide",
    ]
)
STATISTICS: dict[str, str | None] = {"Production": "production", "Price": "price"} | dict.fromkeys(
    [
        "Import",
        "Export",
        "Consumption",
        "Employment",
        "Net import reliance",
        "Reserves",
        "Import sources 2021-2024",
    ]
)
CHAPTERS = ("RARE EARTHS", "RARE EARTHS (Heavy)")
RELEASE = (
    "MCS chapter",
    "Section",
    "Country",
    "Statistics",
    "Statistics_detail",
    "Unit",
    "Year",
    "Value",
    "Notes",
)
INDIA = "India does not disclose monazite production: the same figure every year"
_PRICE = re.compile(r"Price, average, dollars per kilogram: ([^,]+)")


def release(raw: Raw) -> Reading:
    """The data release of all commodities (2026 layout): mine production and prices of the rare-earth chapters."""
    reading = Reading(raw)
    found = False
    for number, row in records(raw, RELEASE):
        if row["MCS chapter"] not in CHAPTERS:
            continue
        found = True
        _fact(
            reading,
            f":{number}",
            [
                row[n]
                for n in (
                    "Section",
                    "Country",
                    "Statistics",
                    "Statistics_detail",
                    "Unit",
                    "Year",
                    "Value",
                    "Notes",
                )
            ],
        )
    if not found:
        raise raw.refuse("no chapter RARE EARTHS", "name the release of all commodities")
    return reading.done()


def observations(raw: Raw) -> Reading:
    """The same release after the publisher's later corrections: one row a fact, with raw and current value."""
    reading = Reading(raw)
    fields = (
        "section",
        "country",
        "statistics",
        "statistics_detail",
        "unit",
        "year",
        "current_value",
        "current_notes",
    )
    for number, row in records(raw, ("mcs_chapter", *fields)):
        if row["mcs_chapter"] in CHAPTERS:
            _fact(reading, f":{number}", [row[n] for n in fields])
    return reading.done()


def audit(raw: Raw) -> Reading:
    """The list of the release's later corrections; only a changed production figure is a figure of ours."""
    reading = Reading(raw)
    wanted = (
        "mcs_chapter",
        "section",
        "country",
        "statistics",
        "year",
        "raw_value",
        "current_value",
        "revision_action",
    )
    for number, row in records(raw, wanted):
        if row["revision_action"] != "replace_value":
            reading.left_out[f"correction without a new value ({row['revision_action']})"] += 1
            continue
        values = [row["section"], row["country"], row["statistics"], "Mine production", "metric tons"]
        _fact(
            reading, f":{number}", [*values, row["year"], row["current_value"], row.get("current_notes", "")]
        )
    return reading.done()


def _fact(reading: Reading, where: str, fields: list[str]) -> None:
    section, country, statistics, detail, unit, year, text, notes = fields
    kind = reading.known(where, "statistic", statistics, STATISTICS)
    if kind == "price":
        match = _PRICE.match(detail)
        series = reading.known(where, "price", match[1] if match else detail, PRICES)
        wanted_unit = "dollars per kilogram"
    elif kind == "production":
        if not section.startswith("World"):
            reading.left_out["United States salient statistics"] += 1
            return
        series = reading.known(where, "country", country, COUNTRIES)
        wanted_unit = "metric tons"
    else:
        return
    if series is None:
        return
    if unit != wanted_unit:
        fault = f"unit {unit!r} where {wanted_unit!r} is expected"
        reading.faults.append(reading.raw.refuse(fault, "check the layout of this release", where).faults[0])
        return
    value = reading.number(where, text)
    if value is None or not year.isdigit():
        reading.left_out["no figure printed"] += 1
        return
    _add(reading, series, f"CY{year}", value, "usgs_mcs_2026", notes)


def _add(reading: Reading, series: str, period: str, value: float, source: str, notes: str) -> None:
    if series == "in.reo":
        reading.figures.append(Figure(series, period, value, source, "carried_forward", INDIA))
    elif notes.startswith("Estimated") or "e" in notes.split()[:1]:
        reading.figures.append(Figure(series, period, value, source, "estimate", "estimated by USGS"))
    else:
        reading.figures.append(Figure(series, period, value, source, "actual", ""))


def world_2024(raw: Raw) -> Reading:
    """The world table of the 2024 release: one row a country, two years of estimates side by side."""
    reading = Reading(raw)
    for number, row in records(raw, ("Source", "Country", "Type", "Prod_t_est_2022", "Prod_t_est_2023")):
        if not row["Country"]:
            continue
        if not row["Type"].startswith(
            "Rare earths, mine production, rare-earth-oxide equivalent, metric tons"
        ):
            fault = f"{row['Type']!r} is not mine production in tons of oxide"
            reading.faults.append(raw.refuse(fault, "name the rare-earth table", f":{number}").faults[0])
            continue
        series = reading.known(f":{number}", "country", row["Country"], COUNTRIES)
        for year in (2022, 2023):
            value = reading.number(f":{number}", row[f"Prod_t_est_{year}"])
            if series is not None and value is not None:
                _add(reading, series, f"CY{year}", value, "usgs_mcs_2024", "Estimated")
    return reading.done()
