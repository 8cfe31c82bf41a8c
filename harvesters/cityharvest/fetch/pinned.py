"""Connections that go to addresses checked before, under the name that was asked for, and end at a deadline.

The name stays the connection's host, so the Host header, SNI and the certificate check are those of the name; only
the socket is opened to a pinned address. The deadline is kept by shutting the socket down: a peer that drips one
byte at a time, in the handshake, the headers or the body, cannot outlive it.
"""

from __future__ import annotations

import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from cityharvest.fetch.address import Target

Answer = TypeVar("Answer")


class Deadline:
    """Ends a connection after a number of seconds, whatever its peer does."""

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._ends = time.monotonic() + seconds
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

    def within(self, work: Callable[[], Answer]) -> Answer:
        """Return what ``work`` returns, or raise what it raises.

        For the look-up of a name, which cannot be ended from outside: past the deadline its thread is left behind.

        Raises:
            TimeoutError: it took too long.
        """
        done: queue.SimpleQueue[tuple[Answer | None, Exception | None]] = queue.SimpleQueue()

        def run() -> None:
            try:
                done.put((work(), None))
            except Exception as error:  # noqa: BLE001 - raised again by the caller
                done.put((None, error))

        threading.Thread(target=run, name="look-up", daemon=True).start()
        try:
            answer, error = done.get(timeout=max(self._ends - time.monotonic(), 0.001))
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return cast(Answer, answer)

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
    """Opens the socket to the first pinned address that answers and puts it under the deadline."""

    pinned_addresses: tuple[str, ...]
    deadline: Deadline
    port: int
    timeout: Any

    def _new_conn(self) -> socket.socket:
        failed: OSError | None = None
        # A name may have an address of a family that this machine cannot reach; the next one is as good.
        for address in self.pinned_addresses:
            if self.deadline.passed:
                break
            try:
                sock = socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                failed = error
                continue
            self.deadline.watch(sock)
            return sock
        if failed is None or isinstance(failed, TimeoutError):
            raise ConnectTimeoutError(self, "connection timed out") from failed
        raise NewConnectionError(self, "connection failed") from failed  # type: ignore[arg-type]


class PinnedHTTP(_Pinned, HTTPConnection):
    """Plain connection to pinned addresses."""


class PinnedHTTPS(_Pinned, HTTPSConnection):
    """TLS connection to pinned addresses; the certificate must be valid for the name."""


def connect(target: Target, addresses: tuple[str, ...], deadline: Deadline, timeout_s: float) -> HTTPConnection:
    """Make (not yet open) the connection for one request."""
    common: dict[str, Any] = {"port": target.port, "timeout": timeout_s}
    connection: PinnedHTTP | PinnedHTTPS
    if target.scheme == "https":
        connection = PinnedHTTPS(target.host, ssl_context=tls_context(), **common)
    else:
        connection = PinnedHTTP(target.host, **common)
    connection.pinned_addresses, connection.deadline = addresses, deadline
    return connection


def tls_context() -> ssl.SSLContext:
    """Return the TLS rules: certificates checked, by the operator's bundle (REQUESTS_CA_BUNDLE) or certifi's."""
    return ssl.create_default_context(cafile=os.environ.get("REQUESTS_CA_BUNDLE") or certifi.where())
