from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import CannotWrite, DataError, InputMissing
from forecasting.tracking import Trained, export_bundle, make_current, read_bundle, sweep, write_bundle
from tests.tracking.conftest import flushes, trained


@pytest.fixture
def chosen() -> dict[str, Trained]:
    return {series: trained(series) for series in ("in.ev.2w", "in.magnet")}


def test_a_bundle_gives_back_what_was_put_in(chosen: dict[str, Trained], tmp_path: Path) -> None:
    bundle = export_bundle(chosen, tmp_path)
    assert bundle.parent == tmp_path
    for folder in (tmp_path, bundle):
        found = read_bundle(folder).champions
        assert list(found) == list(chosen)
        for series, one in chosen.items():
            champion = one.champion
            assert found[series].card == champion.card
            assert found[series].recipe_json == champion.recipe_json
            assert read_bundle(folder).trained(series).panel.digest() == one.panel.digest()
            pd.testing.assert_frame_equal(found[series].golden, champion.golden, check_exact=True)


def test_the_same_champions_give_the_same_bundle(chosen: dict[str, Trained], tmp_path: Path) -> None:
    one = export_bundle(chosen, tmp_path / "a")
    two = export_bundle(dict(reversed(chosen.items())), tmp_path / "b")
    assert one.name == two.name
    assert (one / "MANIFEST.json").read_bytes() == (two / "MANIFEST.json").read_bytes()
    assert export_bundle(chosen, tmp_path / "a") == one
    assert {path.name for path in (tmp_path / "a").iterdir()} == {one.name, "CURRENT"}


def test_a_new_bundle_becomes_current_and_the_old_one_stays(
    chosen: dict[str, Trained], tmp_path: Path
) -> None:
    old = export_bundle(chosen, tmp_path)
    new = export_bundle({"in.magnet": trained("in.magnet", 2.0)}, tmp_path)
    assert list(read_bundle(tmp_path).champions) == ["in.magnet"]
    assert list(read_bundle(old).champions) == ["in.ev.2w", "in.magnet"]
    assert new != old


def test_every_flipped_byte_is_noticed_and_its_file_named(chosen: dict[str, Trained], tmp_path: Path) -> None:
    bundle = export_bundle(chosen, tmp_path, {"cards.json": b"[1, 2]"})
    paths = [path for path in bundle.rglob("*") if path.is_file()] + [tmp_path / "CURRENT"]
    assert len(paths) == 9
    for path in paths:
        whole = path.read_bytes()
        for place in {0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 2, len(whole) - 1}:
            broken = bytearray(whole)
            broken[place] ^= 1
            path.write_bytes(broken)
            with pytest.raises(DataError) as caught:
                read_bundle(tmp_path)
            assert [Path(fault.where) for fault in caught.value.faults] == [path]
        path.write_bytes(whole)
    read_bundle(tmp_path)


def test_a_missing_and_an_extra_file_are_named(chosen: dict[str, Trained], tmp_path: Path) -> None:
    bundle = export_bundle(chosen, tmp_path)
    (bundle / "champions" / "in.magnet" / "golden.csv").unlink()
    (bundle / "extra.txt").write_text("x")
    with pytest.raises(DataError) as caught:
        read_bundle(bundle)
    assert [Path(fault.where).name for fault in caught.value.faults] == ["golden.csv", "extra.txt"]


def test_one_bundle_under_the_name_of_another_is_refused(chosen: dict[str, Trained], tmp_path: Path) -> None:
    bundle = export_bundle(chosen, tmp_path)
    other = export_bundle({"in.magnet": chosen["in.magnet"]}, tmp_path)
    shutil.rmtree(other)
    shutil.copytree(bundle, other)
    with pytest.raises(DataError):
        read_bundle(tmp_path)


def test_no_bundle_and_no_champion_are_said(tmp_path: Path, chosen: dict[str, Trained]) -> None:
    with pytest.raises(InputMissing):
        read_bundle(tmp_path)
    with pytest.raises(DataError):
        export_bundle({}, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite):
        export_bundle(chosen, tmp_path / "file")


