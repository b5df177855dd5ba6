"""Forecasts India's rare-earth and magnet supply and demand through 2030, and says how sure it is."""

__version__ = "0.1.0"
