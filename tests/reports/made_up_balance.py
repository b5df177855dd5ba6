# ruff: noqa: E501 - tables of numbers
"""A made-up balance: draws of a small sum, so that means add up as in the real one; every number is invented."""

from __future__ import annotations

import numpy as np
import pandas as pd

BANDS = {"low_95": 0.025, "low_80": 0.1, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_80": 0.9,
         "high_95": 0.975}  # fmt: skip
YEARS = [f"FY{year}" for year in range(2024, 2031)]
SCENARIOS = {"baseline": ("As announced (made up)", 1.0), "mission": ("All measures (made up)", 6.0),
             "plenty": ("More than enough (made up)", 40.0)}  # fmt: skip
TITLES = {
    "use.cars": ("Magnets in cars (made up)", "demand", "t magnet"),
    "use.wind": ("Magnets in wind turbines (made up)", "demand", "t magnet"),
    "demand.all": ("Demand for magnets (made up)", "demand", "t magnet"),
    "made.home": ("Magnets made in India (made up)", "supply", "t magnet"),
    "from.abroad": ("Magnets from abroad (made up)", "supply", "t magnet"),
    "can.be.had": ("All magnets that can be had (made up)", "supply", "t magnet"),
    "gap.own": ("Demand less made in India (made up)", "gap", "t magnet"),
    "gap.all": ("Demand less all that can be had (made up)", "gap", "t magnet"),
    "oxide.needed": ("Oxide needed (made up)", "demand", "t NdPr oxide"),
    "oxide.made": ("Oxide made (made up)", "supply", "t NdPr oxide"),
    "gap.ore": ("Oxide needed less made (made up)", "gap", "t NdPr oxide"),
}
SUMS = {
    "demand.all": ("demand", {"use.cars": 1.0, "use.wind": 1.0}),
    "can.be.had": ("", {"made.home": 1.0, "from.abroad": 1.0}),
    "gap.own": ("home", {"demand.all": 1.0, "made.home": -1.0}),
    "gap.all": ("market", {"demand.all": 1.0, "can.be.had": -1.0}),
    "gap.ore": ("oxide", {"oxide.needed": 1.0, "oxide.made": -1.0}),
}
HEADS = {"demand": "demand.all", "home_supply": "made.home", "gap_home": "gap.own", "gap_market": "gap.all",
         "gap_oxide": "gap.ore"}  # fmt: skip


