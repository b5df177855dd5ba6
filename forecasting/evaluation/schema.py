"""The JSON Schema of experiment files, by which editors complete and check them as they are written."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from forecasting.evaluation.experiment import Experiment, Suite
from forecasting.features import BUILDERS
from forecasting.models import MODELS

NAME = "experiment.schema.json"


def schema() -> dict[str, Any]:
    """Draft 2020-12: an experiment, or a suite that includes some; models with their own parameters.

    >>> made = schema()
    >>> "damping" in made["$defs"]["model.ets"]["properties"]["parameters"]["properties"]
    True
    """
    experiment = Experiment.model_json_schema(ref_template="#/$defs/{model}")
    suite = Suite.model_json_schema()
    defs = experiment.pop("$defs")
    experiment["properties"]["features"]["enum"] = sorted(BUILDERS)
    candidate, driver = defs["Candidate"], defs["Driver"]
    for part in (candidate, driver):
        part["properties"]["model"] = {"enum": sorted(MODELS), "description": "a name in MODELS"}
    driver["dependentRequired"] = {"parameters": ["model"]}
    candidate["allOf"] = driver["allOf"] = [{"$ref": "#/$defs/ByModel"}]
    by_model: list[dict[str, Any]] = []
    for name in sorted(MODELS):
        parameters = _parameters(name)
        lists = {
            key: {"type": "array", "minItems": 1, "items": value, "description": "the values to try"}
            for key, value in parameters.items()
        }
        told = (MODELS[name].__doc__ or "").strip().splitlines()[0]
        defs[f"model.{name}"] = {
            "description": told,
            "properties": {
                "parameters": {"properties": parameters, "additionalProperties": False},
                "grid": {"properties": lists, "additionalProperties": False},
            },
        }
        is_it = {"properties": {"model": {"const": name}}, "required": ["model"]}
        by_model.append({"if": is_it, "then": {"$ref": f"#/$defs/model.{name}"}})
    defs["ByModel"] = {"description": "parameters are those of the model", "allOf": by_model}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Experiment file",
        "description": "An experiment, or a suite that includes experiments; see docs/experiments.md",
        "if": {"required": ["include"]},
        "then": {"$ref": "#/$defs/Suite"},
        "else": {"$ref": "#/$defs/Experiment"},
        "$defs": dict(sorted({**defs, "Experiment": experiment, "Suite": suite}.items())),
    }


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _parameters(name: str) -> dict[str, Any]:
    """The parameters of a model as a schema, with their defaults; what no schema can say is left open."""
    model = MODELS[name]
    hints = get_type_hints(model, include_extras=True)
    usual = model().parameters
    found: dict[str, Any] = {}
    for one in fields(model):
        if not one.init:
            continue
        try:
            found[one.name] = TypeAdapter(hints[one.name]).json_schema()
        except PydanticInvalidForJsonSchema:
            found[one.name] = {}
        if one.name in usual:
            found[one.name]["default"] = json.loads(json.dumps(usual[one.name], default=str))
    return found
