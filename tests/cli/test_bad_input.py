"""Bad input at the command line: message, exit code, and nothing written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Project

Cli = Callable[..., tuple[int, str, str]]

EXPERIMENTS: dict[str, tuple[tuple[str, str], int, str]] = {
    "misspelt model": (("{model: prophet}", "{model: prophett}"), 78, "'prophett'; did you mean 'prophet'?"),
    "unknown series": (("in.ev.2w,", "in.ev.2x,"), 78, "unknown series 'in.ev.2x'; did you mean 'in.ev.2w'?"),
    "unknown key": (("paths:", "pahts:"), 78, "unknown key; did you mean 'paths'?"),
    "unknown builder": (("features: ev_sales", "features: ev_sale"), 78, "did you mean 'ev_sales'?"),
    "wrong kind of horizon": (("horizon: 2030-12", "horizon: FY2030"), 78, "FY2030 is a FY period"),
    "no period": (("horizon: 2030-12", "horizon: soon"), 78, "'soon' is not a period"),
    "invalid YAML": (("series: [", "series: [["), 78, "invalid YAML"),
    "a control character": (("name: ev_sales", 'name: "ev_\\x07sales"'), 78, "a control character ('\\x07') in 'ev_"),
    "an alias": (("name: ev_sales", "name: &a ev_sales\ncovariates: *a"), 78, "anchors and aliases are not allowed"),
    "a key twice": (("name: ev_sales", "name: ev_sales\nname: other"), 78, "key 'name' stands twice"),
    "a day that is none": (("name: ev_sales", "name: 2026-13-45"), 78, "'2026-13-45' cannot be read: month must be"),
    "a number without end": (("name: ev_sales", "name: " + "9" * 5000), 78, "cannot be read: Exceeds the limit"),
    "a key that is none": (("name: ev_sales", "{a: 1}: ev_sales"), 78, "a list or a mapping is no key (line"),
    "unknown parameter": (("{model: ets}", "{model: ets, parameters: {dampign: 1}}"), 78, "'ets' cannot be built"),
}  # fmt: skip


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    source = (Path(__file__).parents[2] / "experiments" / "ev_sales.yaml").read_text()
    path = tmp_path / "ev_sales.yaml"
    path.write_text(source + "paths: 100\n")
    return path


@pytest.mark.parametrize("case", EXPERIMENTS)
def test_a_wrong_experiment_is_explained(case: str, experiment: Path, cli: Cli) -> None:
    (old, new), code, message = EXPERIMENTS[case]
    text = experiment.read_text()
    assert old in text
    experiment.write_text(text.replace(old, new, 1))
    got, out, err = cli("run", experiment)
    assert (got, out) == (code, "")
    assert message in err
    assert str(experiment) in err


def test_all_faults_of_an_experiment_are_named_at_once(experiment: Path, cli: Cli) -> None:
    text = experiment.read_text()
    for (old, new), _, _ in (EXPERIMENTS[c] for c in ("misspelt model", "unknown series", "unknown builder")):
        text = text.replace(old, new, 1)
    experiment.write_text(text)
    code, _, err = cli("run", experiment)
    assert code == 78
    assert all(name in err for name in ("prophett", "in.ev.2x", "ev_sale"))


def test_a_missing_experiment_and_a_missing_folder(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("run", tmp_path / "none.yaml")
    assert (code, "is missing" in err) == (66, True)
    code, _, err = cli("data", "check", "--data", tmp_path / "none")
    assert (code, "point --data at a copy" in err) == (66, True)


def test_an_as_of_before_any_data(cli: Cli, experiment: Path) -> None:
    code, out, err = cli("run", experiment, "--as-of", "1850-01-01")
    assert (code, out) == (65, "")
    assert "nothing was known on 1850-01-01: the first observation became known on" in err


def test_a_gate_is_overridden_once_with_one_reason(cli: Cli) -> None:
    once = ("--override", "growth", "--reason", "a plant opens")
    code, out, err = cli("publish", *once, *once)
    assert (code, out) == (2, "")
    assert "--override growth: named 2 times; name it once, with one --reason" in err


def test_a_day_that_is_none(cli: Cli, experiment: Path) -> None:
    code, _, err = cli("run", experiment, "--as-of", "yesterday")
    assert (code, "write it as 2026-03-31" in err) == (2, True)


def test_an_unknown_command_and_option_are_usage(cli: Cli) -> None:
    assert cli("forecats")[0] == 2
    assert cli("publish", "--colour")[0] == 2


def test_yaml_faults_of_the_catalogue_are_all_named(cli: Cli, data_copy: Path) -> None:
    path = data_copy / "series.yaml"
    text = path.read_text()
    text = text.replace("unit: vehicles", "unit: vehicels", 1).replace("side: driver", "side: drivr", 1)
    path.write_text(text)
    code, _, err = cli("data", "check", "--data", data_copy)
    assert code == 78
    assert "drivr" in err


def test_a_folder_that_cannot_be_written(project: Project, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, not a folder")
    done = project.run("publish", "--out", str(blocked / "editions"))
    assert (done.returncode, done.stdout) == (73, "")
    assert "cannot create an edition here" in done.stderr
    assert blocked.read_text() == "a file, not a folder"


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="needs root to mount read-only"
)
def test_a_read_only_folder(project: Project, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(tmp_path)], capture_output=True
    )
    target = str(tmp_path) if mounted.returncode == 0 else "/proc/editions"
    try:
        done = project.run("publish", "--out", target)
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", str(tmp_path)], check=True)
    assert (done.returncode, done.stdout) == (73, "")
    assert "make it writable" in done.stderr


def test_no_release_yet(project: Project, tmp_path: Path) -> None:
    for name in ("data", "experiments"):
        (tmp_path / name).symlink_to(project.root / name)
    done = Project(tmp_path, "").run("publish", "--out", str(tmp_path / "editions"))
    assert done.returncode == 66
    assert "there is no bundle" in done.stderr
    assert not (tmp_path / "editions").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["publish", "--help"], ["data", "--help"], ["--version"]])
def test_help_answers_without_the_heavy_libraries(arguments: list[str]) -> None:
    code = (
        "import sys; from forecasting.cli.app import run; run(sys.argv[1:]);"
        "heavy = {'pandas', 'numpy', 'mlflow', 'statsmodels', 'prophet', 'sklearn', 'matplotlib', 'scipy', 'pint'};"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
    )
    assert "HEAVY []" in done.stdout, done.stdout + done.stderr
