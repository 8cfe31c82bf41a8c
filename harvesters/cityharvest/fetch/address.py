"""Which addresses may be called: a URL's parts, and the check of every address its name stands for.

Pure: look-ups are done by the client and handed in. Source of the address classes: IANA special-purpose
registries as Python's ``ipaddress`` knows them, and the transition mechanisms that carry an IPv4 address inside.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from cityharvest.errors import FetchRefused

DEFAULT_PORTS = {"http": 80, "https": 443}
# These ranges carry an IPv4 address inside that a translator on the way would call.
_TRANSLATED = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one request goes. ``host`` is lower case and without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_port(self) -> str:
        """``host:port``, as the operator's exceptions write it."""
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials are bound to."""
        return (self.scheme, self.host, self.port)


def target_of(url: str) -> Target:
    """Take a URL apart.

    Raises:
        FetchRefused: ``scheme-refused``, ``credentials-in-url`` or ``url-invalid``.
    """
    # Blanks and control characters are read differently by different parsers, so none is accepted.
    if not url or url != url.strip() or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in url):
        raise FetchRefused("url-invalid", url=redacted(url))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise FetchRefused("url-invalid", url=redacted(url)) from error
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise FetchRefused("scheme-refused", url=redacted(url))
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise FetchRefused("credentials-in-url", url=redacted(url))
    if not host or "%" in host or "\\" in url:
        raise FetchRefused("url-invalid", url=redacted(url))
    path = parts.path or "/"
    return Target(
        scheme=scheme,
        host=host.rstrip(".").lower(),
        port=port or DEFAULT_PORTS[scheme],
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def checked_addresses(target: Target, answers: Iterable[str], allowed_private: frozenset[str]) -> tuple[str, ...]:
    """Return the addresses that may be connected to, after every answer has been checked.

    One private answer among public ones refuses the name: which of them a later look-up would give is up to others.

    Raises:
        FetchRefused: ``address-private``.
    """
    found = tuple(dict.fromkeys(answers))
    if not found:
        raise FetchRefused("host-unknown", host=target.host)
    if target.host_port not in allowed_private and not all(is_public(answer) for answer in found):
        raise FetchRefused("address-private", host=target.host, port=target.port)
    return found


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet: neither private, loopback, link-local, shared nor reserved."""
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


def redacted(url: str) -> str:
    """Return a URL for logs and errors: no user, no password, no values of a query, no control characters."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable address)"
    query = "?…" if parts.query else ""
    text = f"{parts.scheme}://{host}{port}{parts.path}{query}" if parts.scheme else parts.path
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:500]
