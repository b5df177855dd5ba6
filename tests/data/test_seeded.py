"""At least 300 seeded defects of at least 25 classes: 99 % caught; 500 clean variants: at most 1 % false alarms."""

from __future__ import annotations

import os
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.catalogue import Catalogue
from forecasting.data.sanity import related
from forecasting.data.store import Store
from tests.data.seeded import SEEDS, clean_variant
from tests.data.seeding import caught, complaints, text_of

EACH = int(os.environ.get("SEEDED_EACH", "8"))
CLEAN = 500


@pytest.fixture(scope="module")
def raw(data_folder: Path) -> pd.DataFrame:
    parts = [
        pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted((data_folder / "observations").glob("*.csv"))
    ]
    return pd.concat(parts, ignore_index=True)


def slice_of(raw: pd.DataFrame, catalogue: Catalogue, series: str) -> pd.DataFrame:
    """The rows of a series and of everything it is checked against."""
    entry = catalogue.series[series]
    near = {series, *entry.sum_of, *(id for id in (entry.within, series + ".fy", series + ".cy") if id)}
    wanted = related(catalogue, [series]) if entry.worth else near
    return raw[raw["series"].isin(wanted)].reset_index(drop=True)


def test_seeded_defects_are_caught(store: Store, raw: pd.DataFrame, tmp_path: Path) -> None:
    catalogue = store.catalogue
    names = [id for id in sorted(catalogue.series) if (raw["series"] == id).sum() >= 8]
    made: Counter[str] = Counter()
    missed: list[str] = []
    for label, seed in SEEDS.items():
        rng = np.random.default_rng(zlib.crc32(label.encode()))
        for series in [str(s) for s in rng.permutation(names * 12)]:
            if made[label] == EACH:
                break
            seeded = seed(slice_of(raw, catalogue, series), series, rng, catalogue)
            if seeded is None:
                continue
            made[label] += 1
            if not caught(*seeded, catalogue, tmp_path):
                missed.append(f"{label}: {seeded[1].series} {seeded[1].period}")
    total = sum(made.values())
    short = {label: made[label] for label in SEEDS if made[label] < EACH}
    print(f"{total} defects of {len(made)} classes, {len(missed)} missed: {missed}")
    assert not short
    assert total >= 300
    assert len(made) >= 25
    assert len(missed) <= 0.01 * total, missed


def test_clean_variants_pass(store: Store, raw: pd.DataFrame, tmp_path: Path) -> None:
    catalogue = store.catalogue
    names = [id for id in sorted(catalogue.series) if (raw["series"] == id).sum() >= 8]
    rng = np.random.default_rng(2026)
    alarms = []
    for series in [str(s) for s in rng.choice(names, size=CLEAN)]:
        variant = clean_variant(slice_of(raw, catalogue, series), series, rng, catalogue)
        said = complaints(variant, catalogue, tmp_path)
        if said:
            alarms.append(f"{series}: {said[0]}")
    print(f"{len(alarms)} false alarms in {CLEAN} clean variants: {alarms}")
    assert len(alarms) <= 0.01 * CLEAN, alarms


def test_untouched_rows_raise_no_complaint(store: Store, raw: pd.DataFrame, tmp_path: Path) -> None:
    assert complaints(text_of(raw), store.catalogue, tmp_path) == []


def test_the_tonnage_of_fy2025_is_caught_by_the_price_check(
    store: Store, raw: pd.DataFrame, tmp_path: Path
) -> None:
    """Without the register that accepts it 53,748 t breaks the contract; at the price of 2024 it would not."""
    from dataclasses import replace

    bare = replace(store.catalogue, accepted=())
    rows = slice_of(raw, store.catalogue, "in.magnets.tonnes.fy")
    said = [
        s
        for s in complaints(text_of(rows), bare, tmp_path)
        if s.startswith("in.magnets.tonnes.fy|FY2025|price")
    ]
    assert len(said) == 3
    assert "implies 3.84 per kg" in " ".join(said)
    sound = rows.assign(value=rows["value"].where(rows["period"] != "FY2025", "29600"))
    mended = [
        s
        for s in complaints(text_of(sound.drop_duplicates(["series", "period"])), bare, tmp_path)
        if "price" in s
    ]
    assert mended == []
