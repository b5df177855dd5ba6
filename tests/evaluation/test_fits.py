"""What a fit breaks with: a failure in words always, kept only where it says something about the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from forecasting.data.store import Store
from forecasting.errors import Refusal
from forecasting.evaluation.backtest import run
from forecasting.evaluation.cache import Cache
from forecasting.evaluation.engine import HERE
from forecasting.models import MODELS
from tests.evaluation.test_engine import planned


def refused(broken: BaseException) -> BaseException:
    """A refusal a model makes of what a library raised."""
    made = Refusal("ets: could not be fitted")
    made.__cause__ = broken
    return made


@pytest.mark.parametrize(
    ("broken", "lasts"),
    [
        (AttributeError("'Prophet' object has no attribute 'stan_backend'"), False),
        (RuntimeError("cmdstan: No space left on device"), False),
        (refused(RuntimeError("cmdstan: No space left on device")), False),
        (OSError("No space left on device"), False),
        (ImportError("no module"), False),
        (AssertionError(), False),
        (refused(ValueError("not enough data")), True),
        (np.linalg.LinAlgError("singular"), True),
    ],
    ids=str,
)
def test_a_fault_of_the_machine_is_tried_again_and_one_of_the_model_is_kept(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: BaseException, lasts: bool
) -> None:
    def breaks(*_: object) -> None:
        raise broken

    backtest = {"first": "2025-12", "every": 6, "steps": 3}
    found = planned(
        store,
        models=[{"model": "ets", "label": "quick"}],
        series=["in.magnets.value.85051110"],
        backtest=backtest,
    )
    cache, keys = Cache(tmp_path), found.keys[0]
    with monkeypatch.context() as patched:
        patched.setattr(MODELS["ets"], "fit", breaks)
        lost = run(found, cache, HERE)
    refusals = {fit.refusal for fit in (lost | cache.get(keys)).values()}
    said = str(broken).removeprefix("ets: ") or type(broken).__name__
    assert refusals == {f"ets: {said}"}, "the model once: what is kept is found under any label"
    assert set(lost) == (set() if lasts else set(keys))
    assert not run(found, cache, HERE)
    assert bool(cache.get(keys)[keys[0]].refusal) is lasts
