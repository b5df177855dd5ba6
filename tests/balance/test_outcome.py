"""Inputs, tables, scorecard, validation, explanation and command on the project's own graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.balance.compared import validation
from forecasting.balance.explain import explain
from forecasting.balance.knowing import value_of_data
from forecasting.balance.outcome import Balance
from forecasting.balance.outlooks import scorecard
from forecasting.balance.tables import tables
from forecasting.data.store import Store
from forecasting.errors import ConfigError, UsageError
from forecasting.frames import Forecast
from forecasting.periods import Period
from tests.conftest import TODAY

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def found(ready: Balance, store: Store, forecasts: list[Forecast]) -> dict[str, pd.DataFrame]:
    return tables(ready, store.catalogue, store.as_of(TODAY), forecasts, TODAY)


def test_history_is_months_then_years_then_bridges(ready: Balance) -> None:
    year = Period.parse
    inputs = ready.inputs
    assert inputs["ev.2w"].origin_of(year("FY2025")) == "twelve months of in.ev.2w"
    assert inputs["ev.3w"].origin_of(year("FY2025")).startswith("in.ev.3w.fy")
    assert "nine months of CY2023" in inputs["wind.added"].origin_of(year("FY2024"))
    assert inputs["wind.added"].origin_of(year("FY2026")).startswith("in.wind.additions.fy")
    assert inputs["ev.2w"].origin_of(year("FY2030")) == "forecast of in.ev.2w (rule)"
    bridged = inputs["wind.added"].window([year("FY2025")])[0, 0]
    np.testing.assert_allclose(bridged, 0.75 * (48163.2 - 44736.2) + 0.25 * (54511.0 - 48163.2))


def test_tables_hold_every_scenario_year_and_band(found: dict[str, pd.DataFrame], ready: Balance) -> None:
    bands = found["balance"]
    assert set(bands["scenario"]) == set(ready.scenarios)
    assert len(ready.scenarios) >= 8
    for low, high in (
        ("low_95", "low_80"),
        ("low_80", "median"),
        ("median", "high_80"),
        ("high_80", "high_95"),
    ):
        assert (bands[low] <= bands[high]).all()
    gaps = bands[bands["side"] == "gap"]
    assert gaps["p_positive"].between(0, 1).all()
    assert set(bands[bands["node"] == "gap.home"]["period"]) == {str(p) for p in ready.graph.periods}


def test_the_headline_agrees_with_the_bands(found: dict[str, pd.DataFrame]) -> None:
    heads = found["scenarios"].set_index("scenario")
    bands = found["balance"].set_index(["scenario", "node", "period"])
    for id in heads.index:
        for name, node in (
            ("gap_market", "gap.market"),
            ("gap_home", "gap.home"),
            ("demand", "demand.magnet"),
        ):
            row = bands.loc[(id, node, "FY2030")]
            np.testing.assert_allclose(heads.loc[id, f"{name}_median"], row["median"])
        assert heads.loc[id, "p_shortage_market"] == bands.loc[(id, "gap.market", "FY2030"), "p_positive"]


def test_the_same_inputs_give_the_same_bytes(
    found: dict[str, pd.DataFrame], ready: Balance, store: Store, forecasts: list[Forecast]
) -> None:
    again = tables(ready, store.catalogue, store.as_of(TODAY), forecasts, TODAY)
    for name, table in found.items():
        assert table.to_csv(index=False) == again[name].to_csv(index=False), name


def test_the_scorecard_scores_what_is_over_and_flags_what_is_not_comparable(
    found: dict[str, pd.DataFrame],
) -> None:
    table = found["outlook_scores"]
    iea = table[
        (table["series"] == "in.ev.pv") & (table["period"] == "CY2025") & (table["scenario"] == "STEPS")
    ]
    assert iea["status"].tolist() == ["scored"]
    np.testing.assert_allclose(iea["error_pct"], 100 * (320000 / iea["actual"] - 1))
    np.testing.assert_allclose(iea["crps"], iea["error"].abs())
    assert set(table[table["series"] == "in.nd.metal"]["status"]) == {"due", "ahead"}
    world = table[table["series"].str.startswith("world.")]
    assert not world["comparable"].any()
    assert (world["why"].str.len() > 10).all()
    demand = table[table["series"] == "in.magnets.demand.cy"]
    assert demand["comparable"].all()
    assert demand["ours_below"].between(0, 1).all()


def test_an_outlook_of_another_basis_carries_no_band(ready: Balance, store: Store) -> None:
    said = pd.DataFrame([{"series": "in.nd.metal", "period": "FY2030", "value": 900.0, "unit": "t Nd"}])
    done = scorecard(said, ready.graph, store.catalogue, store.as_of(TODAY), [], ready.values("baseline"))
    assert done["status"].tolist() == ["ahead"]
    assert not done["comparable"].any()
    assert done["ours_median"].isna().all()
    assert "NdPr oxide" in done["why"].iloc[0]


def test_history_stands_beside_published_figures(ready: Balance, store: Store) -> None:
    table = validation(ready.graph, store.as_of(TODAY), ready.values("baseline"))
    by = table.set_index(["node", "period", "source"])["verdict"]
    assert by["demand.magnet", "FY2025", "swarajya_2025_10"] == "agrees"
    assert by["demand.magnet", "FY2025", "bs_2025_11"] == "differs"
    assert by["demand.magnet", "FY2025", "bbc_2026_01"] == "differs"
    assert set(table[table["against"] == "imports.by.value"]["verdict"]) == {"agrees"}
    assert set(table["period"]) >= {"FY2021", "FY2022", "FY2023", "FY2024", "FY2025"}
    assert (table["why"].str.len() > 10).all()


def test_value_of_data_is_in_tonnes_and_sorted(found: dict[str, pd.DataFrame]) -> None:
    table = found["value_of_data"]
    one = table[(table["scenario"] == "baseline") & (table["node"] == "gap.home")]
    assert one["narrower"].is_monotonic_decreasing
    assert (one["unit"] == "t magnet").all()
    assert one["figure"].iloc[0].startswith("in.ev.2w")
    assert (one["narrower"] <= one["band"]).all()


def test_tornado_covers_all_inputs_and_sobol_the_widest(
    found: dict[str, pd.DataFrame], ready: Balance
) -> None:
    table = found["tornado"]
    one = table[(table["scenario"] == "baseline") & (table["node"] == "gap.home")]
    assert {"in.ev.2w", "magnet_per_e2w", "repm_award", "wind_pm_share"} <= set(one["input"])
    assert "india_share_of_cn_exports" not in set(one["input"])
    assert one["total"].notna().sum() == 12
    assert (one["first"].dropna() <= one["total"].dropna() + 0.15).all()
    assert len(value_of_data(ready, "mission", "gap.oxide", TODAY)) > 5


def test_a_reader_can_follow_a_number_to_its_sources(ready: Balance, store: Store) -> None:
    text = "\n".join(explain(ready, "mission", "gap.market", "FY2030", store.catalogue.sources))
    chain = ready.graph.upstream("gap.market")
    for id in chain:
        assert f"  {id} = " in text
        for name in ready.graph.nodes[id].inputs:
            assert name in text
    for event in ("irel_japan_halt", "repm_award", "china_suspension_ends"):
        assert f"  {event}: " in text
    for part in (
        "series in.ev.2w",
        "forecast of in.ev.2w (rule)",
        "reuters_2025_06_13",
        "gazette_so5800_2025:",
    ):
        assert part in text
    assert "not in sources.yaml" not in text
    with pytest.raises(UsageError, match="not a year of the balance"):
        list(explain(ready, "mission", "gap.market", "FY2040", store.catalogue.sources))
    with pytest.raises(ConfigError, match="did you mean"):
        list(explain(ready, "mission", "gap.markt", "FY2030", store.catalogue.sources))


@pytest.fixture
def no_release(monkeypatch: pytest.MonkeyPatch, forecasts: list[Forecast]) -> None:
    from forecasting.cli import balance

    monkeypatch.setattr(balance, "_forecasts", lambda *_: (forecasts, 7))


@pytest.mark.usefixtures("no_release")
def test_the_command_answers_for_all_scenarios(cli: Cli, tmp_path: Path) -> None:
    code, out, err = cli("balance", "--as-of", "2026-11-22", "--out", tmp_path / "out")
    assert code == 0, err
    for name in (
        "baseline",
        "mission",
        "japan_halted",
        "scheme_late",
        "ev_pushed",
        "china_tightens",
        "ferrite",
    ):
        assert f"\n{name} " in out
    heads = pd.read_csv(tmp_path / "out" / "scenarios.csv")
    assert len(heads) >= 8
    assert (tmp_path / "out" / "balance.csv").is_file()


@pytest.mark.usefixtures("no_release")
def test_the_command_compares_and_explains(cli: Cli) -> None:
    some = ("--as-of", "2026-11-22", "--draws", "500")
    code, out, _ = cli("balance", "--scenario", "baseline", "--scenario", "mission", *some)
    assert code == 0
    assert "What differs in FY2030" in out
    assert "plants.magnets [t magnet]" in out
    assert "imports.china [t magnet]" not in out
    code, out, _ = cli("balance", "--scenario", "mission", "--explain", "plants.magnets", "FY2030", *some)
    assert code == 0
    assert "plants.oxide ÷ oxide.per.magnet" in out
    code, _, err = cli("balance", "--scenario", "misson", *some)
    assert code == 2
    assert "did you mean 'mission'" in err


@pytest.mark.usefixtures("no_release")
def test_the_command_names_file_and_key_of_a_fault(cli: Cli, data_copy: Path) -> None:
    path = data_copy / "scenarios" / "mission.yaml"
    path.write_text(path.read_text().replace("japan_halted", "japan_haltet"))
    code, _, err = cli("balance", "--data", data_copy, "--as-of", "2026-11-22")
    assert code == 78
    assert "mission.yaml: combine: unknown scenario 'japan_haltet'; did you mean 'japan_halted'?" in err
