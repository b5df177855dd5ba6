"""Tables made again beside those published: equal, moved, or not comparable; and what an older edition lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.publishing import edition, ledger
from forecasting.publishing.rebuild import compared

Cli = Callable[..., tuple[int, str, str]]
TABLE = pd.DataFrame(
    {"series": ["a", "b"], "period": ["FY2027", "2027-01"], "value": [1234.5678, 0.0], "note": ["", "x"]}
)


def text(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False).encode()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    TABLE.to_csv(path, index=False)
    return path


def test_the_same_table_is_equal(published: Path) -> None:
    one = compared("t", published, text(TABLE))
    assert (one.equal, one.numbers, one.largest, one.where) == (True, 2, 0.0, "")


@pytest.mark.parametrize(("factor", "equal"), [(1 + 9e-10, True), (1 + 2e-9, False), (-1, False), (0, False)])
def test_a_number_may_move_by_a_billionth(published: Path, factor: float, equal: bool) -> None:
    one = compared("t", published, text(TABLE.assign(value=TABLE["value"] * factor)))
    assert one.equal is equal
    assert one.where == "a FY2027, value"
    assert one.largest == pytest.approx(abs(factor - 1) / max(1, abs(factor)), rel=1e-3)


def test_what_was_zero_must_be_zero(published: Path) -> None:
    one = compared("t", published, text(TABLE.assign(value=[1234.5678, 1e-300])))
    assert (one.equal, one.largest, one.where) == (False, 1.0, "b 2027-01 x, value")


@pytest.mark.parametrize(
    ("again", "found"),
    [
        (None, "not made again"),
        (TABLE[["series", "value", "period", "note"]], "columns ['series', 'period', 'value', 'note'] then"),
        (TABLE.iloc[:1], "2 rows then, 1 now"),
        (TABLE.assign(note=["", "y"]), "b 2027-01 x, note: 'x' then, 'y' now"),
        (TABLE.assign(value=[np.nan, 0.0]), "a FY2027, value: '1234.5678' then, '' now"),
        (TABLE.assign(value=[np.inf, 0.0]), "'1234.5678' then, 'inf' now"),
    ],
)
def test_what_cannot_be_compared_is_unlike(published: Path, again: pd.DataFrame | None, found: str) -> None:
    one = compared("t", published, None if again is None else text(again))
    assert not one.equal
    assert any(found in said for said in one.unlike)


def test_an_empty_table_is_equal_to_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\n")
    assert compared("t", tmp_path / "t.csv", text(pd.DataFrame())).equal


def test_an_edition_without_inputs_and_a_damaged_one_are_not_rebuilt(tmp_path: Path, cli: Cli) -> None:
    id = "2026-11-20-bbbbbbbb"
    folder = edition.write(tmp_path, id, {"a.csv": b"1"}, {"as_of": "2026-11-01", "released": "2026-11-20"})
    ledger.record(tmp_path, id)
    code, out, err = cli("editions", "rebuild", id, "--editions", tmp_path)
    assert (code, out) == (66, "")
    assert f"{id} was published before editions held their inputs: it cannot be made again" in err
    (folder / "a.csv").write_bytes(b"2")
    code, _, err = cli("editions", "rebuild", "--editions", tmp_path)
    assert (code, "damaged, so it is not rebuilt" in err, "a.csv" in err) == (65, True, True)
