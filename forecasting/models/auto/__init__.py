"""`auto`: an automatic forecaster for short yearly, quarterly and monthly series (docs/auto.md)."""

from forecasting.models.auto.forecast import AutoResult, forecast_arrays

__all__ = ["AutoResult", "forecast_arrays"]
