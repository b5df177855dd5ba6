"""Thresholds in publication.yaml: typed, bounded, named; a misspelt one is a fault with the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from forecasting.catalogue import Catalogue
from forecasting.catalogue.gating import Gates
from forecasting.errors import ConfigError
from forecasting.publishing.gates import FIXED, GATES, RETIRED

ROOT = Path(__file__).resolve().parents[3]


def test_every_gate_that_has_anything_to_set_has_a_record() -> None:
    assert set(Gates.model_fields) | FIXED | {RETIRED} == set(GATES)


def test_the_file_names_every_threshold_with_its_default() -> None:
    held = yaml.safe_load((ROOT / "data" / "publication.yaml").read_text())["gates"]
    named = {gate: set(record) for gate, record in held.items()}
    assert named == {gate: set(field.annotation.model_fields) for gate, field in Gates.model_fields.items()}  # type: ignore[union-attr]
    assert Gates.model_validate(held) == Gates()


def test_the_page_tells_every_gate_and_threshold() -> None:
    page = (ROOT / "docs" / "gates.md").read_text()
    for gate, field in Gates.model_fields.items():
        for threshold in field.annotation.model_fields:  # type: ignore[union-attr]
            if threshold != "severity":
                assert f"`{gate}.{threshold}`" in page, f"{gate}.{threshold}"
    for gate in GATES:
        assert f"`{gate}`" in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"growht": {}}, "gates.growht: unknown key; did you mean 'growth'?"),
        ({"growth": {"capp": 2}}, "gates.growth.capp: unknown key; did you mean 'cap'?"),
        ({"finite": {}}, "gates.finite: unknown key"),
        ({"growth": {"cap": 1}}, "gates.growth.cap: Input should be greater than 1"),
        ({"growth": {"cap": "three"}}, "gates.growth.cap: Input should be a valid number"),
        ({"jump": {"severity": "stop"}}, "gates.jump.severity: Input should be 'block', 'hold' or 'warn'"),
        ({"slip": {"factors": [2]}}, "factor 2 is within ordinary growth"),
        ({"width": {"shrink": 0.2}}, "collapse 0.3 is above shrink 0.2"),
        ({"revision": {"warn_above": 0.9}}, "warn_above 0.9 is above hold_above 0.5"),
        ({"coverage": {"confidence": 1}}, "gates.coverage.confidence: Input should be less than 1"),
    ],
)
def test_faults_say_where_and_what(change: dict[str, object], message: str, data_copy: Path) -> None:
    path = data_copy / "publication.yaml"
    content = yaml.safe_load(path.read_text())
    content["gates"] = change
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as raised:
        Catalogue.read(data_copy)
    assert message in str(raised.value)


def test_expected_dates_name_families_of_sources(data_copy: Path) -> None:
    path = data_copy / "publication.yaml"
    content = yaml.safe_load(path.read_text())
    content["expected"] = {"usggs": {"every": "CY", "lag_days": 37}}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError) as raised:
        Catalogue.read(data_copy)
    assert "publication.yaml: expected: unknown source family 'usggs'; did you mean 'usgs'?" in str(
        raised.value
    )
