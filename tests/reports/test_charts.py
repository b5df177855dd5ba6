"""Charts are small, the same every time, and say in words what they show."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest

from forecasting.reports import Material, build
from forecasting.reports.charts import (
    BLUE,
    GREEN,
    INK,
    PURPLE,
    QUIET,
    VERMILLION,
    fan_chart,
)
from forecasting.reports.leaderboard import leaderboard_chart
from forecasting.reports.model import Chart


@pytest.fixture(scope="module")
def charts(material: Material) -> list[Chart]:
    return [s.chart for _, group in build(material).sections for s in group if s.chart]


def test_fan_charts_are_small_and_deterministic(charts: list[Chart]) -> None:
    for chart in charts:
        svg = fan_chart(chart)
        assert svg == fan_chart(chart)
        assert len(svg) < 35_000
        assert b"style=" not in svg
        ElementTree.fromstring(svg)


def test_history_is_told_by_marker_and_words(charts: list[Chart]) -> None:
    texts = {chart.id: fan_chart(chart).decode() for chart in charts}
    assert ">carried forward<" in texts["supply-oxide"]
    assert ">target<" in texts["supply-metal"]
    assert ">estimate<" in texts["supply-metal"]
    assert ">provisional<" in texts["demand-ev-two-wheelers"]
    assert ">published outlook<" in texts["supply-metal"]
    assert "Fiscal years, April to March" in texts["supply-metal"]
    assert "rival: press_2026" in texts["supply-oxide"]


def test_leaderboard_names_models_best_first_and_those_that_failed() -> None:
    scores = pd.DataFrame(
        {
            "model": ["ets", "ets", "theta", "theta", "prophet"],
            "series": ["a", "b", "a", "b", "a"],
            "mase": [1.0, 3.0, 0.5, 0.7, float("nan")],
        }
    )
    svg = leaderboard_chart(scores)
    assert svg == leaderboard_chart(scores.iloc[::-1])
    assert b"best first: theta 0.600; ets 2.00. No score: prophet." in svg


def test_leaderboard_without_scores() -> None:
    assert b"no scores" in leaderboard_chart(
        pd.DataFrame({"model": ["ets"], "series": ["a"], "mase": [float("nan")]})
    )


@pytest.mark.parametrize("colour", [BLUE, GREEN, INK, PURPLE, QUIET, VERMILLION])
def test_colours_have_contrast_on_the_card(colour: str) -> None:
    assert contrast(colour, "#ffffff") >= 3


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
