"""Paired tests against independent implementations, and their size where few origins overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from forecasting.errors import DataError
from forecasting.evaluation.comparison import compare, confidence, confidence_set, losses, overlap, paired
from forecasting.frames import Scores
from forecasting.periods import Period


def scores(by_model: dict[str, np.ndarray], steps: int = 1, every: int = 1, first: int = 2000) -> Scores:
    rows = [
        {"series": "s", "model": m, "cutoff": f"FY{first + every * c}", "step": step + 1, "mase": v, "crps": v,
         "failure": "", "in_50": 1.0, "in_80": 1.0, "in_95": 1.0}
        for m, values in by_model.items() for c, v in enumerate(values) for step in range(steps)
    ]  # fmt: skip
    return Scores(pd.DataFrame(rows))


@pytest.mark.parametrize("horizon", [1, 2, 3, 5])
@pytest.mark.parametrize("origins", [12, 40])
def test_the_statistic_is_that_of_statsmodels_uniform_kernel_times_the_published_correction(
    horizon: int, origins: int
) -> None:
    rng = np.random.default_rng([horizon, 3])
    one, other = rng.gamma(2, size=origins), rng.gamma(2, size=origins) + 0.2
    found = paired(one, other, horizon)
    difference = other - one
    centred = difference - difference.mean()
    whole = [float(centred[k:] @ centred[: origins - k]) / origins for k in range(horizon)]
    assert whole[0] + 2 * sum(whole[1:]) > 0, "choose another seed: the rectangular kernel must apply"
    options = {"maxlags": horizon - 1, "kernel": "uniform", "use_correction": False}
    fitted = sm.OLS(difference, np.ones(origins)).fit(cov_type="HAC", cov_kwds=options)
    k = np.sqrt((origins + 1 - 2 * horizon + horizon * (horizon - 1) / origins) / origins)
    assert found.statistic == pytest.approx(fitted.tvalues[0] * k, rel=1e-9)
    assert found.p == pytest.approx(stats.t.sf(found.statistic, origins - 1), rel=1e-9)
    assert found.two_sided >= 2 * stats.t.sf(abs(found.statistic), origins - 1) * (1 - 1e-9)


def test_one_step_ahead_it_is_the_t_test_of_the_differences() -> None:
    rng = np.random.default_rng(5)
    one, other = rng.normal(size=20), rng.normal(size=20) + 0.3
    assert paired(one, other, 1).p == pytest.approx(
        stats.ttest_1samp(other - one, 0, alternative="greater").pvalue
    )


@pytest.mark.parametrize(("origins", "lag"), [(8, 1), (10, 4), (12, 2), (16, 6)])
def test_the_sized_test_keeps_its_rate_where_the_published_one_does_not(origins: int, lag: int) -> None:
    rng = np.random.default_rng([origins, lag])
    found = []
    for _ in range(600):
        errors = rng.standard_t(5, size=origins + lag - 1)
        overlapping = np.convolve(errors, np.ones(lag) / lag, "valid")
        found.append(paired(np.zeros(origins), overlapping, lag))
    sized = np.mean([one.p_sized <= 0.1 for one in found])
    published = np.mean([one.p <= 0.1 for one in found])
    two_sided = np.mean([one.two_sided <= 0.05 for one in found])
    assert two_sided <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 600)
    assert sized <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / 600)
    assert published > sized if lag > 1 else published == pytest.approx(0.1, abs=0.04)


def test_what_cannot_be_tested_has_no_probability() -> None:
    assert np.isnan(paired(np.zeros(4), np.arange(4.0), 4).p), "every origin overlaps every other"
    assert np.isnan(paired(np.zeros(8), np.ones(8), 1).p_sized), "differences that do not vary"
    assert np.isnan(paired(np.zeros(1), np.ones(1), 1).statistic)
    assert np.isnan(paired(np.zeros(8), np.ones(8), 1).two_sided)
    assert paired(np.zeros(4), np.arange(4.0), 4).untested == "4 origins that all overlap"
    assert paired(np.zeros(8), np.ones(8), 1).untested == "a difference that is the same at all 8 origins"
    assert paired(np.zeros(1), np.ones(1), 1).untested == "1 origin(s)"
    assert paired(np.zeros(4), np.arange(4.0), 1).untested == ""
    with pytest.raises(DataError, match="not paired"):
        paired(np.zeros(3), np.zeros(4), 1)


def test_losses_are_paired_and_their_mean_is_the_leaderboards() -> None:
    made = scores({"a": np.array([1.0, 2.0, 3.0]), "b": np.array([2.0, 2.0, 2.0])}, steps=2)
    frame = made.frame.drop(made.frame.index[[1]])  # one step of one origin, of one model
    table = losses(Scores(frame), "s", "crps")
    assert table.mean().to_dict() == pytest.approx({"a": (1 + 2 + 2 + 3 + 3) / 5, "b": 2.0})
    assert list(table.index) == ["FY2000", "FY2001", "FY2002"]


@pytest.mark.parametrize(("steps", "every", "lag"), [(1, 1, 1), (4, 1, 4), (24, 6, 4), (5, 2, 3), (3, 6, 1)])
def test_origins_overlap_as_long_as_their_horizons_do(steps: int, every: int, lag: int) -> None:
    assert overlap(scores({"a": np.ones(5)}, steps, every), "s") == lag


def test_the_confidence_set_holds_the_best_and_drops_the_worst_the_same_every_time() -> None:
    rng = np.random.default_rng(0)
    common = rng.gamma(2, size=40)
    table = pd.DataFrame(
        {m: common + rng.normal(0, 0.2, 40) + add for m, add in (("a", 0), ("b", 0.01), ("c", 2))}
    )
    table["twin"] = table["a"]
    found = confidence_set(table, 2)
    assert found == confidence_set(table, 2)
    assert found["a"] == found["twin"]
    assert max(found["a"], found["b"]) == 1.0
    assert found["b"] > 0.1 > found["c"]
    level = np.tile([1.0, 2.0, 4.0], 4)
    equal = confidence_set(pd.DataFrame({"a": level, "b": level[::-1]}), 1)
    assert min(equal.values()) > 0.5, "different losses of one mean"
    assert confidence_set(table.iloc[:11], 1) == {}
    assert confidence_set(table.iloc[:12], 5) == {}
    assert confidence_set(table[["a", "twin"]], 1) == {"a": 1.0, "twin": 1.0}


def asked_one_by_one(frame: pd.DataFrame, series: str, models: list[str]) -> pd.DataFrame:
    """Losses by origin as they are defined: every row looked at, series by series, origin by origin."""
    mine = frame[(frame["series"] == series) & (frame["failure"] == "")]
    points = {
        (m, c, s): float(rows["crps"].mean()) for (m, c, s), rows in mine.groupby(["model", "cutoff", "step"])
    }
    places = {
        place for place in {(c, s) for _, c, s in points}
        if all(np.isfinite(points.get((m, *place), np.nan)) for m in models)
    }  # fmt: skip
    cutoffs = sorted({c for c, _ in places}, key=lambda label: Period.parse(label).ordinal)
    steps = len(places) / max(len(cutoffs), 1)
    rows = [
        [sum(points[m, c, s] for k, s in places if k == c) / max(steps, 1) for m in models] for c in cutoffs
    ]
    return pd.DataFrame(rows, index=cutoffs, columns=models)


def test_all_series_at_once_are_what_each_is_alone_and_rows_are_looked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(9)
    parts = []
    for number in range(40):
        by_model = {m: rng.gamma(2, size=5) for m in ("a", "b", "c", *(["d"] if number % 3 else []))}
        frame = scores(by_model, steps=4, every=2).frame.assign(series=f"s{number:02d}")
        frame["crps"] *= rng.gamma(2, size=len(frame))
        frame.loc[rng.random(len(frame)) < 0.1, "crps"] = np.nan
        frame.loc[rng.random(len(frame)) < 0.02, "failure"] = "refused"
        parts.append(frame[rng.random(len(frame)) > 0.1])
    parts.append(parts[0].assign(series="lost", failure="refused"))
    parts.append(parts[0].assign(series="unknown", crps=np.nan))
    made = Scores(pd.concat(parts, ignore_index=True).sample(frac=1, random_state=3))
    grouped: list[object] = []
    original = pd.DataFrame.groupby

    def counting(self: pd.DataFrame, by: object = None, **options: Any) -> Any:
        grouped.extend([by] if len(self) == len(made.frame) else [])
        return original(self, by, **options)

    monkeypatch.setattr(pd.DataFrame, "groupby", counting)
    found = confidence(made, "crps")
    assert grouped == ["series"], "the whole table is gone through once, however many series there are"
    assert 30 < found["series"].nunique() <= 40
    for series, rows in found.groupby("series"):
        models = list(rows["model"])
        table = asked_one_by_one(made.frame, str(series), models)
        pd.testing.assert_frame_equal(
            losses(made, str(series), "crps", models), table, check_names=False, rtol=1e-12
        )
        assert set(rows["best"]) == {table.mean().idxmin()}
        behind = table.mean() / table.mean().min() - 1
        assert rows.set_index("model")["behind"].to_dict() == pytest.approx(behind.to_dict(), abs=1e-12)
        best = table[rows["best"].iloc[0]].to_numpy()
        tests = [paired(best, table[m].to_numpy(), overlap(made, str(series))) for m in models]
        assert list(rows["pairs"]) == [one.origins for one in tests]
        assert list(rows["dm"].fillna(0.0)) == pytest.approx(
            np.nan_to_num([one.statistic for one in tests]), abs=1e-9
        )


def test_nothing_is_compared_where_nothing_was_judged() -> None:
    empty = scores({"a": np.ones(2)}).frame
    assert confidence(Scores(empty.iloc[:0]), "crps").empty
    assert confidence(Scores(empty.assign(failure="refused")), "crps").empty
    assert losses(Scores(empty), "another", "crps", ["a"]).empty
    assert overlap(Scores(empty), "another") == 1


def test_confidence_compares_each_model_with_the_best_that_never_failed() -> None:
    rng = np.random.default_rng(2)
    base = rng.gamma(2, size=14)
    made = scores({"good": base, "bad": base + 1 + rng.normal(0, 0.1, 14), "best": base - 1.0})
    made.frame.loc[made.frame["model"].eq("best") & made.frame["cutoff"].eq("FY2003"), "failure"] = (
        "best: refuses"
    )
    table = confidence(made, "crps").set_index("model")
    assert set(table.index) == {"good", "bad"}
    assert set(table["best"]) == {"good"}
    assert np.isnan(table.loc["good", "p"])
    assert table.loc["bad", "p"] < 1e-3
    assert table.loc["bad", "set_p"] < 0.1 < table.loc["good", "set_p"]
    assert compare(made, "s", "good", "best", "crps").origins == 13
