"""A real browser opens the page: nothing complains, nothing is fetched, nothing sticks out, everything works."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forecasting.reports import Material, build
from tests.browser import opened

WIDTHS = (320, 768, 1440)
SNAPSHOTS = Path(__file__).parent / "snapshots"
TALL = 4200  # how much of the page a snapshot holds
GRAIN = 12  # a snapshot keeps one grey value for so many pixels each way: layout, not letters
TOLERANCE = (
    0.02  # mean difference of grey values, of 1; another font moves the mean by less, a lost chart by more
)


@pytest.fixture(scope="module")
def address(html: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def live(address: str) -> Iterator[tuple[Any, list[str], list[str]]]:
    with opened(viewport={"width": 1440, "height": 900}) as (page, complaints, requests):
        page.goto(address)
        yield page, complaints, requests


def grains(picture: bytes) -> np.ndarray:
    """A screenshot as coarse grey values from 0 to 1."""
    grey = Image.open(io.BytesIO(picture)).convert("L")
    small = grey.resize((max(1, grey.width // GRAIN), max(1, grey.height // GRAIN)), Image.Resampling.BOX)
    return np.asarray(small, dtype=float) / 255


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_quietly_and_looks_as_reviewed(address: str, scheme: str, width: int) -> None:
    scripted = width != 768
    with opened(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripted
    ) as (page, complaints, requests):
        page.goto(address)
        if scripted:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg").first.is_visible()
        picture = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": TALL})
    assert complaints == []
    assert set(requests) == {address}
    kept = SNAPSHOTS / f"{width}-{scheme}.png"
    if os.environ.get("SNAPSHOTS") == "update":
        SNAPSHOTS.mkdir(exist_ok=True)
        Image.fromarray((grains(picture) * 255).astype(np.uint8)).save(kept, optimize=True)
    before, now = np.asarray(Image.open(kept), dtype=float) / 255, grains(picture)
    assert before.shape == now.shape
    # Lines may move by one grain, where a font is a little wider.
    shifts = [
        np.abs(before - np.roll(now, (dy, dx), (0, 1))).mean() for dy in (-1, 0, 1) for dx in (-1, 0, 1)
    ]
    assert min(shifts) < TOLERANCE, (
        f"{kept} differs by {min(shifts):.3f}; look at it, then set SNAPSHOTS=update"
    )


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(address: str, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    # The page forbids foreign script; axe is one.
    with opened(viewport={"width": 1024, "height": 900}, color_scheme=scheme, bypass_csp=True) as (
        page,
        _,
        _,
    ):
        page.goto(address)
        found = Axe().run(page).response["violations"]
    serious = [
        (rule["id"], rule["impact"], rule["nodes"][0]["html"][:120])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.browser
def test_the_scenario_switch_moves_chart_words_and_table(
    live: tuple[Any, list[str], list[str]], material: Material
) -> None:
    page, complaints, requests = live
    balance = build(material).balance
    assert balance
    for view in (balance.views[2], balance.views[0]):
        page.select_option("#scenario-choice", view.id)
        assert page.inner_text("#scenario-title") == view.title
        assert page.inner_text("#scenario-says") == " ".join(view.says)
        rows = page.eval_on_selector_all(
            "#balance-years tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        assert [row[1:] for row in rows] == [[cell.text for cell in row[1:]] for row in view.table.rows]
        assert page.text_content("#balance-chart-desc") == view.chart.description
        label = page.text_content("#balance-chart-made-label")
        assert label == f"made in India {next(line.label for line in view.chart.lines if line.key == 'made')}"
    assert complaints == []
    assert len(requests) == 1


@pytest.mark.browser
def test_one_series_can_be_picked(live: tuple[Any, list[str], list[str]]) -> None:
    page, complaints, _ = live
    page.select_option("#series-choice", "supply-oxide")
    assert page.locator("section.series:visible").count() == 1
    page.select_option("#series-choice", "")
    assert page.locator("section.series:visible").count() == 4
    assert complaints == []


@pytest.mark.browser
def test_values_show_under_the_pointer_and_by_keys(
    live: tuple[Any, list[str], list[str]], material: Material
) -> None:
    from forecasting.reports.format import Numbers

    page, complaints, _ = live
    card = page.locator(".card:has(#supply-metal-title)")
    card.focus()
    page.keyboard.press("ArrowRight")
    fan = material.forecasts.query("series == 'supply.metal' and period == 'FY2030'").set_index("quantile")[
        "value"
    ]
    low, median, high = (Numbers().forecast(fan[level]) for level in (0.1, 0.5, 0.9))
    assert card.locator(".tip").inner_text() == f"FY2030: median {median}, 80% band {low} to {high}"
    page.keyboard.press("ArrowLeft")
    assert card.locator(".tip").inner_text().startswith("FY2029: median")
    box = card.locator("svg").bounding_box()
    page.mouse.move(box["x"] + 0.16 * box["width"], box["y"] + 0.5 * box["height"])
    assert card.locator(".tip").inner_text().startswith("FY2023: 40 observed")
    assert complaints == []


@pytest.mark.browser
def test_it_is_useful_without_script(address: str, material: Material) -> None:
    with opened(viewport={"width": 1024, "height": 900}, java_script_enabled=False) as (page, complaints, _):
        page.goto(address)
        assert not page.locator("#scenario-switch").is_visible()
        assert not page.locator("#series-switch").is_visible()
        balance = build(material).balance
        assert balance
        text = page.inner_text("main")
        for view in balance.views:
            assert view.title in text
        assert balance.answers[0].says[0] in text
        assert page.locator("section.series").count() == 4
        assert page.locator("#balance-scenarios tbody tr").count() == 3
    assert complaints == []


@pytest.mark.browser
def test_hindi_is_drawn_in_its_own_letters(material: Material, tmp_path: Path) -> None:
    from forecasting.reports.html import page as laid

    path = tmp_path / "report.html"
    path.write_bytes(laid(build(material, "indian", "hi")))
    with opened(viewport={"width": 800, "height": 900}) as (page, complaints, requests):
        page.goto(path.as_uri())
        page.evaluate("document.fonts.ready")
        assert page.evaluate(
            "[...document.fonts].some(f => f.family.includes('Report Devanagari') && f.status == 'loaded')"
        )
    assert complaints == []
    assert [r for r in requests if not r.startswith("data:")] == [path.as_uri()]
