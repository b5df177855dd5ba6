"""Commands where the tracking address cannot be used, and what they say of tracking that will not have them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from forecasting.cli import publish
from forecasting.cli.telling import tell
from forecasting.errors import CannotWrite, ConfigError, DataError, Fault, ForecastingError, ServiceAway
from forecasting.tracking import Delivery
from tests.cli.test_run import Run, experiment

WRONG = "postgresql://ann:sEcret@127.0.0.1:99999/x"

pytestmark = pytest.mark.usefixtures("bare", "sound")


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECAST_TRACKING_URI")
    experiment("sound", {"model": "naive"}, {"model": "drift"})


@pytest.mark.parametrize("command", ["run", "promote"])
def test_a_wrong_address_is_told_before_anything_is_fitted(
    cli: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORECAST_TRACKING_URI", WRONG)
    code, out, err = cli(command, "sound")
    assert (code, out) == (78, "")
    assert "the tracking address cannot be used" in err
    assert "postgresql://ann:…@127.0.0.1:99999/x: its host or port cannot be read; write" in err
    assert not Path(".cache").exists()
    assert not Path("mlruns").exists()


def test_publishing_asks_nothing_of_tracking_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORECAST_TRACKING_URI", WRONG)
    assert math.isnan(publish._waiting())
    assert "note: the tracking address cannot be used: forecast track status" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ServiceAway, "away"),
        (ConfigError, "not set up"),
        (DataError, "damaged"),
        (CannotWrite, "not writable"),
    ],
)
def test_what_keeps_tracking_back_is_told_apart(
    kind: type[ForecastingError], state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(Delivery(0, 2, kind("no", [Fault("https://host", "403", "ask for access")])))
    said = capsys.readouterr().err
    assert f"tracking is {state} (https://host: 403; ask for access): 2 experiment(s)" in said
