"""Space for roll-ups: a nested metric grid, zones with a parent table, and H3 by parent of child.

Boundary: geometry and names of areas; knows nothing about people, thresholds or tables that are published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from disclosure.errors import SpecInvalid
from disclosure.space.axis import WHOLE, Axis, Space
from disclosure.space.grid import Grid
from disclosure.space.h3cells import H3
from disclosure.space.zones import Zones

__all__ = ["H3", "WHOLE", "Axis", "Grid", "Space", "Zones", "space_from"]

_KINDS: Mapping[str, type[Grid] | type[Zones] | type[H3]] = {"grid": Grid, "zones": Zones, "h3": H3}


def space_from(data: Mapping[str, Any]) -> Space:
    """Build a space from what its ``public()`` gave.

    Raises:
        SpecInvalid: code ``space-unknown``.
    """
    values = dict(data)
    kind = str(values.pop("kind", ""))
    if kind not in _KINDS:
        raise SpecInvalid("space-unknown", kind=kind, known=list(_KINDS))
    return _KINDS[kind].from_public(values)
