"""What a report laid out after the fact says that the edition itself could not: its fate, and the errata since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from forecasting.reports.extras import EXTRAS
from forecasting.reports.material import Material

if TYPE_CHECKING:
    from forecasting.publishing.standing import Ledger


def hindsight(material: Material, known: Ledger) -> Material:
    """The material of an edition with the banner of its standing today, and every correction made so far.

    An edition that stands, where nothing was ever corrected, comes back as it is.
    """
    id = material.edition_id
    errata = known.errata()
    if errata:
        rows = [(one.day.isoformat(), one.edition, one.kind, one.what) for one in errata]
        told = pd.DataFrame(rows, columns=list(EXTRAS["errata"]))
        material = replace(material, tables={**material.tables, "errata": told})
    fate = known.fate(id)
    if not fate:
        return material
    reasons = (f"{fate[0].upper()}{fate[1:].rstrip('.')}.", *material.status_reasons)
    return replace(material, status=known.status(id), status_reasons=reasons)
