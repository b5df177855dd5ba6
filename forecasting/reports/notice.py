"""What a site shows where the page of a retracted or superseded edition lay: a notice; the page lies beside it."""

from __future__ import annotations

from pathlib import Path

from forecasting.publishing.sinks.accounts import Account
from forecasting.reports.brand import Brand
from forecasting.reports.html import environment, policy

PAGE, KEPT = "report.html", "report.as-published.html"


def put_up(folder: Path, account: Account, latest: bool, brand: Brand) -> None:
    """Move the page of an edition's copy aside and write a notice in its place; no other file is touched.

    An old link then leads to the notice, and the page as published keeps the hash its manifest names.
    """
    page = folder / PAGE
    if page.is_file():
        page.rename(folder / KEPT)
        page.write_bytes(notice(account, latest, brand))


def notice(account: Account, latest: bool, brand: Brand) -> bytes:
    """The notice as a page: what became of the edition, why, and what to read instead."""
    from markupsafe import Markup

    template = environment(brand).get_template("notice.html.j2")
    style = brand.sheet
    text = template.render(
        account=account,
        latest=latest,
        kept=KEPT,
        brand=brand,
        style=Markup(style),
        policy=policy(style, "", brand, False),
    )
    return text.encode("utf-8")
