"""The data package of an edition: a Frictionless descriptor of its CSV files, with hashes, types and licences."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Mapping
from typing import Any

from forecasting.reports.archive import is_numeric
from forecasting.reports.material import Material

DESCRIPTOR = "datapackage.json"
_BOOLEANS = frozenset({"believed", "comparable", "inside_80"})
_DAYS = frozenset({"available_at", "review_by", "date", "released"})


def descriptor(material: Material, files: Mapping[str, bytes]) -> bytes:
    """``datapackage.json`` for the CSV files of an edition (Frictionless Data Package 1)."""
    licence = material.catalogue.publication.licence
    package = {
        "name": re.sub(r"[^a-z0-9._-]", "-", f"forecasting-{material.edition_id}".lower()),
        "title": f"India's rare-earth and electric-vehicle outlook to 2030, edition {material.edition_id}",
        "version": material.edition_id,
        "created": f"{material.released.isoformat()}T00:00:00Z",
        "profile": "tabular-data-package",
        "licenses": [{"name": "CC-BY-4.0", "title": licence}],
        "sources": [
            {"title": f"{source.publisher}: {source.title}"} for source in material.catalogue.sources.values()
        ],
        "contributors": [{"title": material.catalogue.publication.contact, "role": "publisher"}],
        "resources": [
            _resource(name, content)
            for name, content in sorted(files.items())
            if name.endswith(".csv") and content.strip()
        ],
    }
    return (json.dumps(package, indent=1, ensure_ascii=False) + "\n").encode()


def _resource(name: str, content: bytes) -> dict[str, Any]:
    table = name.removesuffix(".csv").rpartition("/")[2]
    heads = next(csv.reader(io.StringIO(content.decode("utf-8"))))
    return {
        "name": table.replace("_", "-"),
        "path": name,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": {"fields": [_field(table, head) for head in heads], "missingValues": [""]},
    }


def _field(table: str, head: str) -> dict[str, Any]:
    if head in _BOOLEANS:
        return {"name": head, "type": "boolean", "trueValues": ["True"], "falseValues": ["False"]}
    if is_numeric(table, head):
        return {"name": head, "type": "number"}
    if head in _DAYS:
        return {"name": head, "type": "date"}
    return {"name": head, "type": "string"}
