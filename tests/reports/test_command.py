"""``forecast report``: what it prints, what it writes, and what it says when asked for the impossible."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from forecasting.cli import app
from forecasting.publishing import edition as editions
from forecasting.publishing import ledger
from forecasting.reports import Material, rendered

ID = "2026-11-22-cccccccc"


@pytest.fixture(scope="module")
def root(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("editions")
    files = rendered(replace(material, edition_id=ID), ["html", "csv"])
    editions.write(folder, ID, files, {"as_of": "2026-11-20", "released": "2026-11-22", "status": "ok"})
    return folder


def said(arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = app.run(["report", *arguments, "--editions", str(root)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_it_names_the_page(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said([], root, capsys)
    assert (code, out.strip()) == (0, str(root / ID / "report.html"))


def test_it_prints_a_chart(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("supply.metal", "balance-chart"):
        code, out, _ = said(["--chart", name], root, capsys)
        assert code == 0
        assert out.startswith("<svg ")
        assert out.rstrip().endswith("</svg>")
    code, _, err = said(["--chart", "supply.mettal"], root, capsys)
    assert code == 66
    assert "supply-metal" in err


def test_it_lays_out_what_is_asked_and_leaves_the_edition(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    wanted = ["latest", "--only", "supply.metal,supply.oxide", "--format", "html,csv", "--out", str(out)]
    code, printed, _ = said(wanted, root, capsys)
    assert code == 0
    assert str(out / "report.html") in printed.splitlines()
    page = (out / "report.html").read_text(encoding="utf-8")
    assert 'id="supply-metal"' in page
    assert 'id="demand-ev-two-wheelers"' not in page
    editions.verify(root / ID)


def test_hindi_has_a_name_of_its_own(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--language", "hi", "--grouping", "indian", "--out", str(tmp_path)]
    assert said(wanted, root, capsys)[0] == 0
    assert "28,40,000" in (tmp_path / "report.hi.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "code", "found"),
    [
        (["--format", "pfd", "--out", "x"], 2, "did you mean 'pdf'"),
        (["--only", "supply.oxid", "--out", "x"], 2, "did you mean 'supply.oxide'"),
        (["--template", "/nonexistent"], 66, "brand.yaml is missing"),
        (["2026-01-01"], 66, "has no edition '2026-01-01'"),
    ],
)
def test_the_impossible_is_named(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, found: str
) -> None:
    got, _, err = said(arguments, root, capsys)
    assert got == code
    assert found in " ".join(err.split())


def test_a_site(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(["--site", str(tmp_path / "site")], root, capsys)
    assert code == 0
    assert Path(out.strip()).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_is_no_site_is_never_written_over(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "editions", symlinks=True))
    thesis = tmp_path / "precious" / "sub" / "thesis.txt"
    thesis.parent.mkdir(parents=True)
    thesis.write_text("mine")
    (tmp_path / "link").symlink_to("precious")
    (tmp_path / "site").symlink_to(".site-0123456789abcdef")
    monkeypatch.chdir(tmp_path / "precious")
    before = {path: path.stat(follow_symlinks=False).st_mtime_ns for path in tmp_path.rglob("*")}
    for name, found in {
        "../precious": f"{tmp_path}/precious is no site of editions (it holds sub); name a new or empty folder",
        "../link": f"{tmp_path}/precious is no site of editions (it holds sub); name a new or empty folder",
        ".": f"{tmp_path}/precious is no site of editions (it holds sub); name a new or empty folder",
        "sub/thesis.txt": "thesis.txt is a file; name a new or empty folder",
        str(copy): "editions is no site of editions (it holds",
        str(copy / ID / "site"): f"belongs to the edition {copy / ID}",
        "../site": "is where a sink delivers a site; run forecast deliver",
    }.items():
        code, _, err = said(["--site", name], copy, capsys)
        assert (code, found in err.replace("\n", " ")) == (2, True), err
    code, _, err = said([ID, "--out", str(copy / ID)], copy, capsys)
    assert (code, "which is never changed; name another folder" in err) == (2, True), err
    assert {path: path.stat(follow_symlinks=False).st_mtime_ns for path in tmp_path.rglob("*")} == before
    thesis.unlink()
    thesis.parent.rmdir()
    monkeypatch.chdir(copy)
    for _ in range(2):
        assert said(["--site", "../precious"], copy, capsys)[0] == 0
    assert (tmp_path / "precious" / "index.html").is_file()


def test_a_retracted_edition_says_so_wherever_it_is_laid_out(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "editions", symlinks=True))
    monkeypatch.chdir(tmp_path)
    ledger.reconcile(copy)
    assert "Retracted" not in (copy / ID / "report.html").read_text(encoding="utf-8")
    ledger.retract(copy, ID, "The registry double-counted <one> state.")
    code, out, err = said([ID], copy, capsys)
    assert (code, out.strip()) == (0, f"report-{ID}/report.html")
    assert "retracted on" in err
    page = Path(out.strip()).read_text(encoding="utf-8")
    assert "Do not use these numbers." in page
    assert "The registry double-counted &lt;one&gt; state." in page
    assert "What was wrong, and what is right" in page
    code, out, _ = said(["--site", str(tmp_path / "site")], copy, capsys)
    index = Path(out.strip()).read_text(encoding="utf-8")
    assert "retracted on" in index
    assert "double-counted &lt;one&gt; state" in index
    assert not (tmp_path / "site" / "latest").exists()
    assert (tmp_path / "site" / ID / "forecasts.csv").is_file()
    code, _, err = said([], copy, capsys)
    assert (code, "all were retracted; name one" in err) == (66, True)
