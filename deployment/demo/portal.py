"""The portal as anybody else meets it: the Action API over HTTP with a token, nothing behind it."""

from __future__ import annotations

from typing import Any

import requests

TIMEOUT_S = 120


class RefusedError(Exception):
    """The portal refused an action; the message has its own words."""


class MissingError(RefusedError):
    """There is no such thing."""


class Portal:
    """Calls actions for one user."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token
        self._session = requests.Session()
        self._session.headers["Authorization"] = token

    def call(self, action: str, **values: Any) -> Any:
        """Return the result of an action.

        Raises:
            MissingError: the portal says 404.
            RefusedError: it says anything else but success.
        """
        return self._result(action, self._session.post(self._address(action), json=values, timeout=TIMEOUT_S))

    def upload(self, action: str, file: tuple[str, bytes], **values: Any) -> Any:
        """Return the result of an action that takes a file; raises as `call` does."""
        answer = self._session.post(self._address(action), data=values, files={"upload": file}, timeout=TIMEOUT_S)
        return self._result(action, answer)

    def find(self, action: str, **values: Any) -> Any | None:
        """Return the result of an action, or None where there is no such thing."""
        try:
            return self.call(action, **values)
        except MissingError:
            return None

    def twin(self) -> Portal:
        """Return the same portal for the same user with a connection of its own, for another thread."""
        return Portal(self._url, self._token)

    def as_user(self, token: str) -> Portal:
        """Return the same portal for another user."""
        return Portal(self._url, token)

    def _address(self, action: str) -> str:
        return f"{self._url}/api/3/action/{action}"

    @staticmethod
    def _result(action: str, answer: requests.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            body = {"error": answer.text[:300]}
        if answer.ok and body.get("success"):
            return body["result"]
        kind = MissingError if answer.status_code == requests.codes.not_found else RefusedError
        raise kind(f"{action}: {answer.status_code} {body.get('error')}")
