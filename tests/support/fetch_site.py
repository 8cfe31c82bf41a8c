"""A loopback server for tests of the one door out, and a fetcher that may call it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cityharvest.errors import FetchGone, FetchRefused, FetchTemporary
from cityharvest.fetch import Fetcher, FetchPolicy

Answer = Callable[[BaseHTTPRequestHandler], None]


class Site:
    """A loopback server whose answers a test sets by path; it notes what arrived."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                site.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                site.answers[self.path.split("?")[0]](self)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


def answer(body: bytes = b"", status: int = 200, **headers: str) -> Answer:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def fetcher(*sites: Site, names: dict[str, list[str]] | None = None, **policy: object) -> Fetcher:
    allowed = frozenset(f"127.0.0.1:{site.port}" for site in sites)
    known = names or {}

    def resolve(host: str, port: int) -> list[str]:
        return known[host] if host in known else [str(one[4][0]) for one in socket.getaddrinfo(host, port)]

    return Fetcher(FetchPolicy(**{"allowed_private": allowed, "deadline_s": 5.0, **policy}), resolver=resolve)


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises((FetchRefused, FetchTemporary, FetchGone)) as caught:
        yield
    assert caught.value.code == code
