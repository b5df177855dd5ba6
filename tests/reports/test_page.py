"""The page says what the data say, asks for nothing from outside, and can be read by everyone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from forecasting.errors import CannotWrite, DataError
from forecasting.periods import Kind, Period
from forecasting.reports import Material, build, render
from forecasting.reports.format import Numbers, period_text
from forecasting.reports.html import MAX_BYTES
from forecasting.reports.material import empty

Edition = Callable[..., Material]
SHOWN_LEVELS = (0.5, 0.25, 0.75, 0.1, 0.9, 0.025, 0.975)


class Page(HTMLParser):
    """Reads what the tests ask about: tables by id, headings, ids, links, tags and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._table: str | None = None
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self._table = str(named["id"])
            self.tables[self._table] = []
        elif tag == "tr" and self._table:
            self.tables[self._table].append([])
        elif tag in ("td", "th") and self._table:
            self.tables[self._table][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = None
        elif tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._table and self._cell:
            row = self.tables[self._table][-1]
            row[-1] = f"{row[-1]}{data}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def one(material: Material, folder: Path) -> str:
    return render(material, folder)[0].read_text(encoding="utf-8")


def test_every_number_of_the_tables_is_the_data_formatted(material: Material, html: str) -> None:
    tables, numbers = Page(html).tables, Numbers()
    checked = 0
    for (id, kind), group in material.forecasts.groupby(["series", "kind"]):
        rows = {
            row[0]: row for row in tables[f"numbers-{id.replace('.', '-').replace('_', '-')}-{kind.lower()}"]
        }
        wide = group.pivot(index="period", columns="quantile", values="value")
        for label, values in wide.iterrows():
            period = Period.parse(str(label))
            if period.kind is Kind.MONTH and period.part != 12:
                continue
            assert rows[period_text(period)][2:] == [
                numbers.forecast(values[level]) for level in SHOWN_LEVELS
            ]
            checked += len(SHOWN_LEVELS)
    for row in material.history[material.history["believed"]].itertuples():
        id = row.series.replace(".", "-").replace("_", "-")
        shown = {r[0]: r[2] for r in tables[f"numbers-{id}-{row.kind.lower()}"]}
        when = period_text(Period.parse(row.period))
        if when in shown and row.status != "target":
            assert shown[when] == numbers.observed(row.value)
            checked += 1
    assert checked > 150


def test_the_headline_is_the_data_formatted(material: Material, html: str) -> None:
    rows = Page(html).tables["headline-numbers"][2:]
    assert len(rows) == 4
    for row, model in zip(rows, build(material).headline.rows, strict=True):
        id = model[0].link.removeprefix("#")
        ends = material.forecasts[
            (material.forecasts["series"].str.replace(".", "-").str.replace("_", "-") == id)
            & material.forecasts["period"].isin(["FY2030", "CY2030"])
        ]
        best = ends[ends["kind"] == ("FY" if "FY" in set(ends["kind"]) else "CY")].set_index("quantile")[
            "value"
        ]
        assert row[4:9] == [Numbers().forecast(best[level]) for level in (0.5, 0.1, 0.9, 0.025, 0.975)]


def test_nothing_is_asked_from_outside(html: str) -> None:
    page = Page(html)
    loading = {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "audio",
        "video",
        "source",
        "base",
        "form",
    }
    assert not [tag for tag, _ in page.tags if tag in loading]
    assert not [
        a for _, attrs in page.tags for a in attrs if a.startswith("on") or a in ("src", "style", "srcset")
    ]
    assert not re.search(r"url\((?!#)|@import", html)
    policy = next(meta for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in str(policy["content"])
    assert "unsafe" not in str(policy["content"])
    assert [attrs.get("type") for attrs in page.all("script")] == [
        "application/json",
        "application/json",
        None,
    ]


def test_charts_have_a_text_made_from_the_numbers(material: Material, html: str) -> None:
    page = Page(html)
    charts = page.all("svg")
    assert len(charts) == 4 + 1 + 2 + 2 + 4  # series, balance, scenarios, tornado, what moved
    ids = {attrs.get("id") for _, attrs in page.tags}
    for chart in charts:
        assert chart["role"] == "img"
        assert set(str(chart["aria-labelledby"]).split()) <= ids
    described = {s.id: s.chart.description for _, group in build(material).sections for s in group if s.chart}
    fan = material.forecasts.query("series == 'supply.oxide' and period == 'CY2030'").set_index("quantile")[
        "value"
    ]
    for level in (0.5, 0.1, 0.9, 0.025, 0.975):
        assert Numbers().forecast(fan[level]) in described["supply.oxide"]
    assert "carried forward, not measured" in described["supply.oxide"]
    assert "axis is cut" in described["supply.magnet_imports"]


def test_structure_can_be_walked(html: str) -> None:
    page = Page(html)
    assert page.headings.count(1) == 1
    assert page.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert all(th.get("scope") for th in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    ids = [str(attrs["id"]) for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    inner = [str(a["href"])[1:] for a in page.all("a") if str(a["href"]).startswith("#")]
    assert set(inner) <= set(ids)
    assert page.all("html")[0]["lang"] == "en"


def test_texts_from_the_data_are_escaped(html: str) -> None:
    assert "counted &lt;twice&gt; after" in html
    assert "<twice>" not in html


def test_the_page_is_small(html: str) -> None:
    assert len(html.encode()) < MAX_BYTES / 3


def test_a_total_forecast_without_history(edition: Edition, tmp_path: Path) -> None:
    text = one(edition(history=empty("history")), tmp_path)
    assert "nothing observed" in text


def test_same_material_same_bytes(material: Material, tmp_path: Path) -> None:
    first, second = render(material, tmp_path / "a")[0], render(material, tmp_path / "b")[0]
    assert first.read_bytes() == second.read_bytes()
    shuffled = replace(material, forecasts=material.forecasts.sample(frac=1, random_state=1))
    assert render(shuffled, tmp_path / "c")[0].read_bytes() == first.read_bytes()


def test_an_edition_without_series(edition: Edition, tmp_path: Path) -> None:
    nothing = edition(
        forecasts=empty("forecasts"),
        history=empty("history"),
        certificates=empty("certificates"),
        provenance=empty("provenance"),
        outlooks=pd.DataFrame(),
    )
    assert "This edition holds no series." in one(nothing, tmp_path)


def test_an_edition_with_one_observation(edition: Edition, material: Material, tmp_path: Path) -> None:
    point = material.history.query("series == 'supply.metal' and period == 'FY2025'")
    text = one(
        edition(
            forecasts=empty("forecasts"),
            history=point,
            certificates=empty("certificates"),
            provenance=empty("provenance"),
            tables={},
        ),
        tmp_path,
    )
    assert "No forecast is published for this series" in text
    assert 'href="#provenance-' not in text
    assert "These bands carry no certificate" in text


def test_an_edition_with_one_forecast_period_and_negative_numbers(
    edition: Edition, material: Material, tmp_path: Path
) -> None:
    last = material.forecasts.query("period == 'FY2030' and series == 'supply.metal'")
    text = one(edition(forecasts=last.assign(value=last["value"] - 600)), tmp_path)
    assert "−" in text
    assert "For FY2030 the median forecast is −87.3 t" in text


def test_lakh_and_crore(material: Material, tmp_path: Path) -> None:
    (path,) = render(material, tmp_path, grouping="indian")
    assert "28,40,000 vehicles" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "change", "found"),
    [
        ("forecasts", {"quantile": 0.3}, "quantile levels"),
        ("forecasts", {"kind": "FY"}, "write"),
        ("forecasts", {"series": "supply.oxid"}, "did you mean 'supply.oxide'"),
        ("forecasts", {"value": float("nan")}, "not finite"),
        ("history", {"unit": "t"}, "the catalogue says 'vehicles'"),
        ("history", {"status": "acutal"}, "did you mean 'actual'"),
        ("history", {"period": "2025-13"}, "not a period"),
        ("history", {"believed": True}, "two believed values"),
    ],
)
def test_broken_material_is_refused_with_advice(
    edition: Edition, material: Material, table: str, change: dict[str, object], found: str
) -> None:
    with pytest.raises(DataError, match=found):
        edition(**{table: getattr(material, table).assign(**change)})


def test_a_missing_column_is_named(edition: Edition, material: Material) -> None:
    with pytest.raises(DataError, match="no column 'believed'"):
        edition(history=material.history.drop(columns="believed"))


def test_a_folder_that_cannot_be_written(material: Material, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotWrite, match=r"report\.html"):
        render(material, tmp_path / "file")
