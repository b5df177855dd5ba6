"""Adding a file: the difference first, nothing overwritten, nothing twice, revisions beside what they revise."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecasting.catalogue import Catalogue
from forecasting.data.importers import IMPORTERS
from forecasting.data.importers.reading import Raw, load
from forecasting.data.incoming import Diff, compare
from forecasting.data.landing import write
from forecasting.data.store import Store, believed
from forecasting.errors import CannotWrite, DataError
from tests.conftest import TODAY
from tests.data.test_importers import FILES, SAMPLES

SHARED = os.environ.get("FORECAST_SHARED")
RAW = {
    "BGS_REs_production.csv": "bgs",
    "ei2026_rare_earth_sheet.json": "energy_institute",
    "ev_cat_01-24.csv": "vahan_categories",
    "ev_sales_by_makers_and_cat_15-24.csv": "vahan_makers",
    "iea_cmde_barrytho.json": "iea_minerals",
    "komis_prices_jeewonshin.json": "komis",
    "mcs2024-raree_world-1.csv": "usgs_mcs_2024",
    "morth_ev_sales_by_category_2018_2023.csv": "morth",
    "usgs_ds140_rare_earths_2020.xlsx": "usgs_ds140",
    "usgs_mcs2026_commodities_data.csv": "usgs_mcs",
    "usgs_mcs2026_observations.csv": "usgs_observations",
    "usgs_mcs2026_revision_audit.csv": "usgs_audit",
    "usgs_myb2022_rare_earths_tables.xlsx": "usgs_yearbook",
}
Cli = Callable[..., tuple[int, str, str]]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def difference(folder: Path, raw: Raw, importer: str, published: date | None = None) -> Diff:
    return compare(
        Catalogue.read(folder), IMPORTERS[importer].read(raw), importer, TODAY, published=published
    )


def counts(diff: Diff) -> tuple[int, int, int, int]:
    return len(diff.of("new")), len(diff.of("revised")), len(diff.of("unchanged")), len(diff.of("rejected"))


def revised(name: str, old: bytes, new: bytes) -> Raw:
    raw = load(FILES / name)
    assert old in raw.content
    return Raw(raw.name, raw.content.replace(old, new, 1))


def test_a_file_already_held_changes_only_the_register_and_then_nothing(data_copy: Path) -> None:
    raw = load(FILES / SAMPLES["usgs_mcs_2024"])
    before = bytes_of(data_copy)
    diff = difference(data_copy, raw, "usgs_mcs_2024")
    assert counts(diff) == (0, 0, len(diff.changes), 0)
    assert [path.name for path in write(diff)] == ["raw_files.yaml"]
    once = bytes_of(data_copy)
    assert {name for name in once if once[name] != before.get(name)} == {"raw_files.yaml"}
    again = difference(data_copy, raw, "usgs_mcs_2024")
    assert again.seen
    assert write(again) == []
    assert bytes_of(data_copy) == once
    kept = Catalogue.read(data_copy).raw_files[raw.sha256]
    assert (kept.name, kept.bytes, kept.importer) == (raw.name, len(raw.content), "usgs_mcs_2024")


def test_a_changed_old_value_is_a_revision_and_both_vintages_are_kept(data_copy: Path) -> None:
    day = date(2026, 8, 1)
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    diff = difference(data_copy, raw, "usgs_mcs_2024", day)
    assert counts(diff)[:2] == (0, 1)
    assert "revised" in str(diff.of("revised")[0])
    assert "(was 42,000)" in str(diff.of("revised")[0])
    write(diff)
    store = Store.open(data_copy, TODAY)
    rows = store.observations.of("us.reo").frame
    mine = rows[(rows["period"] == "CY2022") & (rows["source"] == "usgs_mcs_2024")]
    assert mine["value"].tolist() == [42000.0, 42700.0]
    assert [stamp.date() for stamp in mine["available_at"]] == [date(2024, 1, 31), day]
    before = Store.open(data_copy, TODAY).as_of(date(2026, 7, 31)).of("us.reo").frame
    assert 42700.0 not in set(before["value"])
    original = load(FILES / "usgs_mcs_2024_excerpt.csv")
    write(difference(data_copy, original, "usgs_mcs_2024", date(2026, 8, 2)))
    assert Store.open(data_copy, TODAY).observations.of("us.reo").frame["value"].tolist().count(42000.0) > 0
    assert write(difference(data_copy, raw, "usgs_mcs_2024", day)) == []


def test_an_older_file_imported_again_is_no_revision_back(data_copy: Path) -> None:
    original = load(FILES / "usgs_mcs_2024_excerpt.csv")
    write(difference(data_copy, original, "usgs_mcs_2024"))
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    write(difference(data_copy, raw, "usgs_mcs_2024", date(2026, 8, 1)))
    once = bytes_of(data_copy)
    for again in (original, raw, original):
        assert write(difference(data_copy, again, "usgs_mcs_2024", date(2026, 9, 1))) == []
    assert bytes_of(data_copy) == once


def test_a_revision_cannot_be_known_before_what_it_revises(data_copy: Path) -> None:
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    diff = difference(data_copy, raw, "usgs_mcs_2024", date(2024, 1, 31))
    assert "cannot be known" in diff.of("rejected")[0].why


def test_a_slipped_unit_is_rejected_at_the_door_and_nothing_changes(data_copy: Path) -> None:
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42,43000')
    before = bytes_of(data_copy)
    diff = difference(data_copy, raw, "usgs_mcs_2024", date(2026, 8, 1))
    assert counts(diff)[3] >= 1
    assert "a factor of 1011.9" in diff.of("rejected")[0].why
    with pytest.raises(DataError, match="nothing is written"):
        write(diff)
    assert bytes_of(data_copy) == before


def test_new_months_are_new_and_their_day_is_assumed_and_marked(data_copy: Path) -> None:
    page = (
        (FILES / "made_up_tradestat.html")
        .read_bytes()
        .replace(b"11.11", b"12.91")
        .replace(b"12.22", b"12.50")
    )
    diff = difference(data_copy, Raw("tradestat.html", page), "tradestat")
    assert counts(diff) == (2, 0, 0, 0)
    rows = [change.row for change in diff.of("new")]
    assert [row["available_at"] for row in rows] == ["2026-03-17", "2026-04-14"]
    assert all(str(row["note"]).startswith("availability assumed") for row in rows)


def test_another_source_may_be_named(data_copy: Path, cli: Cli) -> None:
    page = data_copy.parent / "tradestat.html"
    page.write_bytes((FILES / "made_up_tradestat.html").read_bytes().replace(b"11.11", b"12.91"))
    base = ["data", "add", page, "--importer", "tradestat", "--data", data_copy]
    code, out, _ = cli(*base, "--source", "dgcis_tradestat=hstat_dgcis", "--published", "2026-10-01")
    assert code == 0
    assert "hstat_dgcis" in out
    code, _, err = cli(*base, "--source", "dgcis=hstat_dgcis")
    assert (code, "does not name a source of tradestat" in err) == (2, True)
    code, _, err = cli(*base, "--source", "dgcis_tradestat=hstat_dgci")
    assert (code, "did you mean 'hstat_dgcis'" in err) == (65, True)


def test_the_command_shows_before_it_writes(data_copy: Path, cli: Cli) -> None:
    before = bytes_of(data_copy)
    file = data_copy.parent / "mcs.csv"
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    file.write_bytes(raw.content)
    base = [
        "data",
        "add",
        file,
        "--importer",
        "usgs_mcs_2024",
        "--published",
        "2026-08-01",
        "--data",
        data_copy,
    ]
    code, out, _ = cli(*base)
    assert code == 0
    assert "revised   CY2022   us.reo" in out
    assert "0 new, 1 revised, " in out
    assert "nothing is written without --write" in out
    assert bytes_of(data_copy) == before
    code, out, _ = cli(*base, "--write")
    assert (code, "wrote" in out) == (0, True)
    code, out, _ = cli(*base, "--write")
    assert (code, "nothing to write" in out) == (0, True)
    code, out, _ = cli("data", "check", "--data", data_copy)
    assert code == 0, out


def test_bad_files_end_with_65_and_change_nothing(data_copy: Path, cli: Cli) -> None:
    before = bytes_of(data_copy)
    for name, content in {"a.csv": b"<!doctype html>", "b.csv": b"a,b\n1,2\n"}.items():
        (data_copy.parent / name).write_bytes(content)
        code, out, err = cli(
            "data", "add", data_copy.parent / name, "--importer", "bgs", "--data", data_copy, "--write"
        )
        assert (code, out) == (65, "")
        assert name in err
    code, _, err = cli("data", "add", data_copy.parent / "no.csv", "--importer", "bgs", "--data", data_copy)
    assert (code, "is missing" in err) == (66, True)
    code, _, err = cli("data", "add", data_copy.parent / "a.csv", "--importer", "bgss", "--data", data_copy)
    assert (code, "did you mean 'bgs'" in err) == (2, True)
    assert bytes_of(data_copy) == before


def test_a_disk_that_refuses_changes_nothing(data_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    diff = difference(data_copy, raw, "usgs_mcs_2024", date(2026, 8, 1))
    before = bytes_of(data_copy)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CannotWrite, match="No space left"):
        write(diff)
    assert bytes_of(data_copy) == before


def test_the_register_knows_every_importer_and_source(data_folder: Path) -> None:
    catalogue = Catalogue.read(data_folder)
    assert {file.name for file in catalogue.raw_files.values()} == set(RAW)
    for file in catalogue.raw_files.values():
        assert file.importer == RAW[file.name]


def test_every_source_has_a_licence_and_no_file_is_kept_without_one(data_folder: Path) -> None:
    catalogue = Catalogue.read(data_folder)
    assert all(source.licence.strip() for source in catalogue.sources.values())
    free = ("US public domain", "CC BY 4.0")
    for file in catalogue.raw_files.values():
        if file.kept:
            assert {catalogue.sources[id].licence for id in file.sources} <= set(free), file.name


@pytest.mark.skipif(
    SHARED is None, reason="FORECAST_SHARED does not name the folder with the publishers' raw files"
)
@pytest.mark.parametrize("name", RAW)
def test_importing_every_raw_file_twice_changes_nothing(name: str, data_copy: Path) -> None:
    path = Path(str(SHARED)) / "data" / "raw" / name
    before = bytes_of(data_copy)
    for _ in range(2):
        diff = difference(data_copy, load(path), RAW[name])
        assert counts(diff) == (0, 0, len(diff.changes), 0)
        assert diff.seen
        assert write(diff) == []
    assert bytes_of(data_copy) == before


@pytest.mark.skipif(
    SHARED is None, reason="FORECAST_SHARED does not name the folder with the publishers' raw files"
)
def test_a_revised_copy_of_a_raw_file_is_a_revision(data_copy: Path) -> None:
    raw = load(Path(str(SHARED)) / "data" / "raw" / "ei2026_rare_earth_sheet.json")
    changed = Raw(raw.name, raw.content.replace(b"17.613", b"18.113", 1))
    assert changed.content != raw.content
    diff = difference(data_copy, changed, "energy_institute", date(2026, 11, 1))
    assert counts(diff)[:2] == (0, 1)
    write(diff)
    store = Store.open(data_copy, TODAY)
    rows = store.observations.of("au.reo").frame
    held = rows[(rows["period"] == "CY2019") & (rows["source"] == "ei_sr_2026")]
    assert held["value"].tolist() == [17613.0, 18113.0]
    chosen = believed(store.observations, store.catalogue, "au.reo").set_index("period")
    assert chosen.at["CY2019", "value"] == 18113.0
    old = believed(store.as_of(date(2026, 10, 31)), store.catalogue, "au.reo").set_index("period")
    assert old.at["CY2019", "value"] == 17613.0


def test_files_stay_in_canonical_order_after_adding(data_copy: Path) -> None:
    raw = revised("usgs_mcs_2024_excerpt.csv", b'metric tons",42000,43000', b'metric tons",42700,43000')
    write(difference(data_copy, raw, "usgs_mcs_2024", date(2026, 8, 1)))
    frame = pd.read_csv(data_copy / "observations" / "production.csv", dtype=str, keep_default_na=False)
    keys = frame[["series", "period", "source", "available_at"]]
    assert keys.sort_values(list(keys)).index.tolist() == list(range(len(keys)))
