"""Hostile text in names, notes, units, sources and file names stays text: in tables, workbook, page, PDF and sinks."""

from __future__ import annotations

import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath

import pandas as pd
import pypdf
import pytest
import yaml
from defusedxml import ElementTree

from tests.faults import mini, warm
from tests.faults.figures import count
from tests.faults.hostile import (
    ALL,
    HARMLESS,
    HOST,
    KINDS,
    WORLDS,
    Made,
    Tags,
    accepted,
    build,
    formulas,
    pages,
    refusal,
    risky_cells,
)
from tests.publishing.small_job import Project

pytestmark = pytest.mark.faults
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Made:
    warm.strace()
    return build(tmp_path_factory.mktemp("harmless") / "p", [HARMLESS], [HARMLESS])


@pytest.mark.parametrize("part", range(WORLDS))
def test_text_stays_text(harmless: Made, tmp_path: Path, part: int) -> None:
    mine = ALL[part::WORLDS]
    titles, notes = accepted(tmp_path, mine)
    assert len(titles) > len(mine) / 2
    around = set(tmp_path.iterdir())
    made = build(tmp_path / "p", titles, notes)
    assert set(tmp_path.iterdir()) - around == {tmp_path / "p"}
    assert made.connected == []
    assert formulas(made.edition / "report.xlsx").keys() == formulas(harmless.edition / "report.xlsx").keys()
    pdf, plain = (pypdf.PdfReader(one.edition / "report.pdf") for one in (made, harmless))
    assert _actions(pdf) == _actions(plain)
    _pages_hold(made, harmless)
    for path in sorted(made.edition.rglob("*.csv")):
        assert risky_cells(path) == [], path
    for path in [*made.edition.rglob("*.json"), *(made.root / "site").rglob("*.json")]:
        json.loads(path.read_text(encoding="utf-8"))
    for path in (made.root / "site").rglob("*.xml"):
        ElementTree.parse(path)
    with zipfile.ZipFile(made.edition / "inputs.zip") as archive:
        for name in archive.namelist():
            assert ".." not in PurePosixPath(name).parts
            assert not name.startswith("/")
    assert _tables(made) == _tables(harmless)
    count(
        "payloads",
        part,
        payloads=len(mine),
        refused=len({*mine} - {*titles, *notes}),
        formula_cells=0,
        raw_html=0,
        sockets=0,
    )


def _pages_hold(made: Made, harmless: Made) -> None:
    """The pages have no element, attribute or link that they do not have with harmless text."""
    known: set[tuple[str, tuple[str, ...]]] = set()
    links: set[str] = set()
    for folder in (harmless.edition, harmless.root / "site"):
        for path in pages(folder):
            tags = Tags(path.read_text(encoding="utf-8"))
            known |= set(tags.elements)
            links |= tags.links
    for folder in (made.edition, made.root / "site"):
        for path in pages(folder):
            tags = Tags(path.read_text(encoding="utf-8"))
            assert set(tags.elements) - known == set(), path
            odd = {link for link in tags.links - links if not _leads_nowhere(link)}
            assert odd == set(), path


def _leads_nowhere(link: str) -> bool:
    """A fragment, a picture in the page, a file beside it, or the address of a source over https, behind a click."""
    if link.startswith(("#", "data:image/")):
        return True
    if re.match(r"https?://", link):
        return HOST not in link or link.startswith("https://")
    return re.fullmatch(r"[\w./-]+(#.*)?", link) is not None and ".." not in link.split("/")[2:]


def _actions(pdf: pypdf.PdfReader) -> Counter[str]:
    """Links and actions of a PDF by kind."""
    found: Counter[str] = Counter()
    for page in pdf.pages:
        for one in page.get("/Annots") or []:
            action = one.get_object().get("/A")
            found[str(action.get_object().get("/S")) if action else "place"] = 1
    root = pdf.trailer["/Root"]
    found.update(name for name in ("/OpenAction", "/AA", "/JavaScript") if name in root)
    return found


def _tables(made: Made) -> dict[str, int]:
    with closing(sqlite3.connect(made.root / "sink.db")) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in sorted(names)
        }


def test_units_and_identifiers_are_refused(tmp_path: Path) -> None:
    project = Project(tmp_path / "p")
    path = project.data / "series.yaml"
    whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    refused = 0
    for payload in ALL:
        for place in ("unit", "id", "source"):
            content = json.loads(json.dumps(whole))
            series = content["series"]
            if place == "unit":
                series["left"]["unit"] = payload
            elif place == "source":
                series["left"]["sources"] = [payload]
            else:
                series[payload] = series["left"]
            path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
            error = refusal(project.data)
            if error is None:
                assert place == "source" or payload == "null", (payload, place)
                continue
            assert error.exit_code in (65, 78), (payload, place)
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", str(error)), (payload, place, str(error))
            refused += 1
    count("identifiers", tried=3 * len(ALL), refused=refused)


def test_no_name_leads_out_of_the_folder(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    root = mini.build(tmp_path / "in" / "p")
    monkeypatch.chdir(root)
    (tmp_path / "canary").mkdir()
    before = {path for path in tmp_path.rglob("*") if root not in path.parents}
    tried = 0
    for payload in [*KINDS["path"], *KINDS["template"], *KINDS["letters"]]:
        name = payload.replace("\x00", "")
        if name.startswith("-") or not name:
            continue
        for command in (["editions", "show"], ["editions", "verify"], ["report"], ["why"], ["run"]):
            code, _, err = cli(*command, name)
            assert code not in (0, 1, 70), (command, payload, err)
            assert "Traceback" not in err
            tried += 1
    assert {path for path in tmp_path.rglob("*") if root not in path.parents} == before
    count("names", tried=tried, escapes=0)


def test_file_names_stay_in_the_archive(tmp_path: Path) -> None:
    names = [
        one
        for one in ALL
        if "/" not in one and "\x00" not in one and len(one.encode()) < 250 and one not in (".", "..")
    ]
    project = Project(tmp_path / "p")
    rows = pd.read_csv(project.data / "observations" / "all.csv", dtype=str, keep_default_na=False)
    parts = [rows.iloc[place :: len(names)] for place in range(len(names))]
    for name, part in zip(names, parts, strict=True):
        part.to_csv(project.data / "observations" / f"{name}.csv", index=False, lineterminator="\n")
    (project.data / "observations" / "all.csv").unlink()
    refused = _published(project)
    for name in refused:
        (project.data / "observations" / name).unlink()
    count("file_names", tried=len(names), refused=len(refused), escapes=0)


def _published(project: Project) -> list[str]:
    """Publish a project; the names of the files that were refused."""
    error = refusal(project.data)
    if error is not None:
        assert error.exit_code in (65, 78)
        return [path.name for path in (project.data / "observations").iterdir()]
    project.release()
    done = project.publish(known_on=pd.Timestamp(mini.DAY).date())
    with zipfile.ZipFile(done.folder / "inputs.zip") as archive:
        for entry in archive.namelist():
            assert len(PurePosixPath(entry).parts) in (2, 3, 4, 5)
            assert ".." not in PurePosixPath(entry).parts
    into = project.root / "unpacked"
    with zipfile.ZipFile(io.BytesIO((done.folder / "inputs.zip").read_bytes())) as archive:
        archive.extractall(into)
    assert {p.name for p in into.iterdir()} == {"data", "release"}
    shutil.rmtree(into)
    return []
