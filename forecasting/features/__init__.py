"""Builders: from observations to the panels that models fit."""

from __future__ import annotations

from forecasting.features import believed, ev_sales
from forecasting.features.build import Builder, covariates, known_on
from forecasting.periods import Kind

BUILDERS: dict[str, Builder] = {
    "ev_sales": ev_sales.build,
    "magnet_imports": believed.build,
    "markets": believed.build,
    "prices": believed.build,
    "production": believed.build,
}

CEILINGS = {Kind.MONTH: "ev_sales"}
"""The builder that holds a series below the market it is part of, by period kind; none does so for years."""

__all__ = ["BUILDERS", "CEILINGS", "Builder", "covariates", "known_on"]
