"""The benchmark: definitions by hand, files read or refused, failures counted, the command from end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import DataError, InputMissing, UsageError
from forecasting.evaluation import benchmark as bench
from forecasting.evaluation.backtest import silent
from forecasting.evaluation.competition import Series, read
from forecasting.evaluation.peers import TAUS, Answer

Cli = Callable[..., tuple[int, str, str]]


def rows(id: str, y: np.ndarray, horizon: int, first: str = "2000-01-01", freq: str = "YS") -> pd.DataFrame:
    n = len(y)
    return pd.DataFrame(
        {
            "unique_id": id,
            "step": np.arange(1, n + 1),
            "ds": pd.date_range(first, periods=n, freq=freq).strftime("%Y-%m-%d"),
            "y": y,
            "split": np.where(np.arange(n) < n - horizon, "train", "test"),
        }
    )


def grown(seed: int, count: int) -> np.ndarray:
    return np.asarray(
        100 * np.exp(np.cumsum(0.1 * np.random.default_rng(seed).standard_normal(count)) + 0.03)
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    short = rows("short", np.array([5.0, 6.0, 7.0, 9.0]), 2)
    yearly = pd.concat([rows("a", grown(1, 20), 4), rows("b", grown(2, 15), 4), short])
    yearly.sample(frac=1, random_state=1).to_parquet(tmp_path / "mine_yearly.parquet")
    rows("q", grown(3, 40), 8, freq="QS").to_parquet(tmp_path / "unnamed.parquet")
    pd.DataFrame({"method": ["x"]}).to_parquet(tmp_path / "reference.parquet")
    return tmp_path


def test_scores_are_those_done_by_hand() -> None:
    series = Series("a", np.array([1.0, 2.0, 4.0, 4.0]), np.array([6.0, 10.0]))
    quantiles = np.tile(np.linspace(4, 8, len(TAUS)), (2, 1))
    got = bench.scores(series, 1, Answer(np.array([5.0, 5.0]), quantiles))
    assert got["smape"] == pytest.approx((200 / 11 + 1000 / 15) / 2)
    assert got["mase"] == pytest.approx(3.0)
    assert got["msis_95"] == pytest.approx((4 + 4 + 40 * 2) / 2)
    assert got["held_95"] == 1
    assert got["size"] == 16
    losses = [
        2 * max(tau * (y - q), (tau - 1) * (y - q))
        for y in (6.0, 10.0)
        for tau, q in zip(TAUS, quantiles[0], strict=True)
        if 0.1 <= tau <= 0.9
    ]
    assert got["pinball"] == pytest.approx(sum(losses) / 9)
    assert got["naive2_mase"] == pytest.approx(4.0)


def test_naive2_puts_the_season_back() -> None:
    figure = np.array([0.5, 1.0, 1.5, 1.0])
    assert bench.naive2(100 * np.tile(figure, 5), 4, 6) == pytest.approx(100 * np.tile(figure, 2)[:6])
    assert bench.naive2(100 * np.tile(figure, 2), 4, 2) == pytest.approx([100, 100])
    noise = np.random.default_rng(1).uniform(1, 2, 40)
    assert bench.naive2(noise, 4, 3) == pytest.approx(np.full(3, noise[-1]))


def test_files_are_read_with_their_season_and_others_left_out(folder: Path) -> None:
    said: list[str] = []
    found = read(folder, said.append)
    assert [(one.file, one.season, len(one.series)) for one in found] == [
        ("mine_yearly", 1, 3),
        ("unnamed", 4, 1),
    ]
    a = next(one for one in found[0].series if one.id == "a")
    np.testing.assert_array_equal(np.concatenate([a.train, a.test]), grown(1, 20))
    assert any("reference.parquet: left out" in line for line in said)
    assert any("unnamed.parquet: season 4 (steps of 9" in line for line in said)
    assert len(read(folder, said.append, limit=1)[0].series) == 1


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="no Parquet file"):
        read(tmp_path, print)
    twice = rows("twice", grown(1, 9), 2)
    twice.loc[1, "step"] = 1
    all_train = rows("all", grown(1, 9), 0)
    turned = rows("turned", grown(1, 9), 3)
    turned["split"] = turned["split"].to_numpy()[::-1]
    pd.concat([twice, all_train, turned]).to_parquet(tmp_path / "bad_yearly.parquet")
    with pytest.raises(DataError) as caught:
        read(tmp_path, print)
    assert [fault.where.split(": ")[1] for fault in caught.value.faults] == ["twice", "all", "turned"]
    with pytest.raises(UsageError, match="did you mean 'auto'"):
        bench.check(["autoo"])


def test_failures_are_counted_and_never_replaced(folder: Path) -> None:
    found = read(folder, lambda _: None)
    summary, scores = bench.run(found, ["auto", "ets"], silent)
    assert all(tuple(row) == bench.KEYS for row in summary)
    yearly = {row["model"]: row for row in summary if row["file"] == "mine_yearly"}
    for name in ("auto", "ets"):
        assert (yearly[name]["n"], yearly[name]["failures"]) == (2, 1)
        failed = scores[(scores["model"] == name) & (scores["failure"] != "")]
        assert failed["unique_id"].tolist() == ["short"]
        assert failed["smape"].isna().all()
    assert "too_short" in scores.loc[scores["failure"] != "", "failure"].iloc[0]


def test_owa_is_taken_once_from_averages(folder: Path) -> None:
    found = read(folder, lambda _: None)[:1]
    summary, scores = bench.run(found, ["damped_drift"], silent)
    good = scores[scores["failure"] == ""]
    ratios = [good[s].mean() / good[f"naive2_{s}"].mean() for s in ("smape", "mase")]
    assert summary[0]["owa"] == pytest.approx(np.mean(ratios))
    assert summary[0]["coverage_95"] == pytest.approx(good["held_95"].sum() / good["steps"].sum())


def test_the_command_writes_json_and_parquet(folder: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "made" / "b.json"
    code, told, log = cli("benchmark", folder, "--models", "auto,scum", "--out", out, "--limit", "1")
    assert code == 0
    summary = json.loads(out.read_text())
    assert [(row["file"], row["model"]) for row in summary] == [
        ("mine_yearly", "auto"),
        ("unnamed", "auto"),
        ("mine_yearly", "scum"),
        ("unnamed", "scum"),
    ]
    assert {key for row in summary for key in row} == set(bench.KEYS)
    assert len(pd.read_parquet(out.with_suffix(".parquet"))) == 4
    assert "unnamed.parquet: season 4" in log
    assert "series: 4 of 4" in log
    assert "OWA" in told
    for models, words in (
        ("nothing", "nothing: no such model"),
        (" , ", "the benchmark needs names of models"),
    ):
        code, _, log = cli("benchmark", folder, "--models", models, "--out", out)
        assert (code, words in log) == (2, True), log
    assert cli("benchmark", tmp_path / "absent", "--out", out)[0] == 66


def test_where_no_file_can_be_created_nothing_is_forecast(
    folder: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "run", lambda *_: pytest.fail("forecast in vain"))
    blocked = folder / "mine_yearly.parquet" / "b.json"
    (tmp_path / "beside.parquet").mkdir()
    for out, named in (
        (tmp_path, tmp_path),
        (blocked, blocked),
        (tmp_path / "beside.json", tmp_path / "beside.parquet"),
    ):
        code, told, log = cli("benchmark", folder, "--out", out)
        assert (code, told) == (73, ""), log
        assert f"{named}: cannot be written (" in log
        assert "name another file" in log
    assert not (tmp_path / "beside.json").exists()
    code, _, log = cli("benchmark", folder, "--out", tmp_path / "mine.parquet")
    assert (code, "the scores of every series go there" in log) == (2, True)
