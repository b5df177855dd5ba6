"""One fit: a model on a series at an origin, what it is keyed by, and what is kept of it."""

from __future__ import annotations

import copy
import hashlib
import json
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.data.revisions import NONE, Size, widen
from forecasting.errors import ForecastingError, Refusal
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.candidates import Candidate
from forecasting.evaluation.metrics import GRID
from forecasting.frames import Array, Forecast, KnownSum, Panel
from forecasting.models import Forecaster, build
from forecasting.models.pool import Pool
from forecasting.periods import Period

DRAWS = 100  # joint paths kept beside the quantiles, for scores of whole paths
DRIVING = "driver."  # columns of which a model sees more than the series' own periods
FIRST = 4  # series of a separable model fitted in the first call
MOST = 16  # in any later call at most
CALL = 0.5  # seconds a later call is meant to take
PASSING = (  # what may be of this machine at this moment, such as a full disk: no trait of the model
    RuntimeError, AttributeError, AssertionError, OSError, ImportError
)  # fmt: skip
REFUSALS = (  # what a fit may break with: a failure in words of that model on that series, never of the run
    ForecastingError, np.linalg.LinAlgError, ValueError, ArithmeticError, LookupError, TypeError, *PASSING
)  # fmt: skip


def lasting(error: BaseException | None) -> bool:
    """Whether a fit would break with this again, as neither it nor what it came from is of the machine.

    >>> lasting(ValueError("too short")), lasting(OSError("no space left"))
    (True, False)
    """
    while error is not None:
        if isinstance(error, (*PASSING, MemoryError)):
            return False
        error = error.__cause__
    return True


