"""A real browser opens the page: nothing complains, nothing is fetched, nothing sticks out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import opened

WIDTHS = (320, 768, 1440)


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_quietly_at_every_width(html: str, tmp_path: Path, scheme: str, width: int) -> None:
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    scripted = width != 768
    with opened(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=scripted
    ) as (page, complaints, requests):
        page.goto(path.as_uri())
        assert len(page.screenshot(full_page=True)) > 20_000
        if scripted:
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg").first.is_visible()
    assert complaints == []
    assert set(requests) == {path.as_uri()}
