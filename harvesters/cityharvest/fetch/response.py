"""An answer: status, headers and a body that is read under a cap and a deadline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from cityharvest.errors import FetchRefused, FetchTemporary
from cityharvest.fetch.pinned import Deadline

CHUNK_BYTES = 256 * 1024


class Response:
    """One answer. Read it as a file (``read``) or whole (``body``), and close it.

    ``headers`` have lower-case names. Decoded bytes beyond ``max_bytes`` raise ``FetchRefused`` ``body-too-large``,
    a body shorter than announced ``FetchTemporary`` ``body-truncated``, the deadline ``fetch-deadline``.
    """

    def __init__(
        self,
        raw: BaseHTTPResponse,
        *,
        url: str,
        deadline: Deadline,
        max_bytes: int,
        close: Callable[[], None],
    ) -> None:
        self.status = raw.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in raw.headers.items()}
        self.url = url
        self.read_bytes = 0
        self._raw = raw
        self._deadline = deadline
        self._max_bytes = max_bytes
        self._close = close
        self._rest = b""
        self._ended = False

    @property
    def not_modified(self) -> bool:
        """Whether the condition sent with the request held (status 304)."""
        return self.status == 304

    @property
    def etag(self) -> str | None:
        """The validator for the next conditional request."""
        return self.headers.get("etag")

    @property
    def last_modified(self) -> str | None:
        """The date for the next conditional request."""
        return self.headers.get("last-modified")

    @property
    def content_type(self) -> str:
        """Media type without parameters, lower case; empty when not stated."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` decoded bytes, all for -1, empty at the end."""
        if size < 0:
            return self.body()
        while not self._rest and not self._ended:
            self._rest = self._next_chunk()
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    def readable(self) -> bool:
        """Say that this is a stream to read from."""
        return True

    def body(self) -> bytes:
        """Return the whole (rest of the) body, and close."""
        chunks = [self._rest]
        self._rest = b""
        with self:
            while not self._ended:
                chunks.append(self._next_chunk())
        return b"".join(chunks)

    def close(self) -> None:
        """Let the connection go. Safe to call twice."""
        self._deadline.cancel()
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _next_chunk(self) -> bytes:
        try:
            chunk = self._raw.read1(CHUNK_BYTES, decode_content=True)
        except (HTTPError, OSError, ValueError) as error:
            self.close()
            code = "fetch-deadline" if self._deadline.passed else "body-truncated"
            raise FetchTemporary(code, url=self.url) from error
        if self._deadline.passed:
            self.close()
            raise FetchTemporary("fetch-deadline", url=self.url)
        if not chunk:
            self._ended = True
            return b""
        self.read_bytes += len(chunk)
        if self.read_bytes > self._max_bytes:
            self.close()
            raise FetchRefused("body-too-large", url=self.url, max_bytes=self._max_bytes)
        return chunk
