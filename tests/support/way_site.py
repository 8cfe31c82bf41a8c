"""A company's web server on loopback. What it answers is decided path by path; what it was asked is kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


@dataclass(frozen=True, kw_only=True)
class Page:
    """One answer. ``lost`` bytes are announced and never sent: the transfer breaks off."""

    body: bytes
    status: int = 200
    content_type: str = "application/octet-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: int = 0


class Site:
    """Serves `pages`; everything else is 404. Unchanged content is answered with 304 to who asks for that."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[], Page]] = {}
        self.asked: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def host_port(self) -> str:
        """As the operator writes it into the list of exceptions."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host_port}"

    @property
    def port(self) -> int:
        """On which port it listens."""
        return self._server.server_port

    def put_file(self, path: str, body: bytes, *, checksum: str | None = None) -> None:
        """Serve a file and its checksum file beside it; another checksum than the true one where given."""
        digest = checksum or hashlib.sha256(body).hexdigest()
        self.pages[path] = Page(body=body, content_type="text/csv")
        self.pages[f"{path}.sha256"] = Page(
            body=f"{digest}  {path.rpartition('/')[2]}\n".encode(), content_type="text/plain"
        )

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                site.asked.append(path)
                found = site.pages.get(path, Page(body=b"not here", status=404))
                page = found() if callable(found) else found
                etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
                known = page.status == 200 and self.headers.get("If-None-Match") == etag
                self.send_response(304 if known else page.status)
                for name, value in {"ETag": etag, **page.headers}.items():
                    self.send_header(name, value)
                if not known:
                    self.send_header("Content-Type", page.content_type)
                    self.send_header("Content-Length", str(len(page.body) + page.lost))
                self.end_headers()
                if not known:
                    self.wfile.write(page.body)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        return Handler
