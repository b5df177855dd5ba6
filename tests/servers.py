"""Real servers on loopback, each a process of its own: PostgreSQL and moto's S3.

Missing, they skip loudly on a laptop and fail in CI. Every server dies with the test that started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

START_SECONDS = 120


def missing(reason: str) -> None:
    """Skip a test that lacks its server; fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1)
        return one.connect_ex(("127.0.0.1", port)) == 0


def await_answer(port: int, process: subprocess.Popen[bytes], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if answers(port):
            return
        time.sleep(0.05)
    pytest.fail(f"{what} did not start")


def over(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    try:
        return ") Z" in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM) -> None:
    process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    command = shutil.which("initdb")
    return Path(command).resolve().parent if command else None


@contextmanager
def postgres() -> Iterator[str]:
    """A PostgreSQL of its own, gone afterwards; gives the address of its empty database."""
    binaries = _binaries()
    if binaries is None:
        missing("no PostgreSQL on this machine: install Debian's postgresql; THE DATABASE WAS NOT TESTED")
    assert binaries is not None
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        yield from _running(binaries, Path(folder))


def _running(binaries: Path, data: Path) -> Iterator[str]:
    user: str | None = None
    if os.geteuid() == 0:  # initdb refuses to run as root
        user = "postgres"
        account = pwd.getpwnam(user)
        os.chown(data, account.pw_uid, account.pw_gid)
    port = free_port()
    setting = {"cwd": "/", "user": user, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    made = subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8", "--no-sync"],
        capture_output=True, text=True, timeout=120, check=False, **setting,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    process = subprocess.Popen(
        [binaries / "postgres", "-D", data, "-p", str(port), "-k", data, "-c", "listen_addresses=127.0.0.1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **setting,
    )  # fmt: skip
    try:
        await_answer(port, process, "PostgreSQL")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        stop(process, signal.SIGINT)  # PostgreSQL's fast shutdown


@contextmanager
def s3(port: int | None = None) -> Iterator[str]:
    """moto's S3 server; gives its endpoint. It forgets everything when it stops."""
    taken = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(taken)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_answer(taken, process, "moto's S3 server")
        yield f"http://127.0.0.1:{taken}"
    finally:
        stop(process)


Fault = Callable[[str, str], int | str | None]


@contextmanager
def faulty(behind: str, fault: Fault) -> Iterator[str]:
    """A server before another one, which answers as ``fault(method, path)`` says; gives its address.

    A number is answered as status, ``drop`` ends the connection, ``spoil`` flips a byte of what is sent on, ``hang``
    never answers; None passes the request on.
    """
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.body()
            wanted = fault(self.command, self.path)
            if wanted == "hang":
                over.wait(60)
            if wanted in ("drop", "hang"):
                self.close_connection = True
                return
            if isinstance(wanted, int):
                text = b"<Error><Code>Wrong</Code><Message>as the test wants</Message></Error>"
                self.reply(wanted, [("Content-Type", "application/xml")], text)
                return
            if wanted == "spoil":
                body = body.replace(b"drift", b"drifd", 1)
            request = urllib.request.Request(f"{behind}{self.path}", body or None, method=self.command)
            request.add_header("Content-Type", "application/octet-stream")
            for name, value in self.headers.items():
                if name.lower() not in (
                    "content-length",
                    "connection",
                    "expect",
                    "content-md5",
                    "transfer-encoding",
                ) and not (wanted == "spoil" and "checksum" in name.lower()):
                    request.add_header(name, value)
            try:
                with urllib.request.urlopen(request, timeout=30) as response:
                    self.reply(response.status, response.getheaders(), response.read())
            except urllib.error.HTTPError as error:
                self.reply(error.code, list(error.headers.items()), error.read())

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