def _draws(scale: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    growth = 1.25 ** np.arange(len(YEARS))[:, None]
    made = scale * 120 * np.maximum(np.arange(len(YEARS))[:, None] - 2, 0)
    values = {
        "use.cars": 900 * growth * rng.lognormal(0, 0.3, (len(YEARS), 400)),
        "use.wind": 500 * rng.lognormal(0, 0.2, (len(YEARS), 400)),
        "made.home": made * rng.uniform(0.6, 1.0, (len(YEARS), 400)),
        "from.abroad": 1500 * rng.lognormal(0, 0.4, (len(YEARS), 400)),
        "oxide.made": 400 * rng.uniform(0.9, 1.1, (len(YEARS), 400)),
    }
    values["oxide.needed"] = 0.4 * (values["use.cars"] + values["use.wind"])
    for node, (_, parts) in SUMS.items():
        values[node] = sum(sign * values[part] for part, sign in parts.items())
    return values


def balance_tables() -> dict[str, pd.DataFrame]:
    bands, heads = [], []
    for scenario, (title, scale) in SCENARIOS.items():
        values = _draws(scale)
        for node, paths in values.items():
            name, side, unit = TITLES[node]
            for year, row in zip(YEARS, paths, strict=True):
                record = {"scenario": scenario, "node": node, "title": name, "side": side, "unit": unit,
                          "period": year, "mean": float(row.mean())}  # fmt: skip
                record |= {band: float(np.quantile(row, level)) for band, level in BANDS.items()}
                record["p_positive"] = float((row > 0).mean()) if side == "gap" else float("nan")
                bands.append(record)
        head: dict[str, object] = {"scenario": scenario, "title": title, "period": YEARS[-1]}
        for name, node in HEADS.items():
            for key in ("low_80", "median", "high_80"):
                head[f"{name}_{key}"] = float(np.quantile(values[node][-1], BANDS[key]))
        for name, node in (("home", "gap.own"), ("market", "gap.all"), ("oxide", "gap.ore")):
            closed = (values[node] <= 0).mean(axis=1)
            first = {level: next((y for y, c in zip(YEARS[3:], closed[3:], strict=True) if c >= level), "")
                     for level in (0.5, 0.8)}  # fmt: skip
            stays = next((y for i, y in enumerate(YEARS[3:], 3) if (closed[i:] >= 0.5).all()), "")
            head |= {f"p_shortage_{name}": float((values[node][-1] > 0).mean()), f"closes_p50_{name}": first[0.5],
                     f"closes_p80_{name}": first[0.8], f"stays_closed_p50_{name}": stays,
                     f"needed_80_{name}": max(0.0, float(np.quantile(values[node][-1], 0.8)))}  # fmt: skip
        heads.append(head)
    structure = [
        (node, role, part, sign) for node, (role, parts) in SUMS.items() for part, sign in parts.items()
    ]
    structure.append(("made.home", "home_supply", "", 0.0))
    return {
        "balance": pd.DataFrame(bands),
        "scenarios": pd.DataFrame(heads),
        "structure": pd.DataFrame(structure, columns=["node", "role", "part", "sign"]),
        "tornado": _tornado(),
        "value_of_data": _knowing(),
        "assumptions": _assumptions(),
        "changes": _changes(),
        "track_record": _record(),
        "scores": _scores(),
        "states": _states(),
        "remarks": _remarks(),
        "errata": pd.DataFrame(
            [("2026-11-01", "2026-10-20", "minor", "Made up: a unit was misprinted; the numbers stand.")],
            columns=["date", "edition", "class", "what"],
        ),
    }


def _tornado() -> pd.DataFrame:
    rows = [
        (scenario, "gap.all", "FY2030", "t magnet", f"input_{i}", "assumption", f"Input {i} (made up)", -100.0 * i, 50.0,
         200.0 * i, 300.0 * i, 0.3, 0.4)
        for scenario in ("baseline", "mission") for i in (9, 4, 2, 1)
    ]  # fmt: skip
    columns = ["scenario", "node", "period", "unit", "input", "kind", "title", "at_low", "at_median", "at_high",
               "swing", "first", "total"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _knowing() -> pd.DataFrame:
    rows = [
        ("baseline", "gap.all", "FY2030", "t magnet", "cars FY2030", "Cars of FY2030 (made up)", 2000.0, 1200.0, 800.0,
         40.0, 30.0, "published about 2030-04-07"),
        ("baseline", "gap.all", "FY2030", "t magnet", "yield", "Yield (made up)", 2000.0, 1995.0, 5.0, 0.25, 30.0,
         "single source"),
    ]  # fmt: skip
    columns = ["scenario", "node", "period", "unit", "figure", "title", "band", "band_if_known", "narrower",
               "narrower_pct", "noise", "why"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _assumptions() -> pd.DataFrame:
    rows = [
        ("mass", "Magnet in a car (made up)", "kg magnet / vehicles", 0.8, 1.2, 2.0, "triangular", "press_2026", "demand",
         "2027-03-31", "single source", "made up"),
        ("yield", "Yield (made up)", "1", 0.7, 0.8, 0.9, "uniform", "press_2026 survey_2026", "supply", "2027-03-31", "",
         ""),
    ]  # fmt: skip
    columns = ["assumption", "title", "unit", "low", "central", "high", "distribution", "source", "owner", "review_by",
               "amber", "note"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _changes() -> pd.DataFrame:
    rows = [
        (about, title, unit, "FY2030", cause, before, before + 234.5, amount)
        for about, title, unit, before in (
            ("supply.metal", "Neodymium metal (made up)", "t Nd", 300.0),
            ("baseline.gap.own", "Demand less made in India (made up) (baseline)", "t magnet", 5000.0),
            ("baseline.gap.all", "Demand less all that can be had (made up) (baseline)", "t magnet", 1000.0),
            ("mission.gap.all", "Demand less all that can be had (made up) (mission)", "t magnet", -100.0),
        )
        for cause, amount in (("new data", 300.0), ("assumptions", -65.5))
    ]
    columns = ["about", "title", "unit", "period", "cause", "before", "after", "amount"]
    return pd.DataFrame(rows, columns=columns)


def _record() -> pd.DataFrame:
    rows = [
        ("2026-05-20", "2026-05-20", "demand.ev.two_wheelers", "2026-09", 90000.0, 100000.0, 130000.0, 120000.0, -16.7,
         True),
        ("2026-05-20", "2026-05-20", "supply.metal", "FY2025", 210.0, 240.0, 260.0, 200.0, 20.0, False),
    ]  # fmt: skip
    columns = ["edition", "released", "series", "period", "low_80", "median", "high_80", "actual", "error_pct",
               "inside_80"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _scores() -> pd.DataFrame:
    rows = [("all", "all", "month", 60.0, 2.0, 16.7, 0.5, 0.75, 1.0, 0.3, 0.9),
            ("all", "all", "FY", 12.0, 5.0, 20.0, 0.25, 0.5, 0.75, -0.1, 0.4)]  # fmt: skip
    columns = ["by", "group", "kind", "figures", "windows", "absolute_pct", "coverage_50", "coverage_80", "coverage_95",
               "skill", "better"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _states() -> pd.DataFrame:
    rows = [
        ("demand.ev.two_wheelers", "ok", "theta", "", ""),
        ("supply.magnet_imports", "ok", "ets", "", ""),
        ("supply.metal", "degraded", "plan", "the champion ets: no answer within 60 s (made up)", ""),
        ("supply.oxide", "stale", "local level", "refused by a gate (made up)", "2026-10-20-0a1b2c3d"),
    ]
    return pd.DataFrame(rows, columns=["series", "standing", "model", "reason", "vintage"])


def _remarks() -> pd.DataFrame:
    late = "registry should have printed 2026-10 by 2026-11-07; the last figure is of 2026-09, made up"
    rows = [
        ("demand.ev.two_wheelers", "freshness", late, ""),
        ("supply.magnet_imports", "freshness", late, ""),
        ("supply.magnet_imports", "coverage", "95% bands covered 60.0% in 5 origins, made up", ""),
        ("supply.metal", "jump", "1 figure moved, made up", "Announced on 20 November (made up)"),
    ]
    return pd.DataFrame(rows, columns=["series", "gate", "text", "overridden"])
