"""Noise, mangled files and any JSON: every importer reads them or refuses them, and never crashes."""

from __future__ import annotations

import json
import os
import resource
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecasting.data.importers import IMPORTERS
from forecasting.data.importers.reading import Raw
from forecasting.errors import DataError
from tests.data.test_importers import FILES, SAMPLES

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))


def survives(importer: str, content: bytes) -> None:
    """An importer gives figures or a DataError, soon and in little memory: nothing else."""
    started = time.monotonic()
    try:
        found = IMPORTERS[importer].read(Raw("noise", content)).figures
    except DataError as error:
        found, faults = [], error.faults
    else:
        faults = []
    assert bool(faults) or all(abs(one.value) < float("inf") for one in found)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("importer", sorted(IMPORTERS))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(noise=st.binary(max_size=400))
def test_noise_never_crashes_an_importer(importer: str, noise: bytes) -> None:
    survives(importer, noise)


@pytest.mark.parametrize("importer", sorted(IMPORTERS))
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mangled_file_never_crashes_an_importer(importer: str, data: st.DataObject) -> None:
    content = bytearray((FILES / SAMPLES[importer]).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=6),
                st.sampled_from([b"\n", b",", b'"', b"1e999", b"<td>", b"null", b"[", b"-1", b"\xff"]),
            )
        )
        content[at : at + data.draw(st.integers(0, 8))] = piece
        if not content:
            break
    survives(importer, bytes(content))


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["metals", "name", "today", "unit", "history", "date", "value", "entities", "years", "values", "data",
                 "totalDemand", "Rare Earth Elements", "period", "partnerDesc", "cmdCode", "primaryValue"]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.parametrize("importer", ["comtrade", "energy_institute", "iea_minerals", "komis"])
@settings(max_examples=EXAMPLES * 2, suppress_health_check=list(HealthCheck))
@given(document=JSONS)
def test_any_json_is_read_or_refused(importer: str, document: object) -> None:
    survives(importer, json.dumps(document).encode())


def test_memory_stays_below_one_gigabyte() -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak < 1024**3, f"{peak:,} bytes"
