"""Writing an import: every file whole or none, the raw file's hash kept, rows in canonical order."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import yaml

from forecasting.catalogue import RawFile
from forecasting.data.importers import IMPORTERS
from forecasting.data.importers.collected import HEADER, KEY
from forecasting.data.incoming import Diff
from forecasting.errors import CannotWrite, DataError, Fault


def write(diff: Diff) -> list[Path]:
    """Write new and revised figures and the file's hash; the paths that changed, none when nothing is new.

    Raises :class:`DataError` when a figure was rejected and :class:`CannotWrite` when the disk refuses; both leave
    every file as it was.
    """
    rejected = diff.of("rejected")
    if rejected:
        faults = [
            Fault(f"{c.row['series']} {c.row['period']}", c.why, "mend it, or accept it first")
            for c in rejected
        ]
        raise DataError(
            f"{diff.reading.raw.name}: {len(faults)} figure(s) rejected, nothing is written", faults
        )
    coming = [dict(change.row) for change in diff.changes if change.kind in ("new", "revised")]
    root = diff.catalogue.root
    contents: dict[Path, str] = {}
    groups = {diff.catalogue.series[row["series"]].group for row in coming}
    for group in sorted(groups):
        path = root / "observations" / f"{group}.csv"
        mine = [row for row in coming if diff.catalogue.series[row["series"]].group == group]
        contents[path] = _merged(path, mine)
    if not diff.seen:
        contents[root / "raw_files.yaml"] = _register(diff)
    _replace_all(contents)
    return sorted(contents)


def _merged(path: Path, coming: list[dict[str, str]]) -> str:
    held = (
        pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.is_file()
        else pd.DataFrame(columns=HEADER)
    )
    whole = pd.concat([held, pd.DataFrame(coming, columns=HEADER)], ignore_index=True)
    text: str = whole.sort_values(KEY, ignore_index=True)[HEADER].to_csv(index=False, lineterminator="\n")
    return text


def _register(diff: Diff) -> str:
    raw = diff.reading.raw
    used = (
        tuple(sorted({change.row["source"] for change in diff.changes})) or IMPORTERS[diff.importer].sources
    )
    entry = RawFile(
        name=raw.name,
        bytes=len(raw.content),
        importer=diff.importer,
        sources=used,
        published=diff.published,
        figures=len(diff.changes),
    )
    files = {**diff.catalogue.raw_files, raw.sha256: entry}
    ordered = dict(sorted(files.items(), key=lambda item: (item[1].name, item[0])))
    plain_records = {digest: file.model_dump(mode="json") for digest, file in ordered.items()}
    head = (
        "# Every file whose figures were imported, by its SHA-256. Written by `forecast data add --write`.\n"
        "# The files themselves are kept only where `kept` says so: most licences forbid it.\n"
    )
    return head + yaml.safe_dump({"raw_files": plain_records}, sort_keys=False, allow_unicode=True, width=120)


def _replace_all(contents: Mapping[Path, str]) -> None:
    """Write every file beside its place first, then rename; a failure before the renames changes nothing."""
    staged: list[tuple[Path, Path]] = []
    try:
        for path, text in contents.items():
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            staged.append((beside, path))
            with beside.open("w", encoding="utf-8", newline="") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
        for beside, path in staged:
            beside.replace(path)
    except OSError as error:
        raise CannotWrite(
            f"{error.filename}: cannot write ({error.strerror}); make room or rights, run again"
        ) from error
    finally:
        for beside, _ in staged:
            beside.unlink(missing_ok=True)
