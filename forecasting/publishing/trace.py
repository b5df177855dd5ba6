"""From a number of an edition back to the observation rows it stands on, their sources, licences and hashes."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from forecasting.balance.graph import Graph
from forecasting.balance.joint import TONNES, UNIT_VALUE, VALUE
from forecasting.balance.outcome import BANDS
from forecasting.catalogue import Assumption, RawFile, Source
from forecasting.data.store import Store, believed
from forecasting.errors import DataError, nearest
from forecasting.frames import OBSERVATION_COLUMNS
from forecasting.models.total import read_recipe
from forecasting.publishing.candidate import states_of
from forecasting.publishing.edition import verify
from forecasting.publishing.inputs import recipes

BALANCE = "balance/balance.csv"


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

    ``inputs`` are the series it was computed from: itself, its parts, its market, those its model learnt from
    together with it, or those of a balance node;
    ``assumptions`` the coefficients that enter beside them; ``sources`` every source of rows and assumptions.
    """

    edition: str
    series: str
    period: str
    as_of: date
    model: str
    quantiles: dict[float, float]
    unit: str
    inputs: tuple[str, ...]
    assumptions: dict[str, Assumption]
    evidence: tuple[Evidence, ...]
    sources: dict[str, Source]
    forecasts_sha256: str
    observations_sha256: str


class Tracer:
    """Resolves the numbers of one edition; the edition is verified once, before anything is said about it.

    Raises :class:`DataError` when a file of the edition is not what its manifest says.
    """

    def __init__(self, folder: Path, store: Store) -> None:
        manifest = verify(folder)
        content = (folder / "forecasts.csv").read_bytes()
        self.table = pd.read_csv(io.BytesIO(content), keep_default_na=False)
        path = folder / BALANCE
        self.balance = pd.read_csv(path, keep_default_na=False) if path.is_file() else None
        self._graph = Graph.read(store.catalogue) if self.balance is not None else None
        self.edition = str(manifest["edition"])
        self.as_of = date.fromisoformat(str(manifest["as_of"]))
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._store = store
        self._known = store.as_of(self.as_of)
        self._digest = self._known.digest()
        self._evidence: dict[str, tuple[Evidence, ...]] = {}
        self._pools = _pools(folder)
        stated = manifest.get("observations_sha256")
        if stated is not None and stated != self._digest:
            raise DataError(
                f"{folder.name} was made from other observations ({stated[:12]}…) than data/ holds as of "
                f"{self.as_of} ({self._digest[:12]}…): check out the data of its day"
            )

    def numbers(self) -> list[tuple[str, str]]:
        """Every series or balance node and period of the edition, once."""
        found = [(str(s), str(p)) for s, p in self.table[["series", "period"]].drop_duplicates().to_numpy()]
        if self.balance is not None:
            found += [
                (str(n), str(p)) for n, p in self.balance[["node", "period"]].drop_duplicates().to_numpy()
            ]
        return found

    def trace(self, series: str, period: str) -> Trace:
        """What stands behind a series or balance node in a period.

        Raises :class:`DataError` when the edition does not hold it, or when it rests on nothing.
        """
        quantiles, unit, model = self._number(series, period)
        inputs, assumed = self._inputs(series)
        evidence = tuple(one for id in inputs for one in self._rows(id))
        if not evidence and not assumed:
            raise DataError(
                f"{series} {period} of {self.edition} rests on no observation known on {self.as_of}"
            )
        known, sources = self._store.catalogue.assumptions, self._store.catalogue.sources
        named = {one.source_id for one in evidence} | {id for name in assumed for id in known[name].source}
        return Trace(
            self.edition,
            series,
            period,
            self.as_of,
            model,
            quantiles,
            unit,
            inputs,
            {name: known[name] for name in assumed},
            evidence,
            {id: sources[id] for id in sorted(named) if id in sources},
            self._sha256,
            self._digest,
        )

    def _number(self, series: str, period: str) -> tuple[dict[float, float], str, str]:
        table, key = self.table, "series"
        if self.balance is not None and series in set(self.balance["node"]):
            table, key = self.balance, "node"
        mine = table[table[key] == series]
        if mine.empty:
            ids = {str(id) for id in table[key]} | {name for name, _ in self.numbers()}
            raise DataError(f"{self.edition} has no series or node {series!r}; {nearest(series, ids)}")
        rows = mine[mine["period"] == period]
        if rows.empty:
            labels = mine["period"].tolist()
            raise DataError(
                f"{self.edition} has no {period!r} of {series}; it has {labels[0]} to {labels[-1]}"
            )
        first = rows.iloc[0]
        if key == "node":
            found = {level: float(first[name]) for name, level in BANDS.items() if name in rows}
            return found, str(first["unit"]), f"balance, scenario {first['scenario']}"
        values = dict(zip(rows["quantile"].astype(float), rows["value"].astype(float), strict=True))
        return values, str(first["unit"]), str(first["model"])

    def _inputs(self, series: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The series a number was computed from, and the assumptions beside them."""
        catalogue = self._store.catalogue
        queue, assumed = [series], set()
        if series == TONNES:
            queue.append(VALUE)
            assumed.add(UNIT_VALUE)
        if self._graph is not None and series in self._graph.nodes:
            nodes = [self._graph.nodes[id] for id in self._graph.upstream(series)]
            queue = [str(id) for node in nodes if (id := getattr(node, "series", None)) is not None]
            assumed = {name for node in nodes for name in node.inputs if name in catalogue.assumptions}
        found: list[str] = []
        while queue:
            id = queue.pop(0)
            if id in found or id not in catalogue.series:
                continue
            found.append(id)
            entry = catalogue.series[id]
            queue += [*entry.sum_of, *([entry.within] if entry.within else []), *self._pools.get(id, ())]
        return tuple(found), tuple(sorted(assumed & set(catalogue.assumptions)))

    def _rows(self, series: str) -> tuple[Evidence, ...]:
        if series not in self._evidence:
            catalogue = self._store.catalogue
            fitted = list(catalogue.series[series].fit)
            statuses = [*fitted, "target"] if catalogue.series[series].plan_bound else fitted
            chosen = believed(self._known, catalogue, series, statuses)
            self._evidence[series] = tuple(
                self._one({str(name): cell for name, cell in row.items()})
                for row in chosen.to_dict("records")
            )
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


def _pools(folder: Path) -> dict[str, tuple[str, ...]]:
    """The series that the champions of an edition learnt from, by each series that was published from one."""
    stood = states_of(folder)
    return {
        id: read_recipe(text).series
        for id, text in recipes(folder).items()
        if id not in stood or stood[id].standing == "ok"
    }


def _row_hash(row: dict[str, object]) -> str:
    frame = pd.DataFrame([{name: row[name] for name in OBSERVATION_COLUMNS}])
    return hashlib.sha256(frame.to_csv(index=False, header=False, lineterminator="\n").encode()).hexdigest()
