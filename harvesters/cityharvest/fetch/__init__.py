"""The one door out: every outgoing connection of the platform is opened here.

Rules (design: outgoing requests): http and https only; the name is resolved once, every answer is checked, and the
socket goes to the checked address; every redirect is checked again; one deadline for everything from the look-up to
the last byte; a cap on decoded bytes; credentials stay with the host they were meant for; no proxy and no netrc from
the environment. Private addresses are refused except exact ``host:port`` pairs that only an operator can set.
"""

from __future__ import annotations

from cityharvest.fetch.address import redacted
from cityharvest.fetch.client import Fetcher
from cityharvest.fetch.policy import FetchPolicy
from cityharvest.fetch.response import Response

__all__ = ["FetchPolicy", "Fetcher", "Response", "redacted"]
