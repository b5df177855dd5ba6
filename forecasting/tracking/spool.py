"""What MLflow has not been told yet, on disk beside the runs: nothing is lost when tracking is away or a job is killed.

::

    mlruns/spool/spool.jsonl      one line an event, only ever added to while anything waits
    mlruns/spool/<key>/…          the files of an entry, complete before its line is written

Two kinds of lines, canonical JSON each::

    {"at":"2026-11-22T09:00:00+00:00","files":{"card.json":"<sha256>",…},"format":1,"key":"<sha256>","kind":"experiment",
     "name":"ev_sales","op":"put"}
    {"at":"2026-11-22T09:00:07+00:00","format":1,"key":"<sha256>","op":"done"}

``kind`` is ``experiment``, ``champion`` or ``dropped``; ``key`` names the content, and MLflow's runs and versions bear
it as a tag. A last line without its newline was never acknowledged and counts for nothing. When everything is done the
file is emptied.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forecasting.errors import DataError, Fault
from forecasting.tracking.manifests import add_whole, canonical, flush, manifest, verify, write_whole
from forecasting.tracking.store import Store

FORMAT = 1
HEAD = 512  # bytes: the first event, with its key and time


@dataclass(frozen=True)
class Entry:
    """Something MLflow is still to be told: its kind, its key and the folder of its files."""

    key: str
    kind: str
    name: str
    at: str
    files: Mapping[str, str]
    folder: Path

    def verified(self) -> Path:
        """The folder, every file checked; :class:`DataError` names those that differ."""
        do = "restore it, or remove its line from spool.jsonl to give it up"
        verify(self.folder, self.files, f"the spooled {self.kind} {self.name}", do)
        return self.folder


class Spool:
    """The spool of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.folder = store.home / "spool"
        self.lines = self.folder / "spool.jsonl"
        self._read: tuple[int, int] = (0, 0)  # bytes and lines of the file that were read
        self._head = b""  # how it began, by which another file is told from it
        self._waiting: dict[str, Entry] = {}

    def put(self, key: str, kind: str, name: str, write: Callable[[Path], object]) -> None:
        """Keep an entry; ``write`` fills an empty folder with its files. One that waits already is left alone."""
        with self.store.lock("spool"), self.store.speaking():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.pending()
            if key in self._waiting:
                return
            work = Path(tempfile.mkdtemp(prefix=".putting-", dir=self.folder))
            try:
                write(work)
                files = manifest(work)
                for path in [*work.rglob("*"), work]:
                    flush(path)
                shutil.rmtree(self.folder / key, ignore_errors=True)
                work.rename(self.folder / key)
            finally:
                shutil.rmtree(work, ignore_errors=True)
            flush(self.folder)
            self._add({"op": "put", "key": key, "kind": kind, "name": name, "files": files})

    def done(self, key: str) -> None:
        """An entry has been delivered whole; its files go."""
        with self.store.lock("spool"), self.store.speaking():
            self._add({"op": "done", "key": key})
            shutil.rmtree(self.folder / key, ignore_errors=True)
            if not self.pending():
                write_whole(self.lines, b"")
                for path in self.folder.iterdir():  # what killed runs left
                    if path.is_dir():
                        shutil.rmtree(path, ignore_errors=True)

    def pending(self) -> list[Entry]:
        """What waits, in the order in which it came; lines read before are not read again.

        Raises :class:`DataError` naming a line that is no event of a spool.
        """
        if not self.lines.exists():
            return []
        with self.lines.open("rb") as file:
            place, before = self._read
            head = file.read(min(place, HEAD))
            if head != self._head or os.fstat(file.fileno()).st_size < place:
                place, before, self._waiting = 0, 0, {}
            file.seek(place)
            content = file.read()
            *whole, _ = content.split(b"\n")
        waiting = dict(self._waiting)
        for number, line in enumerate(whole, start=before + 1):
            try:
                event = json.loads(line)
                if event["format"] != FORMAT or event["op"] not in {"put", "done"}:
                    raise ValueError(f"format {event['format']}, op {event['op']}")
                if event["op"] == "done":
                    waiting.pop(event["key"], None)
                elif event["key"] not in waiting:
                    kept = {name: event[name] for name in ("key", "kind", "name", "at", "files")}
                    waiting[event["key"]] = Entry(**kept, folder=self.folder / event["key"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                fault = Fault(f"{self.lines}:{number}", f"no event of a spool ({error})", "remove the line")
                raise DataError("the spool is damaged", [fault]) from None
        self._read = (place + content.rfind(b"\n") + 1, before + len(whole))
        self._head = ((head if place else b"") + (content if place < HEAD else b""))[
            : min(self._read[0], HEAD)
        ]
        self._waiting = waiting
        return list(waiting.values())

    def _add(self, event: dict[str, Any]) -> None:
        line = (
            canonical({**event, "format": FORMAT, "at": datetime.now(UTC).isoformat(timespec="seconds")})
            + "\n"
        )
        self.pending()
        if self.lines.exists() and self.lines.stat().st_size > self._read[0]:  # never acknowledged
            os.truncate(self.lines, self._read[0])
        add_whole(self.lines, line.encode())
