"""What programs read on a site: feed, JSON, hub and data package, over editions with awkward names and fates."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import frictionless
import pytest

from forecasting.catalogue.sinks import SiteRecord
from forecasting.publishing import edition, ledger
from forecasting.publishing.sinks.accounts import accounts
from forecasting.publishing.sinks.place import objection
from forecasting.reports import Material, rendered
from forecasting.reports.feed import ATOM, feed
from forecasting.reports.hub import short
from forecasting.reports.site import fill
from tests.browser import opened
from tests.reports.hub_rules import faults

RECORD = SiteRecord(kind="site", name="site", folder="x", base_url="https://example.org/outlook/")
ONE, TWO, THREE = "2026-10-20-aaaaaaaa", "2026-11-22-bbbbbbbb", "2026-11-22-cccccccc"
NASTY = """<script>alert("a")</script> & ]]> 'b' =1+1"""


@pytest.fixture(scope="session")
def root(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three editions, two of one day, the second retracted with a reason that is markup."""
    found = tmp_path_factory.mktemp("site") / "editions"
    series = dict(material.catalogue.series)
    series["supply.metal"] = series["supply.metal"].model_copy(update={"title": NASTY})
    nasty = replace(material, catalogue=replace(material.catalogue, series=series))
    for id in (ONE, TWO, THREE):
        day = date.fromisoformat(id[:10])
        mine = replace(nasty, edition_id=id, released=day)
        facts = {"key": id, "as_of": f"{id[:7]}-01", "released": id[:10], "status": "degraded",
                 "status_reasons": [NASTY]}  # fmt: skip
        edition.write(found, id, rendered(mine, ["html", "csv"]), facts)
        ledger.record(
            found, id, datetime(day.year, day.month, day.day, 9, 1 if id == THREE else 0, tzinfo=UTC)
        )
    ledger.retract(found, TWO, NASTY)
    return found


