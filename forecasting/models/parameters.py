"""What the parameters of models may be; checked where a model is built by its name.

A ``Member`` is a model inside another one: its name under ``model`` and its parameters beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from forecasting.errors import ConfigError

Damping = Annotated[float, Field(gt=0, le=1)]  # the share of growth left after a year
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


def _buildable(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    from forecasting.models import build

    given = dict(spec)
    name = given.pop("model", None)
    if not isinstance(name, str):
        raise ValueError("give it the key 'model' with the name of one")
    try:
        build(name, given)
    except ConfigError as error:
        raise ValueError("; ".join([error.message, *map(str, error.faults)])) from error
    return spec


class _Described:
    """The JSON Schema of a member: its model by name."""

    def __get_pydantic_json_schema__(self, *_: Any) -> dict[str, Any]:
        from forecasting.models import MODELS

        return {"type": "object", "properties": {"model": {"enum": sorted(MODELS)}}, "required": ["model"]}


Member = Annotated[Mapping[str, Any], AfterValidator(_buildable), _Described()]
Members = Annotated[tuple[Member, ...], Field(min_length=1)]
