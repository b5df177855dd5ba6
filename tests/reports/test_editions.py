"""Reports made again from an edition's files, in part, in Hindi, under another brand, and a site over all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import frictionless
import pytest

from forecasting.errors import ConfigError, DataError, InputMissing, UsageError
from forecasting.publishing import edition as editions
from forecasting.publishing import ledger
from forecasting.reports import Material, build, rendered
from forecasting.reports.archive import edition_files, from_edition
from forecasting.reports.brand import read_brand
from forecasting.reports.choice import only
from forecasting.reports.hindsight import hindsight
from forecasting.reports.html import page
from forecasting.reports.site import site
from tests.reports.odd import ODD


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize("name", ["whole", "nothing", "one_point", "all_stale"])
def test_an_edition_gives_its_report_again(material: Material, tmp_path: Path, name: str) -> None:
    one = material if name == "whole" else ODD[name](material)
    again = from_edition(write(edition_files(one), tmp_path))
    assert build(again) == build(one)
    assert edition_files(again) == edition_files(one)


def test_an_edition_of_old_says_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / "forecasts.csv").write_text("series\n")
    with pytest.raises(InputMissing, match=r"lacks history\.csv.*facts\.json.*forecast publish"):
        from_edition(tmp_path)


def test_the_data_package_is_valid(material: Material, tmp_path: Path) -> None:
    write(rendered(material, ["csv"]), tmp_path)
    outcome = frictionless.validate(str(tmp_path / "datapackage.json"))
    assert outcome.valid, outcome.flatten(["rowNumber", "fieldName", "type", "note"])[:5]


def test_only_some_series(material: Material) -> None:
    part = only(material, ["supply.metal"])
    assert [section.id for section in build(part).series] == ["supply.metal"]
    assert build(part).balance == build(material).balance
    with pytest.raises(UsageError, match=r"did you mean 'supply\.metal'"):
        only(material, ["supply.mettal"])


def test_hindi_has_headings_summary_and_its_own_letters(material: Material) -> None:
    report = build(material, "indian", "hi")
    text = page(report).decode()
    assert '<html lang="hi">' in text
    assert "उत्तर" in text
    assert "@font-face" in text
    assert "font-src data:" in text
    assert "28,40,000" in text
    assert text == page(build(material, "indian", "hi")).decode()


def test_every_word_comes_in_both_languages() -> None:
    import string

    from forecasting.reports.language import Words

    english, hindi = Words("en"), Words("hi")
    for key, text in english.items():
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert {name for _, name, _, _ in string.Formatter().parse(hindi[key]) if name} == fields, key
        assert any("\u0900" <= letter <= "\u097f" for letter in hindi[key]) or fields, key


def brand_folder(folder: Path, **more: str) -> Path:
    lines = {"organisation": "Ministry of Made-up Things", "note": "Printed by nobody.", **more}
    (folder / "brand.yaml").write_text("".join(f'{name}: "{text}"\n' for name, text in lines.items()))
    return folder


def test_an_organisation_brands_it_without_code(material: Material, tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
    (tmp_path / "brand.css").write_text("h1 { text-transform: uppercase; }\n")
    folder = brand_folder(
        tmp_path, accent="#5b2a86", accent_dark="#d9b8f5", logo="logo.svg", logo_alt="A square"
    )
    files = rendered(material, ["html", "pdf"], brand=read_brand(folder))
    text = files["report.html"].decode()
    assert "Ministry of Made-up Things" in text
    assert 'alt="A square"' in text
    assert "#5b2a86" in text
    assert "text-transform: uppercase" in text
    assert files["report.pdf"].startswith(b"%PDF")


def test_a_template_of_its_own(material: Material, tmp_path: Path) -> None:
    own = (
        "<!doctype html><html lang=en><title>{{ report.title }}</title><p>{{ report.edition_id }}</p></html>"
    )
    (brand_folder(tmp_path) / "report.html.j2").write_text(own)
    assert b"<p>2026-11-22</p>" in page(build(material), read_brand(tmp_path))


@pytest.mark.parametrize(
    ("more", "file", "found"),
    [
        ({"accent": "#ffee00"}, "", "needs 4.5:1"),
        ({"accent_dark": "#101010"}, "", "dark: --accent"),
        ({"logo": "none.svg", "logo_alt": "x"}, "", "no picture in this folder"),
        ({}, "repport.css", "did you mean 'report.css'"),
        ({"organization": "x"}, "", "organi"),
    ],
)
def test_a_broken_brand_is_refused(tmp_path: Path, more: dict[str, str], file: str, found: str) -> None:
    brand_folder(tmp_path, **more)
    if file:
        (tmp_path / file).write_text("")
    with pytest.raises((ConfigError, DataError)) as raised:
        read_brand(tmp_path)
    assert found in str(raised.value) + " ".join(map(str, raised.value.faults))


def test_a_site_over_all_editions(material: Material, tmp_path: Path) -> None:
    root = tmp_path / "editions"
    for id in ("2026-10-20-aaaaaaaa", "2026-11-22-bbbbbbbb"):
        files = rendered(replace(material, edition_id=id), ["html", "csv"])
        editions.write(root, id, files, {"as_of": "2026-10-01", "released": id[:10], "status": "ok"})
    written = site(editions.editions(root), editions.latest(root), tmp_path / "site")
    text = written.read_text(encoding="utf-8")
    assert text.index("2026-11-22-bbbbbbbb") < text.index("2026-10-20-aaaaaaaa")
    assert "normal, latest" in text
    assert "As announced (made up)" in text
    for folder in ("2026-10-20-aaaaaaaa", "2026-11-22-bbbbbbbb", "latest"):
        assert (tmp_path / "site" / folder / "report.html").is_file()
    before = written.read_bytes()
    again = site(editions.editions(root), editions.latest(root), tmp_path / "site")
    assert again.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["editions", "site"]
    with pytest.raises(InputMissing, match="forecast publish"):
        site([], None, tmp_path / "other")


def test_hindsight_tells_what_superseded_an_edition(material: Material, tmp_path: Path) -> None:
    old, new = "2026-11-22-aaaaaaaa", "2026-11-25-bbbbbbbb"
    for id in (old, new):
        editions.write(tmp_path, id, {"a.csv": b"1"}, {"as_of": "2026-11-20", "released": id[:10]})
        ledger.record(tmp_path, id)
    known = ledger.ledger(tmp_path)
    fresh = replace(material, edition_id=new)
    assert hindsight(fresh, known) is fresh
    ledger.supersede(tmp_path, old, new, "minor", "A title was misspelt.")
    told = build(hindsight(replace(material, edition_id=old), ledger.ledger(tmp_path)))
    assert told.banner.level == "superseded"
    assert told.banner.reasons[0] == f"Superseded by {new}."
    assert told.errata is not None
    assert "A title was misspelt." in str(told.errata.rows)
