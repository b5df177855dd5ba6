"""An edition as files from which its report can be made again, and back: nothing else is needed, not even ``data/``."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasting.catalogue import Catalogue, Event, Publication, Series, Source
from forecasting.errors import InputMissing
from forecasting.frames.cells import guarded, unguarded
from forecasting.reports.extras import EXTRAS, is_number
from forecasting.reports.material import COLUMNS, Material

if TYPE_CHECKING:
    from forecasting.publishing.facts import Facts

FACTS = "facts.json"
_PLAIN = ("edition_id", "status", "data_digest", "code_version", "scenario")
_DATES = ("released", "as_of", "next_release")
_PUBLIC = ("release_calendar", "critical", "contact", "licence")  # of publication.yaml
COUNTS = ("origins", "points")
_NUMBERS = {
    "forecasts": ("quantile", "value"),
    "history": ("value",),
    "certificates": (
        "origins", "points", "coverage_50", "coverage_80", "coverage_95", "mase", "crps", "naive_mase", "naive_crps",
    ),
}  # fmt: skip


def from_facts(facts: Facts) -> Material:
    """The material of what the publisher hands over; the next release follows from the release calendar."""
    taken = {field.name for field in fields(Material)} & {field.name for field in fields(facts)}
    given: dict[str, Any] = {name: getattr(facts, name) for name in taken - {"tables"}}
    tables = dict(getattr(facts, "tables", {})) | dict(facts.balance)
    calendar = facts.catalogue.publication.release_calendar
    given.setdefault("next_release", calendar.next_release(facts.released) if calendar else None)
    given.setdefault("status", "normal")
    return Material(**given, tables=tables)


def is_numeric(table: str, column: str) -> bool:
    """Whether a column of a file of an edition holds numbers.

    >>> is_numeric("history", "value"), is_numeric("history", "note")
    (True, False)
    """
    return column in _NUMBERS.get(table, ()) or (table in EXTRAS and is_number(table, column))


def edition_files(material: Material) -> dict[str, bytes]:
    """The material as the files of an edition: a CSV a table, and ``facts.json`` for everything else."""
    files = {f"{name}.csv": _csv(getattr(material, name)) for name in (*COLUMNS, "outlooks")}
    files["history.csv"] = _csv(material.history.assign(believed=material.history["believed"].astype(bool)))
    counts = {name: material.certificates[name].astype("Int64") for name in COUNTS}
    files["certificates.csv"] = _csv(material.certificates.assign(**counts))
    files |= {_place(name): _csv(frame) for name, frame in material.tables.items()}
    files[FACTS] = (
        json.dumps(_facts(material), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    ).encode()
    return files


def _place(name: str) -> str:
    """Where a table lies: those of the balance in a folder of their own, as the publisher writes them."""
    alone = name in (
        "forecasts",
        *COLUMNS,
        "outlooks",
        "changes",
        "track_record",
        "scores",
        "errata",
        "states",
        "remarks",
    )
    return f"{name}.csv" if alone else f"balance/{name}.csv"


def _csv(frame: pd.DataFrame) -> bytes:
    shown = frame.copy()
    for column in shown.columns:
        if pd.api.types.is_datetime64_any_dtype(shown[column]):
            shown[column] = shown[column].dt.date
    return guarded(shown).to_csv(index=False, lineterminator="\n").encode()


def _facts(material: Material) -> dict[str, Any]:
    catalogue = material.catalogue
    shown = {*material.forecasts["series"], *material.history["series"]}
    series = {id: one for id, one in catalogue.series.items() if id in shown or one.target}
    named = {source for cell in material.history["source"] for source in str(cell).split(", ")}
    for name in ("assumptions", "outlook_scores", "validation"):
        named |= {source for cell in material.table(name)["source"] for source in str(cell).split()}
    for column in ("source", "source_id"):
        if column in material.outlooks.columns:
            named |= set(map(str, material.outlooks[column]))
    events = {id: event for of in series for id, event in catalogue.touching(of).items()}
    named |= {event.source for event in events.values()}
    return {
        **{name: getattr(material, name) for name in _PLAIN},
        **{name: None if (day := getattr(material, name)) is None else day.isoformat() for name in _DATES},
        "status_reasons": list(material.status_reasons),
        "series_notes": dict(material.series_notes),
        "tables": sorted(material.tables),
        "catalogue": {
            "series": {id: one.model_dump(mode="json") for id, one in series.items()},
            "order": list(series),
            "sources": {
                id: one.model_dump(mode="json") for id, one in catalogue.sources.items() if id in named
            },
            "events": {id: one.model_dump(mode="json") for id, one in events.items()},
            "events_order": [id for id in catalogue.events if id in events],
            "publication": catalogue.publication.model_dump(mode="json", exclude={"sinks"}),
        },
    }


def from_edition(folder: Path) -> Material:
    """The material of an edition on disk.

    Raises :class:`~forecasting.errors.InputMissing` for a folder that lacks a file, naming what to run, and
    :class:`~forecasting.errors.DataError` when the tables break their contract.
    """
    missing = [f"{name}.csv" for name in (*COLUMNS, "outlooks") if not (folder / f"{name}.csv").is_file()]
    if not (folder / FACTS).is_file():
        missing.append(FACTS)
    if missing:
        raise InputMissing(
            f"{folder} lacks {', '.join(missing)}: it was published before editions could be rendered again; "
            "publish a new one (forecast publish) or open its report.html"
        )
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    held = facts["catalogue"]
    series, sources, events = held["series"], held["sources"], held["events"]
    catalogue = Catalogue(
        root=folder,
        series={id: Series.model_validate(series[id]) for id in held["order"]},
        sources={id: Source.model_validate(one) for id, one in sources.items()},
        events={id: Event.model_validate(events[id]) for id in held["events_order"]},
        assumptions={},
        corrections=(),
        publication=Publication.model_validate({name: held["publication"][name] for name in _PUBLIC}),
    )
    tables: dict[str, Any] = {name: _read(folder, name) for name in COLUMNS}
    days: dict[str, Any] = {
        name: None if facts[name] is None else date.fromisoformat(facts[name]) for name in _DATES
    }
    tables["history"]["believed"] = tables["history"]["believed"].astype(str) == "True"
    extras = {name: _read(folder, name) for name in facts["tables"]}
    return Material(
        **{name: facts[name] for name in _PLAIN},
        **days,
        catalogue=catalogue,
        **tables,
        outlooks=_read(folder, "outlooks"),
        status_reasons=tuple(facts["status_reasons"]),
        series_notes=facts["series_notes"],
        tables=extras,
    )


def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / _place(name)
    if not path.read_bytes().strip():
        return pd.DataFrame()
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    for column in frame.columns:
        if is_numeric(name, column):
            frame[column] = [float(cell) if cell else float("nan") for cell in frame[column]]
        else:
            frame[column] = frame[column].map(unguarded)
    return frame
