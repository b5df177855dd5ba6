"""The learnt tables: read once, arrays only (``benchmarks/learn_auto.py`` makes them)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from forecasting.models.auto.prepare import Array

FOLDER = Path(__file__).parent / "learnt"


@dataclass(frozen=True)
class Net:
    """Several small networks of one hidden layer, side by side on the first axis."""

    w1: Array  # (nets, inputs, hidden)
    b1: Array
    w2: Array  # (nets, hidden, outputs)
    b2: Array
    direct: Array  # (nets, inputs, outputs), zero where a direct path is not wanted

    def __call__(self, x: Array) -> Array:
        """Outputs (nets, rows, outputs) for inputs (rows, inputs)."""
        hidden = np.tanh(np.einsum("ri,nih->nrh", x, self.w1) + self.b1[:, None])
        out: Array = (
            np.einsum("nrh,nho->nro", hidden, self.w2)
            + self.b2[:, None]
            + np.einsum("ri,nio->nro", x, self.direct)
        )
        return out


@dataclass(frozen=True)
class Tables:
    """What was learnt for one frequency."""

    name: str
    methods: tuple[str, ...]
    reach: int  # horizon the tables were learnt to
    centre: Array
    spread: Array
    weight: Net
    width: Net
    profile: Array  # (lengths, steps, levels): quantiles of standardised errors
    lengths: Array  # numbers of observations the profiles are for
    levels: Array
    ranks: Array  # (trajectories, steps): places of real error trajectories, 0 to 1
    calibration: int  # forecasts of real series behind the profile

    def inputs(self, row: Array) -> Array:
        """Standardised features, bounded."""
        out: Array = np.clip((row - self.centre) / self.spread, -3.0, 3.0)
        return out


def _net(data: dict[str, Array], name: str) -> Net:
    return Net(*(data[f"{name}_{part}"].astype(float) for part in ("w1", "b1", "w2", "b2", "direct")))


@lru_cache(maxsize=3)
def load(season: int) -> Tables:
    """The tables for a season: yearly without one, quarterly up to 6, monthly beyond."""
    name = "yearly" if season < 2 else "quarterly" if season < 7 else "monthly"
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        data = {k: file[k] for k in file.files}
    return Tables(
        name=name,
        methods=tuple(str(m) for m in data["methods"]),
        reach=int(data["reach"]),
        centre=data["centre"].astype(float),
        spread=data["spread"].astype(float),
        weight=_net(data, "weight"),
        width=_net(data, "width"),
        profile=data["profile"].astype(float),
        lengths=data["lengths"].astype(float),
        levels=data["levels"].astype(float),
        ranks=data["ranks"].astype(float) / 65535.0,
        calibration=int(data["calibration"]),
    )
