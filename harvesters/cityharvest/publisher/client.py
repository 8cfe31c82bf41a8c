"""The portal's Action API as seen by the publisher: one call, one answer, three kinds of failure.

Boundary: connections are opened by ``cityharvest.fetch`` only; the token travels in the ``Authorization`` header and
is never part of an error or a log line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from cityharvest.errors import FetchRefused, FetchTemporary, PublishRefused, PublishTemporary
from cityharvest.fetch import Fetcher, FetchPolicy, Response
from cityharvest.publisher.answers import AbsentError, result_of

_DEADLINE_S = 300.0
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


def portal_policy(portal_url: str, allowed_private: frozenset[str]) -> FetchPolicy:
    """Return the address policy for the portal: its own host:port may be private, nothing else becomes so."""
    parts = urlsplit(portal_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    own = f"{parts.hostname}:{port}"
    return FetchPolicy(
        allowed_private=allowed_private | {own},
        deadline_s=_DEADLINE_S,
        max_bytes=_MAX_ANSWER_BYTES,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionApi:
    """Calls to one portal with one token."""

    portal_url: str
    token: str = field(repr=False)
    fetcher: Fetcher

    def call(self, action: str, **payload: Any) -> Any:
        """Call ``action`` and return its result.

        Raises:
            PublishTemporary: the portal is down; calling again may succeed.
            PublishRefused: the portal said no, or does not know what ``action`` is about (``portal-absent``).
        """
        try:
            return self._post(action, payload)
        except AbsentError as problem:
            raise PublishRefused("portal-absent", action=action) from problem

    def find(self, action: str, **payload: Any) -> Any | None:
        """Call ``action``; ``None`` when the thing asked for does not exist."""
        try:
            return self._post(action, payload)
        except AbsentError:
            return None

    def _post(self, action: str, payload: Mapping[str, Any]) -> Any:
        return self._answer(action, lambda: self.fetcher.post_json(self._url(action), payload, headers=self._headers()))

    def upload(
        self, action: str, fields: Mapping[str, str], *, filename: str, stream: BinaryIO, content_type: str
    ) -> Any:
        """Call ``action`` as a multipart form with one file in the field ``upload``."""
        file = ("upload", filename, stream, content_type)
        try:
            return self._answer(
                action,
                lambda: self.fetcher.post_multipart(
                    self._url(action), fields=fields, file=file, headers=self._headers()
                ),
            )
        except AbsentError as problem:
            raise PublishRefused("portal-absent", action=action) from problem

    def _answer(self, action: str, send: Callable[[], Response]) -> Any:
        try:
            with send() as response:
                return result_of(action, response.status, response.body())
        except FetchTemporary as problem:
            raise PublishTemporary("portal-unreachable", action=action) from problem
        except FetchRefused as problem:
            raise PublishRefused("portal-address-refused", action=action, reason=problem.code) from problem

    def _url(self, action: str) -> str:
        return f"{self.portal_url.rstrip('/')}/api/3/action/{action}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.token, "Accept": "application/json"}
