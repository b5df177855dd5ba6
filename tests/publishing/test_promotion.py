"""Which editions speak at the gate."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest

from forecasting.evaluation.issued import EDITIONS
from forecasting.evaluation.promotion import spelt
from forecasting.models.recipe import Recipe
from forecasting.publishing import edition, ledger
from forecasting.publishing.promotion import issued_forecasts


def public(root: Path, id: str, as_of: str, value: float, recorded: bool = True) -> None:
    columns = ["series", "period", "quantile", "value", "scenario"]
    rows = [("s", "2026-01", 0.5, value, "baseline"), ("s", "2026-01", 0.5, -1.0, "mission")]
    table = pd.DataFrame(rows, columns=columns).to_csv(index=False).encode()
    edition.write(root, id, {"forecasts.csv": table}, {"as_of": as_of})
    if recorded:
        ledger.record(root, id)


def test_one_edition_a_day_of_data_speaks_and_none_that_was_retracted(tmp_path: Path) -> None:
    assert list(issued_forecasts(tmp_path, date(2026, 3, 1)).columns) == list(EDITIONS)
    for number in range(11):
        public(tmp_path, f"2026-01-{number + 10}-a", "2026-01-05", number)
    public(tmp_path, "2026-02-10-a", "2026-02-05", 20.0)
    public(tmp_path, "2026-02-11-a", "2026-02-05", 21.0)
    public(tmp_path, "2026-02-20-a", "2026-02-15", 22.0)
    public(tmp_path, "2026-02-21-a", "2026-02-16", 23.0, recorded=False)
    public(tmp_path, "2026-03-10-a", "2026-03-05", 30.0)
    ledger.retract(tmp_path, "2026-02-11-a", "wrong series")
    ledger.retract(tmp_path, "2026-02-20-a", "wrong series")
    assert set(issued_forecasts(tmp_path, date(2026, 3, 1))["recipe"]) == {""}, "nobody knows what made them"
    found = issued_forecasts(tmp_path, date(2026, 3, 1))
    assert found[["edition", "as_of", "value"]].to_numpy().tolist() == [
        ["2026-01-20-a", "2026-01-05", 10.0],
        ["2026-02-10-a", "2026-02-05", 20.0],
    ]


def test_an_edition_tells_what_made_each_forecast_and_nothing_of_what_no_champion_said(
    tmp_path: Path,
) -> None:
    recipes = {
        id: Recipe(
            series=(id,), model=model, parameters={}, seed=1, horizon="2027-12", panel_digest="x"
        ).to_json()
        for id, model in (("s", "drift"), ("fallen", "naive"))
    }
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        for id, text in recipes.items():
            archive.writestr(f"release/champions/{id}/recipe.json", text)
        archive.writestr("release/champions/s/golden.csv", "no recipe")
    rows = [(id, "2026-01", 0.5, 1.0, "baseline") for id in ("s", "fallen", "year")]
    table = pd.DataFrame(rows, columns=["series", "period", "quantile", "value", "scenario"])
    states = "series,standing,model,reason,vintage\ns,ok,drift,,\nfallen,degraded,naive,it broke,\n"
    files = {
        "forecasts.csv": table.to_csv(index=False).encode(), "states.csv": states.encode(),
        "inputs.zip": packed.getvalue(),
    }  # fmt: skip
    edition.write(tmp_path, "2026-01-10-a", files, {"as_of": "2026-01-05"})
    ledger.record(tmp_path, "2026-01-10-a")
    found = issued_forecasts(tmp_path, date(2026, 3, 1))
    assert dict(zip(found["series"], found["recipe"], strict=True)) == {
        "s": spelt("drift", {}), "fallen": "", "year": "",
    }  # fmt: skip


@pytest.mark.parametrize("file", ["forecasts.csv", "MANIFEST.json"])
@pytest.mark.parametrize("content", [b"series,period\n", None])
def test_an_edition_that_is_not_as_it_was_published_says_nothing_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str, content: bytes | None
) -> None:
    for day, value in ((10, 1.0), (11, 2.0)):
        public(tmp_path, f"2026-01-{day}-a", f"2026-01-0{day - 9}", value)
    path = tmp_path / "2026-01-11-a" / file
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    found = issued_forecasts(tmp_path, date(2026, 3, 1))
    assert found["value"].tolist() == [1.0]
    told = capsys.readouterr()
    assert "forecast editions verify 2026-01-11-a" in told.out + told.err
    assert file in told.out + told.err


def test_an_edition_of_the_very_day_of_the_data_has_no_say(tmp_path: Path) -> None:
    public(tmp_path, "2026-01-10-a", "2026-01-05", 1.0)
    assert issued_forecasts(tmp_path, date(2026, 1, 5)).empty
    assert issued_forecasts(tmp_path, date(2026, 1, 6))["value"].tolist() == [1.0]
