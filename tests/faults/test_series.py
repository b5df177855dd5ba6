"""Each series of the real project broken in turn: others stay byte for byte, the broken one is marked, none is lost."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecasting.balance.joint import TONNES, VALUE
from forecasting.data.store import Store
from forecasting.errors import HeldBack
from forecasting.frames import Forecast
from forecasting.models.recipe import Recipe
from forecasting.publishing import champions, edition, retrospect
from forecasting.publishing.job import Settings, publish
from forecasting.publishing.paths import Fits
from forecasting.publishing.release import Release, load
from tests.cli.conftest import small as fast
from tests.conftest import ROOT
from tests.faults import small
from tests.faults.figures import count
from tests.faults.mini import Remembered
from tests.publishing.breaking import Break, ways
from tests.publishing.small_job import plain

pytestmark = pytest.mark.faults
DAY = date.fromisoformat(small.DAY)
FIT_SECONDS = 8.0
SERIES = (
    "cn.magnets.exports", "in.ev.2w", "in.ev.3w", "in.ev.pv", "in.ev.rest", "in.magnets.value.85051110",
    "in.magnets.value.85051190", "in.magnets.value.85051900", "in.market.2w", "in.market.3w", "in.market.cv",
    "in.market.pv", "in.ndpr.oxide", "in.reo", "price.nd_oxide.month",
)  # fmt: skip


HOW = ways(FIT_SECONDS)


@dataclass(frozen=True)
class World:
    root: Path
    release: Release
    rows: dict[str, list[str]]
    reports: Remembered

    @property
    def editions(self) -> Path:
        return self.root / "data" / "editions"

    def publish(self, editions: Path) -> tuple[int, str]:
        """The exit code, and what was said of it."""
        settings = Settings(
            self.root / "data", self.root / "mlruns" / "releases", editions, self.root / ".cache" / "paths",
            DAY, DAY, DAY, again=True,
        )  # fmt: skip
        try:
            done = publish(settings, plain, lambda *_: ())
        except HeldBack as error:
            return error.exit_code, str(error)
        return done.code, "\n".join(done.reasons)


def rows_of(folder: Path) -> dict[str, list[str]]:
    """The lines of a forecast table by series, as they were written."""
    found: dict[str, list[str]] = {}
    for line in (folder / "forecasts.csv").read_text(encoding="utf-8").splitlines()[1:]:
        found.setdefault(line.partition(",")[0], []).append(line)
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("series") / "p"
    shutil.copytree(ROOT / "data", root / "data", ignore=shutil.ignore_patterns("editions"))
    shutil.copytree(ROOT / "experiments", root / "experiments")
    (
        root / "data" / "balance.yaml"
    ).unlink()  # forecasts do not rest on it; its own failures: tests/publishing
    fast(root / "experiments")
    small.rewritten(root / "data" / "publication.yaml", _lenient)
    small.run(root, "promote", "experiments/default.yaml", "--as-of", small.DAY)
    made = World(root, load(root / "mlruns" / "releases"), {}, Remembered({}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrospect, "isolated", made.reports)
        for _ in range(2):
            code, why = made.publish(made.editions)
            assert code in (0, 3), why
        states = pd.read_csv(made.editions / "latest" / "states.csv")
        assert set(states["standing"]) == {"ok"}
    made.rows.update(rows_of((made.editions / "latest").resolve()))
    return made


def _lenient(content: dict[str, object]) -> None:
    gates, job = content["gates"], content.setdefault("job", {})
    assert isinstance(gates, dict)
    assert isinstance(job, dict)
    content.pop("scenario_order")
    gates["sums"]["severity"] = "warn"  # few, naive paths add up badly
    gates["freshness"] |= {"grace_days": 400, "stale_days": 2000}
    job["fit_seconds"] = FIT_SECONDS


def resting(series: str, catalogue: Store) -> set[str]:
    """A series and all that rests on it: its market's parts, its sums, tonnes made of its value."""
    found, more = {series}, True
    while more:
        before = set(found)
        for id, one in catalogue.catalogue.series.items():
            if found & {*(one.sum_of or ()), one.within}:
                found.add(id)
        if VALUE in found:
            found.add(TONNES)
        more = found != before
    return found


def broken(patch: pytest.MonkeyPatch, series: str, how: Break) -> None:
    """Break the champion of a series, and it alone; no fit of it is kept."""
    fits, kept = champions.Bench.fitted, Fits.get

    def fitted(bench: champions.Bench, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast:
        if id == series and recipe == bench.champion(id):
            forecast = how(fits(bench, id, recipe, widening))
            Recipe.apply = lambda *_, **__: forecast  # type: ignore[method-assign] # in a process that ends with this fit
        return fits(bench, id, recipe, widening)

    def get(self: Fits, id: str, recipe: Recipe, widening: float = 1.0) -> Forecast | None:
        return None if id == series and widening == 1.0 else kept(self, id, recipe, widening)

    patch.setattr(champions.Bench, "fitted", fitted)
    patch.setattr(Fits, "get", get)
    patch.setattr(Fits, "put", lambda *_: None)


def test_every_series_that_is_fitted_is_broken_here(world: World) -> None:
    fitted = {id for one in world.release.experiments for id in one.series}
    assert fitted == set(SERIES)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("series", SERIES)
def test_a_broken_series_is_marked_and_leaves_the_others_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, series: str, how: str
) -> None:
    editions = Path(shutil.copytree(world.editions, tmp_path / "editions", symlinks=True))
    before = (editions / "latest").resolve()
    work, said = HOW[how]
    monkeypatch.setattr(retrospect, "isolated", world.reports)
    broken(monkeypatch, series, work)
    code, why = world.publish(editions)
    now = (editions / "latest").resolve()
    edition.verify(now)
    if code == 4:
        assert now == before
        few = rf"other series are ok, fewer than 80%: .*\b{re.escape(series)}\b"
        assert re.search(rf"{few}|critical series {re.escape(series)} is stale: .*{re.escape(said)}", why), (
            why
        )
        count("series", f"{series}.{how}", broken=1, held=1, others_changed=0, omitted=0, unmarked=0)
        return
    assert code == 3
    assert said in why
    assert now != before
    states = pd.read_csv(now / "states.csv", dtype=str, keep_default_na=False).set_index("series")
    assert set(states.index) == set(pd.read_csv(before / "states.csv")["series"])
    marked = set(states.index[states["standing"] != "ok"])
    assert series in marked
    assert said in states.loc[series, "reason"]
    assert marked == resting(series, Store.open(world.root / "data")) & set(states.index)
    rows = rows_of(now)
    withheld = set(states.index[states["standing"] == "withheld"])
    assert set(rows) == set(world.rows) - withheld
    assert [id for id in world.rows if id not in marked and rows[id] != world.rows[id]] == []
    count("series", f"{series}.{how}", broken=1, held=0, others_changed=0, omitted=0, unmarked=0)
