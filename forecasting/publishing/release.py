"""A release: champions, the experiments they won and their past errors, read from a verified bundle.

The bundle is written at promotion; publishing reads nothing else, so MLflow may be away.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forecasting.errors import DataError
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.experiment import Experiment
from forecasting.models.recipe import Recipe
from forecasting.models.total import Total, read_recipe
from forecasting.tracking import Bundle, read_bundle
from forecasting.tracking.bundle import MANIFEST


@dataclass(frozen=True)
class Released:
    """The released model of one series and what vouches for it.

    ``golden`` are the quantiles its recipe gave when it was chosen; ``record`` its backtest scores; ``model``
    the label it competed under; ``code`` the digest of the models' code that made it; ``digest`` names the champion;
    ``run_id`` is the key of the experiment it won, which its run in MLflow bears in the
    tag ``forecasting.key``; ``inputs`` the digests of what it was fitted on.
    """

    recipe: Recipe | Total
    model: str
    golden: pd.DataFrame
    record: Mapping[str, float]
    run_id: str
    inputs: Mapping[str, str]
    code: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Release:
    """Champions by series, the experiments they won, and the aligned past errors.

    ``folder`` is the bundle it was read from.
    """

    experiments: tuple[Experiment, ...]
    champions: Mapping[str, Released]
    errors: Mapping[str, pd.DataFrame]
    digest: str
    folder: Path = Path()


def attachments(
    experiments: Sequence[Experiment],
    errors: Mapping[str, pd.DataFrame],
    cards: Mapping[str, Mapping[str, Any]],
) -> dict[str, bytes]:
    """The files a bundle carries beside its champions, by name.

    ``errors`` has one table an experiment (origins × series), ``cards`` the label and backtest record of each
    champion, and the code that made it where that is not the code that is running.
    """
    files = {
        f"experiments/{place:02d}-{one.name}.json": (one.model_dump_json(indent=1) + "\n").encode()
        for place, one in enumerate(experiments)
    }
    files |= {
        f"errors/{name}.csv": table.to_csv(lineterminator="\n").encode() for name, table in errors.items()
    }
    made = {id: {"code": code_digest(), **card} for id, card in cards.items()}
    files["cards.json"] = (json.dumps(made, indent=1, sort_keys=True) + "\n").encode()
    return files


def made_by(bundle: Bundle) -> dict[str, str]:
    """The digest of the models' code that made each champion, empty where it was not kept."""
    cards = json.loads(bundle.attachments.get("cards.json", b"{}"))
    code = bundle.attachments.get("code.txt", b"").decode()  # one for all, in releases of earlier versions
    return {id: cards.get(id, {}).get("code", code) for id in bundle.champions}


def load(folder: Path) -> Release:
    """The current release below a folder, every byte checked.

    Raises :class:`~forecasting.errors.InputMissing` when there is none and
    :class:`~forecasting.errors.DataError` when a file was changed.
    """
    bundle = read_bundle(folder)
    if "cards.json" not in bundle.attachments:
        raise DataError(f"{folder}: the release lacks cards.json; promote again with this version")
    names = sorted(bundle.attachments)
    experiments = [bundle.attachments[name] for name in names if name.startswith("experiments/")]
    errors = {
        name.removeprefix("errors/").removesuffix(".csv"): pd.read_csv(
            io.BytesIO(bundle.attachments[name]), index_col=0, float_precision="round_trip"
        )
        for name in names
        if name.startswith("errors/")
    }
    cards = json.loads(bundle.attachments["cards.json"])
    codes = made_by(bundle)
    champions = {
        id: Released(
            read_recipe(kept.recipe_json),
            cards[id]["model"],
            kept.golden,
            cards[id]["record"],
            kept.run_key,
            kept.inputs,
            codes[id],
            kept.digest,
        )
        for id, kept in bundle.champions.items()
    }
    return Release(
        tuple(Experiment.model_validate_json(text) for text in experiments),
        champions,
        errors,
        bundle.digest,
        folder if (folder / MANIFEST).exists() else folder / bundle.digest,
    )
