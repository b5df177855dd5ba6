"""How the edition and its series stand: the banner, with what is alike told once, and the register of standings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from forecasting.reports.banner import Banner, Remark, Standing
from forecasting.reports.format import MISSING
from forecasting.reports.language import Words
from forecasting.reports.material import Material
from forecasting.reports.model import Cell, Column, Table
from forecasting.reports.tables import anchor, provenance_link

BANNERS = ("normal", "degraded", "stale", "superseded", "retracted")
FALLEN = ("withheld", "stale", "degraded")
BY_SOURCE = "freshness"  # its objections read alike for every series that waits for the same source


def standings(material: Material) -> dict[str, Standing]:
    """How every series stands that the edition says anything of, by id."""
    found = {}
    for row in material.table("states").to_dict("records"):
        id = str(row["series"])
        found[id] = Standing(
            str(row["standing"]), _text(row["model"]), _text(row["reason"]), _text(row["vintage"])
        )
    return found


def told(standing: Standing, words: Words) -> str:
    """One sentence on a series that is not as it should be; empty for one that is.

    >>> told(Standing("stale", "ets", "no answer", "2026-10-20-0a1b2c3d"), Words("en"))
    'These are the values of edition 2026-10-20-0a1b2c3d: no answer.'
    """
    if standing.level not in FALLEN:
        return ""
    said = words.say(f"standing.{standing.level}.text", model=standing.model, vintage=standing.vintage)
    return f"{said}: {standing.reason}." if standing.reason else f"{said}."


def noted(material: Material, id: str) -> str:
    """What else is to be known of one series; how it stands is told apart."""
    table = material.table("remarks")
    if len(table):
        texts = table.loc[(table["series"] == id) & (table["overridden"].fillna("") == ""), "text"]
        return "; ".join(f"{text[:1].upper()}{text[1:]}" for text in map(str, texts))
    states = standings(material)
    fallen = id in states and states[id].level in FALLEN
    return "" if fallen else material.series_notes.get(id, "")


def banner(material: Material, words: Words) -> Banner:
    """The status of the edition: what holds for all of it, then each shortcoming once with the series it concerns."""
    status = material.status
    level = status if status in BANNERS else "degraded"
    text = words[f"{status}.text"] if status in BANNERS else "See the reasons given."
    word = words[status] if status in BANNERS else status.capitalize()
    fallen, noted = tuple(_fallen(material, words)), tuple(_remarks(material, words))
    shown = set(material.forecasts["series"]) | set(standings(material))
    concerned = {id for remark in noted for id in remark.ids}
    summary = ""
    if noted:
        summary = words.say(
            "remarks", count=f"{len(concerned)}", all=f"{len(shown | concerned)}", lines=f"{len(noted)}"
        )
    return Banner(level, word, text, material.status_reasons, fallen, noted, summary)


def _fallen(material: Material, words: Words) -> Iterator[Remark]:
    states = standings(material)
    for level in FALLEN:
        mine = {id: one for id, one in states.items() if one.level == level}
        if mine:
            details = {id: ": ".join(filter(None, [_instead(one), one.reason])) for id, one in mine.items()}
            yield _remark(material, words[f"standing.{level}.these"], details)


def _instead(standing: Standing) -> str:
    """What stands in for the champion's forecast: a model, or an edition."""
    return {"degraded": standing.model, "stale": standing.vintage}.get(standing.level, "")


def _remarks(material: Material, words: Words) -> Iterator[Remark]:
    """What the gates warn of, one remark a source that is late and one for every other gate."""
    table = material.table("remarks")
    rows = (
        table[table["series"].astype(bool) & (table["overridden"].fillna("") == "")] if len(table) else table
    )
    if not len(rows):
        yield from _by_text(material)
        return
    for gate, of in rows.groupby("gate", sort=False):
        name = words.get(f"gate.{gate}", words.say("gate", name=str(gate)))
        if gate == BY_SOURCE:
            for text, alike in of.groupby("text", sort=False):
                first, _, rest = str(text).partition("; ")
                yield _remark(
                    material, f"{name}: {first}", dict.fromkeys(map(str, alike["series"]), ""), rest
                )
        else:
            yield _remark(material, name, dict(zip(of["series"], of["text"], strict=True)))


def _by_text(material: Material) -> Iterator[Remark]:
    """The notes on series of an edition that does not keep its remarks apart, those that read alike together."""
    states = standings(material)
    alike: dict[str, dict[str, str]] = {}
    for id, note in sorted(material.series_notes.items()):
        if id not in states or states[id].level not in FALLEN:
            alike.setdefault(note, {})[id] = ""
    for note, ids in alike.items():
        first, _, rest = note.partition("; ")
        yield _remark(material, f"{first[:1].upper()}{first[1:]}", ids, rest)


def _remark(material: Material, text: str, details: Mapping[str, str], rest: str = "") -> Remark:
    known = material.catalogue.series
    names = tuple(
        (known[id].title if id in known else id, f"#{anchor(id)}" if id in known else "", details[id])
        for id in details
    )
    return Remark(text, f"{rest[:1].upper()}{rest[1:]}", names, tuple(details))


def register(material: Material) -> Table | None:
    """One row a series: how it stands, which model was published, and what is to be known of it."""
    states = standings(material)
    if not states:
        return None
    rows = []
    for id, one in states.items():
        series = material.catalogue.series.get(id)
        why = material.series_notes.get(id, "") or one.reason
        link = provenance_link(material, id)
        rows.append(
            (
                Cell(series.title if series else id, link=link),
                Cell(one.level),
                Cell(one.model or MISSING),
                Cell(one.vintage or MISSING),
                Cell(why),
            )
        )
    columns = (
        Column("Series"),
        Column("Standing"),
        Column("Model"),
        Column("Values of edition"),
        Column("Remarks"),
    )
    return Table("standing-table", "How each series stands", columns, tuple(rows))


def _text(value: Any) -> str:
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)
