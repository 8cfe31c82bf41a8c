"""Coarse bands for what was withheld; the only form in which a share is ever published.

A band is not stated when what was withheld concerns fewer than the minimum number of units. Zero counts as few, else
"not stated" would itself tell that between one and k-1 units were left out.
"""

from __future__ import annotations

from typing import Final

NOT_STATED: Final = "not-stated"
BANDS: Final = ("0", "<5 %", "5–20 %", "20–50 %", ">50 %")


def band(withheld: int, total: int, *, units_behind: int, min_units: int) -> str:
    """The band of ``withheld / total``; `units_behind` is the number of units that the withheld part concerns."""
    if units_behind < min_units:
        return NOT_STATED
    if withheld == 0:
        return BANDS[0]
    share = withheld / total
    if share < 0.05:
        return BANDS[1]
    if share < 0.20:
        return BANDS[2]
    return BANDS[3] if share <= 0.50 else BANDS[4]
