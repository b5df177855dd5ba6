"""A static site over all editions: an index a newcomer understands, each edition in its folder, ``latest`` on top."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecasting.catalogue.sinks import SiteRecord
from forecasting.errors import CannotWrite, InputMissing, UsageError
from forecasting.publishing.sinks.accounts import Account
from forecasting.publishing.sinks.place import delivered, objection
from forecasting.reports.archive import FACTS, from_edition
from forecasting.reports.brand import Brand
from forecasting.reports.charts import fan_chart
from forecasting.reports.drawing import balance_chart
from forecasting.reports.feed import FEED, LATEST, feed
from forecasting.reports.feed import latest as as_json
from forecasting.reports.format import day_text
from forecasting.reports.html import environment, policy
from forecasting.reports.hub import hub
from forecasting.reports.material import Material
from forecasting.reports.model import Answer, ReportModel, build
from forecasting.reports.notice import PAGE, put_up

CHART = "chart.svg"


@dataclass(frozen=True)
class Entry:
    """One edition on the index."""

    id: str
    released: str
    as_of: str
    status: str
    files: tuple[str, ...]
    latest: bool
    fate: str = "current"
    errata: tuple[str, ...] = ()


def site(
    editions: Sequence[Path],
    latest: Path | None,
    out: Path,
    brand: Brand | None = None,
    accounts: Sequence[Account] = (),
) -> Path:
    """Write the site of some editions, oldest first, into a folder and return its ``index.html``.

    ``accounts`` say what became of the recorded ones; the site then also has what programs read (:func:`fill`).
    The folder is written beside its place and moved there whole, so that a reader never sees half a site. Raises
    :class:`InputMissing` without editions, :class:`UsageError` when something else than an earlier site lies there, and
    :class:`CannotWrite` when the folder cannot be written.
    """
    if not editions:
        raise InputMissing("no edition to make a site of; publish one first: forecast publish")
    if delivered(out):
        raise UsageError(
            f"{out} is where a sink delivers a site; run forecast deliver, or name another folder"
        )
    out = out.resolve()
    staging = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        if why := objection(out):
            raise UsageError(f"{out} {why}; name a new or empty folder, or that of an earlier site")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True, mode=0o700)
        if accounts:
            fill(
                editions,
                latest,
                accounts,
                SiteRecord(kind="site", name="site", folder=str(out)),
                staging,
                brand,
            )
        else:
            pages(editions, latest, staging, brand, ())
        staging.chmod(0o755)
        old = out.with_name(f".{out.name}-{os.getpid()}-old")
        if out.exists():
            out.rename(old)
        staging.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise CannotWrite(
            f"{out}: {error.strerror or error}; free the space or name another folder"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return out / "index.html"


def fill(
    editions: Sequence[Path],
    latest: Path | None,
    accounts: Sequence[Account],
    record: SiteRecord,
    folder: Path,
    brand: Brand | None = None,
) -> None:
    """Write a whole site into an empty folder: pages, Atom feed, the latest as JSON, and a hub in hubverse format."""
    material = pages(editions, latest, folder, brand, accounts, True)
    contact = licence = next_release = ""
    titles: dict[str, str] = {}
    if material is not None:
        contact, licence = material.catalogue.publication.contact, material.catalogue.publication.licence
        titles = {id: one.title for id, one in material.catalogue.series.items()}
        next_release = material.next_release.isoformat() if material.next_release else ""
    of = {path.name: path for path in editions}
    served = {one.edition for one in accounts if (folder / one.edition / PAGE).is_file()}
    (folder / FEED).write_bytes(feed(accounts, contact or "the publisher", licence, record.base_url, served))
    (folder / LATEST).write_bytes(as_json(accounts, of, next_release or None))
    for name, content in hub(accounts, of, titles, record, contact or "the publisher", licence).items():
        path = folder / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def pages(
    editions: Sequence[Path],
    latest: Path | None,
    folder: Path,
    brand: Brand | None,
    accounts: Sequence[Account],
    programs: bool = False,
) -> Material | None:
    """Write index and editions into a folder; the latest edition's material, where it can be rendered.

    Each edition's files are copied as they were published, never made anew; before the page of one superseded or
    retracted stands a notice (:mod:`forecasting.reports.notice`). Where all were retracted there is no ``latest``.
    """
    of = {one.edition: one for one in accounts}
    newest = latest.resolve() if latest else None
    entries = []
    for one in reversed(editions):
        shutil.copytree(one, folder / one.name)
        account = of.get(one.name)
        if account is not None and account.words:
            put_up(folder / one.name, account, newest is not None, brand or Brand())
        entries.append(_entry(one, one.resolve() == newest, account))
    material = from_edition(newest) if newest and (newest / FACTS).is_file() else None
    report = build(material) if material is not None else None
    chart = leading_chart(report, material) if report is not None and material is not None else b""
    page = index(entries, material, report, brand or Brand(), chart, programs)
    (folder / "index.html").write_bytes(page)
    if newest:
        shutil.copytree(newest, folder / "latest")
    if chart:
        (folder / CHART).write_bytes(chart)
    return material


def _entry(folder: Path, latest: bool, account: Account | None) -> Entry:
    manifest: dict[str, Any] = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
    fate = account.fate if account else "current"
    words, errata = (account.words, account.corrections) if account else ("", ())
    status = words or str(manifest.get("status", "normal")).replace("ok", "normal")
    offered = ("report.html", "report.pdf", "report.xlsx", "forecasts.csv", "datapackage.json")
    files = tuple(name for name in offered if (folder / name).is_file())
    released, as_of = str(manifest["released"]), str(manifest["as_of"])
    return Entry(folder.name, released, as_of, status, files, latest, fate, errata)


def index(
    entries: Sequence[Entry],
    material: Material | None,
    report: ReportModel | None,
    brand: Brand,
    chart: bytes,
    programs: bool,
) -> bytes:
    """The index page: the answer of the latest edition, its chart, and every edition with its files.

    ``programs`` says whether the site has feed, JSON and hub to link to.
    """
    from markupsafe import Markup

    answers: tuple[Answer, ...] = report.balance.answers if report and report.balance else ()
    facts: dict[str, str] = {}
    if material is not None:
        facts = {
            "next": day_text(material.next_release),
            "contact": material.catalogue.publication.contact,
            "licence": material.catalogue.publication.licence,
        }
    style = brand.sheet
    text = (
        environment(brand)
        .get_template("index.html.j2")
        .render(
            entries=entries,
            answers=answers,
            facts=facts,
            programs=programs,
            brand=brand,
            chart=Markup(chart.decode()),
            style=Markup(style),
            policy=policy(style, "", brand, False),
        )
    )
    return text.encode("utf-8")


def leading_chart(report: ReportModel, material: Material) -> bytes:
    """Demand and supply; without a balance, the first critical series that has a chart. For the index."""
    if report.balance:
        return balance_chart(report.balance.views[0].chart).encode()
    order = {id: i for i, id in enumerate(material.catalogue.publication.critical)}
    ranked = sorted((s for s in report.series if s.chart), key=lambda s: order.get(s.id, len(order)))
    return fan_chart(ranked[0].chart) if ranked and ranked[0].chart else b""
