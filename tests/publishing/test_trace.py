"""From a number of an edition to rows, sources, licences and hashes: on a small edition made for the test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecasting.data.store import Store, believed
from forecasting.errors import DataError
from forecasting.frames import LEVELS
from forecasting.publishing.edition import write
from forecasting.publishing.ledger import identify
from forecasting.publishing.trace import Tracer

NUMBERS = [
    ("in.ev.2w", "month", "2027-03", "vehicles"),
    ("in.ev.total", "FY", "FY2030", "vehicles"),
    ("in.magnets.value", "FY", "FY2030", "USD m"),
    ("in.magnets.tonnes.fy", "FY", "FY2030", "t magnet"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rows = [
        {
            "series": s,
            "kind": k,
            "period": p,
            "scenario": "baseline",
            "quantile": q,
            "value": 1.0,
            "unit": u,
            "model": "m",
        }
        for s, k, p, u in NUMBERS
        for q in LEVELS
    ]
    content = pd.DataFrame(rows).to_csv(index=False).encode()
    bands = pd.DataFrame(
        [
            {
                "scenario": "baseline",
                "node": "gap.home",
                "unit": "t magnet",
                "period": "FY2030",
                "low_80": 1.0,
                "median": 2.0,
                "high_80": 3.0,
            }
        ]
    )
    files = {"forecasts.csv": content, "balance/balance.csv": bands.to_csv(index=False).encode()}
    write(tmp_path / "editions", "2026-07-01-abc", files, {"as_of": "2026-06-29", "released": "2026-07-01"})
    return tmp_path / "editions"


def test_every_number_resolves(root: Path, store: Store) -> None:
    tracer = Tracer(root / identify(root, "latest"), store)
    assert len(tracer.numbers()) == 5
    for series, period in tracer.numbers():
        found = tracer.trace(series, period)
        assert found.evidence
        for one in found.evidence:
            assert one.known <= date(2026, 6, 29)
            assert one.source.licence
            assert len(one.row_sha256) == 64


def test_a_row_is_the_row_that_was_believed(root: Path, store: Store) -> None:
    found = Tracer(root / identify(root, "latest"), store).trace("in.ev.2w", "2027-03")
    mine = [one for one in found.evidence if one.series == "in.ev.2w"]
    chosen = believed(store.as_of(date(2026, 6, 29)), store.catalogue, "in.ev.2w")
    assert [one.period for one in mine] == chosen["period"].tolist()
    assert [one.value for one in mine] == chosen["value"].tolist()
    assert found.inputs == ("in.ev.2w", "in.market.2w")
    first = mine[0]
    assert any(file.name == "ev_cat_01-24.csv" for file in first.files.values())


def test_sums_bridges_and_nodes_lead_to_their_parts(root: Path, store: Store) -> None:
    tracer = Tracer(root / identify(root, "2026"), store)
    assert {"in.ev.2w", "in.ev.3w", "in.ev.pv", "in.ev.rest"} <= set(
        tracer.trace("in.ev.total", "FY2030").inputs
    )
    tonnes = tracer.trace("in.magnets.tonnes.fy", "FY2030")
    assert "in.magnets.value.85051190" in tonnes.inputs
    assert list(tonnes.assumptions) == ["magnets.unit_value.850511"]
    gap = tracer.trace("gap.home", "FY2030")
    assert "in.ev.2w" in gap.inputs
    assert gap.assumptions
    assert {id for one in gap.assumptions.values() for id in one.source} <= set(gap.sources)
    assert gap.quantiles == {0.1: 1.0, 0.5: 2.0, 0.9: 3.0}


def test_the_command_prints_rows_source_day_licence_and_hash(
    root: Path, data_folder: Path, cli: Callable[..., tuple[int, str, str]]
) -> None:
    base = ["--out", root, "--data", data_folder]
    code, out, _ = cli("data", "trace", "latest", "in.ev.2w", "2027-03", *base)
    assert code == 0
    for said in (
        "observation rows",
        "vahan_cat_0124",
        "2024-08-14",
        "licence: none stated",
        "raw file ev_cat_01-24.csv sha256",
    ):
        assert said in out, said
    code, out, _ = cli("data", "trace", "latest", "--all", *base)
    assert (code, "all 5 numbers" in out) == (0, True)
    code, _, err = cli("data", "trace", "latest", "in.ev.2ww", "2027-03", *base)
    assert (code, "did you mean" in err) == (65, True)
    code, _, err = cli("data", "trace", "latest", "in.ev.2w", "2031-03", *base)
    assert (code, "it has 2027-03 to 2027-03" in err) == (65, True)
    assert cli("data", "trace", "nope", "--all", *base)[0] == 66
    assert cli("data", "trace", "latest", *base)[0] == 2


def test_a_tampered_edition_is_not_traced(root: Path, store: Store) -> None:
    path = root / identify(root, "latest") / "forecasts.csv"
    path.write_text(path.read_text().replace("1.0", "2.0"))
    with pytest.raises(DataError, match="damaged"):
        Tracer(root / identify(root, "latest"), store)


def test_an_edition_made_from_other_data_is_not_traced(root: Path, store: Store) -> None:
    folder = root / identify(root, "latest")
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    known = store.as_of(date(2026, 6, 29)).digest()
    (folder / "MANIFEST.json").write_text(json.dumps({**manifest, "observations_sha256": known}))
    assert Tracer(folder, store).trace("in.ev.2w", "2027-03")
    other = hashlib.sha256(b"other").hexdigest()
    (folder / "MANIFEST.json").write_text(json.dumps({**manifest, "observations_sha256": other}))
    with pytest.raises(DataError, match="made from other observations"):
        Tracer(folder, store)
