"""The fetcher: looks a name up, checks it, connects to the checked address, follows checked redirects.

Third-party errors end here: callers see ``FetchRefused`` (a person must act), ``FetchTemporary`` (the next run tries
again) and ``FetchGone`` (the source says that it does not have this file).
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from cityharvest.errors import FetchGone, FetchRefused, FetchTemporary
from cityharvest.fetch.address import Target, checked_addresses, redacted, target_of
from cityharvest.fetch.multipart import FilePart, MultipartStream
from cityharvest.fetch.pinned import Deadline, connect
from cityharvest.fetch.policy import FetchPolicy
from cityharvest.fetch.response import Response

log = logging.getLogger(__name__)

Resolver = Callable[[str, int], Sequence[str]]

USER_AGENT = "CityOpen-harvester/0.1"
_BEHIND_DEADLINE_S = 30.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# What may follow a redirect to another host. Anything else could be a credential, whatever it is called.
_PLAIN_HEADERS = frozenset({"accept", "accept-language", "user-agent"})
_BUSY = frozenset({408, 425, 429})
_GONE = frozenset({404, 410})


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Return every address of a name, by the system's resolver."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Fetcher:
    """Makes requests under one policy. ``resolver`` is replaced in tests only."""

    def __init__(self, policy: FetchPolicy | None = None, *, resolver: Resolver = system_resolver) -> None:
        self.policy = policy or FetchPolicy()
        self._resolver = resolver

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Get an address; status 200–299 and 304 are returned, everything else is raised.

        Args:
            url: where to.
            headers: sent along; credentials among them are dropped when a redirect leaves the host.
            etag: validator of what is already there; a 304 says that it is still so.
            last_modified: date of what is already there.
            max_bytes: a smaller cap on the decoded body than the policy's.

        Raises:
            FetchRefused: by a safety rule (``address-private``, ``scheme-refused``, …) or by the source
                (``source-refuses``: 401, 403 and other 4xx).
            FetchTemporary: no connection, a deadline, 408, 425, 429 or 5xx; ``retry_after_s`` where it is stated.
            FetchGone: 404 or 410.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        sent = {**(headers or {}), **{name: value for name, value in conditions.items() if value}}
        response = self._follow(url, sent, max_bytes)
        _raise_for(response)
        return response

    def post_json(self, url: str, payload: Any, *, headers: Mapping[str, str] | None = None) -> Response:
        """Post JSON; any status is returned, a redirect is refused."""
        body = json.dumps(payload, ensure_ascii=False).encode()
        return self._send("POST", url, body, {**(headers or {}), "Content-Type": "application/json; charset=utf-8"})

    def post_multipart(
        self, url: str, *, fields: Mapping[str, str], file: FilePart, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Post a form with one file ``(field, filename, stream, content type)``; a redirect is refused."""
        form = MultipartStream(fields, file)
        length = {"Content-Type": form.content_type, "Content-Length": str(form.size_bytes)}
        return self._send("POST", url, form, {**(headers or {}), **length})

    def put_stream(self, url: str, stream: Any, *, headers: Mapping[str, str] | None = None) -> Response:
        """Send a raw body while it is read (chunked unless Content-Length is given); a redirect is refused."""
        return self._send("PUT", url, stream, headers or {})

    def _send(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Response:
        target = target_of(url)
        deadline = Deadline(self.policy.deadline_s).start()
        response = self._request(method, target, url, headers, body, deadline, None)
        if response.status in _REDIRECTS:
            response.close()
            raise FetchRefused("redirect-refused", url=response.url)
        return response

    def _follow(self, url: str, headers: Mapping[str, str], max_bytes: int | None) -> Response:
        ends = time.monotonic() + self.policy.deadline_s
        target = target_of(url)
        at_home = True
        for _ in range(self.policy.max_redirects + 1):
            deadline = Deadline(ends - time.monotonic()).start()
            response = self._request("GET", target, url, headers, None, deadline, max_bytes, at_home=at_home)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or not location:
                return response
            response.close()
            url = urljoin(url, location)
            following = target_of(url)
            if target.scheme == "https" and following.scheme == "http":
                raise FetchRefused("redirect-refused", url=redacted(url))
            if following.origin != target.origin:
                headers = {name: value for name, value in headers.items() if name.lower() in _PLAIN_HEADERS}
            # Once another host has a say in where we go, the operator's exception is over, also on the way back.
            at_home = at_home and following.host_port == target.host_port
            target = following
        raise FetchRefused("too-many-redirects", url=redacted(url), most=self.policy.max_redirects)

    def _request(
        self,
        method: str,
        target: Target,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        deadline: Deadline,
        max_bytes: int | None,
        *,
        at_home: bool = True,
    ) -> Response:
        shown = redacted(url)
        try:
            # An exception of the operator holds for the address it was asked for, never for one a redirect leads to.
            addresses = self._look_up(target, self.policy.allowed_private if at_home else frozenset(), deadline)
            connection = connect(target, addresses, deadline, min(self.policy.connect_s, self.policy.deadline_s))
        except BaseException:
            deadline.cancel()
            raise
        try:
            # One connection per request: its silence is bounded by the deadline, not by a timeout per read, which
            # therefore lies well behind it: with both at the same moment, chance would name the error.
            connection.connect()
            connection.timeout = self.policy.deadline_s + _BEHIND_DEADLINE_S
            sent = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate", **headers}
            connection.request(method, target.path, body=body, headers=sent, preload_content=False)
            raw: BaseHTTPResponse = connection.getresponse()
        except (HTTPError, OSError, ValueError) as error:
            passed = deadline.passed
            deadline.cancel()
            connection.close()
            raise FetchTemporary("fetch-deadline" if passed else "connection-failed", url=shown) from error
        except BaseException:
            deadline.cancel()
            connection.close()
            raise
        log.info("%s %s: %s", method, shown, raw.status)
        cap = min(max_bytes or self.policy.max_bytes, self.policy.max_bytes)
        return Response(raw, url=shown, deadline=deadline, max_bytes=cap, close=connection.close)

    def _look_up(self, target: Target, allowed_private: frozenset[str], deadline: Deadline) -> tuple[str, ...]:
        try:
            answers = deadline.within(lambda: self._resolver(target.host, target.port))
        except TimeoutError as error:
            raise FetchTemporary("fetch-deadline", url=f"{target.scheme}://{target.host_port}") from error
        except (OSError, UnicodeError) as error:
            raise FetchTemporary("host-unknown", host=target.host) from error
        return checked_addresses(target, answers, allowed_private)


def _raise_for(response: Response) -> None:
    status = response.status
    if 200 <= status < 300 or response.not_modified:
        return
    response.close()
    if status in _GONE:
        raise FetchGone("fetch-gone", url=response.url, status=status)
    if status in _BUSY or status >= 500:
        after = response.headers.get("retry-after", "")
        params = {"retry_after_s": int(after)} if after.isdigit() else {}
        raise FetchTemporary("source-unavailable", url=response.url, status=status, **params)
    raise FetchRefused("source-refuses", url=response.url, status=status)
