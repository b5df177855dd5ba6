"""Each class of fault ends with its exit code, calls one hook, keeps the last good edition and is measured."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import pytest
import yaml

from forecasting.publishing import champions, edition, job, ledger, metrics, rendering
from tests.faults import mini, warm
from tests.faults.figures import count
from tests.faults.mini import AGAIN, PUBLISH

pytestmark = pytest.mark.faults
HOOK = "import os, sys; open(sys.argv[1], 'a').write(sys.argv[2] + ' ' + os.environ['FORECAST_EXIT_CODE'] + '\\n')"
Patch = pytest.MonkeyPatch


@dataclass
class Place:
    """A project with hooks that leave a line each."""

    root: Path

    @property
    def editions(self) -> Path:
        return self.root / "data" / "editions"

    @property
    def called(self) -> list[str]:
        path = self.root / "hooks"
        return path.read_text().splitlines() if path.is_file() else []

    def configured(self, edit: Callable[[dict[str, Any]], object]) -> None:
        path = self.root / "data" / "publication.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        edit(content)
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _hooks(root: Path) -> dict[str, list[str]]:
    names = ("on_success", "on_degraded", "on_held")
    return {name: [sys.executable, "-c", HOOK, str(root / "hooks"), name] for name in names}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("contract") / "p"
    return mini.build(root, lambda content: content["job"].update(hooks=_hooks(root)))


@pytest.fixture
def place(whole: Path, tmp_path: Path, monkeypatch: Patch) -> Place:
    """A copy at the same address for the hooks' sake: the hooks are pointed to the copy."""
    made = Place(Path(shutil.copytree(whole, tmp_path / "p", symlinks=True)))
    made.configured(lambda content: content["job"].update(hooks=_hooks(made.root)))
    mini.dated(monkeypatch)
    monkeypatch.setattr(rendering, "OPTIONAL", ())  # the workbook and the PDF say nothing here
    done = warm.run(PUBLISH, made.root)
    assert done.code == 0, done.err
    (made.root / "hooks").unlink()
    return made


def nothing(place: Place, patch: Patch) -> None:
    del place, patch


