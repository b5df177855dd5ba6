"""One registered model a series: its versions are recipes, its alias ``champion`` the one in force.

A version holds a recipe, the golden forecast and the training data as Parquet, plus a few lines of code that
call this package; nothing is pickled. The SHA-256 of every file stands in the version's tags, for :func:`champions`
to check: MLflow itself checks nothing when it loads a model.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from forecasting.errors import DataError, Fault, InputMissing
from forecasting.frames import Panel
from forecasting.tracking.champion import (
    GOLDEN_COLUMNS,
    Champion,
    Trained,
    canonical_golden,
    checked_name,
    identity,
    write_panel,
)
from forecasting.tracking.manifests import canonical, manifest, verify
from forecasting.tracking.reading import local_folder
from forecasting.tracking.requirements import requirements
from forecasting.tracking.store import Store, prepare

if TYPE_CHECKING:
    from mlflow import MlflowClient

ALIAS = "champion"
CODE = Path(__file__).with_name("forecast_model.py")
NOTES = ("registered_model_meta",)  # name and version, written by MLflow when it loads a model
DIGEST, FILES = "forecasting.digest", "forecasting.files"
SINCE, LINE, CARD = "forecasting.promoted_at", "forecasting.ledger", "forecasting.card"


def register(
    store: Store, trained: Trained, run_id: str, reason: str, *, at: datetime, ledger: str = ""
) -> tuple[int, bool]:
    """Give a champion a version and the alias; gives the version and whether it is in force.

    Registering what is already champion changes nothing; a recipe that was champion before gets its old version back.
    A champion promoted after ``at`` keeps the alias: what waited in a spool never undoes what was decided since.
    ``ledger`` is the number of the promotion's line. Keep the promotion in the ledger first.
    """
    champion = trained.champion
    series = checked_name(champion.series)
    if at.tzinfo is None:
        raise DataError(f"{series}: the time of a promotion needs a time zone")
    client = store.client()
    with store.lock("registry"), store.speaking():
        present = _champion(client, series)
        if present is not None and present.tags.get(DIGEST) == champion.digest:
            return int(present.version), True
        new = _known(client, series, champion.digest, present is not None)
        if new is None:
            with tempfile.TemporaryDirectory(prefix="champion-") as name:
                folder = Path(name)
                _write_model(folder, champion.recipe_json, champion.golden, trained.panel, trained.covariates)
                new = _create(store, client, folder, run_id, champion, reason)
        if present is not None and _later(present.tags.get(SINCE, ""), at):
            return new, False
        for tag, value in ((SINCE, at.isoformat()), (LINE, ledger)):
            client.set_model_version_tag(series, str(new), tag, value)
        client.set_registered_model_alias(series, ALIAS, str(new))
    return new, True


def withdraw(store: Store, series: str, *, at: datetime) -> None:
    """Take the alias from a series that has no champion any more, unless one was promoted after ``at``."""
    client = store.client()
    with store.lock("registry"), store.speaking():
        present = _champion(client, checked_name(series))
        if present is not None and not _later(present.tags.get(SINCE, ""), at):
            client.delete_registered_model_alias(series, ALIAS)


def _later(since: str, at: datetime) -> bool:
    return bool(since) and datetime.fromisoformat(since) > at


def champions(store: Store, series: Iterable[str]) -> dict[str, Champion]:
    """The champions of some series, every file checked against what was recorded.

    Raises :class:`InputMissing` naming every series without one, :class:`DataError` every changed file.
    """
    client = store.client()
    found, missing, broken = {}, [], []
    for one in series:
        with store.speaking():
            version = _champion(client, checked_name(one))
        if version is None:
            missing.append(Fault(one, f"no version has the alias {ALIAS}", "forecast promote first"))
            continue
        try:
            found[one] = _load(store, client, one, version)
        except DataError as error:
            broken += error.faults
    if broken:
        raise DataError("a champion is not what was recorded", broken)
    if missing:
        raise InputMissing("some series have no champion", missing)
    return found


def _load(store: Store, client: MlflowClient, series: str, version: Any) -> Champion:
    where, do = f"{series} version {version.version}", "promote it again; do not edit the files of a model"
    try:
        files, card = json.loads(version.tags[FILES]), json.loads(version.tags[CARD])
        inputs, digest = card["inputs"], version.tags[DIGEST]
    except (KeyError, ValueError):
        raise DataError("", [Fault(where, "its digests are not recorded", do)]) from None
    with store.speaking():
        folder = local_folder(store, client.get_model_version_download_uri(series, version.version))
        for compiled in folder.rglob(
            "__pycache__"
        ):  # left by whoever loaded the model; made anew, never trusted
            shutil.rmtree(compiled, ignore_errors=True)
        verify(folder, files, where, do, ignore=NOTES)
        recipe = (folder / "artifacts" / "recipe.json").read_bytes().decode()
        golden = canonical_golden(series, pd.read_parquet(folder / "artifacts" / "golden.parquet"))
    if identity(recipe, golden, inputs) != digest:
        raise DataError("", [Fault(where, "its content is not that of its recorded digest", do)])
    return Champion(
        series, recipe, golden, digest, inputs, card["experiment"], card["run_key"], card["libraries"]
    )


def _champion(client: MlflowClient, series: str) -> Any | None:
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(series, ALIAS)
    except MlflowException as error:
        if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            return None
        raise


def _known(client: MlflowClient, series: str, digest: str, registered: bool) -> int | None:
    """A version with this content, left by an earlier promotion or by one that was cut short."""
    from mlflow.exceptions import MlflowException

    if not registered:
        try:
            client.create_registered_model(series)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
    same = [v for v in client.search_model_versions(f"name = '{series}'") if v.tags.get(DIGEST) == digest]
    return max((int(v.version) for v in same), default=None)


def _create(
    store: Store, client: MlflowClient, folder: Path, run_id: str, champion: Champion, reason: str
) -> int:
    from mlflow.tracking._tracking_service.utils import _use_tracking_uri

    experiment = client.get_run(run_id).info.experiment_id
    name = champion.series.replace(".", "_")
    for left in _without_version(client, experiment, name, champion.digest):
        client.delete_logged_model(left)
    model = client.create_logged_model(
        experiment, name=name, source_run_id=run_id, tags={DIGEST: champion.digest}
    )
    try:
        client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, "READY")
    except BaseException:
        client.finalize_logged_model(model.model_id, "FAILED")
        raise
    tags = {DIGEST: champion.digest, FILES: canonical(manifest(folder)), CARD: canonical(champion.card)}
    with _use_tracking_uri(store.uri):  # the registry looks the model up through the global address
        version = client.create_model_version(
            champion.series,
            f"models:/{model.model_id}",
            run_id=run_id,
            tags=tags,
            description=reason,
            await_creation_for=0,
            model_id=model.model_id,
        )
    return int(version.version)


def _without_version(client: MlflowClient, experiment: str, name: str, digest: str) -> list[str]:
    """The logged models of a champion that has no version: what registrations left that were cut short."""
    text = f"name = '{name}' AND tags.`{DIGEST}` = '{digest}'"
    page = client.search_logged_models([experiment], filter_string=text)
    found = list(page)
    while page.token:
        page = client.search_logged_models([experiment], filter_string=text, page_token=page.token)
        found += page
    return [str(one.model_id) for one in found]


def _write_model(
    folder: Path, recipe_json: str, golden: pd.DataFrame, panel: Panel, covariates: Panel | None
) -> None:
    """A model folder as MLflow loads it, written by hand: no inference, no absolute path, no code run."""
    prepare()
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    kept = folder / "artifacts"
    kept.mkdir()
    (kept / "recipe.json").write_bytes(recipe_json.encode())
    golden.to_parquet(kept / "golden.parquet", index=False)
    write_panel(panel, kept / "panel.parquet")
    if covariates is not None:
        write_panel(covariates, kept / "covariates.parquet")
    shutil.copyfile(CODE, folder / CODE.name)
    (folder / "requirements.txt").write_text("\n".join(requirements()) + "\n", encoding="utf-8")
    environment = f"python: {platform.python_version()}\ndependencies:\n- -r requirements.txt\n"
    (folder / "python_env.yaml").write_text(environment, encoding="utf-8")
    numbers = {"quantile", "value"}
    outputs = Schema(
        [ColSpec("double" if column in numbers else "string", column) for column in GOLDEN_COLUMNS]
    )
    inputs = Schema([ColSpec("string", "horizon", required=False)])
    model = Model(signature=ModelSignature(inputs, outputs))
    artifacts = {
        path.stem: {"path": f"artifacts/{path.name}", "uri": path.name} for path in sorted(kept.iterdir())
    }
    model.add_flavor(
        "python_function",
        loader_module="mlflow.pyfunc.loaders.code_model",
        model_code_path=CODE.name,
        artifacts=artifacts,
        env={"virtualenv": "python_env.yaml"},
        python_version=platform.python_version(),
        streamable=False,
    )
    model.save(str(folder / "MLmodel"))
