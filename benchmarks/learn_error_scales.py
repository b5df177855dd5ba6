"""Makes the table of usual error scales (forecasting/models/learnt/error_scales.json).

    python benchmarks/learn_error_scales.py LEARN_DIR [--out FILE]

LEARN_DIR holds `<source>_<frequency>.parquet` (unique_id, step, y, split): whole series of public forecasting
competitions. At one random cut a series and length, the dynamic optimised Theta method (statsforecast, on
logarithms) forecasts; its errors, in units of the typical step before the cut, give the size of a one-step
error, the growth with the step and a bank of whole trajectories as ranks. Same inputs, same table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from forecasting.models.intervals import TABLE, typical_step

SEASON = {"yearly": 1, "quarterly": 4, "monthly": 12}
REACH = {"yearly": 8, "quarterly": 16, "monthly": 48}
LENGTHS = {"yearly": (12, 20, 30), "quarterly": (24, 40, 60), "monthly": (48, 72, 120)}
BANK = 100
LEVEL, NORMAL = 0.8, 1.2816  # the share of errors the scale is matched at, and the normal's quantile there


def errors_of(path: Path, frequency: str) -> list[np.ndarray]:
    """Standardised errors of every series of a file, one row a cut, NaN beyond the end of the series."""
    import statsforecast.models as library

    season, reach = SEASON[frequency], REACH[frequency]
    out = []
    frame = pd.read_parquet(path, columns=["unique_id", "step", "y"])
    for id, part in frame.sort_values(["unique_id", "step"]).groupby("unique_id"):
        y = part["y"].to_numpy(float)
        if not (y > 0).all():
            continue
        z = np.log(y)
        rng = np.random.default_rng(crc32(f"{path.stem}/{id}".encode()))
        for length in LENGTHS[frequency]:
            latest = len(z) - max(season, 4)
            if latest < length:
                continue
            cut = int(rng.integers(length, latest + 1))
            past = z[cut - length : cut]
            step = typical_step(past, season)
            if not step > 1e-9:
                continue
            ahead = (z[cut : cut + reach] - past[-1]) / step
            model = library.DynamicOptimizedTheta(season_length=season, decomposition_type="additive")
            row = np.full(reach, np.nan)
            row[: len(ahead)] = ahead - model.forecast((past - past[-1]) / step, len(ahead))["mean"]
            if np.isfinite(row[: len(ahead)]).all():
                out.append(row)
    return out


def table(rows: np.ndarray) -> dict[str, object]:
    """Ratio, growth (never falling with the step) and the bank of trajectories that reach the last step."""
    size = np.nanquantile(np.abs(rows), LEVEL, axis=0)
    smooth = np.exp(np.convolve(np.pad(np.log(size), 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid"))
    smooth[0] = size[0]
    whole = rows[np.isfinite(rows).all(axis=1)]
    ranks = (np.argsort(np.argsort(whole, axis=0), axis=0) + 0.5) / len(whole)
    chosen = np.random.default_rng(1).permutation(len(whole))[:BANK]
    return {
        "ratio": round(float(size[0] / NORMAL), 4),
        "growth": np.maximum.accumulate(smooth / size[0]).round(4).tolist(),
        "bank": np.floor(ranks[chosen] * 1000).astype(int).tolist(),
        "trajectories": len(rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=TABLE)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    found, files = {}, {}
    for frequency in SEASON:
        rows: list[np.ndarray] = []
        for path in sorted(given.folder.glob(f"*_{frequency}.parquet")):
            rows += errors_of(path, frequency)
            files[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        found[frequency] = table(np.array(rows))
        print(frequency, len(rows), "trajectories, ratio", found[frequency]["ratio"])
    about = {
        "made_by": "benchmarks/learn_error_scales.py",
        "source": "series of the M1, M3 and tourism forecasting competitions; only scales and ranks are kept",
        "method": "dynamic optimised Theta on logarithms, one random cut a series and length",
        "sha256": files,
        "frequencies": found,
    }
    text = json.dumps(about, separators=(",", ":")).replace('"quarterly":{', '\n"quarterly":{')
    given.out.write_text(text.replace('"monthly":{', '\n"monthly":{') + "\n")


if __name__ == "__main__":
    main()
