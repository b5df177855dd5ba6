"""The colours can be told apart in light and dark, computed from the style sheet and the charts."""

from __future__ import annotations

import pytest

from forecasting.reports.brand import Brand
from forecasting.reports.charts import BANDS, MARKERS
from forecasting.reports.drawing import LINES
from forecasting.reports.theme import colours, contrast, shortfalls


def test_every_pair_of_the_page_meets_double_a() -> None:
    assert shortfalls(Brand().sheet) == []
    themes = colours(Brand().sheet)
    assert themes["light"]["page"] != themes["dark"]["page"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_stand_on_a_card_they_can_be_read_on(theme: str) -> None:
    card = colours(Brand().sheet)[theme]["card"]
    for stroke, label, _, _ in LINES.values():
        assert contrast(stroke, card) >= 3
        assert contrast(label, card) >= 4.5
    for _, _, edge, _ in MARKERS.values():
        assert contrast(edge, card) >= (2.8 if theme == "dark" else 3)
    assert contrast("#595959", card) >= 4.5
    assert contrast("#004b76", card) >= 4.5


def test_bands_lie_in_order_of_darkness() -> None:
    shades = [contrast(fill, "#ffffff") for _, _, fill, _ in BANDS]
    assert shades == sorted(shades)


def test_lines_differ_by_more_than_colour() -> None:
    assert len({dash for _, _, _, dash in LINES.values()}) == len(LINES)


def test_a_pale_colour_is_named() -> None:
    pale = Brand().sheet.replace("--ink: #1a1a1a", "--ink: #cccccc")
    assert any("light: --ink #cccccc on --page" in text for text in shortfalls(pale))
