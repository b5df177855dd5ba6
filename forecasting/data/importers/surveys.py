"""Other compilations: BGS World Mineral Statistics, the Energy Institute's review, the IEA's explorer, KOMIS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from forecasting.catalogue import Status
from forecasting.data.importers.base import Figure, Reading
from forecasting.data.importers.reading import Raw, json_of, records
from forecasting.errors import Fault

BGS_TABLES: dict[str, str | None] = {
    "rare earth minerals|Monazite": "in.monazite.fy",
    "rare earth oxides|": "in.reo.bgs.fy",
}
FOLLOWING = "31 March following"
EI_COUNTRIES: dict[str, str | None] = {
    "Australia": "au.reo",
    "Brazil": "br.reo",
    "China": "cn.reo",
    "India": "in.reo",
    "Madagascar": "mg.reo",
    "Russian Federation": "ru.reo",
    "Thailand": "th.reo",
    "US": "us.reo",
    "Total World": "world.reo",
    "Rest of World": None,
}
EI_MEASURED_TO = 2019  # from then on India's figures are rounded or copied
METALS: dict[str, str | None] = {
    "네오디뮴 (Nd)": "price.nd_oxide.month",
    "세륨 (Ce)": None,
    "망간 (Mn)": None,
    "창연 (Bi)": None,
}
MONTH_DAYS = 15  # quotes below which a month is not yet whole


def bgs(raw: Raw) -> Reading:
    """BGS World Mineral Statistics: India's monazite and oxides; a year ended in March is a fiscal year.

    A figure without that footnote is of an unknown year and left out; other countries are believed from USGS and EI.
    """
    reading = Reading(raw)
    wanted = ("country_trans", "bgs_commodity_trans", "bgs_sub_commodity_trans", "year", "quantity", "units")
    for number, row in records(raw, (*wanted, "concat_figure_notes_text")):
        where = f":{number}"
        if row["country_trans"] != "India":
            reading.left_out["countries other than India"] += 1
            continue
        table = f"{row['bgs_commodity_trans']}|{row['bgs_sub_commodity_trans']}"
        series = reading.known(where, "table", table, BGS_TABLES)
        if series is None:
            continue
        if row["units"] != "tonnes (metric)":
            reading.faults.append(
                Fault(f"{raw.name}{where}", f"unit {row['units']!r}", "tonnes (metric) is expected")
            )
            continue
        notes = row["concat_figure_notes_text"]
        value = reading.number(where, row["quantity"])
        label = row["year"][:4]
        if value is None or not label.isdigit():
            reading.left_out["no figure printed"] += 1
        elif series == "in.monazite.fy" and FOLLOWING not in notes:
            reading.left_out["no footnote says which year"] += 1
        else:
            guess = "stimate" in notes
            note = "; ".join(
                filter(None, ["estimated by BGS" if guess else "", "year ending 31 March following"])
            )
            status: Status = "estimate" if guess else "actual"
            reading.figures.append(Figure(series, f"FY{int(label) + 1}", value, "bgs_wms_2026", status, note))
    return reading.done()


def energy_institute(raw: Raw) -> Reading:
    """The rare-earth sheet of the Statistical Review as JSON: thousand tonnes of oxide, by calendar year."""
    document = json_of(raw)
    reading = Reading(raw)
    if not isinstance(document, dict) or not isinstance(document.get("entities"), list):
        raise raw.refuse("no list 'entities'", "name the rare-earth sheet")
    if not str(document.get("unit", "")).startswith("Thousand tonnes"):
        raise raw.refuse(f"unit {document.get('unit')!r}", "thousand tonnes are expected")
    years = document.get("years")
    if not isinstance(years, list) or not all(isinstance(y, int) and 1900 <= y <= 2100 for y in years):
        raise raw.refuse("no list 'years' of years", "download it again")
    for entity in document["entities"]:
        name = str(entity.get("name")) if isinstance(entity, dict) else str(entity)
        series = reading.known(f":{name}", "country", name, EI_COUNTRIES)
        values = entity.get("values") if isinstance(entity, dict) else None
        if not isinstance(values, list) or len(values) != len(years):
            reading.faults.append(Fault(f"{raw.name}:{name}", "not one value a year", "download it again"))
            continue
        for year, cell in zip(years, values, strict=True):
            value = _plain_number(reading, f":{name} {year}", cell)
            if series is not None and value is not None:
                guess = series == "in.reo" and int(year) > EI_MEASURED_TO
                status: Status = "estimate" if guess else "actual"
                figure = Figure(series, f"CY{int(year)}", float(f"{value * 1000:.9g}"), "ei_sr_2026", status)
                reading.figures.append(figure)
    return reading.done()


def _plain_number(reading: Reading, where: str, cell: Any) -> float | None:
    if isinstance(cell, (list, dict)):
        reading.faults.append(
            Fault(f"{reading.raw.name}{where}", "a list where a number belongs", "download it again")
        )
        return None
    return reading.number(where, cell)


def iea(raw: Raw) -> Reading:
    """The IEA's critical-minerals explorer: total demand for magnet rare earths of the base year, kt of elements.

    Scenario years are outlooks, not observations, and are left out.
    """
    document = json_of(raw)
    reading = Reading(raw)
    try:
        demand = document["totalDemand"]["Rare Earth Elements"]["totalDemand"]
        items = list(demand.items())
    except (KeyError, TypeError, AttributeError):
        raise raw.refuse("no totalDemand of 'Rare Earth Elements'", "name the explorer's JSON") from None
    for name, cell in items:
        if isinstance(cell, dict):
            reading.left_out[f"scenario {name} (an outlook)"] += len(cell)
            continue
        value = _plain_number(reading, f":{name}", cell)
        if value is not None and str(name).isdigit():
            tonnes = round(value * 1000, 1)
            note = "base year of the explorer"
            reading.figures.append(
                Figure("world.magnet_ree.demand.cy", f"CY{name}", tonnes, "iea_cmde_2025", "estimate", note)
            )
    return reading.done()


def komis(raw: Raw) -> Reading:
    """KOMIS price JSON: monthly means of daily quotes; a month with few quotes is provisional."""
    document = json_of(raw)
    reading = Reading(raw)
    metals = document.get("metals") if isinstance(document, dict) else None
    if not isinstance(metals, list):
        raise raw.refuse("no list 'metals'", "name the price JSON of KOMIS")
    for metal in metals:
        name = str(metal.get("name")) if isinstance(metal, dict) else str(metal)
        series = reading.known(f":{name}", "metal", name, METALS)
        if series is None:
            continue
        unit = (metal.get("today") or {}).get("unit") if isinstance(metal.get("today"), dict) else None
        if unit != "USD/kg":
            reading.faults.append(Fault(f"{raw.name}:{name}", f"unit {unit!r}", "USD/kg is expected"))
            continue
        _months(reading, series, metal.get("history"), lambda quotes: sum(quotes) / len(quotes))
    return reading.done()


def _months(reading: Reading, series: str, history: Any, mean: Callable[[list[float]], float]) -> None:
    months: dict[tuple[int, int], list[float]] = {}
    for number, quote in enumerate(history if isinstance(history, list) else []):
        where = f":{series} quote {number}"
        try:
            day = date(*(int(part) for part in str(quote["date"]).split(".")))
        except (KeyError, TypeError, ValueError):
            reading.faults.append(
                Fault(f"{reading.raw.name}{where}", "no day such as 2024.01.02", "download it again")
            )
            continue
        value = _plain_number(reading, where, quote.get("value"))
        if value is not None:
            months.setdefault((day.year, day.month), []).append(value)
    for place, ((year, month), quotes) in enumerate(sorted(months.items())):
        whole = place + 1 < len(months) or len(quotes) >= MONTH_DAYS
        note = "monthly mean of daily quotes" if whole else f"mean of {len(quotes)} days only"
        status: Status = "actual" if whole else "provisional"
        value = round(mean(quotes), 4)
        reading.figures.append(
            Figure(series, f"{year:04d}-{month:02d}", value, "komis_jeewonshin", status, note)
        )
