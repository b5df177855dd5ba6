"""Values of an earlier edition carried on: exactly, with the edition they are from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.frames import LEVELS
from forecasting.periods import Period
from forecasting.publishing.candidate import Previous
from forecasting.publishing.stale import inverse, paths_again, rows_again, vintage_of
from tests.publishing.gates.made import FAN, known, rows

FIRST, LAST = Period.parse("CY2026"), Period.parse("CY2027")
TABLE = pd.concat(
    [rows("a", "CY2025", [5.0, 10.0, 20.0]), rows("b", "CY2026", [1.0, 1.0])], ignore_index=True
)
COLUMNS = ["series", "standing", "model", "reason", "vintage"]


def previous(*states: tuple[str, str, str, str, str], table: pd.DataFrame = TABLE) -> Previous:
    day = date(2026, 1, 1)
    told = pd.DataFrame(list(states), columns=COLUMNS) if states else pd.DataFrame()
    return Previous("2026-01-01-aaaaaaaa", Path("made-up"), day, day, table, told, {}, known({}))


def test_the_vintage_is_the_first_edition_that_had_the_values() -> None:
    assert vintage_of(previous(), "a") == ("2026-01-01-aaaaaaaa", "ok")
    assert vintage_of(previous(("b", "ok", "m", "", "")), "a") == ("2026-01-01-aaaaaaaa", "ok")
    assert vintage_of(previous(("a", "degraded", "m", "", "")), "a") == ("2026-01-01-aaaaaaaa", "degraded")
    assert vintage_of(previous(("a", "stale", "m", "", "older")), "a") == ("older", "stale")


def test_paths_have_the_quantiles_they_were_published_with() -> None:
    found = paths_again(previous(("a", "stale", "m", "", "older")), "a", FIRST, LAST, 4000)
    assert found is not None
    forecast, vintage = found
    assert vintage == "older"
    assert (forecast.ids, forecast.first, forecast.last) == (("a",), FIRST, LAST)
    assert (forecast.units, forecast.models) == ({"a": "t REO"}, {"a": "made up"})
    got = np.quantile(forecast.paths[0], LEVELS, axis=1).T
    np.testing.assert_allclose(got, np.outer([10.0, 20.0], FAN), rtol=2e-3)
    assert (np.diff(forecast.paths[0], axis=1) > 0).all()


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (TABLE, [("a", "withheld", "", "", "")]),
        (TABLE[TABLE["period"] != "CY2027"], []),
        (TABLE[TABLE["quantile"] != 0.1], []),
        (TABLE[TABLE["series"] != "a"], []),
        (TABLE.assign(kind="FY"), []),
    ],
)
def test_what_was_not_published_cannot_be_carried_on(
    table: pd.DataFrame, states: list[tuple[str, str, str, str, str]]
) -> None:
    assert paths_again(previous(*states, table=table), "a", FIRST, LAST, 100) is None


def test_values_at_ranks_inside_and_beyond_the_quantiles() -> None:
    quantiles = np.array([11.0, 12, 15, 20, 30, 40, 45, 48, 49])
    ranks = np.array([0.0, 0.025, 0.0375, 0.5, 0.95, 0.975, 1.0])
    np.testing.assert_allclose(inverse(quantiles, ranks), [10, 11, 11.5, 30, 48, 49, 50])
    np.testing.assert_allclose(inverse(quantiles - 11.0, ranks)[:2], [0, 0])
    np.testing.assert_allclose(inverse(quantiles - 20.0, ranks)[:2], [-10, -9])


def test_rows_of_stale_series_stand_as_they_were_for_the_periods_asked() -> None:
    now = pd.concat([rows("a", "CY2026", [99.0, 99.0]), rows("b", "CY2026", [7.0, 7.0])], ignore_index=True)
    again = rows_again(now, previous(), {"a"})
    was = TABLE[(TABLE["series"] == "a") & (TABLE["period"] != "CY2025")].reset_index(drop=True)
    pd.testing.assert_frame_equal(again[again["series"] == "a"].reset_index(drop=True), was)
    pd.testing.assert_frame_equal(
        again[again["series"] == "b"].reset_index(drop=True), now[now["series"] == "b"].reset_index(drop=True)
    )
    assert list(again.index) == list(range(len(now)))
    assert rows_again(now, None, {"a"}) is now
    assert rows_again(now, previous(), set()) is now
