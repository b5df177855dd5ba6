"""The published JSON Schema refuses what the program refuses, and the shipped experiments fit it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from forecasting.evaluation.schema import NAME, schema, text
from tests.conftest import ROOT
from tests.evaluation.small import BASE, Cli


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
