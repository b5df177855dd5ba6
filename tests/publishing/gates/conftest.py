"""The world of simulated editions, drawn from the project's own figures."""

from __future__ import annotations

import pytest

from forecasting.data.store import Store
from tests.publishing.gates.clean import World


@pytest.fixture(scope="session")
def world(store: Store) -> World:
    return World(store)
