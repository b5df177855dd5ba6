"""From a number of an edition back to the observation rows it stands on, their sources, licences and hashes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.catalogue import RawFile, Source
from forecasting.data.store import Store, believed
from forecasting.errors import DataError, InputMissing, UsageError, nearest
from forecasting.frames import OBSERVATION_COLUMNS
from forecasting.publishing.edition import editions, latest, verify

BRIDGES = {"in.magnets.tonnes.fy": ("in.magnets.value.850511",)}  # value over unit value


@dataclass(frozen=True)
class Evidence:
    """One observation row behind a number, and where it comes from.

    ``row_sha256`` is the hash of the row as canonical CSV; ``files`` are the imported raw files of its source, by
    their hash.
    """

    series: str
    period: str
    value: float
    unit: str
    status: str
    known: date
    source_id: str
    source: Source
    row_sha256: str
    files: dict[str, RawFile]


@dataclass(frozen=True)
class Trace:
    """A number of an edition: its quantiles and model, the day its data were seen, and the rows behind it.

    ``series`` are the series it was computed from, itself, its parts or its market; ``assumptions`` the ids of
    coefficients that enter beside them.
    """

    edition: str
    series: str
    period: str
    as_of: date
    model: str
    quantiles: dict[float, float]
    unit: str
    inputs: tuple[str, ...]
    assumptions: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    forecasts_sha256: str
    observations_sha256: str


def find(root: Path, edition: str) -> Path:
    """The folder of an edition by its id, an unambiguous beginning of it, or ``latest``.

    Raises :class:`InputMissing` when there is none and :class:`UsageError` when several begin so.
    """
    if edition == "latest":
        newest = latest(root)
        if newest is None:
            raise InputMissing(f"{root} holds no edition; run: forecast publish")
        return newest
    names = {folder.name: folder for folder in editions(root)}
    hits = [name for name in names if name.startswith(edition)] if edition else []
    if edition in names:
        return names[edition]
    if len(hits) == 1:
        return names[hits[0]]
    if hits:
        raise UsageError(f"{edition!r} is the beginning of {', '.join(sorted(hits))}; name one")
    raise InputMissing(
        f"no edition {edition!r} in {root}; {nearest(edition, names) if names else 'publish one first'}"
    )


class Tracer:
    """Resolves the numbers of one edition; the edition is verified once, before anything is said about it.

    Raises :class:`DataError` when a file of the edition is not what its manifest says.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        manifest = verify(folder)
        content = (folder / "forecasts.csv").read_bytes()
        self.table = pd.read_csv(io.BytesIO(content), keep_default_na=False)
        self.edition = str(manifest["edition"])
        self.as_of = date.fromisoformat(str(manifest["as_of"]))
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._store = store
        self._known = store.as_of(self.as_of)
        self._digest = self._known.digest()
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        stated = manifest.get("observations_sha256")
        if stated is not None and stated != self._digest:
            raise DataError(
                f"{folder.name} was made from other observations ({stated[:12]}…) than data/ holds as of "
                f"{self.as_of} ({self._digest[:12]}…): check out the data of its day"
            )

    def numbers(self) -> list[tuple[str, str]]:
        """Every series and period of the edition, once."""
        return [(str(s), str(p)) for s, p in self.table[["series", "period"]].drop_duplicates().to_numpy()]

    def trace(self, series: str, period: str) -> Trace:
        """What stands behind one series and period; :class:`DataError` when it is not in the edition or rests on nothing."""
        rows = self.table[(self.table["series"] == series) & (self.table["period"] == period)]
        if rows.empty:
            ids = sorted(set(self.table["series"]))
            if series not in ids:
                raise DataError(f"{self.edition} has no series {series!r}; {nearest(series, ids)}")
            labels = self.table.loc[self.table["series"] == series, "period"]
            raise DataError(
                f"{self.edition} has no {period!r} of {series}; it has {labels.iloc[0]} to {labels.iloc[-1]}"
            )
        inputs = self._inputs(series)
        evidence = tuple(one for id in inputs for one in self._rows(id))
        if not evidence:
            raise DataError(
                f"{series} {period} of {self.edition} rests on no observation known on {self.as_of}"
            )
        first = rows.iloc[0]
        quantiles = dict(zip(rows["quantile"].astype(float), rows["value"].astype(float), strict=True))
        assumed = tuple(
            a for a in sorted(self._store.catalogue.assumptions) if series in BRIDGES and "unit_value" in a
        )
        return Trace(
            self.edition,
            series,
            period,
            self.as_of,
            str(first["model"]),
            quantiles,
            str(first["unit"]),
            inputs,
            assumed,
            evidence,
            self._sha256,
            self._digest,
        )

    def _inputs(self, series: str) -> tuple[str, ...]:
        """The series a number was computed from: its parts, what it is bridged from, and the market that bounds it."""
        catalogue = self._store.catalogue
        found: list[str] = []
        queue = [series]
        while queue:
            id = queue.pop(0)
            if id in found or id not in catalogue.series:
                continue
            found.append(id)
            entry = catalogue.series[id]
            queue += [*entry.sum_of, *BRIDGES.get(id, ()), *([entry.within] if entry.within else [])]
        return tuple(found)

    def _rows(self, series: str) -> tuple[Evidence, ...]:
        if series not in self._evidence:
            catalogue = self._store.catalogue
            fitted = list(catalogue.series[series].fit)
            statuses = [*fitted, "target"] if catalogue.series[series].plan_bound else fitted
            chosen = believed(self._known, catalogue, series, statuses)
            self._evidence[series] = tuple(self._one(row) for row in chosen.to_dict("records"))
        return self._evidence[series]

    def _one(self, row: dict[str, object]) -> Evidence:
        source = str(row["source"])
        raw = self._store.catalogue.raw_files
        return Evidence(
            str(row["series"]),
            str(row["period"]),
            float(str(row["value"])),
            str(row["unit"]),
            str(row["status"]),
            pd.Timestamp(str(row["available_at"])).date(),
            source,
            self._store.catalogue.sources[source],
            _row_hash(row),
            {digest: file for digest, file in raw.items() if source in file.sources},
        )


def _row_hash(row: dict[str, object]) -> str:
    frame = pd.DataFrame([{name: row[name] for name in OBSERVATION_COLUMNS}])
    return hashlib.sha256(frame.to_csv(index=False, header=False, lineterminator="\n").encode()).hexdigest()
