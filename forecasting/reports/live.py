"""What the page's script needs: scenarios to switch between, values to show under the pointer. All text is ready."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from forecasting.periods import Kind, Period
from forecasting.reports.charts import pixel
from forecasting.reports.drawing import moving
from forecasting.reports.facts import middle
from forecasting.reports.format import Numbers
from forecasting.reports.model import BalanceSection, Chart


def scenarios(balance: BalanceSection | None) -> list[dict[str, Any]]:
    """Every scenario of the switch: sentences, what moves in the chart, the cells of the table."""
    if balance is None:
        return []
    return [
        {
            "id": view.id,
            "title": view.title,
            "says": list(view.says),
            "chart": moving(view.chart),
            "cells": [[cell.text for cell in row[1:]] for row in view.table.rows],
        }
        for view in balance.views
    ]


def values(charts: Iterable[Chart], numbers: Numbers) -> dict[str, Any]:
    """By chart: its kind, first period, pixels of the first period and of one more, texts of history and fan.

    Texts are joined by ``|``, an absent period is empty; a fan has median, low and high of the 80% band.
    """
    found: dict[str, Any] = {}
    for chart in charts:
        periods = [Period.parse(label) for label in _labels(chart)]
        if not periods:
            continue
        first, last = min(periods), max(periods)
        start, end = pixel(chart, middle(first)), pixel(chart, middle(last))
        steps = max(last - first, 1)
        seen = {mark.period: numbers.observed(mark.value) for mark in chart.believed}
        fan = {
            point.period: ";".join(numbers.forecast(point.at(level)) for level in (0.5, 0.1, 0.9))
            for point in chart.fan
        }
        every = [str(first + i) for i in range(last - first + 1)]
        found[chart.id] = {
            "k": chart.kind.value,
            "b": first.year * 12 + first.part - 1 if chart.kind is Kind.MONTH else first.year,
            "x": [start, round((end - start) / steps, 3)],
            "h": "|".join(seen.get(label, "") for label in every).rstrip("|"),
            "f": "|".join(fan.get(label, "") for label in every).lstrip("|"),
            "n": len(every),
        }
    return found


def _labels(chart: Chart) -> list[str]:
    if chart.kind not in (Kind.MONTH, Kind.FY, Kind.CY):
        return []
    return [mark.period for mark in chart.believed] + [point.period for point in chart.fan]


def embedded(data: Any) -> str:
    """JSON that may stand inside a page: nothing in it can close the element it stands in.

    >>> embedded({"a": "</script>"})
    '{"a":"\\\\u003c/script>"}'
    """
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
