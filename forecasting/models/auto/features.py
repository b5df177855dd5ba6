"""What the learnt tables look at: a few figures without unit, for one prepared series and its bank."""

from __future__ import annotations

import numpy as np

from forecasting.models.auto.prepare import Array, Prepared

NAMES = (
    "log_n", "strength", "positive", "zeros", "sigma", "growth", "recent_growth", "steady", "acf_step",
    "acf_step_2", "acf_level", "gap", "curve", "spread", "lean", "rising", "fit_ratio", "season_size", "season_move",
    "rough", "jump", "range",
)  # fmt: skip


def _acf(x: Array, lag: int) -> float:
    if len(x) <= lag + 2:
        return 0.0
    c = x - x.mean()
    total = float(np.sum(c * c))
    return float(np.sum(c[lag:] * c[:-lag]) / total) if total > 1e-18 else 0.0


def features(p: Prepared, table: Array, info: dict[str, float]) -> Array:
    """One row of figures, in the order of ``NAMES``, each bounded."""
    m = p.season
    past, _ = p.phases(1, recent=False)
    z = p.z - past
    step = np.diff(z)
    n = len(z)
    sigma = max(info["sigma_log"], 1e-6)
    span = max(m, 1)
    mean_step = float(np.mean(step)) if n > 1 else 0.0
    near = step[-min(len(step), max(4, span)) :]
    third = max(1, n // 3)
    level = info["level_log"]
    end = p.forward(table[:, -1]) if p.kind != "identity" else table[:, -1]
    middle = float(np.median(end))
    wide = float(np.percentile(end, 84) - np.percentile(end, 16)) / 2
    absolute = np.abs(step)
    typical = float(np.median(absolute)) + 1e-9
    rest = z - np.linspace(z[0], z[-1], n)
    values = [
        np.log(float(p.seen.sum())) - np.log(30.0),
        p.strength,
        1.0 if p.kind == "log" else 0.0,
        float(np.mean(p.y[p.seen] == 0)),
        np.log(sigma) + 2.5,
        mean_step / sigma * 3,
        float(np.mean(near)) / sigma * 2,
        (abs(mean_step) * len(step)) / (float(np.sum(absolute)) + 1e-9),
        _acf(step, 1),
        _acf(step, 2),
        _acf(rest, 1),
        (level - z[-1]) / sigma,
        (
            float(np.mean(z[-third:]))
            - 2 * float(np.mean(z[third : n - third] if n > 2 * third else z))
            + float(np.mean(z[:third]))
        )
        / (float(np.std(z)) + sigma),
        np.log(wide / sigma + 0.05),
        (float(np.mean(end)) - middle) / (wide + 1e-6),
        (middle - level) / (sigma * np.sqrt(table.shape[1])),
        np.log(max(info["sigma_raw"], 1e-6) / sigma),
        np.log(float(np.std(p.figure)) / sigma + 0.05),
        float(np.std(p.recent - p.figure)) / sigma,
        np.log((float(np.mean(absolute)) + 1e-9) / typical),
        abs(float(step[-1])) / sigma - 1 if n > 1 else 0.0,
        np.log(float(np.ptp(z)) / sigma + 0.1) - 1,
    ]
    out: Array = np.clip(np.nan_to_num(np.array(values, dtype=float)), -4.0, 4.0)
    return out
