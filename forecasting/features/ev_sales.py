"""Electric-vehicle registrations by segment, below the all-fuel market each segment is part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from forecasting.catalogue import Catalogue
from forecasting.errors import NothingKnown
from forecasting.features.adoption import ceilings
from forecasting.features.panels import believed_panel
from forecasting.frames import Observations, Panel
from forecasting.periods import Period


def build(
    observations: Observations, catalogue: Catalogue, as_of: date, ids: Sequence[str], horizon: Period
) -> Panel:
    """Monthly registrations with their market as a ceiling up to the horizon, as known on a day."""
    known = observations.as_of(as_of)
    panel = believed_panel(known, catalogue, ids)
    within = {id: market for id in panel.ids if (market := catalogue.series[id].within)}
    try:
        markets = believed_panel(known, catalogue, sorted(set(within.values())))
    except NothingKnown:
        return panel
    return replace(panel, ceilings=ceilings(panel, markets, within, horizon))
