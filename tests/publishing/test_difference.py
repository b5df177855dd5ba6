"""Two editions compared figure by figure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import InputMissing
from forecasting.frames import LEVELS
from forecasting.publishing import edition, ledger
from forecasting.publishing.difference import difference

Cli = Callable[..., tuple[int, str, str]]
OLD, NEW = "2026-10-20-aaaaaaaa", "2026-11-20-bbbbbbbb"


def fan(series: str, kind: str, period: str, middle: float, model: str = "ets") -> list[tuple[object, ...]]:
    return [
        (series, kind, period, "baseline", level, middle * (0.5 + level), "t REO", model) for level in LEVELS
    ]


def put(root: Path, id: str, rows: list[tuple[object, ...]], states: str = "") -> Path:
    columns = ["series", "kind", "period", "scenario", "quantile", "value", "unit", "model"]
    table = pd.DataFrame(rows, columns=columns).to_csv(index=False).encode()
    files = {"forecasts.csv": table} | ({"states.csv": states.encode()} if states else {})
    folder = edition.write(root, id, files, {"as_of": id[:10], "released": id[:10], "key": id})
    ledger.record(root, id)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(
        tmp_path, OLD,
        [*fan("a", "FY", "FY2027", 1000), *fan("a", "CY", "CY2027", 900), *fan("b", "CY", "CY2027", 0),
         *fan("c", "month", "2027-01", 10), *fan("c", "month", "2027-02", 10), *fan("gone", "FY", "FY2027", 1)],
    )  # fmt: skip
    put(
        tmp_path, NEW,
        [*fan("a", "FY", "FY2027", 1100), *fan("a", "CY", "CY2027", 900), *fan("b", "CY", "CY2027", 5),
         *fan("c", "month", "2027-01", 11), *fan("c", "month", "2027-02", 13, ), *fan("new", "FY", "FY2027", 1)],
        "series,standing,model,reason,vintage\na,ok,ets,,\nb,degraded,naive,the champion failed,\nc,ok,theta,,\n"
        "new,ok,ets,,\n",
    )  # fmt: skip
    return tmp_path


def test_every_figure_is_compared_in_its_unit_and_in_percent(root: Path) -> None:
    found = difference(root / OLD, root / NEW).numbers.set_index(["series", "period", "figure"])
    assert len(found) == 7 * len(LEVELS)
    low = found.loc[("a", "FY2027", "low_80")]
    assert (low["before"], low["after"], low["change"]) == (600.0, 660.0, "moved")
    assert (low["moved"], low["moved_pct"]) == pytest.approx((60.0, 10.0))
    assert set(found.loc[("a", "CY2027"), "change"]) == {"same"}
    born = found.loc[("b", "CY2027", "median")]
    assert (born["moved"], bool(pd.isna(born["moved_pct"]))) == (5.0, True)
    assert set(found.loc["gone", "change"]) == {"removed"}
    assert set(found.loc["new", "change"]) == {"added"}


def test_changed_standings_and_models_are_told(root: Path) -> None:
    states = difference(root / OLD, root / NEW).states.set_index("series")
    assert list(states.index) == ["b", "c", "gone", "new"]
    assert list(states.loc["b"]) == ["ok", "ets", "degraded", "naive"]
    assert list(states.loc["new"]) == ["", "", "ok", "ets"]


def test_the_command_prints_what_moved_and_writes_every_figure(root: Path, cli: Cli, tmp_path: Path) -> None:
    code, out, _ = cli("editions", "diff", OLD, NEW, "--editions", root, "--out", tmp_path / "all.csv")
    assert code == 0
    assert f"{OLD} → {NEW}: 54 of 63 figures differ" in out
    assert "ok (ets) → degraded (naive)" in out
    assert "not forecast → ok (ets)" in out
    assert "1,000 → 1,100 t REO (+100, +10.00 %); 80 % band 600 to 1,400 → 660 to 1,540" in out
    assert "CY2027   900" not in out
    assert "2027-02  10 → 13 t REO (+3, +30.00 %)" in out
    assert "2027-01" not in out
    assert "gone                         removed: FY2027" in out
    written = pd.read_csv(tmp_path / "all.csv")
    assert len(written) == 63
    code, out, _ = cli("editions", "diff", OLD, OLD, "--editions", root)
    assert (code, out) == (0, f"{OLD} → {OLD}: 0 of 54 figures differ\n")


def test_what_cannot_be_compared_is_named(root: Path, cli: Cli) -> None:
    code, _, err = cli("editions", "diff", "2026-10-20-aaaaaaab", "--editions", root)
    assert (code, f"did you mean {OLD!r}?" in err) == (66, True)
    code, _, err = cli("editions", "diff", OLD, "--editions", root, "--out", root / "none" / "x.csv")
    assert (code, "name a file that can be written" in err) == (74, True)
    (root / OLD / "forecasts.csv").unlink()
    code, _, err = cli("editions", "diff", OLD, "--editions", root)
    assert (code, "forecasts.csv: missing" in err) == (65, True)
    with pytest.raises(InputMissing, match="holds no forecasts to compare"):
        difference(root / OLD, root / NEW)
