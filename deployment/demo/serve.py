"""The two companies' endpoints, on loopback only.

    python -m demo.serve [--port N] [--data DIR]

| path | what |
|---|---|
| /health | that it answers, and which months lie ready |
| /clock | the moment of the demo's world (`demo.replay`), for sources with a `clock_url` |
| /meter/<month>.csv, /meter/<month>.csv.sha256 | the distributor's file and its checksum; 404 until the month is over |
| /gbfs/gbfs.json and the documents it names | the bike share in GBFS 3.0; in 2.3 below /gbfs/2.3/ |

Every answer has an ETag and honors If-None-Match.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO

from demo import gbfs
from demo.meters import ensure_month, file_name
from demo.months import TIMEZONE, Month, demo_months
from demo.replay import ReplayClock

HOST = "127.0.0.1"
_METER = re.compile(r"/meter/(\d{4}-\d{2})\.csv(\.sha256)?")
_GBFS = re.compile(r"/gbfs/(?:(2\.3)/)?([a-z_]+)\.json")


def true_now() -> datetime:
    """Return the true time; the only place of the demo's endpoints that asks for it."""
    return datetime.now(UTC)


class Shelf:
    """The distributor's files, written when first wanted: the last two complete months, nothing else."""

    def __init__(self, folder: Path, ensure: Callable[[Path, Month], Path]) -> None:
        self._folder = folder
        self._ensure = ensure
        self._lock = threading.Lock()

    def file(self, month: Month, now: datetime) -> Path | None:
        """Return the file of a month, or None where the distributor offers none."""
        if month not in demo_months(now):
            return None
        with self._lock:
            return self._ensure(self._folder, month)

    def fill(self, now: datetime) -> None:
        """Write the last month's file, which is wanted first, and drop what is no longer offered."""
        wanted = {file_name(month) for month in demo_months(now)}
        for old in self._folder.glob("*.csv*"):
            if old.name.removesuffix(".sha256") not in wanted:
                old.unlink(missing_ok=True)
        self.file(demo_months(now)[1], now)

    def ready(self) -> list[str]:
        """Return the months whose files lie ready."""
        return sorted(path.stem for path in self._folder.glob("*.csv"))


class Demo(ThreadingHTTPServer):
    """The server with what its answers are made of."""

    daemon_threads = True

    def __init__(self, port: int, shelf: Shelf, clock: ReplayClock, now: Callable[[], datetime] = true_now) -> None:
        super().__init__((HOST, port), Handler)
        self.shelf = shelf
        self.clock = clock
        self.now = now

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{HOST}:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: Demo  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    server_version = "CityOpenDemo"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer by path."""
        if meter := _METER.fullmatch(self.path):
            self._send_meter(meter[1], checksum=bool(meter[2]))
        elif feed := _GBFS.fullmatch(self.path):
            self._send_gbfs(feed[1] or "3.0", feed[2])
        elif self.path == "/clock":
            reading = self.server.clock.read(self.server.now())
            moment = reading.moment.astimezone(TIMEZONE).isoformat()
            self._send_json({"now": moment, "ttl": gbfs.TTL_S, "live": reading.live})
        elif self.path == "/health":
            self._send_json({"status": "ok", "months": self.server.shelf.ready()})
        else:
            self._send_missing()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: a replayed day is hundreds of requests."""

    def _send_gbfs(self, version: str, name: str) -> None:
        now = self.server.now()
        moment = self.server.clock.read(now).moment
        if name == "gbfs":
            base = f"{self.server.url}/gbfs" + ("" if version == "3.0" else f"/{version}")
            self._send_json(gbfs.discovery(version, moment, base))
        elif name in gbfs.FEEDS:
            self._send_json(gbfs.document(version, name, moment))
            if name == "station_status" and self.command == "GET":
                self.server.clock.seen(moment, now)
        else:
            self._send_missing()

    def _send_meter(self, key: str, *, checksum: bool) -> None:
        try:
            path = self.server.shelf.file(Month.parse(key), self.server.now())
        except ValueError:
            path = None
        if path is None:
            self._send_missing()
            return
        checksum_text = path.with_name(f"{path.name}.sha256").read_text(encoding="ascii")
        if checksum:
            self._send_bytes(checksum_text.encode(), "text/plain; charset=utf-8")
            return
        etag = f'"{checksum_text.split()[0]}"'
        with path.open("rb") as source:
            self._send(source, os.fstat(source.fileno()), "text/csv", etag)

    def _send(self, source: BinaryIO, facts: os.stat_result, content_type: str, etag: str) -> None:
        if self._is_unchanged(etag):
            return
        self._head(HTTPStatus.OK, content_type, facts.st_size, etag, facts.st_mtime)
        if self.command == "GET":
            shutil.copyfileobj(source, self.wfile, 1 << 20)

    def _send_json(self, value: Any) -> None:
        self._send_bytes(json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send_bytes(self, body: bytes, content_type: str) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        if self._is_unchanged(etag):
            return
        self._head(HTTPStatus.OK, content_type, len(body), etag)
        if self.command == "GET":
            self.wfile.write(body)

    def _is_unchanged(self, etag: str) -> bool:
        """Answer 304 where the client says that it has this very content."""
        known = [part.strip() for part in self.headers.get("If-None-Match", "").split(",")]
        if etag not in known:
            return False
        self.send_response(HTTPStatus.NOT_MODIFIED)
        self.send_header("ETag", etag)
        self.end_headers()
        return True

    def _send_missing(self) -> None:
        body = b'{"error": "not found"}'
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _head(
        self, status: HTTPStatus, content_type: str, size: int, etag: str, modified_s: float | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(size))
        self.send_header("ETag", etag)
        if modified_s is not None:
            self.send_header("Last-Modified", formatdate(modified_s, usegmt=True))
        self.end_headers()


def demo_folder(data: Path) -> Path:
    """Return the demo's own folder below the data folder of an installation."""
    return data / "demo"


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="demo.serve", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=int(os.environ.get("CITYOPEN_DEMO_PORT") or 0))
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CITYOPEN_DATA") or ".cityopen"))
    arguments = parser.parse_args()
    folder = demo_folder(arguments.data)
    shelf = Shelf(folder / "meter", ensure_month)
    server = Demo(arguments.port, shelf, ReplayClock(folder / "clock.json", true_now()))
    print(f"The demo region answers at {server.url}.", flush=True)
    threading.Thread(target=shelf.fill, args=(true_now(),), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
