"""Kinds of sources: where deliveries are pulled from. A kind fetches; it knows neither ledger nor keys.

The stage hands in a fetcher, a clock and a sink (``base.Sink``) and stores what the kind remembers. A new kind
is a module with a class that satisfies ``base.SourceKind``, one line here, and a test class of the contract suite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cityharvest.errors import NotFound
from cityharvest.sources.base import REFERENCE_PREFIX, Outcome, Sink, SourceKind, is_reference
from cityharvest.sources.gbfs import GbfsSource
from cityharvest.sources.meter_drop import MeterDrop

__all__ = ["REFERENCE_PREFIX", "Outcome", "Sink", "SourceKind", "get", "is_reference", "kinds"]

_KINDS: Final[Mapping[str, SourceKind]] = {kind.kind: kind for kind in (MeterDrop(), GbfsSource())}


def get(kind: str) -> SourceKind:
    """Return a kind by its name.

    Raises:
        NotFound: there is none of this name.
    """
    try:
        return _KINDS[kind]
    except KeyError as error:
        raise NotFound(kind="source-kind", id=kind) from error


def kinds() -> tuple[str, ...]:
    """Return the names of all kinds."""
    return tuple(sorted(_KINDS))
