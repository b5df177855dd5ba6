"""Editions in an object store: moto's S3 as a process, and folders."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
import pytest

from forecasting.catalogue.sinks import ObjectStoreRecord
from forecasting.errors import ConfigError, DataError, ServiceAway
from forecasting.publishing import ledger
from forecasting.publishing.edition import MANIFEST, digest_of
from forecasting.publishing.sinks.deliver import deliver_all
from forecasting.publishing.sinks.object_store import ObjectStore
from tests import servers
from tests.publishing.sinks.conftest import FIRST, SECOND, published

BUCKETS = itertools.count()
SECRET = "canary-of-a-secret"
pytestmark = pytest.mark.servers


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SINK_KEY", "canary-of-a-key")
    monkeypatch.setenv("SINK_SECRET", SECRET)


def bucket(endpoint: str, name: str = "") -> str:
    """The name of a new bucket."""
    name = name or f"bucket-{next(BUCKETS)}"
    store(endpoint).mkdir(name)
    return name


@cache
def store(endpoint: str) -> Any:
    options = {"key": "k", "secret": "s", "use_listings_cache": False, "skip_instance_cache": True}
    return fsspec.filesystem("s3", endpoint_url=endpoint, **options)


def sink(endpoint: str, bucket: str) -> ObjectStore:
    return ObjectStore(
        ObjectStoreRecord(
            kind="object_store", name="archive", address=f"s3://{bucket}/forecasts", endpoint=endpoint,
            region="us-east-1", key_env="SINK_KEY", secret_env="SINK_SECRET",
        )
    )  # fmt: skip


def held(endpoint: str, bucket: str) -> dict[str, bytes]:
    """Every object of a bucket, by name below ``forecasts/``."""
    prefix, there = f"{bucket}/forecasts/", store(endpoint)
    return {name.removeprefix(prefix): there.cat_file(name) for name in there.find(bucket)}


def whole(found: dict[str, bytes]) -> list[str]:
    """What a reader finds: the editions with a manifest, each complete, and ``latest.json`` pointing to one of them."""
    ids = sorted(name.removesuffix(f"/{MANIFEST}") for name in found if name.endswith(f"/{MANIFEST}"))
    for id in ids:
        for entry in json.loads(found[f"{id}/{MANIFEST}"])["files"]:
            assert digest_of(found[f"{id}/{entry['path']}"]) == entry["sha256"]
    if "latest.json" in found:
        latest = json.loads(found["latest.json"])
        assert digest_of(found[latest["manifest"]]) == latest["manifest_sha256"]
    return ids


def test_every_file_arrives_and_the_pointers(
    endpoint: str, root: Path, tree: Callable[[Path], dict[str, bytes]]
) -> None:
    name = bucket(endpoint)
    one = sink(endpoint, name)
    assert one.deliver(root / FIRST, root).changed
    assert json.loads(held(endpoint, name)["latest.json"])["edition"] == FIRST
    assert one.deliver(root / SECOND, root).changed
    found = held(endpoint, name)
    for id in (FIRST, SECOND):
        assert {n.removeprefix(f"{id}/"): c for n, c in found.items() if n.startswith(id)} == tree(root / id)
    latest, listed = json.loads(found["latest.json"]), json.loads(found["editions.json"])["editions"]
    assert (latest["edition"], latest["fate"]) == (SECOND, "current")
    assert [(e["edition"], e["public"][0][0]) for e in listed] == [
        (FIRST, "2026-10-20T09:00:00+00:00"), (SECOND, "2026-11-20T09:00:00+00:00"),
    ]  # fmt: skip
    assert not one.deliver(root / SECOND, root).changed
    assert held(endpoint, name) == found


def test_a_retraction_moves_the_pointer_and_deletes_nothing(endpoint: str, root: Path) -> None:
    name = bucket(endpoint)
    one = sink(endpoint, name)
    deliver_all([one], root / SECOND, root)
    ledger.retract(root, SECOND, "a unit slipped")
    outcomes = deliver_all([one], root / FIRST, root)
    assert {(o.edition, o.outcome) for o in outcomes} == {(FIRST, "delivered")}
    found = held(endpoint, name)
    assert json.loads(found["latest.json"])["edition"] == FIRST
    fates = {e["edition"]: (e["fate"], e["reason"]) for e in json.loads(found["editions.json"])["editions"]}
    assert fates[SECOND] == ("retracted", "a unit slipped")
    assert whole(found) == [FIRST, SECOND]


def test_where_all_were_retracted_there_is_no_latest(root: Path, tmp_path: Path) -> None:
    one = ObjectStore(
        ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    )
    for id in (FIRST, SECOND):
        ledger.retract(root, id, "a unit slipped")
    deliver_all([one], root / SECOND, root)
    assert json.loads((tmp_path / "mirror" / "latest.json").read_text()) == {"edition": None}


def test_another_editions_folder_is_refused(endpoint: str, root: Path, tmp_path: Path) -> None:
    one, other = sink(endpoint, name := bucket(endpoint)), tmp_path / "other"
    deliver_all([one], root / SECOND, root)
    before = held(endpoint, name)
    published(other, "2026-12-20-cccccccc")
    with pytest.raises(DataError, match=f"holds {FIRST}, {SECOND}, and .*audit.jsonl has no line of it"):
        one.deliver(other / "2026-12-20-cccccccc", other)
    assert held(endpoint, name) == before


def test_a_store_that_hangs_keeps_no_other_waiting(endpoint: str, root: Path, tmp_path: Path) -> None:
    mirror = ObjectStoreRecord(kind="object_store", name="mirror", address=f"file://{tmp_path}/mirror")
    with servers.faulty(endpoint, lambda *_: "hang") as between:
        found = deliver_all([sink(between, "any"), ObjectStore(mirror)], root / SECOND, root, deadline=2)
    assert [(one.sink, one.edition, one.outcome) for one in found] == [
        ("archive", SECOND, "failed"), ("mirror", SECOND, "delivered"), ("mirror", FIRST, "delivered"),
    ]  # fmt: skip
    assert found[0].detail == "no answer within 2 s; it is tried again at the next run"


def counted(*wanted: int | str | None, method: str = "PUT") -> servers.Fault:
    """A fault for each request of a method in turn, none afterwards."""
    faults = iter(wanted)
    return lambda given, _: next(faults, None) if given == method else None


@pytest.mark.parametrize("broken", [2, 4, 6])
def test_a_server_that_fails_half_way_and_comes_back(
    endpoint: str, root: Path, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forecasting.publishing.sinks.deliver.WAIT", 0.01)
    name = bucket(endpoint)
    down: list[int] = []

    def fault(method: str, _: str) -> int | str | None:
        down.append(method == "PUT")
        return "drop" if sum(down) >= broken else None

    with servers.faulty(endpoint, fault) as between:
        (outcome,) = deliver_all([sink(between, name)], root / FIRST, root)[:1]
    assert (outcome.outcome, outcome.tries) == ("failed", 3)
    assert "does not answer" in outcome.detail
    ids = whole(held(endpoint, name))
    assert ids == ([SECOND] if broken > 4 else [])
    outcomes = deliver_all([sink(endpoint, name)], root / SECOND, root)
    assert [(o.edition, o.outcome) for o in outcomes] == [(SECOND, "delivered"), (FIRST, "delivered")]
    assert whole(held(endpoint, name)) == [FIRST, SECOND]


def test_passing_faults_are_waited_out(endpoint: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.publishing.sinks.deliver.WAIT", 0.01)
    name = bucket(endpoint)
    with servers.faulty(endpoint, counted(503, 429)) as between:
        outcomes = deliver_all([sink(between, name)], root / FIRST, root)
    assert [(o.edition, o.outcome, o.tries) for o in outcomes] == [
        (SECOND, "delivered", 3),
        (FIRST, "delivered", 1),
    ]


@pytest.mark.parametrize("status", [400, 403])
def test_a_refusal_is_not_repeated(endpoint: str, root: Path, status: int) -> None:
    asked: list[str] = []

    def fault(method: str, path: str) -> int:
        asked.append(f"{method} {path}")
        return status

    with servers.faulty(endpoint, lambda m, p: fault(m, p) if m == "PUT" else None) as between:
        outcomes = deliver_all([sink(between, bucket(endpoint))], root / FIRST, root)
    assert [(o.outcome, o.tries) for o in outcomes] == [("failed", 1)] * 2
    assert len(asked) == 2
    assert f"refuses with {status} (" in outcomes[0].detail
    assert "check bucket, credentials and their rights" in outcomes[0].detail


def test_what_comes_back_different_is_noticed(endpoint: str, root: Path) -> None:
    name = bucket(endpoint)
    with (
        servers.faulty(
            endpoint, lambda m, p: "spoil" if m == "PUT" and "forecasts.csv" in p else None
        ) as between,
        pytest.raises(ServiceAway, match=r"forecasts\.csv: wrote .* but read back"),
    ):
        sink(between, name).deliver(root / FIRST, root)
    assert whole(held(endpoint, name)) == []
    sink(endpoint, name).deliver(root / FIRST, root)
    assert whole(held(endpoint, name)) == [FIRST]


def test_a_killed_server_that_forgot_everything(root: Path) -> None:
    with servers.s3() as first:
        name = bucket(first)
        assert [o.outcome for o in deliver_all([sink(first, name)], root / SECOND, root)] == ["delivered"] * 2
        port = int(first.rpartition(":")[2])
    with pytest.raises(ServiceAway, match="does not answer"):
        sink(first, name).deliver(root / SECOND, root)
    with servers.s3(port) as again:
        bucket(again, name)
        (outcome,) = deliver_all([sink(again, name)], root / SECOND, root, again=True)
        assert outcome.outcome == "delivered"
        assert whole(held(again, name)) == [SECOND]


def test_a_bucket_that_is_not_there(endpoint: str, root: Path) -> None:
    with pytest.raises(ConfigError, match=r"refuses with 404 .*bucket.*check bucket"):
        sink(endpoint, "bucket-of-nobody").deliver(root / FIRST, root)


def test_no_message_tells_a_secret(endpoint: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.publishing.sinks.deliver.WAIT", 0.01)

    def loud(_: ObjectStore, folder: Path, root: Path) -> None:
        raise ServiceAway(
            f"cannot sign with canary-of-a-key and {SECRET} at s3://{SECRET}:x@bucket/{folder}{root}"
        )

    monkeypatch.setattr(ObjectStore, "deliver", loud)
    outcomes = deliver_all([sink(endpoint, "any")], root / FIRST, root)
    kept = (root / "deliveries.jsonl").read_text()
    assert outcomes[0].outcome == "failed"
    assert "canary" not in kept + str(outcomes)
    assert "cannot sign with *** and ***" in kept


def test_a_variable_that_is_not_set(endpoint: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SINK_SECRET")
    with pytest.raises(
        ConfigError, match="sink archive: the environment variable SINK_SECRET is not set; set it where"
    ):
        sink(endpoint, "any").deliver(root / FIRST, root)
