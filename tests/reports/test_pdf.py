"""The PDF is tagged, named, in a language, with a text for every picture, and the same every time."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from forecasting.reports import Material, build
from forecasting.reports.pdf import MAX_BYTES, pdf


@pytest.fixture(scope="module")
def made(material: Material) -> bytes:
    return pdf(build(material), material.released)


def tags(node: Any) -> list[Any]:
    """Every structure element below a node."""
    found = []
    stack = [node.get_object()]
    while stack:
        one = stack.pop()
        if not isinstance(one, dict):
            continue
        if "/S" in one:
            found.append(one)
        kids = one.get("/K", [])
        kids = kids if isinstance(kids, list) else [kids]
        stack += [kid.get_object() for kid in kids if not isinstance(kid, int)]
    return found


def test_it_is_tagged_titled_and_in_a_language(made: bytes, material: Material) -> None:
    reader = pypdf.PdfReader(io.BytesIO(made))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert str(root["/Lang"]).startswith("en")
    assert reader.metadata is not None
    assert material.edition_id in str(reader.metadata.title)
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in made
    kinds = [str(tag["/S"]) for tag in tags(root["/StructTreeRoot"])]
    assert kinds.count("/H1") == 1
    assert {"/Table", "/TH", "/TD", "/Figure", "/H2", "/L"} <= set(kinds)


def test_every_picture_has_its_text(made: bytes, material: Material) -> None:
    root: Any = pypdf.PdfReader(io.BytesIO(made)).trailer["/Root"]
    figures = [tag for tag in tags(root["/StructTreeRoot"]) if tag["/S"] == "/Figure"]
    report = build(material)
    texts = {str(figure["/Alt"]) for figure in figures}
    wanted = {s.chart.description for s in report.series if s.chart}
    assert report.balance
    wanted |= {chart.description for chart in report.balance.ranges}
    assert wanted <= texts
    assert all(texts)


def test_it_is_small_and_the_same_every_time(made: bytes, material: Material) -> None:
    assert len(made) <= MAX_BYTES
    assert made == pdf(build(material), material.released)


def test_rupees_and_devanagari_are_in_it(material: Material) -> None:
    hindi = pdf(build(material, "indian", "hi"), material.released)
    reader = pypdf.PdfReader(io.BytesIO(hindi))
    text = "".join(page.extract_text() for page in reader.pages)
    assert "उत्तर" in text.replace(" ", "")
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in reader.pages
        for font in page["/Resources"].get("/Font", {}).values()
    }
    assert any("Devanagari" in font for font in fonts)
    assert str(reader.trailer["/Root"]["/Lang"]).startswith("hi")


def test_a_document_that_would_be_too_large_leaves_registers_out_and_says_so(
    material: Material, made: bytes
) -> None:
    from forecasting.errors import DataError

    report = build(material)
    thrifty = pdf(report, material.released, most=len(made) - 1)
    assert len(thrifty) < len(made)
    first = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(thrifty)).pages[:2])
    assert "To stay small this document" in first
    with pytest.raises(DataError, match="choose series with --only"):
        pdf(report, material.released, most=1000)
