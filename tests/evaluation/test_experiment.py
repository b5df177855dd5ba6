"""Experiment files: strict, unfolded, and described by a published schema."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from forecasting.data.store import Store
from forecasting.errors import ConfigError, InputMissing
from forecasting.evaluation.backtest import plan
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.experiment import Experiment, read_experiments
from tests.conftest import ROOT
from tests.evaluation.small import BASE, CUT, Cli, given, written


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
    "a last origin before the first": (
        {"backtest": {"first": "2025-09", "last": "2025-03", "every": 6, "steps": 3}},
        "one.yaml: backtest.last: 2025-03 is before the first origin, 2025-09; give a later one, or leave it out",
    ),
    "a sum beside its parts": (
        {"features": "ev_sales", "series": ["in.ev.2w", "in.ev.2w3w", "in.ev.3w"]},
        "one.yaml: series: in.ev.2w3w stands beside all its parts, in.ev.2w, in.ev.3w, and is forecast as their sum; "
        "leave in.ev.2w3w out, or one of its parts",
    ),
    "a sum beside the parts of a group": (
        {"series": ["in.magnets.value"], "groups": ["magnet_imports"]},
        "in.magnets.value stands beside all its parts, in.magnets.value.85051110,",
    ),
    "a part of a market under a builder without ceilings": (
        {"features": "prices", "series": ["in.ev.3w"]},
        "one.yaml: features: in.ev.3w lies below in.market.3w, and prices gives no ceilings; use features: ev_sales",
    ),
    "a margin at the gate below the first champion's": (
        {"margin": 0.1, "promotion": {"margin": 0.05}},
        "one.yaml: promotion.margin: 0.05 is below margin 0.1: promoting twice would unseat a first champion on the "
        "same data; leave it out, or lower margin as well",
    ),
    **{
        f"a label that is {label!r}": (
            {"models": [{"model": "naive", "label": label}]},
            f"models.0.label: Value error, a label is one printable line, its words one space apart (found {label!r})",
        )
        for label in ("a\nb", " a", "a\u2028b", "a\u202eb")
    },
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str, store: Store, tmp_path: Path) -> None:
    changes, words = WRONG[case]
    with pytest.raises(ConfigError) as caught:
        read_experiments(written(tmp_path, **changes), store.catalogue)
    assert words in str(caught.value)


@pytest.mark.parametrize("turned", [False, True])
def test_a_sum_whose_parts_another_file_of_the_suite_forecasts_is_refused(
    turned: bool, store: Store, tmp_path: Path
) -> None:
    def suite(*files: tuple[str, list[str]]) -> Path:
        for name, series in files:
            content = {**BASE, "name": name, "features": "ev_sales", "series": series}
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content))
        include = [f"{name}.yaml" for name, _ in (files[::-1] if turned else files)]
        path = tmp_path / "all.yaml"
        path.write_text(yaml.safe_dump({"name": "all", "about": "", "include": include}))
        return path

    path = suite(("whole", ["in.ev.2w3w"]), ("parts", ["in.ev.pv", "in.ev.3w", "in.ev.2w"]))
    with pytest.raises(ConfigError) as caught:
        read_experiments(path, store.catalogue)
    [fault] = caught.value.faults
    assert str(fault) == (
        f"{path}: include: whole forecasts in.ev.2w3w, which parts forecasts as the sum of in.ev.2w, in.ev.3w; "
        "leave in.ev.2w3w out of whole, or a part out of parts"
    )
    apart = suite(("whole", ["in.ev.2w3w"]), ("two", ["in.ev.2w"]), ("three", ["in.ev.3w"]))
    assert len(read_experiments(apart, store.catalogue)) == 3, "nobody forecasts it as a sum"


def test_the_gate_asks_for_the_margin_of_the_experiment_unless_it_has_its_own(
    store: Store, tmp_path: Path
) -> None:
    for changes, margin in (({}, 0.1), ({"margin": 0.0}, 0.0), ({"promotion": {"margin": 0.2}}, 0.2)):
        [one] = read_experiments(written(tmp_path, **changes), store.catalogue)
        assert one.promotion.margin == margin
        assert Experiment.model_validate_json(one.model_dump_json()) == one


def test_a_label_may_be_of_any_script(store: Store, tmp_path: Path) -> None:
    label = "\u0915\u094d\u200d\u0937 one"
    [one] = read_experiments(written(tmp_path, models=[{"model": "naive", "label": label}]), store.catalogue)
    assert one.models[0].name == label


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
