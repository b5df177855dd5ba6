"""``data/datapackage.json``: the data folder as a Frictionless data package, made from the catalogue.

The tables stay where they are; the package says what their columns mean, where every figure comes from and under which
licence, so that any reader of the standard can use them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from forecasting.catalogue import STATUSES, Catalogue
from forecasting.errors import InputMissing

NAME = "datapackage.json"
PERIOD = r"^(\d{4}-(0[1-9]|1[0-2])|\d{4}-Q[1-4]|FY\d{4}|CY\d{4})$"


def describe(catalogue: Catalogue) -> dict[str, Any]:
    """The descriptor of a data folder; raises :class:`InputMissing` when it holds no observations."""
    folder = catalogue.root / "observations"
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise InputMissing(f"{folder} holds no .csv; restore data/observations")
    return {
        "name": "india-rare-earths-and-electric-vehicles",
        "title": "India's rare-earth and electric-vehicle supply and demand: observations with their vintages",
        "description": "One value of one series for one period by one source a row, with the day it became known.",
        "profile": "tabular-data-package",
        "licenses": [
            {
                "name": "other-open",
                "title": catalogue.publication.licence,
                "path": "https://creativecommons.org/licenses/by/4.0/",
            }
        ],
        "sources": [_source(id, catalogue) for id in sorted(catalogue.sources)],
        "resources": [_observations(path, catalogue) for path in paths],
    }


def text(catalogue: Catalogue) -> str:
    """The descriptor as canonical JSON with a newline at the end."""
    return json.dumps(describe(catalogue), indent=1, ensure_ascii=False) + "\n"


def _source(id: str, catalogue: Catalogue) -> dict[str, str]:
    source = catalogue.sources[id]
    found = {"name": id, "title": f"{source.publisher}: {source.title}", "licence": source.licence}
    if source.address.startswith("http"):
        found["path"] = source.address.split()[0].rstrip(";,")
    else:
        found["address"] = source.address
    return found | ({"published": source.published.isoformat()} if source.published else {})


def _observations(path: Path, catalogue: Catalogue) -> dict[str, Any]:
    content = path.read_bytes()
    group = path.stem
    series = {id: entry for id, entry in catalogue.series.items() if entry.group == group}
    units = sorted({entry.unit for entry in series.values()})
    return {
        "name": group.replace("_", "-"),
        "path": path.relative_to(catalogue.root).as_posix(),
        "title": f"Observations: {group.replace('_', ' ')}",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {
            "fields": [
                _field(
                    "period",
                    "string",
                    "month 2025-03, fiscal year FY2025, calendar year CY2024",
                    pattern=PERIOD,
                ),
                _field("series", "string", "id of series.yaml"),
                _field("value", "number", "in the unit of the row"),
                _field("unit", "string", f"one of: {', '.join(units)}" if units else "as in series.yaml"),
                _field("source", "string", "id of sources.yaml", enum=sorted(catalogue.sources)),
                _field("status", "string", "how firm the figure is", enum=list(STATUSES)),
                _field("available_at", "date", "the day the figure became known"),
                {"name": "note", "type": "string", "description": "what a reader must know"},
            ],
            "primaryKey": ["series", "period", "source", "available_at"],
            "missingValues": [""],
        },
        "series": {id: {"title": e.title, "unit": e.unit, "kind": str(e.kind)} for id, e in series.items()},
    }


def _field(name: str, kind: str, description: str, **constraints: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "description": description,
        "constraints": {"required": True, **constraints},
    }
