"""What programs follow on a site: an Atom feed of editions (RFC 4287) and the latest forecasts as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from forecasting.publishing.sinks.accounts import Account, current

FEED, LATEST = "feed.xml", "latest.json"
ATOM = "http://www.w3.org/2005/Atom"
TITLE = "India's rare-earth and electric-vehicle outlook to 2030"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


def feed(
    accounts: Sequence[Account], contact: str, licence: str, base_url: str | None, served: Container[str]
) -> bytes:
    """The Atom feed of editions, the last changed first; the same accounts give the same bytes.

    An entry's ``updated`` is the last moment something happened to its edition, so that a reader's program shows a
    retracted edition anew, and one that stands again. It leads to the index unless the edition's page is ``served``.
    """
    root = ET.Element("feed", xmlns=ATOM)
    if base_url:
        root.set("xml:base", f"{base_url}/")
    _add(root, "id", _iri("feed", base_url or ""))
    _add(root, "title", TITLE)
    _add(
        root,
        "updated",
        _stamp(max((one.changed for one in accounts), default=datetime(1970, 1, 1, tzinfo=UTC))),
    )
    _add(root, "rights", licence)
    _add(_add(root, "author", ""), "name", contact)
    _add(root, "link", "", rel="self", type="application/atom+xml", href=FEED)
    _add(root, "link", "", rel="alternate", type="text/html", href="index.html")
    for one in sorted(accounts, key=lambda one: (one.changed, one.edition), reverse=True):
        entry = _add(root, "entry", "")
        page = f"{one.edition}/report.html" if one.edition in served else "index.html"
        _add(entry, "id", _iri("edition", one.edition, one.manifest_sha256))
        _add(entry, "title", f"Edition {one.edition}" + (f", {one.words}" if one.words else ""))
        _add(entry, "updated", _stamp(one.changed))
        _add(entry, "published", _stamp(one.published))
        _add(entry, "link", "", rel="alternate", type="text/html", href=page)
        _add(entry, "summary", _summary(one))
    ET.indent(root, " ")
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def latest(accounts: Sequence[Account], editions: Mapping[str, Path], next_release: str | None) -> bytes:
    """The current edition as JSON: its dates, status, files with hashes, and every forecast by series and period.

    ``edition`` is null when none stands.
    """
    now = current(accounts)
    told: dict[str, Any] = {"edition": None}
    if now is not None:
        folder = editions[now.edition]
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        told = {
            **now.told(),
            "status_reasons": manifest.get("status_reasons", []),
            "next_release": next_release,
            "files": [{**one, "path": f"{now.edition}/{one['path']}"} for one in manifest["files"]],
            "forecasts": _forecasts(folder),
        }
    return (json.dumps(told, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _forecasts(folder: Path) -> list[dict[str, Any]]:
    import pandas as pd

    table = pd.read_csv(folder / "forecasts.csv", keep_default_na=False, float_precision="round_trip")
    keys = ["series", "kind", "scenario", "unit", "model"]
    found = []
    for key, rows in table[table["value"] != ""].groupby(keys, sort=False):
        points = [
            {
                "period": period,
                "quantiles": {
                    str(level): float(value) for level, value in zip(of["quantile"], of["value"], strict=True)
                },
            }
            for period, of in rows.groupby("period", sort=False)
        ]
        found.append({**dict(zip(keys, map(str, key), strict=True)), "points": points})
    return found


def _summary(one: Account) -> str:
    said = [f"Status {one.status}. Data as of {one.as_of.isoformat()}. Released {one.released.isoformat()}."]
    return " ".join([*said, *one.corrections])


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    if text:
        child.text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
    return child


def _iri(*parts: str) -> str:
    """A name for ever, whatever address the site has: a UUID made from what it names (RFC 9562, version 5)."""
    return uuid5(NAMESPACE_URL, "/".join(["forecasting", *parts])).urn


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