def no_fits(place: Place, patch: Patch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a model's own fault")

    patch.setattr(champions.Bench, "fitted", broken)
    shutil.rmtree(place.root / ".cache")
    shutil.rmtree(place.editions)


def one_champion(place: Place, patch: Patch) -> None:
    fits = champions.Bench.fitted

    def fitted(bench: Any, id: str, recipe: Any, widening: float = 1.0) -> Any:
        if id == "oxide" and widening == 1.0:
            raise ZeroDivisionError("a model's own fault")
        return fits(bench, id, recipe, widening)

    patch.setattr(champions.Bench, "fitted", fitted)
    shutil.rmtree(place.root / ".cache")


def sink(place: Place, patch: Patch) -> None:
    del patch
    (place.root / "taken").write_text("a file where the site should lie")
    place.configured(
        lambda content: content.update(sinks=[{"kind": "site", "name": "site", "folder": "taken/site"}])
    )


def page(place: Place, patch: Patch) -> None:
    del place

    def broken(*_: object) -> None:
        raise ZeroDivisionError("the page's own fault")

    patch.setattr("forecasting.cli.publish._render", broken)


def pdf(place: Place, patch: Patch) -> None:
    del place
    from forecasting.cli.publish import _render

    def broken(facts: Any, form: str, beside: Any) -> Any:
        if form == "pdf":
            os.kill(os.getpid(), signal.SIGKILL)
        return _render(facts, form, beside)

    patch.setattr(rendering, "OPTIONAL", ("pdf",))
    patch.setattr("forecasting.cli.publish._render", broken)


def retracted(place: Place, patch: Patch) -> None:
    del patch
    found = edition.latest(place.editions)
    assert found is not None
    older = warm.run(AGAIN, place.root)
    assert older.code == 0, older.err
    (place.root / "hooks").unlink()
    ledger.retract(place.editions, Path(older.out.split()[-1]).name, "A unit slipped.")


def observation(place: Place, patch: Patch) -> None:
    del patch
    path = place.root / "data" / "observations" / "all.csv"
    path.write_text(path.read_text().replace(",actual,", ",actuall,", 1))


def source(place: Place, patch: Patch) -> None:
    del patch
    (place.root / "data" / "sources.yaml").write_text("sources: {a: {titel: x}}\n")


def gone(place: Place, patch: Patch) -> None:
    del patch
    (place.root / "data" / "sources.yaml").unlink()


def no_release(place: Place, patch: Patch) -> None:
    del patch
    shutil.rmtree(place.root / "mlruns" / "releases")


def damaged_release(place: Place, patch: Patch) -> None:
    del patch
    path = next((place.root / "mlruns" / "releases").rglob("recipe.json"))
    path.write_text(path.read_text() + " ")


def damaged_edition(place: Place, patch: Patch) -> None:
    del patch
    with (place.editions / "latest" / "report.html").open("a") as file:
        file.write(" ")


def broken_chain(place: Place, patch: Patch) -> None:
    del patch
    path = place.editions / "audit.jsonl"
    path.write_text(path.read_text().replace("published", "publishes", 1))


def no_space(place: Place, patch: Patch) -> None:
    del patch
    place.configured(lambda content: content["job"].update(free_space=1e12))


def no_folder(place: Place, patch: Patch) -> None:
    del patch
    shutil.rmtree(place.editions)
    place.editions.write_text("a file where editions should lie")


def deadline(place: Place, patch: Patch) -> None:
    del patch
    place.configured(lambda content: content["job"].update(deadline_seconds=0.05))


def bug(place: Place, patch: Patch) -> None:
    del place

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    patch.setattr(job, "require_space", broken)


def configuration(place: Place, patch: Patch) -> None:
    del patch
    place.configured(lambda content: content.update(citical=[]))


NEW, HELD = "on_success", "on_held"
FUTURE = ("publish", "--as-of", mini.DAY, "--edition-date", "2026-05-20", "--again")
CASES: dict[str, tuple[Callable[[Place, Patch], None], tuple[str, ...], int, str]] = {
    "nothing is wrong": (nothing, AGAIN, 0, "on_success"),
    "nothing is new": (nothing, PUBLISH, 0, "on_success"),
    "a champion fails": (one_champion, AGAIN, 3, "on_degraded"),
    "a sink fails": (sink, AGAIN, 3, "on_degraded"),
    "the PDF fails": (pdf, AGAIN, 3, "on_degraded"),
    "every fit fails": (no_fits, AGAIN, 4, "on_held"),
    "the page fails": (page, AGAIN, 4, "on_held"),
    "the inputs were retracted": (retracted, AGAIN, 4, "on_held"),
    "the clock is wrong": (nothing, FUTURE, 4, "on_held"),
    "an unknown gate is overridden": (nothing, (*AGAIN, "--override", "x", "--reason", "y"), 2, ""),
    "an observation is broken": (observation, AGAIN, 65, "on_held"),
    "the release is damaged": (damaged_release, AGAIN, 65, "on_held"),
    "the last edition is damaged": (damaged_edition, AGAIN, 65, "on_held"),
    "the audit file is damaged": (broken_chain, AGAIN, 65, "on_held"),
    "a file is gone": (gone, AGAIN, 66, "on_held"),
    "there is no release": (no_release, AGAIN, 66, "on_held"),
    "the folder cannot be made": (no_folder, AGAIN, 73, "on_held"),
    "there is no space": (no_space, AGAIN, 74, "on_held"),
    "the deadline passes": (deadline, AGAIN, 75, "on_held"),
    "another publisher is at work": (nothing, AGAIN, 75, ""),
    "a catalogue file is wrong": (source, AGAIN, 78, "on_held"),
    "the publication file is wrong": (configuration, AGAIN, 78, ""),
    "a bug": (bug, AGAIN, 1, "on_held"),
}


@pytest.mark.parametrize("case", CASES)
def test_code_hook_edition_and_metrics(place: Place, monkeypatch: Patch, case: str) -> None:
    break_it, arguments, code, hook = CASES[case]
    break_it(place, monkeypatch)
    before = edition.latest(place.editions) if place.editions.is_dir() else None
    lock = filelock.FileLock(place.editions / ".lock") if "another" in case else None
    if lock is not None:
        lock.acquire()
    ended = warm.run(arguments, place.root)
    if lock is not None:
        lock.release()
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert place.called == ([f"{hook} {code}"] if hook else []), ended.err
    now = edition.latest(place.editions) if place.editions.is_dir() else None
    published = code in (0, 3) and "nothing is new" not in case
    assert (now != before) == published
    if now is not None and case != "the last edition is damaged":
        edition.verify(now)
    if (place.editions.is_dir() and code not in (2, 75)) or case == "the deadline passes":
        told = metrics.read(place.editions / metrics.FILE)
        assert told["forecast_last_exit_code", ()] == code
    if code in (4, 65, 66, 73, 74, 75, 78):
        said = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
        assert said[-1]["exit_code"] == code
    count("contract", case.replace(" ", "_"), classes=1, wrong=0)
