"""Editions that are hard to lay out come out of every renderer, within their sizes."""

from __future__ import annotations

import io

import openpyxl
import pypdf
import pytest

from forecasting.reports import Material, rendered
from forecasting.reports.html import MAX_BYTES, THRIFT, page
from forecasting.reports.model import build
from forecasting.reports.pdf import MAX_BYTES as MAX_PDF_BYTES
from tests.reports.odd import ODD
from tests.reports.test_page import Page


@pytest.mark.parametrize("name", sorted(ODD))
def test_every_renderer_copes(material: Material, name: str) -> None:
    odd = ODD[name](material)
    files = rendered(odd)
    assert len(files["report.html"]) <= MAX_BYTES
    assert len(files["report.pdf"]) <= MAX_PDF_BYTES
    text = files["report.html"].decode()
    drawn = Page(text)
    assert drawn.headings.count(1) == 1
    ids = [str(attrs["id"]) for _, attrs in drawn.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert "nan" not in [cell for table in drawn.tables.values() for row in table for cell in row]
    pages = pypdf.PdfReader(io.BytesIO(files["report.pdf"])).pages
    assert "Code version" in pages[-1].extract_text()
    book = openpyxl.load_workbook(io.BytesIO(files["report.xlsx"]))
    report = build(odd)
    assert {s.id[:31] for s in report.series} <= set(book.sheetnames)
    if name == "negative":
        assert "−" in text
    if name == "all_stale":
        assert text.count('class="badge stale"') == len(report.series)
        assert "stale: values of 2025-11-22-0a1b2c3d" in text
        assert 'class="banner stale"' in text
    if name == "withheld":
        assert "Withheld: no forecast is published (1 series)" in text
        assert '<span class="badge withheld">Withheld</span>' in text
        assert "This edition does not say whether demand and supply add up" in text
        assert "refused: 12 times last year (made up)" in text
    if name == "one_gap":
        assert report.balance
        assert [chart.id for chart in report.balance.ranges] == ["scenarios-market"]
        assert all("what India makes" not in line for one in report.balance.answers for line in one.says)
    if name == "nothing":
        assert "This edition holds no series." in text
    if name == "forty":
        assert sum(1 for s in report.series if f'id="{s.anchor}-title"' in text) == 40


def test_a_page_that_would_be_too_large_says_what_it_leaves_out(material: Material) -> None:
    report = build(material)
    whole = page(report)
    said = []
    for size in (len(whole) - 1, len(whole) * 96 // 100, len(whole) * 90 // 100):
        thrifty = page(report, most=size, critical=material.catalogue.publication.critical)
        assert len(thrifty) <= size
        said.append(next(text for text in reversed(THRIFT) if text in thrifty.decode()))
    assert all(said)


def test_a_page_that_cannot_be_small_enough_is_refused(material: Material) -> None:
    from forecasting.errors import DataError

    with pytest.raises(DataError, match="choose series with --only"):
        page(build(material), most=10_000)
