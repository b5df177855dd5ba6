"""Errors of the disk in words: what may not be read, what may not be written, and what is full or broken."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from forecasting.errors import CannotCreate, CannotWrite, InputMissing
from forecasting.publishing import job
from forecasting.publishing.disk import in_words
from tests.publishing.small_job import Project, sample

Cli = Callable[..., tuple[int, str, str]]


def denied(path: Path | str, number: int = errno.EACCES) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def test_what_may_not_be_read_is_missing_and_what_may_not_be_written_cannot_be_created(
    tmp_path: Path,
) -> None:
    data, root = tmp_path / "data", tmp_path / "data" / "editions"
    for path, kind, do in (
        (data / "series.yaml", InputMissing, "let the account that runs this read it"),
        (data / "editions" / "x", CannotCreate, "let the account that runs this read and write here"),
        (tmp_path / "cache", CannotCreate, "let the account that runs this read and write here"),
    ):
        for number in (errno.EACCES, errno.EPERM):
            said = in_words(denied(path, number), root, (data,), (root,))
            assert type(said) is kind
            assert str(said) == f"{path}: {os.strerror(number)}; {do}"
    said = in_words(denied(data / "a.csv", errno.EIO), root, (data,), (root,))
    assert type(said) is CannotWrite
    assert (in_words(OSError(errno.EPERM, "no"), root).exit_code, CannotCreate.exit_code) == (73, 73)


def test_a_file_that_is_there_and_closed_is_missing_wherever_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "closed"
    path.touch()
    monkeypatch.setattr("forecasting.publishing.disk.os.access", lambda _, mode: mode == os.F_OK)
    assert type(in_words(denied(path), "the output")) is InputMissing


@pytest.mark.parametrize(("name", "code"), [("data/observations/all.csv", 66), ("editions/.staging-x", 73)])
def test_a_run_that_may_not_read_or_write_says_so(
    name: str, code: int, copy: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: object) -> NoReturn:
        raise denied(copy.root / name)

    monkeypatch.setattr(job, "fingerprint", closed)
    with pytest.raises(
        (InputMissing, CannotCreate), match=f"{name}: Permission denied; let the account"
    ) as caught:
        copy.publish()
    assert caught.value.exit_code == code
    assert sample(copy, "forecast_last_exit_code") == code


def test_a_pointer_that_became_a_folder_is_named(copy: Project) -> None:
    """As a copy makes it that follows links."""
    folder, latest = copy.latest, copy.editions / "latest"
    latest.unlink()
    shutil.copytree(folder, latest)
    with pytest.raises(CannotCreate) as caught:
        copy.publish()
    assert str(caught.value) == (
        f"{latest}: a folder, where a pointer to an edition belongs (a copy that followed links makes one); "
        "remove it, and the next run points to the edition the audit file names"
    )
    shutil.rmtree(latest)
    assert (copy.publish().new, copy.latest) == (False, folder)


def test_the_command_line_tells_it_alike(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object) -> NoReturn:
        raise denied(tmp_path / "x")

    monkeypatch.setattr("forecasting.publishing.drift.drift", closed)
    code, out, err = cli("drift")
    assert (code, out) == (73, "")
    assert (
        err
        == f"error: {tmp_path / 'x'}: Permission denied; let the account that runs this read and write here\n"
    )
