"""Builders: from observations to the panels that models fit."""

from __future__ import annotations

from forecasting.features import believed, ev_sales
from forecasting.features.build import Builder, covariates, known_on

BUILDERS: dict[str, Builder] = {
    "ev_sales": ev_sales.build,
    "magnet_imports": believed.build,
    "markets": believed.build,
    "prices": believed.build,
    "production": believed.build,
}

__all__ = ["BUILDERS", "Builder", "covariates", "known_on"]
