"""How far each released number would move with the libraries and the code installed now.

Every champion is refitted on the data it was promoted with, so nothing but code and libraries can differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from forecasting.errors import DataError, Fault, ForecastingError
from forecasting.evaluation.cache import code_digest
from forecasting.evaluation.fits import REFUSALS
from forecasting.models.libraries import versions
from forecasting.models.total import read_recipe
from forecasting.publishing.champions import GOLDEN_TOLERANCE
from forecasting.publishing.release import made_by
from forecasting.tracking import read_bundle
from forecasting.tracking.champion import Champion, Trained

KEY = ["series", "kind", "period", "quantile", "unit", "model"]


@dataclass(frozen=True)
class Drift:
    """What would move.

    ``table`` has a row a series, kind, period and quantile: ``then``, ``now`` and ``moved`` as a share of then, the
    last two unknown for a champion that cannot be refitted; ``libraries`` one a series and library whose version was
    another then; ``lost`` says of each champion that cannot be refitted why; ``code`` names those that other code of
    the models made, where no library differs that would have given them another digest.
    """

    table: pd.DataFrame
    libraries: pd.DataFrame
    lost: tuple[Fault, ...] = ()
    code: tuple[str, ...] = ()

    @property
    def moved(self) -> pd.DataFrame:
        """The rows that moved by more than optimisers differ on one machine."""
        rows = self.table.dropna(subset=["now"])
        return rows[~np.isclose(rows["now"], rows["then"], rtol=GOLDEN_TOLERANCE, atol=1e-12)]


def drift(root: Path, tell: Callable[[int, int], None] | None = None) -> Drift:
    """Refit every champion of the current release below a folder and compare with its golden forecast.

    One that cannot be refitted any more, for whatever reason its model gives, does not hide the others.
    """
    bundle = read_bundle(root)
    codes = made_by(bundle)
    tables, libraries, lost, code = [], list[tuple[str, str, str, str]](), [], []
    for done, (series, champion) in enumerate(bundle.champions.items()):
        if tell is not None:
            tell(done, len(bundle.champions))
        others = _libraries(champion)
        libraries += others
        if codes[series] != code_digest() and {name for _, name, *_ in others} <= {"python"}:
            code.append(series)
        try:
            tables.append(_refitted(bundle.trained(series)))
        except REFUSALS as error:
            said = "; ".join(line.strip() for line in str(error).splitlines())
            found = said if isinstance(error, ForecastingError) else f"{type(error).__name__}: {said}"
            do = "install the libraries it was made with, or promote again"
            lost.append(Fault(series, f"cannot be refitted: {found}", do))
            tables.append(
                champion.golden[KEY].assign(then=champion.golden["value"], now=np.nan, moved=np.nan)
            )
    if tell is not None:
        tell(len(bundle.champions), len(bundle.champions))
    columns = ["series", "library", "then", "now"]
    return Drift(
        pd.concat(tables, ignore_index=True),
        pd.DataFrame(libraries, columns=columns),
        tuple(lost),
        tuple(code),
    )


def _libraries(champion: Champion) -> list[tuple[str, str, str, str]]:
    now = versions()
    names = sorted(set(now) | set(champion.libraries)) if champion.libraries else []
    pairs = [(name, champion.libraries.get(name, "none"), now.get(name, "none")) for name in names]
    return [(champion.series, name, then, today) for name, then, today in pairs if then != today]


def _refitted(one: Trained) -> pd.DataFrame:
    champion = one.champion
    forecast = read_recipe(champion.recipe_json).refit(one.panel, one.covariates, wanted=champion.series)
    golden = champion.golden
    key = KEY[:4]
    again = forecast.quantiles(sorted(golden["quantile"].unique())).assign(kind=str(forecast.kind))
    both = golden.merge(again[[*key, "value"]], on=key, how="left", suffixes=("", "_now"), validate="1:1")
    if both["value_now"].isna().any():
        lost = both[both["value_now"].isna()].iloc[0]
        raise DataError(f"gives no forecast of {lost['period']} any more")
    then, now = both["value"].to_numpy(dtype=float), both["value_now"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.where(now == then, 0.0, (now - then) / np.abs(then))
    return both[KEY].assign(then=then, now=now, moved=moved)
