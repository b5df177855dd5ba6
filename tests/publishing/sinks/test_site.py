"""The site's folder: swapped whole under a reader's eyes, never served before its release."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import stat
from collections.abc import Sequence
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from forecasting.catalogue.sinks import SiteRecord
from forecasting.errors import CannotWrite, ConfigError, DataError
from forecasting.publishing import ledger
from forecasting.publishing.sinks import made
from forecasting.publishing.sinks.accounts import Account
from forecasting.publishing.sinks.deliver import deliver_all
from forecasting.publishing.sinks.site import Site
from tests.publishing.sinks.conftest import FIRST, SECOND, published

RECORD = SiteRecord(kind="site", name="site", folder="served")


def fill(
    editions: Sequence[Path],
    latest: Path | None,
    accounts: Sequence[Account],
    record: SiteRecord,
    folder: Path,
) -> None:
    """A site of two files that must agree, and a copy of each edition."""
    assert record == RECORD
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for one in editions:
        shutil.copytree(one, folder / one.name)
    told = "\n".join(f"{one.edition} {one.fate}" for one in accounts) + f"\n{latest.name if latest else ''}"
    (folder / "index.html").write_text(told)
    (folder / "again.html").write_text(told)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(RECORD, tmp_path, fill)


def test_it_holds_every_edition_and_is_not_made_twice(site: Site, root: Path, tmp_path: Path) -> None:
    assert site.deliver(root / SECOND, root).changed
    served = tmp_path / "served"
    assert (served / "index.html").read_text() == f"{FIRST} current\n{SECOND} current\n{SECOND}"
    assert (served / FIRST / "forecasts.csv").read_bytes() == (root / FIRST / "forecasts.csv").read_bytes()
    assert stat.S_IMODE(served.resolve().stat().st_mode) == 0o755
    target = served.resolve()
    done = site.deliver(root / SECOND, root)
    assert (done.changed, done.detail) == (False, f"{served}: 2 editions")
    assert served.resolve() == target


def test_a_spoilt_page_is_made_again(site: Site, root: Path, tmp_path: Path) -> None:
    site.deliver(root / SECOND, root)
    page = tmp_path / "served" / "index.html"
    whole = page.read_text()
    page.write_text("spoilt")
    assert site.deliver(root / SECOND, root).changed
    assert page.read_text() == whole


def test_an_old_site_stays_for_readers_inside_it_then_goes(site: Site, root: Path, tmp_path: Path) -> None:
    seen = []
    for id in (None, "2026-12-20-cccccccc", "2027-01-20-dddddddd"):
        if id:
            published(root, id)
        site.deliver(root / SECOND, root)
        seen.append((tmp_path / "served").resolve())
    assert all(one.is_dir() for one in seen)
    os.utime(seen[0], (0, 0))
    ledger.retract(root, "2027-01-20-dddddddd", "a unit slipped")
    site.deliver(root / SECOND, root)
    assert "2027-01-20-dddddddd retracted" in (tmp_path / "served/index.html").read_text()
    assert [one.is_dir() for one in seen] == [False, True, True]
    names = sorted(p.name for p in tmp_path.iterdir() if p.name != "editions")
    assert all(name == "served" or name.startswith(".served-") for name in names)
    assert not [name for name in names if "staging" in name or "link" in name]


def test_what_killed_runs_left_goes(site: Site, root: Path, tmp_path: Path) -> None:
    (tmp_path / ".served-staging-1" / "inner").mkdir(parents=True)
    (tmp_path / ".served-link-1").symlink_to("nowhere")
    for name in (".served-staging-1", ".served-link-1"):
        os.utime(tmp_path / name, (0, 0), follow_symlinks=False)
    site.deliver(root / SECOND, root)
    assert sorted(p.name[:8] for p in tmp_path.iterdir()) == [".served-", "editions", "served"]


def test_neighbours_and_folders_of_others_stay(site: Site, root: Path, tmp_path: Path) -> None:
    def fill_plainly(*given: object) -> None:
        (Path(str(given[-1])) / "index.html").write_text("a page")

    neighbours = [
        Site(SiteRecord(kind="site", name="other", folder=name), tmp_path, fill_plainly)
        for name in ("served-hi", "served-link", "served-staging")
    ]
    (tmp_path / "served-hi").mkdir()
    for one in neighbours:
        one.deliver(root / SECOND, root)
    foreign = [
        ".served-backup",
        ".served-hi-before",
        ".served-0123456789abcdef0",
        ".servedx-0123456789abcdef",
    ]
    for name in foreign:
        (tmp_path / name).mkdir(exist_ok=True)
    kept = [tmp_path / name for name in foreign] + [one.folder.resolve() for one in neighbours]
    for path in kept:
        os.utime(path, (0, 0))
    assert site.deliver(root / SECOND, root).changed
    assert [path.name for path in kept if not path.is_dir()] == []
    assert all((one.folder / "index.html").is_file() for one in neighbours)


def test_a_site_that_lies_there_is_put_aside_once(site: Site, root: Path, tmp_path: Path) -> None:
    place, aside = tmp_path / "served", tmp_path / ".served-before"
    for name in (f"{FIRST}/MANIFEST.json", "index.html", "latest.json"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("mine")
    site.deliver(root / SECOND, root)
    site.deliver(root / SECOND, root)
    assert place.is_symlink()
    assert (aside / "index.html").read_text() == "mine"
    place.unlink()
    place.mkdir()
    with pytest.raises(
        ConfigError, match=r"served is a folder, and .*\.served-before holds the one put aside before"
    ):
        site.deliver(root / SECOND, root)
    assert (aside / "index.html").read_text() == "mine"


TAKEN = {
    "a/data": r"a/data is no site of editions \(it holds editions, publication.yaml, series\)",
    "a": r"a is no site of editions \(it holds data, link, mine\)",
    "a/data/editions": r"editions is no site of editions \(it holds \.lock, audit.jsonl\)",
    "a/data/editions/latest": "is where the pointer to the latest edition lies",
    "a/./data/../data/editions/latest": "is where the pointer to the latest edition lies",
    f"a/data/editions/{FIRST}": f"belongs to the edition .*{FIRST}",
    "a/data/editions/latest/site": f"belongs to the edition .*{SECOND}",
    "a/link": "is a link to mine, which no delivery made",
    "a/index.html": "is a file",
    "a/mine": r"it holds index.html",
    "..": "is no site of editions",
}


@pytest.mark.parametrize("folder", TAKEN)
def test_a_folder_of_others_stays(folder: str, root: Path, tmp_path: Path) -> None:
    own = tmp_path / "a"
    (own / "data" / "series").mkdir(parents=True)
    (own / "data" / "publication.yaml").write_text("")
    root = root.rename(own / "data" / "editions")
    (root / ".lock").write_text("")
    (own / "mine").mkdir()
    (own / "mine" / "index.html").write_text("mine")
    (own / "link").symlink_to("mine")
    (own / "index.html").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    one = Site(SiteRecord(kind="site", name="site", folder=folder), tmp_path, fill)
    with pytest.raises(ConfigError, match=TAKEN[folder]) as told:
        one.deliver(root / SECOND, root)
    assert str(told.value).endswith("; name another folder in publication.yaml")
    assert sorted(tmp_path.rglob("*")) == before
    (outcome,) = deliver_all([one], root / SECOND, root)
    assert (outcome.outcome, outcome.tries) == ("failed", 1)


@pytest.mark.parametrize("folder", ["www", "www/", "./x/../www", "www/outlook", "{base}/www"])
def test_two_sites_have_two_folders(folder: str, root: Path, tmp_path: Path) -> None:
    records = [
        SiteRecord(kind="site", name="one", folder="www"),
        SiteRecord(kind="site", name="two", folder=folder.format(base=tmp_path)),
    ]
    (tmp_path / "x").mkdir()
    outcomes = deliver_all(made(records, tmp_path / "data", fill), root / SECOND, root)
    assert [one.outcome for one in outcomes] == ["failed", "failed"]
    assert "the folder of sink two, are one or lie in each other; name another folder" in outcomes[0].detail
    assert sorted(path.name for path in tmp_path.iterdir()) == ["editions", "x"]


def test_the_site_of_another_editions_folder_stays(site: Site, root: Path, tmp_path: Path) -> None:
    site.deliver(root / SECOND, root)
    served = (tmp_path / "served").resolve()
    other = published(tmp_path / "other", "2026-12-20-cccccccc")
    with pytest.raises(
        DataError, match=f"served holds {FIRST}, {SECOND}, and .*other/audit.jsonl has no line"
    ):
        site.deliver(other, other.parent)
    assert (tmp_path / "served").resolve() == served
    shutil.rmtree(root / FIRST)
    assert site.deliver(root / SECOND, root).changed


def spoil(folder: Path) -> None:
    path = folder / "forecasts.csv"
    path.write_bytes(path.read_bytes()[:-1])


def test_a_damaged_edition_is_left_out_told_and_blocks_no_other(
    site: Site, root: Path, tmp_path: Path
) -> None:
    site.deliver(root / SECOND, root)
    spoil(root / FIRST)
    third = "2026-12-20-cccccccc"
    published(root, third)
    with pytest.raises(DataError) as told:
        site.deliver(root / third, root)
    served = tmp_path / "served"
    assert str(told.value) == (
        f"{served}: 2 editions, without {FIRST}: not what was published\n"
        f"  {root / FIRST / 'forecasts.csv'}: its hash is not the manifest's; restore it from a copy"
    )
    assert (served / "index.html").read_text() == f"{SECOND} current\n{third} current\n{third}"
    assert not (served / FIRST).exists()
    (outcome,) = deliver_all([site], root / third, root)
    assert (outcome.outcome, outcome.tries) == ("failed", 1)
    assert f"without {FIRST}: not what was published" in outcome.detail


def test_a_damaged_latest_is_not_served_as_such(site: Site, root: Path, tmp_path: Path) -> None:
    spoil(root / SECOND)
    with pytest.raises(DataError, match=f"without {SECOND}"):
        site.deliver(root / SECOND, root)
    assert (tmp_path / "served" / "index.html").read_text() == f"{FIRST} current\n{FIRST}"


def test_a_retraction_is_told_also_of_a_damaged_or_lost_edition(
    site: Site, root: Path, tmp_path: Path
) -> None:
    ledger.retract(root, FIRST, "a unit slipped")
    shutil.rmtree(root / FIRST)
    assert site.deliver(root / SECOND, root).detail == f"{tmp_path / 'served'}: 1 editions"
    told = f"{FIRST} retracted\n{SECOND} current\n{SECOND}"
    assert (tmp_path / "served" / "index.html").read_text() == told


def test_where_all_were_retracted_and_damaged_the_site_offers_none(
    site: Site, root: Path, tmp_path: Path
) -> None:
    site.deliver(root / SECOND, root)
    for id in (FIRST, SECOND):
        ledger.retract(root, id, "tampered with")
        spoil(root / id)
    with pytest.raises(DataError, match=f"0 editions, without {FIRST}, {SECOND}"):
        site.deliver(root / SECOND, root)
    assert (tmp_path / "served" / "index.html").read_text() == f"{FIRST} retracted\n{SECOND} retracted\n"


def test_without_a_sound_edition_the_old_site_stays(site: Site, root: Path, tmp_path: Path) -> None:
    site.deliver(root / SECOND, root)
    before = (tmp_path / "served").resolve()
    spoil(root / FIRST)
    spoil(root / SECOND)
    with pytest.raises(DataError, match="no edition is what was published"):
        site.deliver(root / SECOND, root)
    assert (tmp_path / "served").resolve() == before


def test_a_place_that_cannot_be_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    inside = Site(SiteRecord(kind="site", name="site", folder="file/served"), tmp_path, fill)
    with pytest.raises(CannotWrite, match=r"sink site: .*file/served: Not a directory; free the space"):
        inside.deliver(root / SECOND, root)


def read_over_and_over(served: Path, begun: Event, over: Event, counts: Queue[tuple[int, int]]) -> None:
    reads = bad = 0
    while not over.is_set():
        inside = served.resolve()  # a reader enters the site once, then follows its links
        reads += 1
        bad += (inside / "index.html").read_text() != (inside / "again.html").read_text()
        begun.set()
    counts.put((reads, bad))


def test_readers_see_one_site_or_the_other(site: Site, root: Path, tmp_path: Path) -> None:
    site.deliver(root / SECOND, root)
    begun, over, counts = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()
    reader = multiprocessing.Process(
        target=read_over_and_over, args=(tmp_path / "served", begun, over, counts)
    )
    reader.start()
    assert begun.wait(60)
    for day in range(1, 9):
        published(root, f"2026-12-0{day}-cccccccc")
        site.deliver(root / SECOND, root)
    over.set()
    reads, bad = counts.get(timeout=60)
    reader.join(60)
    assert (reader.exitcode, reads > 0, bad) == (0, True, 0)
