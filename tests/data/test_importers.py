"""Every importer: on excerpts of real files or made-up ones, on bad input, and on noise that must never crash it."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.data.importers import IMPORTERS
from forecasting.data.importers.reading import load, number_of

FILES = Path(__file__).parent / "files"
SAMPLES = {
    "bgs": "made_up_bgs.csv",
    "comtrade": "made_up_comtrade.csv",
    "energy_institute": "made_up_energy_institute.json",
    "fada": "made_up_fada.csv",
    "iea_minerals": "iea_excerpt.json",
    "komis": "made_up_komis.json",
    "morth": "made_up_morth.csv",
    "tradestat": "made_up_tradestat.html",
    "usgs_audit": "usgs_audit.csv",
    "usgs_ds140": "usgs_ds140_excerpt.xlsx",
    "usgs_mcs": "usgs_mcs_2026_excerpt.csv",
    "usgs_mcs_2024": "usgs_mcs_2024_excerpt.csv",
    "usgs_observations": "usgs_observations_excerpt.csv",
    "usgs_yearbook": "usgs_myb_excerpt.xlsx",
    "vahan_categories": "made_up_vahan_categories.csv",
    "vahan_dashboard": "made_up_vahan_dashboard.xlsx",
    "vahan_makers": "made_up_vahan_makers.csv",
}


def figures(importer: str, name: str) -> dict[tuple[str, str], tuple[float, str]]:
    reading = IMPORTERS[importer].read(load(FILES / name))
    return {(one.series, one.period): (one.value, one.status) for one in reading.figures}


def test_every_importer_has_a_sample_and_its_sources_are_known(data_folder: Path) -> None:
    from forecasting.catalogue import Catalogue

    assert set(SAMPLES) == set(IMPORTERS)
    known = Catalogue.read(data_folder).sources
    assert {id for one in IMPORTERS.values() for id in one.sources} <= set(known)


EXPECTED: dict[str, dict[tuple[str, str], tuple[float, str]]] = {
    "bgs": {
        ("in.monazite.fy", "FY1981"): (1111.0, "actual"),
        ("in.monazite.fy", "FY1982"): (1222.0, "estimate"),
        ("in.reo.bgs.fy", "FY1983"): (1444.0, "actual"),
    },
    "energy_institute": {
        ("in.reo", "CY2090"): (1500.0, "estimate"),
        ("in.reo", "CY2091"): (2250.0, "estimate"),
    },
    "iea_minerals": {("world.magnet_ree.demand.cy", "CY2024"): (90921.8, "estimate")},
    "komis": {
        ("price.nd_oxide.month", "2020-01"): (60.5, "actual"),
        ("price.nd_oxide.month", "2020-02"): (52.0, "provisional"),
    },
    "morth": {("in.ev.2w.cy", "CY2021"): (100100.0, "actual")},
    "vahan_categories": {
        ("in.ev.2w", "2018-06"): (5000.0, "actual"),
        ("in.ev.3w", "2018-06"): (400.0, "actual"),
        ("in.ev.3w", "2024-03"): (400.0, "provisional"),
        ("in.ev.goods", "2018-06"): (2.0, "actual"),
        ("in.ev.other", "2018-06"): (6.0, "actual"),
        ("in.ev.pv", "2018-06"): (31.0, "actual"),
        ("in.ev.pv", "2024-03"): (31.0, "provisional"),
        ("in.ev.total", "2018-06"): (5439.0, "actual"),
    },
    "vahan_makers": {
        ("in.ev.2w.cy", "CY2021"): (11.0, "derived"),
        ("in.ev.2w.cy", "CY2022"): (22.0, "derived"),
        ("in.ev.3w.cy", "CY2021"): (7.0, "derived"),
        ("in.ev.3w.cy", "CY2022"): (8.0, "derived"),
    },
    "vahan_dashboard": {
        ("in.ev.2w", "2026-01"): (100001.0, "actual"),
        ("in.ev.2w", "2026-02"): (110002.0, "actual"),
        ("in.ev.3w", "2026-01"): (60001.0, "actual"),
        ("in.ev.3w", "2026-02"): (61002.0, "actual"),
        ("in.ev.pv", "2026-01"): (15001.0, "actual"),
        ("in.ev.pv", "2026-02"): (16002.0, "actual"),
        ("in.ev.total", "2026-01"): (175003.0, "actual"),
        ("in.ev.total", "2026-02"): (187006.0, "actual"),
    },
    "tradestat": {
        ("in.magnets.value.85051190", "2026-01"): (11.11, "actual"),
        ("in.magnets.value.85051190", "2026-02"): (12.22, "provisional"),
    },
    "comtrade": {
        ("in.magnets.value.850511.cy", "CY2031"): (250.0, "actual"),
        ("in.magnets.origin.cn.cy", "CY2031"): (200.0, "actual"),
        ("in.magnets.value.850511.comtrade", "2031-01"): (20.0, "actual"),
    },
    "fada": {
        ("in.market.2w", "2031-06"): (1500001.0, "actual"),
        ("in.market.2w", "2030-06"): (1300000.0, "actual"),
        ("in.market.3w", "2031-06"): (100002.0, "actual"),
        ("in.market.3w", "2030-06"): (95000.0, "actual"),
        ("in.market.pv", "2031-06"): (300003.0, "actual"),
        ("in.market.pv", "2030-06"): (280000.0, "actual"),
        ("in.market.total", "2031-06"): (1900006.0, "actual"),
        ("in.market.total", "2030-06"): (1675000.0, "actual"),
    },
    "usgs_audit": {},
}


@pytest.mark.parametrize("importer", EXPECTED)
def test_a_file_gives_exactly_its_figures(importer: str) -> None:
    assert figures(importer, SAMPLES[importer]) == EXPECTED[importer]


def test_usgs_excerpts_give_the_printed_figures() -> None:
    release = figures("usgs_mcs", SAMPLES["usgs_mcs"])
    assert release["us.reo", "CY2024"] == (45500.0, "actual")
    assert release["in.reo", "CY2024"] == (2900.0, "carried_forward")
    assert release["price.nd_oxide.cy", "CY2021"] == (98.0, "actual")
    assert figures("usgs_mcs_2024", SAMPLES["usgs_mcs_2024"])["mm.reo", "CY2023"] == (38000.0, "estimate")
    assert figures("usgs_ds140", SAMPLES["usgs_ds140"])["world.reo", "CY1900"] == (1040.0, "actual")
    book = figures("usgs_yearbook", SAMPLES["usgs_yearbook"])
    assert book["cn.reo", "CY2022"] == (210000.0, "estimate")
    assert book["us.reo", "CY2021"] == (42400.0, "actual")
    assert book["world.reo", "CY2018"] == (190000.0, "actual")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,00,000", 100000.0),
        ("12,34,567.5", 1234567.5),
        ("45,500", 45500.0),
        ("−3", -3.0),
        ("1e3", 1000.0),
        ("—", None),
        ("W", None),
    ],
)
def test_numbers_as_they_are_printed(text: str, value: float | None) -> None:
    assert number_of(text) == value


@pytest.mark.parametrize("text", ["1,00", "1.2.3", "0x10", "1e999", "१२", "1 000", "--1", "True"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number_of(text)


def test_the_other_forms_of_tradestat_and_comtrade(tmp_path: Path) -> None:
    rupees = figures("tradestat", "made_up_tradestat.csv")
    assert rupees == {
        ("in.magnets.inr.85051190", "2026-01"): (100010.5, "actual"),
        ("in.magnets.inr.85051190", "2026-02"): (111.5, "provisional"),
    }
    assert figures("comtrade", "made_up_comtrade.json") == {
        ("in.magnets.value.850511.cy", "CY2031"): (250.0, "actual")
    }
    as_xls = tmp_path / "tradestat.xls"
    as_xls.write_bytes((FILES / "made_up_tradestat.html").read_bytes())
    assert len(IMPORTERS["tradestat"].read(load(as_xls)).figures) == 2
