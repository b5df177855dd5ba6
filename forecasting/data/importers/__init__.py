"""The importers, one a format: ``forecast data add FILE --importer NAME``."""

from __future__ import annotations

from forecasting.data.importers import registrations, surveys, trade, usgs, usgs_books
from forecasting.data.importers.base import Importer

IMPORTERS: dict[str, Importer] = {
    "bgs": Importer("BGS World Mineral Statistics, CSV", surveys.bgs, ("bgs_wms_2026",)),
    "comtrade": Importer("UN Comtrade, CSV or JSON", trade.comtrade, ("un_comtrade",), real=False),
    "energy_institute": Importer(
        "Statistical Review of World Energy, rare-earth sheet as JSON",
        surveys.energy_institute,
        ("ei_sr_2026",),
    ),
    "fada": Importer(
        "FADA monthly release tables, CSV, HTML or xlsx",
        trade.fada,
        ("fada_release", "fada_release.year_ago"),
        real=False,
    ),
    "iea_minerals": Importer("IEA Critical Minerals Data Explorer, JSON", surveys.iea, ("iea_cmde_2025",)),
    "komis": Importer("KOMIS daily prices, JSON", surveys.komis, ("komis_jeewonshin",)),
    "morth": Importer(
        "Ministry of Road Transport, categories by year, CSV", registrations.morth, ("morth_2018_2023",)
    ),
    "tradestat": Importer(
        "DGCI&S TradeStat, commodity × country, HTML or CSV",
        trade.tradestat,
        ("dgcis_tradestat",),
        real=False,
    ),
    "usgs_audit": Importer("USGS data release, list of corrections, CSV", usgs.audit, ("usgs_mcs_2026",)),
    "usgs_ds140": Importer("USGS Data Series 140, xlsx", usgs_books.historical, ("usgs_ds140_2020",)),
    "usgs_mcs": Importer(
        "USGS Mineral Commodity Summaries 2026 data release, CSV", usgs.release, ("usgs_mcs_2026",)
    ),
    "usgs_mcs_2024": Importer(
        "USGS Mineral Commodity Summaries 2024 world table, CSV", usgs.world_2024, ("usgs_mcs_2024",)
    ),
    "usgs_observations": Importer(
        "USGS data release with corrections, CSV", usgs.observations, ("usgs_mcs_2026",)
    ),
    "usgs_yearbook": Importer(
        "USGS Minerals Yearbook, table 8, xlsx", usgs_books.yearbook, ("usgs_myb_2022",)
    ),
    "vahan_categories": Importer(
        "VAHAN categories by month, CSV", registrations.categories, ("vahan_cat_0124",)
    ),
    "vahan_dashboard": Importer(
        "VAHAN dashboard, category by month, xlsx", registrations.dashboard, ("vahan_dashboard",), real=False
    ),
    "vahan_makers": Importer("VAHAN makers by year, CSV", registrations.makers, ("vahan_makers_1524",)),
}

__all__ = ["IMPORTERS", "Importer"]