@pytest.fixture(scope="session")
def made(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    fill(edition.editions(root), edition.latest(root), accounts(root), RECORD, out)
    return out


def test_the_feed_keeps_to_rfc_4287(made: Path) -> None:
    root = ET.fromstring((made / "feed.xml").read_bytes())
    tag = f"{{{ATOM}}}"
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

    def only(parent: ET.Element, name: str) -> ET.Element:
        (found,) = parent.findall(tag + name)
        return found

    assert root.tag == f"{tag}feed"
    assert only(only(root, "author"), "name").text == "reports@example.org"
    entries = root.findall(f"{tag}entry")
    ids = [only(one, "id").text or "" for one in [root, *entries]]
    assert len(set(ids)) == 4
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", id) for id in ids)
    for one in [root, *entries]:
        assert stamp.fullmatch(only(one, "updated").text or "")
        assert only(one, "title").text
    updated = [only(one, "updated").text or "" for one in entries]
    assert updated == sorted(updated, reverse=True)
    assert only(root, "updated").text == updated[0]
    first = entries[0]
    assert (only(first, "title").text or "").startswith(f"Edition {TWO}, retracted on ")
    assert NASTY in (only(first, "title").text or "")
    rels = {(link.get("rel"), link.get("href")) for link in root.findall(f"{tag}link")}
    assert rels == {("self", "feed.xml"), ("alternate", "index.html")}
    assert root.get("{http://www.w3.org/XML/1998/namespace}base") == "https://example.org/outlook/"
    for one in entries:
        assert (made / (only(one, "link").get("href") or "")).is_file()


def test_a_reason_with_letters_xml_forbids(root: Path) -> None:
    told = [replace(one, words="a\x00b\x0bc") for one in accounts(root)]
    title = ET.fromstring(feed(told, "x", "y", None, ())).find(f"{{{ATOM}}}entry/{{{ATOM}}}title")
    assert title is not None
    assert (title.text or "").endswith("a\ufffdb\ufffdc")


def test_an_edition_that_is_not_served_leads_to_the_index(root: Path) -> None:
    found = ET.fromstring(feed(accounts(root), "x", "y", None, {ONE, THREE}))
    links = [one.get("href") for one in found.iterfind(f"{{{ATOM}}}entry/{{{ATOM}}}link")]
    assert sorted(filter(None, links)) == [f"{ONE}/report.html", f"{THREE}/report.html", "index.html"]


def test_a_site_is_known_as_one(made: Path, tmp_path: Path) -> None:
    assert objection(made) == objection(tmp_path) == ""
    shutil.copytree(made, tmp_path / "copy")
    (tmp_path / "copy" / "CNAME").write_text("example.org")
    assert objection(tmp_path / "copy") == "is no site of editions (it holds CNAME)"


def test_the_latest_as_json(made: Path, root: Path) -> None:
    latest = json.loads((made / "latest.json").read_text(encoding="utf-8"))
    assert (latest["edition"], latest["fate"], latest["status_reasons"]) == (THREE, "current", [NASTY])
    assert latest["next_release"] == "2026-12-15"
    for one in latest["files"]:
        assert edition.digest_of((made / one["path"]).read_bytes()) == one["sha256"]
    listed = {(one["series"], one["kind"]): one["points"] for one in latest["forecasts"]}
    point = listed["supply.metal", "FY"][0]
    import pandas as pd

    table = pd.read_csv(root / THREE / "forecasts.csv", float_precision="round_trip")
    mine = table.query("series == 'supply.metal' and period == @point['period']")
    assert point["quantiles"] == {str(q): v for q, v in zip(mine["quantile"], mine["value"], strict=True)}


def test_the_hub_keeps_to_the_rules_of_hubverse(made: Path) -> None:
    assert faults(made / "hub") == []
    outputs = sorted(p.name for p in (made / "hub/model-output/forecasting-champion").iterdir())
    assert outputs == ["2026-10-20-forecasting-champion.csv", "2026-11-22-forecasting-champion.csv"]


@pytest.mark.parametrize(
    ("what", "by", "found"),
    [
        ("supply.metal fy", "supply.metall fy", "value combinations"),
        (",quantile,0.5,", ",quantile,0.55,", "value combinations"),
        (",quantile,0.5,", ",quantile,0.25,", "not unique"),
        (",ZZ,", ",IN,", "value combinations"),
        ("2026-11-22,", "2026-11-23,", "round"),
        ("output_type_id", "quantile", "column names"),
        (",quantile,0.975,", ",quantile,0.975,-", "decrease"),
        (",quantile,0.1,", ",quantile,0.1,x", "not a number"),
        ("2030-12-31", "2030-12-30", "value combinations"),
    ],
)
def test_the_rules_find_what_breaks_them(made: Path, tmp_path: Path, what: str, by: str, found: str) -> None:
    shutil.copytree(made / "hub", tmp_path / "hub")
    path = tmp_path / "hub/model-output/forecasting-champion/2026-11-22-forecasting-champion.csv"
    text = path.read_text()
    assert what in text
    path.write_text(text.replace(what, by, 1))
    assert any(found in one for one in faults(tmp_path / "hub")), faults(tmp_path / "hub")


def test_long_targets_get_short_ids() -> None:
    assert short("in.ev.total month") == "in.ev.total month"
    long = "world.ndpr_oxide.undersupply.cy cy"
    assert len(short(long)) == 30
    assert short(long) != short(long.replace("world.", "worle."))


def test_the_latest_data_package_is_valid(made: Path) -> None:
    outcome = frictionless.validate(str(made / "latest" / "datapackage.json"))
    assert outcome.valid, outcome.flatten(["rowNumber", "fieldName", "type", "note"])[:5]


def test_nothing_is_markup_that_was_text(made: Path) -> None:
    index = (made / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in index
    assert f"{TWO}</a></th>" in index
    assert "retracted on" in index
    assert "&lt;script&gt;alert" in index
    assert "<script" not in (made / "feed.xml").read_text(encoding="utf-8")
    metadata = (made / "hub/hub-config/tasks.json").read_text(encoding="utf-8")
    assert NASTY in {
        t["target_name"]
        for task in json.loads(metadata)["rounds"][0]["model_tasks"]
        for t in task["target_metadata"]
    }


def test_a_retracted_edition_opens_with_a_notice_and_keeps_its_hashes(made: Path, root: Path) -> None:
    folder = made / TWO
    notice = (folder / "report.html").read_text(encoding="utf-8")
    assert '<div class="banner retracted" role="note">' in notice
    assert "Do not use these numbers." in notice
    assert "&lt;script&gt;alert" in notice
    assert f'<a href="../{THREE}/report.html">' in notice
    for one in json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]:
        name = "report.as-published.html" if one["path"] == "report.html" else one["path"]
        assert edition.digest_of((folder / name).read_bytes()) == one["sha256"]
    assert (folder / "MANIFEST.json").read_bytes() == (root / TWO / "MANIFEST.json").read_bytes()
    for id in (ONE, THREE):
        assert (made / id / "report.html").read_bytes() == (root / id / "report.html").read_bytes()
    index = (made / "index.html").read_text(encoding="utf-8")
    assert index.count('<span class="badge retracted">retracted</span>') == 1


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_index_and_notice_can_be_read_by_everybody(made: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for path in (made / "index.html", made / TWO / "report.html"):
        with opened(viewport={"width": 320, "height": 900}, color_scheme=scheme, bypass_csp=True) as (
            page,
            told,
            _,
        ):
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            found = Axe().run(page).response["violations"]
        assert told == []
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_the_same_editions_give_the_same_site(made: Path, root: Path, tmp_path: Path) -> None:
    fill(edition.editions(root), edition.latest(root), accounts(root), RECORD, tmp_path)
    names = sorted(p.relative_to(made) for p in made.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert all((made / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)
