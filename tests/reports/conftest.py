"""Made-up editions: every number here is invented for the tests and says nothing about the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.catalogue import Catalogue, Event, Publication, Series, Source
from forecasting.frames import LEVELS
from forecasting.periods import Kind, Period, span
from forecasting.reports import Material
from forecasting.reports.material import empty
from tests.reports.made_up_balance import balance_tables

EV, OXIDE, METAL, IMPORTS = "demand.ev.two_wheelers", "supply.oxide", "supply.metal", "supply.magnet_imports"
UNITS = {EV: "vehicles", OXIDE: "t REO", METAL: "t Nd", IMPORTS: "t magnet"}
MODEL = {EV: "theta", OXIDE: "local level", METAL: "plan", IMPORTS: "ets"}


def made_up_catalogue() -> Catalogue:
    series = {
        EV: Series(
            title="Electric two-wheelers registered (made up)", unit="vehicles", kind=Kind.MONTH,
            side="demand", target=True, sources=("registry", "press"),
            trust="Made up: the registry counts, the press rounds.",
            traps=("Made up: one state is missing from the registry before 2024 & counted <twice> after.",),
        ),
        OXIDE: Series(
            title="Rare-earth oxide made (made up)", unit="t REO", kind=Kind.CY, side="supply", target=True,
            sources=("survey",),
            traps=("Made up: the last five years repeat one figure; it is not measured.",),
        ),
        METAL: Series(
            title="Neodymium metal (made up)", unit="t Nd", kind=Kind.FY, side="supply", target=True,
            plan_bound=True, sources=("survey",),
        ),
        IMPORTS: Series(
            title="Magnet imports (made up)", unit="t magnet", kind=Kind.FY, side="supply", target=True,
            sources=("survey",),
        ),
    }  # fmt: skip
    sources = {
        name: Source(
            title=f"Invented figures, {name}", publisher="Nobody", family=name.split("_")[0],
            address=f"https://example.org/{name}", published=date(2026, 10, 1), licence="CC0, made up",
            traps=(f"Made up: {name} counts in gross weight.",),
        )
        for name in ("registry_2026", "press_2026", "survey_2026")
    }  # fmt: skip
    events = {
        "halt": Event(
            title="Export halt (made up)", date=date(2025, 6, 13), touches=("supply.*",), direction="up",
            start="2025-06", source="press_2026",
        ),
        "controls": Event(
            title="Export controls (made up)", date=date(2025, 4, 4), touches=("*",), direction="down",
            start="2025-04", source="press_2026",
        ),
    }  # fmt: skip
    publication = Publication(
        critical=(EV, METAL),
        contact="reports@example.org",
        licence="CC BY 4.0",
    )
    return Catalogue(Path("made-up"), series, sources, events, {}, (), publication)


def fan(id: str, first: str, last: str, start: float, growth: float, spread: float) -> pd.DataFrame:
    rows = []
    for step, period in enumerate(span(Period.parse(first), Period.parse(last))):
        per_year = 12 if period.kind is Kind.MONTH else 1
        centre = start * growth ** (step / per_year)
        for level in LEVELS:
            value = centre * np.exp(NormalDist().inv_cdf(level) * spread * ((step + 1) / per_year) ** 0.5)
            rows.append((id, period.kind.value, str(period), "baseline", level, value, UNITS[id], MODEL[id]))
    return pd.DataFrame(rows, columns=list(empty("forecasts").columns))


def seen(
    id: str, values: dict[str, float], status: str = "actual", source: str = "survey_2026", **more: Any
) -> pd.DataFrame:
    rows = [
        (
            id,
            Period.parse(p).kind.value,
            p,
            v,
            UNITS[id],
            status,
            source,
            pd.Timestamp("2026-10-01"),
            "",
            True,
        )
        for p, v in values.items()
    ]
    return pd.DataFrame(rows, columns=list(empty("history").columns)).assign(**more)


def made_up() -> Material:
    rng = np.random.default_rng(7)
    months = list(span(Period.parse("2018-01"), Period.parse("2026-09")))
    sold = {str(m): float(round(300 * 1.06**i * np.exp(rng.normal(0, 0.12)))) for i, m in enumerate(months)}
    actual, fresh = dict(list(sold.items())[:-2]), dict(list(sold.items())[-2:])
    level = sum(list(sold.values())[-3:]) / 3
    forecasts = pd.concat(
        [
            fan(EV, "2026-10", "2030-12", level, 1.22, 0.13),
            fan(EV, "FY2027", "FY2030", level * 12, 1.22, 0.13),
            fan(EV, "CY2027", "CY2030", level * 13, 1.22, 0.13),
            fan(OXIDE, "CY2026", "CY2030", 2950, 1.02, 0.05),
            fan(METAL, "FY2026", "FY2030", 210, 1.25, 0.15),
            fan(IMPORTS, "FY2027", "FY2030", 9800.4, 1.1, 0.9),
        ],
        ignore_index=True,
    )
    rival = {str(y): v * 1.07 for y, v in list(actual.items())[-30:]}
    history = pd.concat(
        [
            seen(EV, actual, source="registry_2026"),
            seen(EV, fresh, "provisional", "registry_2026"),
            seen(EV, rival, source="press_2026", believed=False, note="rounded by the press"),
            seen(OXIDE, {f"CY{y}": 1500 + 130.5 * (y - 2010) for y in range(2010, 2021)}),
            seen(OXIDE, {f"CY{y}": 2900.0 for y in range(2021, 2026)}, "carried_forward"),
            seen(
                OXIDE,
                {"CY2015": 1700.0, "CY2016": 1710.0, "CY2019": 2500.0},
                source="press_2026",
                believed=False,
            ),
            seen(METAL, {"FY2023": 40.0, "FY2024": 90.5}, "estimate"),
            seen(METAL, {"FY2025": 200.0}),
            seen(METAL, {"FY2026": 450.0}, "target"),
            seen(IMPORTS, {f"FY{y}": 900.4 * 1.2 ** (y - 2012) for y in range(2012, 2027)}),
        ],
        ignore_index=True,
    )
    certificates = pd.DataFrame(
        [
            (EV, "theta", 12, 48, 0.5, 37 / 48, 0.9375, 0.71, 120.0, ""),
            (OXIDE, "local level", 6, 18, 0.5, 0.83, 1.0, 1.1, 40.0, "Few points."),
            (IMPORTS, "ets", 8, 24, 0.46, 0.54, 0.75, 0.9, 800.0, ""),
        ],
        columns=list(empty("certificates").columns),
    )
    provenance = pd.DataFrame(
        [(id, "recipe" + "0" * 58, "run" + "1" * 29, "data" + "2" * 60, "survey_2026") for id in UNITS],
        columns=list(empty("provenance").columns),
    )
    outlooks = pd.DataFrame(
        [
            (METAL, "FY2030", 500.0, "t Nd", "Nobody", "2025-11-09", "“500 t by 2030”, made up"),
            (METAL, "the 2030s", 900.0, "t Nd oxide", "Nobody", "2025-11-09", "about double, made up"),
        ],
        columns=["series", "period", "value", "unit", "publisher", "issued", "words"],
    )
    return Material(
        edition_id="2026-11-22", released=date(2026, 11, 22), as_of=date(2026, 11, 20),
        next_release=date(2026, 12, 15), status="degraded", catalogue=made_up_catalogue(),
        forecasts=forecasts, history=history, certificates=certificates, provenance=provenance,
        outlooks=outlooks, data_digest="d" * 64, code_version="0.1.0",
        status_reasons=("Made up: the September registry file came late.",),
        tables=balance_tables(),
    )  # fmt: skip


@pytest.fixture(scope="session")
def material() -> Material:
    return made_up()


@pytest.fixture(scope="session")
def edition(material: Material) -> Callable[..., Material]:
    """The made-up edition with some of its fields replaced."""
    return lambda **changes: replace(material, **changes)


@pytest.fixture(scope="session")
def html(material: Material, tmp_path_factory: pytest.TempPathFactory) -> str:
    from forecasting.reports import render

    (path,) = render(material, tmp_path_factory.mktemp("report"))
    return path.read_text(encoding="utf-8")
