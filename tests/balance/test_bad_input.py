"""Wrong graphs, scenarios and assumptions are refused with file, key and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from forecasting.balance.draws import draw, seeded
from forecasting.balance.evaluate import evaluate
from forecasting.balance.graph import Graph
from forecasting.balance.inputs import fiscal_paths
from forecasting.balance.nodes import Range
from forecasting.balance.outcome import Balance
from forecasting.balance.register import doubts, register, require_reviewed
from forecasting.balance.scenarios import read_scenarios
from forecasting.catalogue import Catalogue
from forecasting.data.store import Store
from forecasting.errors import ConfigError, DataError, InputMissing, UsageError
from forecasting.frames import Forecast
from tests.conftest import TODAY

Break = Callable[[str, str], Catalogue]


def message(catalogue: Catalogue) -> str:
    with pytest.raises(ConfigError) as caught:
        Graph.read(catalogue)
    assert caught.value.exit_code == 78
    return str(caught.value)


def test_a_cycle(broken: Break) -> None:
    said = message(
        broken("of: [demand.traction, demand.wind, demand.general]", "of: [demand.open, demand.wind]")
    )
    assert "balance.yaml: nodes: a cycle:" in said
    assert "demand.magnet" in said


def test_a_missing_intensity(broken: Break) -> None:
    said = message(broken("of: [ev.3w, pm.3w, magnet_per_e3w,", "of: [ev.3w, pm.3w, magnet_per_e3ww,"))
    assert "nodes.demand.ev.3w: unknown node or assumption 'magnet_per_e3ww'" in said
    assert "did you mean 'magnet_per_e3w'?" in said


def test_an_intensity_in_the_wrong_unit(broken: Break) -> None:
    said = message(broken("of: [ev.2w, pm.2w, mass.2w,", "of: [ev.2w, pm.2w, magnet_per_ac,"))
    assert "nodes.demand.ev.2w:" in said
    assert "does not give t magnet" in said


def test_oxide_passed_for_magnet_is_a_unit_error(broken: Break) -> None:
    said = message(
        broken(
            "of: [demand.magnet]\n    minus: [plants.magnets]", "of: [demand.magnet]\n    minus: [home.oxide]"
        )
    )
    assert "nodes.gap.home: home.oxide is in t NdPr oxide, t magnet is needed" in said


def test_all_faults_at_once(broken: Break) -> None:
    broken("of: [ev.3w, pm.3w, magnet_per_e3w,", "of: [ev.3w, pm.3w, magnet_per_e3ww,")
    said = message(broken("series: in.ev.pv\n", "series: in.ev.pvv\n"))
    assert "2 fault(s)" in said
    assert "unknown series 'in.ev.pvv'" in said


def test_an_unknown_kind_or_key(broken: Break) -> None:
    assert "balance.yaml: nodes.ac.sold" in message(broken("kind: growth", "kind: groth"))


def test_years_must_be_fiscal(broken: Break) -> None:
    assert "CY2030 is not a fiscal year" in message(broken("last: FY2030", "last: CY2030"))


def test_a_share_above_one(ready: Balance) -> None:
    scenario = replace(
        ready.scenarios["baseline"], assumptions={"pm_share_e2w": Range(low=0.9, central=1.2, high=1.5)}
    )
    uniforms = seeded(ready.graph, 1, 100)
    with pytest.raises(
        DataError, match=r"balance.yaml: nodes.pm.2w: a share runs from .* between 0 and 1"
    ) as caught:
        evaluate(ready.graph, draw(ready.graph, ready.inputs, scenario, uniforms, 100))
    assert caught.value.exit_code == 65


def scenario_faults(store: Store, folder: Path, name: str, text: str) -> str:
    (folder / "scenarios" / f"{name}.yaml").write_text(text)
    graph = Graph.read(replace(store.catalogue, root=folder))
    with pytest.raises(ConfigError) as caught:
        read_scenarios(graph)
    assert caught.value.exit_code == 78
    return str(caught.value)


HEAD = "title: t\nwhy: w\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("events: {irel_japan_hlt: {}}", "unknown event 'irel_japan_hlt'; did you mean 'irel_japan_halt'?"),
        ("events: {repm_award: {start: 2031-04}}", "2031-04 is after the horizon FY2030"),
        ("events: {repm_award: {start: FY2027}}", "FY2027 is not a month"),
        ("events: {covid_lockdown: {}}", "no node of the graph is moved by it"),
        ("events: {repm_award: {probability: 1.2}}", "less than or equal to 1"),
        (
            "events: {irel_japan_halt: {effects: {ev.2w: {low: 0, central: 0, high: 1}}}}",
            "does not move node",
        ),
        ("assumptions: {magnet_per_e2w: {low: 2, central: 1, high: 3}}", "does not hold"),
        ("assumptions: {magnet_per_e2x: {low: 1, central: 1, high: 3}}", "did you mean 'magnet_per_e2w'?"),
        ("assumptions: {oxide_per_magnet: {low: 1, central: 1, high: 3}}", "no node uses it"),
        ("shares: {ev.pv: {market: market.pv, at_least: 1.3, by: FY2030}}", "less than or equal to 1"),
        (
            "shares: {ev.pv: {market: market.pv, at_least: 0.3, by: FY2040}}",
            "FY2040 is not a year of the graph",
        ),
        ("plans: {irel.oxde: {start: FY2026, by: FY2030}}", "did you mean 'irel.oxide'?"),
        ("combine: [missoin]", "did you mean 'mission'?"),
        ("lever: 1", "unknown key"),
    ],
)
def test_scenario_faults_name_file_and_key(store: Store, graph_folder: Path, text: str, said: str) -> None:
    found = scenario_faults(store, graph_folder, "mine", HEAD + text + "\n")
    assert "scenarios/mine.yaml" in found
    assert said in found


def test_combined_scenarios_must_not_contradict_each_other(store: Store, graph_folder: Path) -> None:
    found = scenario_faults(store, graph_folder, "mine", HEAD + "combine: [japan_halted, japan_wound_down]\n")
    assert "japan_halted and japan_wound_down set events.irel_japan_halt differently" in found


def test_there_must_be_a_baseline(store: Store, graph_folder: Path) -> None:
    (graph_folder / "scenarios" / "baseline.yaml").unlink()
    with pytest.raises(InputMissing, match=r"baseline\.yaml is missing"):
        read_scenarios(Graph.read(replace(store.catalogue, root=graph_folder)))


def test_expired_assumptions_turn_amber_and_then_are_refused(ready: Balance) -> None:
    assumed = ready.graph.assumptions["pm_share_e2w"]
    assert not any("review" in doubt for doubt in doubts(assumed, assumed.review_by))
    assert "review was due on 2026-12-31" in doubts(assumed, date(2027, 2, 1))
    require_reviewed(ready.graph, date(2027, 6, 1))
    with pytest.raises(
        ConfigError, match=r"assumptions.yaml: assumptions.pm_share_e2w.review_by: 2026-12-31 is"
    ):
        require_reviewed(ready.graph, date(2028, 1, 1))


def test_the_register_shows_what_is_amber(ready: Balance) -> None:
    table = register(ready.graph, TODAY).set_index("assumption")
    assert table.loc["irel_ndpr_stock", "amber"] == "single source"
    assert table.loc["magnet_per_ebus", "amber"] == "no source, our spread"
    assert table.loc["magnet_per_ecar", "amber"] == ""
    assert table.loc["magnet_per_ecar", "basis"] == "magnet"
    assert "demand.ev.pv" in table.loc["magnet_per_ecar", "nodes"].split()


def test_every_source_of_the_graph_is_known(ready: Balance, store: Store) -> None:
    used = {source for name in ready.graph.used for source in ready.graph.assumptions[name].source}
    used |= {source for scenario in ready.scenarios.values() for source in scenario.source}
    assert used <= set(store.catalogue.sources)


def test_a_series_without_forecast(ready: Balance, store: Store, forecasts: list[Forecast]) -> None:
    less = [f for f in forecasts if "in.ev.2w" not in f.ids]
    with pytest.raises(DataError, match=r"no forecast of in.ev.2w FY2027"):
        fiscal_paths(ready.graph, store.as_of(TODAY), store.catalogue, less)


def test_unknown_names_on_the_way(ready: Balance) -> None:
    with pytest.raises(UsageError, match="did you mean 'mission'"):
        ready.values("misson")
    with pytest.raises(ConfigError, match=r"did you mean 'gap.home'"):
        ready.graph.require("gap.hom")
