"""The inputs inside an edition: the same files give the same archive, whoever owns them and whenever they were made."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

from forecasting.publishing.inputs import packed


def test_the_archive_is_canonical(tmp_path: Path) -> None:
    data, bundle = tmp_path / "data", tmp_path / "bundle"
    for name in (
        "data/observations/b.csv",
        "data/series.yaml",
        "data/scenarios/a.yaml",
        "bundle/deep/x.json",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: é\n" * 50, encoding="utf-8")
    (data / "notes.txt").write_text("no input")
    first = packed(data, bundle)
    os.utime(data / "series.yaml", (1, 1))
    (data / "series.yaml").chmod(0o600)
    assert packed(data, bundle) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist() == [
            "data/observations/b.csv", "data/scenarios/a.yaml", "data/series.yaml", "release/deep/x.json",
        ]  # fmt: skip
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr == 0o644 << 16
            assert entry.compress_type == zipfile.ZIP_DEFLATED
            assert entry.compress_size < entry.file_size
