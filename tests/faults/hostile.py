"""A project whose every text is hostile: building it, and looking for formulas, elements and links in what it made."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import yaml

from forecasting.data.store import Store
from forecasting.errors import ForecastingError
from tests.faults import mini
from tests.publishing.small_job import Project, _Plain

KINDS: dict[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("payloads.yaml").read_text(encoding="utf-8")
)
ALL = [one for kind in KINDS.values() for one in kind]
HOST = "canary.invalid"
TEXTS = (
    "title",
    "note",
    "why",
    "publisher",
    "address",
    "licence",
    "taken",
    "trust",
    "group",
    "owner",
    "contact",
)
TRACE = ("strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o")
HARMLESS = "plain words"
WORLDS = 7
RISKY = re.compile(r"^[\s\u00a0\ufeff\x00]*[=+\-@\t\r\n\x00＝＋－＠]")


@dataclass(frozen=True)
class Made:
    """An edition full of payloads: its folder, the site and database it was sent to, and what was connected to."""

    root: Path
    edition: Path
    connected: list[str]


def pages(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*.html")) if not path.is_symlink())


def build(root: Path, shown: list[str], noted: list[str]) -> Made:
    """A project whose every free text is a payload, published with the whole report to a site and a database."""
    texts, notes = cycle(shown), cycle(noted)

    def poisoned(content: Any) -> Any:
        if isinstance(content, dict):
            return {
                key: next(texts) if key in TEXTS and isinstance(one, str) else poisoned(one)
                for key, one in content.items()
            }
        return [poisoned(one) for one in content] if isinstance(content, list) else content

    project = Project(root, balance=True)
    for path in sorted(project.data.rglob("*.yaml")):
        content = poisoned(yaml.safe_load(path.read_text(encoding="utf-8")))
        if path.name == "series.yaml":
            for one in content["series"].values():
                one |= {"trust": next(texts), "group": next(texts), "traps": [next(texts)]}
        if path.name == "balance.yaml":
            content["nodes"]["gap.market"] = content["nodes"]["gap.home"]
            content["market"] = "gap.market"
        if path.name == "publication.yaml":
            content["sinks"] = [
                {"kind": "site", "name": "site", "folder": "site"},
                {"kind": "sql", "name": "sql", "url_env": "SINK"},
            ]
            content["gates"]["freshness"] = {"severity": "warn", "grace_days": 400, "stale_days": 2000}
        path.write_text(
            yaml.dump(content, Dumper=_Plain, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
    path = project.data / "observations" / "all.csv"
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    rows["note"] = [next(notes) for _ in range(len(rows))]
    rows.to_csv(path, index=False, lineterminator="\n")
    project.release()
    (root / "experiments").mkdir()
    (root / "mlruns").mkdir()
    project.bundles.rename(root / "mlruns" / "releases")
    trace = root / "trace"
    done = subprocess.run(
        [*TRACE, str(trace), sys.executable, "-m", "forecasting", *mini.PUBLISH],
        cwd=root,
        env={**os.environ, "SINK": f"sqlite:///{root}/sink.db"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=600,
    )
    assert done.returncode in (0, 3), done.stderr[-4000:]
    assert "failed" not in done.stderr, done.stderr[-4000:]
    connected = [
        line for line in trace.read_text(errors="replace").splitlines() if "sin" in line and "AF_INET" in line
    ]
    return Made(root, (root / "data" / "editions" / "latest").resolve(), connected)


def accepted(tmp: Path, payloads: list[str]) -> tuple[list[str], list[str]]:
    """The payloads that may be a title and those that may be a note; others are refused with a documented error."""
    project = Project(tmp / "tried")
    table, series = project.data / "observations" / "all.csv", project.data / "series.yaml"
    rows = pd.read_csv(table, dtype=str, keep_default_na=False)
    whole = series.read_text(encoding="utf-8")
    titles, notes = [], []
    for payload in payloads:
        content = yaml.safe_load(whole)
        content["series"]["left"]["title"] = payload
        series.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
        if taken(project.data):
            titles.append(payload)
        series.write_text(whole, encoding="utf-8")
        rows.loc[0, "note"] = payload
        rows.to_csv(table, index=False, lineterminator="\n")
        if taken(project.data):
            notes.append(payload)
    return titles, notes


def taken(data: Path) -> bool:
    error = refusal(data)
    assert error is None or error.exit_code in (65, 78)
    return error is None


def refusal(data: Path) -> ForecastingError | None:
    """Why a data folder cannot be opened; None when it can."""
    try:
        Store.open(data)
    except ForecastingError as error:
        return error
    return None


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and where it links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.links: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag, tuple(sorted(name for name, _ in attrs))] += 1
        for name, value in attrs:
            if name in ("href", "src", "action", "data", "xlink:href", "srcset", "poster", "formaction"):
                self.links.add((value or "").strip())


def formulas(path: Path) -> dict[tuple[str, str], str]:
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.coordinate): str(cell.value)
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" or cell.hyperlink is not None
    }


def risky_cells(path: Path) -> list[str]:
    """Text cells of a table that a spreadsheet would compute."""
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            for cell in row:
                if RISKY.match(cell) and not _number(cell):
                    found.append(cell)
    return found


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell == cell.strip()