def test_a_champion_that_was_altered_in_memory_is_not_exported(tmp_path: Path) -> None:
    one = trained("in.magnet")
    one.champion.golden.loc[0, "value"] += 1
    with pytest.raises(DataError, match="cannot be kept"):
        export_bundle({"in.magnet": one}, tmp_path)


def test_reading_a_bundle_needs_no_mlflow(chosen: dict[str, Trained], tmp_path: Path) -> None:
    export_bundle(chosen, tmp_path)
    code = (
        "import sys; sys.modules['mlflow'] = None; from pathlib import Path;"
        "from forecasting.tracking import read_bundle;"
        "print(sorted(read_bundle(Path(sys.argv[1])).champions))"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=root, timeout=60
    )
    assert done.stdout.strip() == "['in.ev.2w', 'in.magnet']", done.stderr


def test_attachments_travel_along(chosen: dict[str, Trained], tmp_path: Path) -> None:
    files = {"experiments/ev.json": b"{}", "cards.json": b"[1]"}
    bundle = export_bundle(chosen, tmp_path, files)
    assert read_bundle(tmp_path).attachments == files
    assert read_bundle(tmp_path).digest == bundle.name


@pytest.mark.parametrize("name", ["", "../up.json", "/etc/x", "a/../b", "a\\b", "a//b", "./a"])
def test_an_attachment_stays_inside_the_bundle(chosen: dict[str, Trained], tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot name an attachment"):
        export_bundle(chosen, tmp_path, {name: b""})
    assert list(tmp_path.iterdir()) == []


def test_a_lost_pointer_is_told_from_a_first_bundle_that_was_cut_short(
    chosen: dict[str, Trained], tmp_path: Path
) -> None:
    first = write_bundle(chosen, tmp_path)
    assert (tmp_path / "CURRENT").read_bytes() == b"none\n"
    with pytest.raises(InputMissing, match="no release in force; forecast promote first"):
        read_bundle(tmp_path)
    make_current(first)
    assert read_bundle(tmp_path).digest == first.name
    write_bundle({"in.magnet": chosen["in.magnet"]}, tmp_path)
    assert read_bundle(tmp_path).digest == first.name, "written, not in force"
    (tmp_path / "CURRENT").unlink()
    with pytest.raises(DataError, match=r"CURRENT: is missing beside 2 release\(s\); write into it the name"):
        read_bundle(tmp_path)


def test_a_bundle_that_is_damaged_is_moved_aside_and_written_anew(
    chosen: dict[str, Trained], tmp_path: Path
) -> None:
    bundle = export_bundle(chosen, tmp_path)
    for name in ("champions/in.magnet/golden.csv", "MANIFEST.json"):
        (bundle / name).unlink()
        assert export_bundle(chosen, tmp_path) == bundle
        assert list(read_bundle(tmp_path).champions) == list(chosen)
        assert not (tmp_path / f"{bundle.name}.damaged" / name).exists()
        assert {path.name for path in tmp_path.iterdir()} == {
            bundle.name,
            f"{bundle.name}.damaged",
            "CURRENT",
        }


def test_what_killed_exports_left_is_swept(chosen: dict[str, Trained], tmp_path: Path) -> None:
    bundle = export_bundle(chosen, tmp_path)
    (tmp_path / ".bundle-x" / "champions").mkdir(parents=True)
    (tmp_path / ".CURRENT.7.part").write_text("x")
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {bundle.name, "CURRENT"}
    sweep(tmp_path / "nowhere")


def test_a_bundle_outlives_a_power_cut(
    chosen: dict[str, Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file and folder is flushed before its bundle has its name, and that before the pointer moves."""
    flushed = flushes(monkeypatch)
    bundle = export_bundle(chosen, tmp_path)
    inside = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*")}
    [draft] = {path.name for path in flushed if path.parent == tmp_path and path.name.startswith(".bundle-")}
    place = flushed.index(tmp_path / draft)
    assert {path.relative_to(tmp_path / draft).as_posix() for path in flushed[:place]} == inside
    assert flushed[place + 1 :].count(tmp_path) == 3, "after the marker, the bundle's name, the pointer"
    assert flushed[-1] == tmp_path