@cache
def fit_digest() -> str:
    """SHA-256 over the code a fit runs through: models, libraries, and what is done to paths before they are kept."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(code_digest().encode() + GRID.tobytes())
    for path in [
        Path(__file__),
        root / "data" / "revisions.py",
        root / "data" / "gaps.py",
        root / "periods.py",
    ]:
        digest.update(path.read_bytes())
    for path in sorted((root / "frames").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


fit_digest()  # read as this is imported, see :mod:`forecasting.evaluation.cache`


@dataclass(frozen=True, eq=False)
class Fit:
    """What is kept of a fit: quantiles (steps, levels of the grid) and thinned joint paths (steps, draws), or
    the refusal in words; ``seconds`` is what it took. One that is not ``lasting`` says nothing about the model and
    is never kept.

    Numbers are rounded to 32 bits when made, so that fresh and kept ones are the same.
    """

    quantiles: Array
    draws: Array
    refusal: str
    seconds: float
    lasting: bool = True

    @classmethod
    def refused(cls, words: str, seconds: float = 0.0, lasting: bool = True) -> Fit:
        """No forecast, and why."""
        return cls(np.empty((0, 0)), np.empty((0, 0)), words, seconds, lasting)


@dataclass(frozen=True, eq=False)
class Origin:
    """What was known at an origin: the panel, the regressors of each series and the revisions to expect.

    ``unforeseen`` says of drivers that have no forecast, by column, why.
    """

    cutoff: Period
    panel: Panel
    regressors: Panel | None
    columns: Mapping[str, tuple[str, ...]]
    revisions: Mapping[str, Size]
    unforeseen: Mapping[str, str] = field(default_factory=dict)

    def only(self, ids: tuple[str, ...]) -> Origin:
        """The part that concerns some series."""
        columns = {id: self.columns[id] for id in ids}
        wanted = sorted({name for names in columns.values() for name in names})
        regressors = None
        if self.regressors is not None and wanted:
            regressors = Panel(self.regressors.kind, self.regressors.values[wanted])
        revisions = {id: self.revisions[id] for id in ids if id in self.revisions}
        units = {id: self.panel.units[id] for id in ids if id in self.panel.units}
        return Origin(
            self.cutoff,
            replace(self.panel.only(*ids), units=units),
            regressors,
            columns,
            revisions,
            self._unforeseen(wanted),
        )

    def panel_of(self, id: str) -> Panel:
        """One series from its first observation to the origin: nothing in it depends on other series."""
        values, start = self._observed(id)
        index = pd.RangeIndex(self.panel.first.ordinal + start, self.panel.last.ordinal + 1)
        frame = pd.DataFrame(values[:, None], index=index, columns=[id], copy=False)
        units = {id: self.panel.units.get(id, "1")}
        return Panel(self.panel.kind, frame, units, self._ceilings(id), self._sums(id))

    def _observed(self, id: str) -> tuple[Array, int]:
        """The values from the first observation on, and its place in the panel."""
        values = self.panel.column(id)
        start = int(np.argmax(np.isfinite(values)))
        return values[start:], start

    def _ceilings(self, id: str) -> pd.DataFrame | None:
        ceilings = self.panel.ceilings
        return None if ceilings is None or id not in ceilings else ceilings[[id]]

    def _sums(self, id: str) -> tuple[KnownSum, ...]:
        return tuple(one for one in self.panel.sums if one.series == id)

    def regressors_of(self, *ids: str) -> Panel | None:
        """The regressors that concern every one of some series, and the plan of each."""
        shared = set.intersection(*(set(self.columns[id]) for id in ids))
        names = sorted(shared | {id for id in ids if id in self.columns[id]})
        if self.regressors is None or not names:
            return None
        return Panel(self.regressors.kind, self.regressors.values[names])

    def _unforeseen(self, columns: Iterable[str]) -> dict[str, str]:
        return {name: self.unforeseen[name] for name in columns if name in self.unforeseen}

    def slice_digest(self, id: str) -> str:
        """SHA-256 over what a model fitted to this series alone sees.

        Of ceilings and of what is declared that is from its first observation on, of drivers their whole past.
        """
        values, start = self._observed(id)
        size, unit = self.revisions.get(id, NONE), self.panel.units.get(id, "1")
        told = [str(self.panel.kind), self.panel.first.ordinal + start, unit, size.mean, size.sd]
        told.append(sorted((one.ordinals, one.total, one.slack) for one in self._sums(id)))
        told.append(self._unforeseen(self.columns[id]))
        digest = hashlib.sha256(repr(told).encode() + values.tobytes())
        first, ceilings = self.panel.first.ordinal + start, self._ceilings(id)
        seen = [b"-" if ceilings is None else _content(ceilings.loc[first:])]
        if (regressors := self.regressors_of(id)) is not None:
            driving = regressors.values.columns.str.startswith(DRIVING)
            seen.append(_content(regressors.values.loc[first:, ~driving]))
            if driving.any():
                seen.append(_content(regressors.values.loc[:, driving]))
        digest.update(b"-".join(seen))
        return digest.hexdigest()

    def digest(self) -> str:
        """SHA-256 over everything, for models that learn from all series together."""
        sizes = sorted((id, size.mean, size.sd) for id, size in self.revisions.items())
        regressors = "" if self.regressors is None else self.regressors.digest()
        unforeseen = sorted(self.unforeseen.items())
        told = [self.panel.digest(), regressors, sorted(self.columns.items()), sizes, unforeseen]
        return hashlib.sha256(repr(told).encode()).hexdigest()


def _content(frame: pd.DataFrame) -> bytes:
    columns = sorted(map(str, frame.columns))
    ordinals = np.asarray(frame.index, dtype=np.int64)
    return repr(columns).encode() + ordinals.tobytes() + frame[columns].to_numpy(dtype=float).tobytes()


@dataclass(frozen=True, eq=False)
class Work:
    """A candidate on some series at one origin: what a worker is given; one fit a series, or one for all."""

    candidate: Candidate
    origin: Origin
    ids: tuple[str, ...]
    steps: int
    paths: int
    seed: int
    pooled: bool = False

    @property
    def named(self) -> tuple[str, str]:
        """The candidate without its label, as canonical JSON that is the same for equal models, and its model."""
        model, parameters = self.candidate.model, self.candidate.parameters
        return json.dumps([model, parameters], sort_keys=True, default=str), model

    def keys(self, slices: Mapping[str, str]) -> list[str]:
        """The content address of each fit: everything it depends on, and the code; ``slices`` are the digests."""
        told = [self.named[0], str(self.origin.cutoff), self.steps, self.paths, self.seed]
        base = hashlib.sha256(repr([*told, fit_digest()]).encode())
        found = []
        for id in self.ids:
            digest = base.copy()
            digest.update(f"\x1f{id}\x1f{slices[id]}".encode())
            found.append(digest.hexdigest())
        return found

    def of(self, ids: tuple[str, ...]) -> Work:
        """The same on fewer series, ready to be sent; a pooled model always takes all it learns from."""
        return self if self.pooled else replace(self, ids=ids, origin=self.origin.only(ids))

    def run(self, budget: float = np.inf) -> Iterator[tuple[str, Fit]]:
        """Fit series by series until the budget (seconds) is spent, at least one; the rest is left."""
        began = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            prototype = build(self.candidate.model, self.candidate.parameters)
            prototype.explains = False
            if self.pooled:
                yield from self._together(prototype, self.origin.panel, self.ids).items()
                return
            together = prototype.separable and not self.origin.panel.sums
            left, size = self.ids, FIRST
            while left:
                ids, started = self._alike(left[: size if together else 1]), time.perf_counter()
                left = left[len(ids) :]
                fits = self._several(prototype, ids)
                yield from fits.items()
                now = time.perf_counter()
                if now - began > budget:
                    return
                refused = any(fit.refusal for fit in fits.values())
                size = 1 if refused else int(np.clip(CALL * len(ids) / (now - started), 1, MOST))

    def _alike(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The first of some series, and those right after it that see the same regressors."""
        columns = self.origin.columns
        return tuple(takewhile(lambda id: columns[id] == columns[ids[0]], ids))

    def _several(self, prototype: Forecaster, ids: tuple[str, ...]) -> dict[str, Fit]:
        """Series in one call; each alone, on its own panel, when one of them is refused or there is only one."""
        if len(ids) > 1:
            fits = self._together(copy.deepcopy(prototype), self.origin.panel.only(*ids), ids)
            if not any(fit.refusal for fit in fits.values()):
                return fits
        return {
            id: fit
            for id in ids
            for fit in self._together(copy.deepcopy(prototype), self.origin.panel_of(id), (id,)).values()
        }

    def _together(self, model: Forecaster, panel: Panel, ids: tuple[str, ...]) -> dict[str, Fit]:
        began = time.perf_counter()
        pool = Pool(model, panel, self.origin.regressors_of(*ids))
        try:
            made = self._forecast(pool)
        except (*REFUSALS, MemoryError) as error:
            share, words = (time.perf_counter() - began) / len(ids), self._words(error)
            left = [id for id in pool.panel.ids if id not in pool.refused]
            fits = {id: Fit.refused(words, share, lasting(error)) for id in left}
        else:
            quantiles, draws = kept(made.paths)
            share = (time.perf_counter() - began) / len(ids)
            fits = {id: Fit(quantiles[i], draws[i], "", share) for i, id in enumerate(made.ids)}
        told = {id: self._words(Refusal(words)) for id, words in pool.refused.items() if id not in fits}
        return fits | {id: Fit.refused(words, share) for id, words in told.items()}

    def _forecast(self, pool: Pool) -> Forecast:
        last = self.origin.cutoff + self.steps
        forecast = pool.forecast(last, paths=self.paths, seed=self.seed)
        return widen(forecast.between(self.origin.cutoff + 1, last), self.origin.revisions, seed=self.seed)

    def _words(self, error: BaseException) -> str:
        name, said = self.candidate.model, str(error) or type(error).__name__
        told = said if said.startswith(f"{name}: ") else f"{name}: {said}"
        causes = [
            f"{driver} has no forecast: {why}"
            for driver, why in self.origin.unforeseen.items()
            if driver in said
        ]
        return "; ".join([told, *causes])


def kept(paths: Array) -> tuple[Array, Array]:
    """Quantiles on the grid, linear between order statistics as :func:`numpy.quantile` has them, and evenly thinned
    draws of paths (series, steps, draws), rounded to 32 bits.

    >>> quantiles, draws = kept(np.arange(1001.0)[None, None])
    >>> quantiles[0, 0, [0, 99, 198]].tolist(), draws.shape
    ([5.0, 500.0, 995.0], (1, 1, 100))
    """
    with np.errstate(over="ignore"):
        rounded = paths.astype(np.float32)
    place = GRID * (paths.shape[2] - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, paths.shape[2] - 1)
    picked = np.linspace(0, paths.shape[2] - 1, min(DRAWS, paths.shape[2])).astype(int)
    draws = rounded[:, :, picked].astype(float)
    rounded.sort(axis=2)
    low, high = (rounded[:, :, at].astype(float) for at in (below, above))
    apart = (high > low) & (place > below)
    between = np.multiply(high - low, place - below, where=apart, out=np.zeros_like(low))
    return (low + between).astype(np.float32).astype(float), draws
