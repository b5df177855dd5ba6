"""Experiment files: strict, unfolded, and described by a published schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import yaml

from forecasting.data.store import Store
from forecasting.errors import ConfigError, InputMissing
from forecasting.evaluation import covariates
from forecasting.evaluation.backtest import plan, view
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.covariates import Foresight
from forecasting.evaluation.engine import HERE
from forecasting.evaluation.experiment import Experiment, read_experiments
from forecasting.evaluation.outcome import carry_out
from forecasting.evaluation.schema import NAME, schema, text
from forecasting.frames import Panel
from forecasting.models import MODELS
from forecasting.periods import Period
from tests.conftest import ROOT

CUT = date(2026, 6, 30)
Cli = Callable[..., tuple[int, str, str]]
BASE: dict[str, Any] = {
    "name": "t", "about": "", "features": "magnet_imports", "horizon": "2027-12", "paths": 100, "seed": 1,
    "series": ["in.magnets.value.85051110"], "backtest": {"first": "2025-06", "every": 6, "steps": 3},
    "models": [{"model": "naive"}],
}  # fmt: skip


def given(**changes: Any) -> Experiment:
    return Experiment.model_validate({**BASE, **changes})


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "one.yaml"
    path.write_text(yaml.safe_dump({**BASE, **changes}, sort_keys=False))
    return path


def test_a_grid_unfolds_into_labelled_models() -> None:
    grid = {"damping": [0.8, 0.9], "window": [1, None]}
    one = given(models=[{"model": "naive"}, {"model": "damped_drift", "label": "dd", "grid": grid}])
    names = ["naive", *(f"dd(damping={d}, window={w})" for d in (0.8, 0.9) for w in (1, None))]
    assert [model.name for model in one.models] == names
    assert one.models[2].parameters == {"damping": 0.8, "window": None}
    assert Experiment.model_validate_json(one.model_dump_json()) == one


def test_a_transform_is_the_scale_of_every_model_that_names_none() -> None:
    models = [
        {"model": "naive"},
        {"model": "drift", "transform": "sqrt"},
        {"model": "auto", "transform": "auto"},
    ]
    one = given(transform="log", models=models)
    assert [model.parameters for model in one.models] == [{"link": "log"}, {"link": "sqrt"}, {}]
    assert Experiment.model_validate_json(one.model_dump_json()) == one


def test_a_link_among_the_parameters_goes_before_the_transform_and_is_read_again() -> None:
    models = [
        {"model": "naive", "grid": {"link": ["none", "log"]}},
        {"model": "drift", "parameters": {"link": "sqrt"}},
        {"model": "ets", "transform": "none", "grid": {"damping": [0.8, 0.9]}},
    ]
    one = given(transform="log", models=models)
    assert [model.parameters["link"] for model in one.models] == ["none", "log", "sqrt", "none", "none"]
    assert Experiment.model_validate_json(one.model_dump_json()) == one


WRONG = {
    "a model that chooses its own scale": (
        {"transform": "log", "models": [{"model": "auto"}]},
        "auto: this model chooses its own scale; give it transform: auto",
    ),
    "two scales": (
        {"models": [{"model": "ets", "transform": "log", "parameters": {"link": "none"}}]},
        "link 'none' and transform 'log' differ",
    ),
    "a scale and a grid of scales": (
        {"models": [{"model": "ets", "transform": "log", "grid": {"link": ["log", "none"]}}]},
        "ets: link 'log', 'none' and transform 'log' differ; keep one",
    ),
    "a parameter twice": (
        {"models": [{"model": "ets", "parameters": {"damping": 0.9}, "grid": {"damping": [0.8]}}]},
        "damping stands in parameters and in grid",
    ),
    "too large a grid": (
        {"models": [{"model": "ets", "grid": {"damping": [i / 300 for i in range(1, 300)]}}]},
        "unfolds into 299 models; at most 200",
    ),
    "a misspelt grid": (
        {"models": [{"model": "ets", "grid": {"dampign": [0.8]}}]},
        "models.ets(dampign=0.8): model 'ets' cannot be built (dampign: 'ets' has no such parameter; "
        "did you mean 'damping'?",
    ),
    "a parameter without a model": (
        {"covariates": [{"series": "in.ev.3w", "parameters": {"damping": 0.9}}]},
        "parameters without a model; name the model they belong to",
    ),
    "a driver twice": (
        {"covariates": [{"series": "in.ev.3w"}, "events", {"series": "in.ev.3w", "lag": 2}]},
        "covariates: 'in.ev.3w' stands twice; name it once",
    ),
    "an unknown scale": (
        {"models": [{"model": "ets", "parameters": {"link": "logit"}}]},
        "link: 'logit' does not fit; Input should be 'auto', 'log', 'sqrt' or 'none'",
    ),
    "an unknown member": (
        {"models": [{"model": "median", "parameters": {"members": [{"model": "ets"}, {"model": "etz"}]}}]},
        "members.1: {'model': 'etz'} does not fit; unknown model 'etz'; did you mean 'ets'?",
    ),
    "a member without a model": (
        {"models": [{"model": "median", "parameters": {"members": [{"damping": 0.9}]}}]},
        "members.0: {'damping': 0.9} does not fit; give it the key 'model'",
    ),
    "no members": (
        {"models": [{"model": "stacked", "parameters": {"members": []}}]},
        "members: [] does not fit; Tuple should have at least 1 item",
    ),
    "a driver's own model": (
        {"models": [{"model": "driver", "parameters": {"driver_model": {"model": "drift", "widow": 1}}}]},
        "'drift' has no such parameter; did you mean 'window'?",
    ),
    "growth without an end": (
        {"models": [{"model": "damped_drift", "parameters": {"damping": 5}}]},
        "damping: 5 does not fit; Input should be less than or equal to 1",
    ),
    "no history": (
        {"models": [{"model": "ets", "parameters": {"history": 0}}]},
        "history: 0 does not fit; Input should be greater than 0",
    ),
    "a ceiling upside down": (
        {"models": [{"model": "scurve", "parameters": {"multiple_low": 5}}]},
        "a ceiling of 5.0, 4.0, 12.0: write low ≤ central ≤ high above 0",
    ),
    "a number in quotes": ({"seed": "5"}, "seed: Input should be a valid integer (found '5'); see docs/exp"),
    "a truth as a number": (
        {"backtest": {"first": "2025-06", "every": True, "steps": 3}},
        "backtest.every: Input should be a valid integer (found True); see docs/experiments.md",
    ),
    "a group of another kind": (
        {"series": [], "groups": ["production"]},
        "groups: no series of group 'production' is kept by month, as the horizon is; give a horizon by CY or FY",
    ),
    "nothing": ({"series": []}, "name at least one series or one group"),
    "an unknown group": ({"groups": ["magnet_import"]}, "did you mean 'magnet_imports'?"),
    "an unknown driver": (
        {"covariates": [{"series": "in.ev.3x", "model": "drift"}]},
        "unknown series 'in.ev.3x'",
    ),
    "a driver of another kind": ({"covariates": [{"series": "in.reo"}]}, "in.reo is kept by CY"),
    "a driver that is its own": (
        {"covariates": [{"series": "in.magnets.value.85051110"}]},
        "would explain itself",
    ),
    "a misspelt driver model": (
        {"covariates": [{"series": "in.ev.3w", "model": "drfit"}]},
        "unknown model 'drfit'; did you mean 'drift'?",
    ),
    "a last origin of another kind": (
        {"backtest": {"first": "2025-06", "last": "FY2026", "every": 6, "steps": 3}},
        "FY2026 is of another kind than the horizon",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str, store: Store, tmp_path: Path) -> None:
    changes, words = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        read_experiments(written(tmp_path, **changes), store.catalogue)
    assert words in str(caught.value)


def test_a_misspelt_key_of_a_grid_is_said_once(store: Store, tmp_path: Path) -> None:
    grid = {"dampign": [0.8, 0.9], "smoothness": [1, 0]}
    with pytest.raises(ConfigError) as caught:
        read_experiments(written(tmp_path, models=[{"model": "ets", "grid": grid}]), store.catalogue)
    assert len(caught.value.faults) == 2
    assert str(caught.value).count("dampign: 'ets' has no such parameter") == 2
    assert str(caught.value).count("smoothness: 0 does not fit") == 1


def test_a_misspelt_path_gets_the_nearest_file(store: Store, tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(InputMissing, match=r"oen.yaml is missing; .*; did you mean 'one.yaml'\?"):
        read_experiments(tmp_path / "oen.yaml", store.catalogue)
    with pytest.raises(InputMissing, match=r"it must be a YAML file$"):
        read_experiments(tmp_path / "nowhere" / "one.yaml", store.catalogue)


def test_every_fault_of_every_file_is_said_at_once(store: Store, tmp_path: Path) -> None:
    models = [
        {"model": "etz"},
        {"model": "ets", "parameters": {"dampign": 1}},
        {"model": "drift", "lable": "d"},
    ]
    driver = {"series": "in.ev.3x", "model": "drfit", "lag": -1}
    written(tmp_path, pahts=10, features="price", series=["in.ev.2x"], groups=["magnet_import"], models=models,
            covariates=[driver])  # fmt: skip
    two = [{"model": "auto"}, {"model": "median"}]
    (tmp_path / "two.yaml").write_text(yaml.safe_dump({**BASE, "transform": "log", "models": two}))
    (tmp_path / "sound.yaml").write_text(yaml.safe_dump(BASE))
    (tmp_path / "torn.yaml").write_text("name: [")
    include = ["one.yaml", "two.yaml", "sound.yaml", "sound.yaml", "tow.yaml", "torn.yaml", "all.yaml"]
    suite = tmp_path / "all.yaml"
    suite.write_text(yaml.safe_dump({"name": "all", "about": "", "include": include}))
    with pytest.raises(ConfigError) as caught:
        read_experiments(suite, store.catalogue)
    told = str(caught.value)
    for words in (
        "one.yaml: pahts: unknown key; did you mean 'paths'?",
        "one.yaml: models.2.lable: unknown key; did you mean 'label'?",
        "one.yaml: covariates.0",
        "one.yaml: features: unknown builder 'price'; did you mean 'prices'?",
        "one.yaml: series: unknown series 'in.ev.2x'",
        "one.yaml: groups: unknown group 'magnet_import'; did you mean 'magnet_imports'?",
        "one.yaml: models.etz: unknown model 'etz'",
        "'ets' has no such parameter; did you mean 'damping'?",
        "one.yaml: covariates.in.ev.3x: unknown series 'in.ev.3x'",
        "one.yaml: covariates.in.ev.3x: unknown model 'drfit'; did you mean 'drift'?",
        "auto: this model chooses its own scale",
        "median: this model chooses its own scale",
        "all.yaml: include: experiment 't' stands twice; include it once",
        "all.yaml: include: tow.yaml is missing; did you mean 'two.yaml'?",
        "torn.yaml: invalid YAML",
        "all.yaml: include: all.yaml includes itself through this suite; leave it out",
    ):
        assert words in told, words


def test_a_group_adds_its_series_of_the_kind(store: Store, tmp_path: Path) -> None:
    (one,) = read_experiments(written(tmp_path, series=[], groups=["magnet_imports"]), store.catalogue)
    assert "in.magnets.value.85051110" in one.series
    assert all(store.catalogue.series[id].kind is one.end.kind for id in one.series)
    assert not any(store.catalogue.series[id].sum_of for id in one.series)


def test_the_last_origin_is_kept(store: Store) -> None:
    found = plan(store, given(backtest={"first": "2024-12", "last": "2025-06", "every": 3, "steps": 3}), CUT)
    assert {str(work.origin.cutoff) for work in found.works} == {"2024-12", "2025-03", "2025-06"}


def test_a_driver_is_forecast_from_what_was_known_at_the_origin(store: Store) -> None:
    driver = {"series": "in.ev.2w", "model": "damped_drift", "lag": 2}
    one = given(covariates=["calendar", driver])
    now, known = Period.parse("2027-12"), date(2025, 8, 15)
    _, regressors = view(store, one, known, Period.parse("2025-06"), now)
    assert regressors is not None
    column = regressors.values["driver.in.ev.2w"]
    assert column.index[-1] == now.ordinal
    assert np.isfinite(column.loc[Period.parse("2025-01").ordinal :]).all()
    later = store.observations.frame["available_at"].dt.date > known
    frame = store.observations.frame.copy()
    frame.loc[later, "value"] *= 3
    from forecasting.frames import Observations

    _, again = view(Store(store.catalogue, Observations(frame)), one, known, Period.parse("2025-06"), now)
    assert again is not None
    assert again.digest() == regressors.digest()
    (rows,) = (store.observations.of("in.ev.2w").as_of(known).frame,)
    newest = rows[rows["status"].isin(["actual", "provisional", "derived"])]["period"].max()
    ahead = column.loc[Period.parse(newest).ordinal + 3 :]
    assert 0 < float(ahead.diff().abs().max()) < 0.2


def test_models_compete_with_drivers(store: Store, tmp_path: Path) -> None:
    models = [{"model": "naive"}, {"model": "driver"}, {"model": "structural"}]
    for covariate in ({"series": "in.ev.2w"}, {"series": "in.ev.2w", "model": "damped_drift"}):
        outcome = carry_out(store, given(models=models, covariates=[covariate]), CUT, Cache(tmp_path), HERE)
        judged = outcome.scores.frame.groupby("model")["failure"].agg(lambda words: (words == "").all())
        assert judged["driver"]
        assert judged["naive"]


def test_the_published_schema_is_the_models(cli: Cli) -> None:
    assert (ROOT / "docs" / NAME).read_text() == text(), "run: forecast schema"
    assert cli("schema", "--check")[0] == 0


@pytest.mark.parametrize("path", sorted((ROOT / "experiments").glob("*.yaml")), ids=lambda path: path.stem)
def test_experiments_name_the_schema_and_fit_it(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../docs/{NAME}"
    jsonschema.Draft202012Validator(schema()).validate(
        json.loads(json.dumps(yaml.safe_load(path.read_text())))
    )


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"models": [{"model": "etz"}]}, "etz"),
        ({"models": [{"model": "ets", "parameters": {"dampign": 1}}]}, "dampign"),
        ({"models": [{"model": "ets", "grid": {"damping": ["much"]}}]}, "much"),
        ({"features": "magnets"}, "magnets"),
        ({"pahts": 10}, "pahts"),
        ({"covariates": [{"series": "in.ev.2w", "lag": -1}]}, "lag"),
        ({"covariates": [{"series": "in.ev.2w", "model": "ets", "parameters": {"dampign": 1}}]}, "dampign"),
        ({"covariates": [{"series": "in.ev.2w", "parameters": {"damping": 1}}]}, "damping"),
        ({"models": [{"model": "ets", "parameters": {"damping": 5}}]}, "damping"),
        ({"models": [{"model": "ets", "parameters": {"link": "logit"}}]}, "logit"),
        ({"models": [{"model": "median", "parameters": {"members": [{"model": "etz"}]}}]}, "etz"),
        ({"models": [{"model": "median", "parameters": {"members": []}}]}, "members"),
        ({"seed": "5"}, "seed"),
    ],
)
def test_the_schema_refuses_what_the_program_refuses(changes: dict[str, Any], where: str) -> None:
    errors = list(jsonschema.Draft202012Validator(schema()).iter_errors({**BASE, **changes}))
    assert errors
    assert where in "".join(str(error) for error in errors)
    assert not list(jsonschema.Draft202012Validator(schema()).iter_errors(BASE))


def test_a_dry_run_fits_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data", "experiments"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    code, out, _ = cli("run", "experiments/prices.yaml", "--dry-run", "--as-of", "2026-06-30")
    assert code == 0
    assert "prices: 1 series to 2030-12, as of 2026-06-" in out
    assert "never timed here and not counted: auto, damped_drift, drift, ets, naive" in out
    assert Cache(tmp_path / ".cache" / "backtest").times() == []
    assert not (tmp_path / "mlruns").exists()


def test_drivers_are_forecast_once_and_never_by_a_dry_run(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = given(covariates=[{"series": "in.ev.2w", "model": "damped_drift"}], paths=60)
    fits: list[Panel] = []
    fit = MODELS["damped_drift"].fit
    monkeypatch.setattr(MODELS["damped_drift"], "fit", lambda *of: (fits.append(of[1]), fit(*of))[1])
    covariates._made.cache_clear()
    looks = Foresight(Cache(tmp_path), makes=False)
    asked = plan(store, one, CUT, looks)
    assert not fits
    made = plan(store, one, CUT, Foresight(Cache(tmp_path)))
    assert len(fits) == len(looks.lacking) == len(made.works) + 1
    assert not {key for keys in asked.keys for key in keys} & {key for keys in made.keys for key in keys}
    assert plan(store, one, CUT).keys == made.keys
    covariates._made.cache_clear()
    looks = Foresight(Cache(tmp_path), makes=False)
    again = plan(store, one, CUT, looks)
    assert len(fits) == len(made.works) + 1
    assert not looks.lacking
    assert again.keys == made.keys


def test_a_driver_whose_model_breaks_is_given_by_its_past_only(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(MODELS["ets"], "fit", breaks)
    covariates._made.cache_clear()
    one = given(
        covariates=[{"series": "in.ev.2w", "model": "ets"}], models=[{"model": "naive"}, {"model": "sarimax"}]
    )
    outcome = carry_out(store, one, CUT, Cache(tmp_path))
    covariates._made.cache_clear()
    assert {winner.model for winner in outcome.winners.values()} == {"naive"}
    frame = outcome.scores.frame
    assert (frame[frame["model"] == "sarimax"]["failure"] != "").all()
