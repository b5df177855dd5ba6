"""Numbers that can be worked out by hand: two normals and a product, survival, ramps, Sobol shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from forecasting.balance.draws import World, quantile
from forecasting.balance.evaluate import evaluate
from forecasting.balance.graph import Graph
from forecasting.balance.inputs import SeriesPaths
from forecasting.balance.knowing import left, width
from forecasting.balance.nodes import (
    DrawdownNode,
    Node,
    PlantNode,
    ProductNode,
    Range,
    RetiredNode,
    SeriesNode,
    StockNode,
    SumNode,
)
from forecasting.balance.outcome import Balance, first_year, needed, stays_closed
from forecasting.balance.scenarios import Scenario
from forecasting.balance.sensitivity import sobol, tornado
from forecasting.errors import DataError
from forecasting.periods import Period

N = 40_000
FIRST, LAST = Period.parse("FY2029"), Period.parse("FY2030")


def series(unit: str, id: str = "x") -> SeriesNode:
    return SeriesNode(kind="series", title="", unit=unit, side="driver", series=id)


def graph(nodes: dict[str, Node], first: Period = FIRST) -> Graph:
    assumptions: dict[str, object] = {}
    return Graph(
        Path("balance.yaml"),
        first,
        LAST,
        nodes,
        tuple(nodes),
        assumptions,  # type: ignore[arg-type]
        {},
        {},
        (),
        (),
        {},
        home="gap",
        market="gap",
        demand="demand",
        oxide="gap",
        home_supply="supply",
    )


@pytest.fixture(scope="module")
def normals() -> Balance:
    """demand = sales × intensity, gap = demand − supply; all three normal and independent."""
    nodes: dict[str, Node] = {
        "sales": series("vehicles", "sales"),
        "intensity": series("t magnet / vehicles", "intensity"),
        "supply": series("t magnet", "supply"),
        "demand": ProductNode(
            kind="product", title="", unit="t magnet", side="demand", of=("sales", "intensity")
        ),
        "gap": SumNode(kind="sum", title="", unit="t magnet", side="gap", of=("demand",), minus=("supply",)),
    }
    rng = np.random.default_rng(11)

    def normal(mean: float, sd: float) -> SeriesPaths:
        drawn = mean + sd * rng.standard_normal((2, N))
        return SeriesPaths(FIRST, drawn, ("", ""), {}, LAST)

    inputs = {"sales": normal(1000, 100), "intensity": normal(2, 0.3), "supply": normal(1500, 200)}
    return Balance(graph(nodes), inputs, {"baseline": Scenario("baseline", "", "")}, seed=5, draws=N)


def test_two_normals_and_a_product_match_the_closed_form(normals: Balance) -> None:
    gap = normals.values("baseline")["gap"][-1]
    mean = 1000 * 2 - 1500
    variance = 1000**2 * 0.3**2 + 2**2 * 100**2 + 100**2 * 0.3**2 + 200**2
    assert abs(gap.mean() - mean) < 4 * np.sqrt(variance / N)
    assert abs(gap.var() / variance - 1) < 0.03
    x, weight = np.polynomial.hermite_e.hermegauss(60)
    weight = weight / weight.sum()
    demand = (1000 + 100 * x[:, None]) * (2 + 0.3 * x[None])
    shortage = float((weight[:, None] * weight[None] * ndtr((demand - 1500) / 200)).sum())
    assert abs((gap > 0).mean() - shortage) < 4 * np.sqrt(shortage * (1 - shortage) / N)


def test_sobol_shares_match_the_closed_form(normals: Balance) -> None:
    variance = {"sales": 2**2 * 100**2, "intensity": 1000**2 * 0.3**2, "supply": 200**2}
    both = 100**2 * 0.3**2
    total = sum(variance.values()) + both
    table = sobol(normals, "baseline", "gap", list(variance), base=4096).set_index("input")
    for id, part in variance.items():
        assert abs(table.loc[id, "first"] - part / total) < 0.03
    assert abs(table.loc["sales", "total"] - (variance["sales"] + both) / total) < 0.03
    swings = tornado(normals, "baseline", "gap")
    assert swings["input"][0] == "intensity"
    assert abs(swings["swing"][0] - 2 * 1.2816 * 300) < 15
    assert (abs(swings["swing"][1:] - 2 * 1.2816 * 200) < 15).all()


def test_the_value_of_data_matches_the_closed_form() -> None:
    rng = np.random.default_rng(2)
    known, rest = 3 * rng.standard_normal(N), 4 * rng.standard_normal(N)
    narrower = width(known + rest) - left(known + rest, known, bins=50)
    assert abs(narrower - 2 * 1.2816 * (5 - 4)) < 0.15


def one_world(draws: int, **given: dict) -> World:  # type: ignore[type-arg]
    empty: dict[str, dict] = {"series": {}, "before": {}, "assumptions": {}, "factors": {}, "awards": {}}  # type: ignore[type-arg]
    return World(draws=draws, **{**empty, **given})


def test_survival_follows_the_weibull_curve() -> None:
    first = Period.parse("FY2024")
    nodes: dict[str, Node] = {
        "sold": series("vehicles"),
        "gone": RetiredNode(
            kind="retired", title="", unit="vehicles", side="supply", of="sold", scale="life", shape="form"
        ),
    }
    flow = np.zeros((7, 1))
    flow[0] = 100.0
    world = one_world(
        1,
        series={"sold": flow},
        before={"sold": (Period.parse("FY2023"), np.array([50.0]))},
        assumptions={"life": np.array([4.0]), "form": np.array([2.0])},
    )
    gone = evaluate(graph(nodes, first), world)["gone"][:, 0]
    alive = lambda age: np.exp(-((age / 4.0) ** 2))  # noqa: E731
    expected = 100 * (1 - alive(6.5)) + 50 * (alive(0.5) - alive(7.5))
    assert abs(gone.sum() - expected) < 1e-9


def test_plants_wait_for_award_and_building_and_then_ramp() -> None:
    names = ("capacity", "delay", "gestation", "ramp", "built", "utilisation")
    node = PlantNode(
        kind="plant", title="", unit="t magnet", side="supply", award="award", **{n: n for n in names}
    )
    award = Period.parse("2026-03")
    numbers = {"capacity": 6000, "delay": 6, "gestation": 24, "ramp": 12, "built": 0.5, "utilisation": 0.8}
    world = one_world(
        2,
        awards={"award": (np.array([1.0, 0.0]), award)},
        assumptions={n: np.full(2, float(v)) for n, v in numbers.items()},
    )
    made = evaluate(graph({"plant": node}), world)["plant"]
    # Ready at the end of August 2028: the first month of output is September, at a twelfth of full.
    ramp = np.clip((np.arange(24) - 4) / 12, 0, 1)
    expected = 6000 * 0.5 * 0.8 * np.array([ramp[:12].mean(), ramp[12:].mean()])
    np.testing.assert_allclose(made[:, 0], expected)
    assert made[:, 1].max() == 0


def test_a_stock_carries_over_and_is_never_overdrawn() -> None:
    kind = {"title": "", "unit": "t NdPr oxide", "side": "supply"}
    nodes: dict[str, Node] = {
        "inflow": series("t NdPr oxide"),
        "want": series("t NdPr oxide"),
        "used": DrawdownNode(
            kind="drawdown", inflow="inflow", want="want", initial="start", keep="keep", at="FY2028", **kind
        ),
        "stock": StockNode(
            kind="stock", initial="start", at="FY2028", inflow="inflow", outflow=("used",), **kind
        ),
    }
    rows = {"inflow": [[0.0], [10.0], [10.0]], "want": [[0.0], [40.0], [40.0]]}
    world = one_world(
        1,
        series={id: np.array(values) for id, values in rows.items()},
        assumptions={"start": np.array([45.0]), "keep": np.array([1.0])},
    )
    found = evaluate(graph(nodes, Period.parse("FY2028")), world)
    assert found["used"][:, 0].tolist() == [0.0, 40.0, 25.0]
    assert found["stock"][:, 0].tolist() == [45.0, 15.0, 0.0]
    short = one_world(
        1,
        series={"inflow": np.array([[0.0], [0.0], [0.0]]), "want": np.array([[0.0], [0.0], [0.0]])},
        assumptions={"start": np.array([-5.0]), "keep": np.array([1.0])},
    )
    with pytest.raises(DataError, match=r"nodes\.stock: the stock falls to -5"):
        evaluate(graph(nodes, Period.parse("FY2028")), short)


def test_a_division_by_zero_names_the_node() -> None:
    node = ProductNode(kind="product", title="", unit="1", side="factor", of=(), per=("share",))
    share = SeriesNode(kind="series", title="", unit="1", side="factor", series="x")
    world = one_world(2, series={"share": np.array([[1.0, 0.0], [1.0, 1.0]])})
    with pytest.raises(DataError, match=r"nodes\.rest: divides by zero in 1 draws"):
        evaluate(graph({"share": share, "rest": node}), world)


def test_a_triangle_has_its_mean_and_a_point_is_a_point() -> None:
    u = (np.arange(N) + 0.5) / N
    assert abs(quantile(Range(low=0.339, central=0.69, high=2.0), u).mean() - (0.339 + 0.69 + 2.0) / 3) < 1e-4
    assert set(quantile(Range(low=3, central=3, high=3), u)) == {3.0}


def test_the_year_a_gap_closes() -> None:
    found = graph({}, Period.parse("FY2026"))
    closed = np.array([0.9, 0.6, 0.4, 0.55, 0.85])
    assert first_year(found, closed, 0.5, 1) == "FY2027"
    assert first_year(found, closed, 0.8, 1) == "FY2030"
    assert first_year(found, closed, 0.9, 1) == ""
    assert stays_closed(found, closed, 0.5, 1) == "FY2029"
    assert needed(np.array([-5.0, -1.0]), 0.8) == 0.0
