"""Connections that go to an address checked before, under the name that was asked for, and end at a deadline.

The name stays the connection's host, so the Host header, SNI and the certificate check are those of the name; only
the socket is opened to the pinned address. The deadline is kept by shutting the socket down: a peer that drips one
byte at a time, in the handshake, the headers or the body, cannot outlive it.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from types import TracebackType
from typing import Any, Self

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cityharvest.fetch.address import Target


class Deadline:
    """Ends a connection after a number of seconds, whatever its peer does."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(seconds, 0.001), self._strike)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def start(self) -> Self:
        """Begin to count; the caller promises to ``cancel``."""
        return self.__enter__()

    def watch(self, sock: socket.socket) -> None:
        """Put a socket under the deadline. A duplicate is kept, because TLS takes the original over."""
        with self._lock:
            self._sockets.append(sock.dup())
        if self.passed:
            self._strike()

    def cancel(self) -> None:
        """Stop counting and let go of the sockets. Safe to call twice."""
        self._timer.cancel()
        with self._lock:
            while self._sockets:
                self._sockets.pop().close()

    def _strike(self) -> None:
        self.passed = True
        with self._lock:
            for sock in self._sockets:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Pinned:
    """Opens the socket to the pinned address and puts it under the deadline."""

    pinned_address: str
    deadline: Deadline
    host: str
    port: int
    timeout: Any

    def _new_conn(self) -> socket.socket:
        try:
            sock = socket.create_connection((self.pinned_address, self.port), self.timeout)
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "connection timed out") from error
        except OSError as error:
            raise NewConnectionError(self, "connection failed") from error  # type: ignore[arg-type]
        self.deadline.watch(sock)
        return sock


class PinnedHTTP(_Pinned, HTTPConnection):
    """Plain connection to a pinned address."""


class PinnedHTTPS(_Pinned, HTTPSConnection):
    """TLS connection to a pinned address; the certificate must be valid for the name."""


def connect(target: Target, address: str, deadline: Deadline, timeout_s: float) -> HTTPConnection:
    """Make (not yet open) the connection for one request."""
    common: dict[str, Any] = {"port": target.port, "timeout": timeout_s}
    connection: PinnedHTTP | PinnedHTTPS
    if target.scheme == "https":
        connection = PinnedHTTPS(target.host, ssl_context=tls_context(), **common)
    else:
        connection = PinnedHTTP(target.host, **common)
    connection.pinned_address, connection.deadline = address, deadline
    return connection


def tls_context() -> ssl.SSLContext:
    """Return the TLS rules: certificates checked, by the operator's bundle (REQUESTS_CA_BUNDLE) or certifi's."""
    return ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where())
