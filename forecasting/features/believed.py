"""Series that need nothing but their believed values: markets, production, trade, prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from forecasting.catalogue import Catalogue
from forecasting.features.panels import believed_panel
from forecasting.frames import Observations, Panel
from forecasting.periods import Period


def build(
    observations: Observations, catalogue: Catalogue, as_of: date, ids: Sequence[str], horizon: Period
) -> Panel:
    """The believed panel as known on a day; the horizon adds nothing because nothing here has a ceiling."""
    del horizon
    return believed_panel(observations.as_of(as_of), catalogue, ids)
