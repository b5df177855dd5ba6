"""A real browser opens the page: nothing complains, nothing is fetched, nothing sticks out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

WIDTHS = (320, 768, 1440)


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    reason = "no Chromium on this machine: install Debian's chromium or set CHROMIUM; THE PAGE WAS NOT OPENED"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_opens_quietly_at_every_width(html: str, tmp_path: Path, scheme: str) -> None:
    executable = chromium()
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    complaints: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                java_script_enabled=width != 768,
            )
            page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(path.as_uri())
            shot = page.screenshot(path=tmp_path / f"{scheme}-{width}.png", full_page=True)
            assert len(shot) > 20_000
            if width != 768:
                assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("svg").first.is_visible()
            context.close()
        browser.close()
    assert complaints == []
    assert set(requests) == {path.as_uri()}
