"""Where editions are delivered besides their folder: an object store, a database, a static site.

A sink never blocks or corrupts another, nor the edition itself, which is published before any of them is asked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from forecasting.catalogue.sinks import ObjectStoreRecord, SinkRecord, SiteRecord
from forecasting.publishing.sinks.base import Delivered, Sink
from forecasting.publishing.sinks.deliver import deliver_all, deliver_one
from forecasting.publishing.sinks.object_store import ObjectStore
from forecasting.publishing.sinks.record import Delivery
from forecasting.publishing.sinks.site import Fill, Site
from forecasting.publishing.sinks.sql import Sql

__all__ = ["Delivered", "Delivery", "Fill", "Sink", "deliver_all", "deliver_one", "made"]


def made(records: Sequence[SinkRecord], data: Path, fill: Fill) -> list[Sink]:
    """The sinks of the ``publication.yaml`` of a data folder; ``fill`` writes the pages of a site.

    A site's relative folder begins at the folder that holds ``data``, by its path: links are not followed.
    """
    base = Path(os.path.abspath(data)).parent  # noqa: PTH100 - Path.resolve would follow links
    sites = [record for record in records if isinstance(record, SiteRecord)]
    sinks: list[Sink] = []
    for record in records:
        if isinstance(record, SiteRecord):
            sinks.append(Site(record, base, fill, [other for other in sites if other is not record]))
        else:
            sinks.append(ObjectStore(record) if isinstance(record, ObjectStoreRecord) else Sql(record))
    return sinks
