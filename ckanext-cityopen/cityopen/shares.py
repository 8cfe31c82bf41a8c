"""How a board's verdicts divide, as whole percents that always sum to a hundred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SHOWN = ("met", "partial", "missing")
# Whoever is exempted, or whom a requirement does not concern, is neither behind nor ahead.
_OUTSIDE = ("not_applicable", "exempted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stretch of a bar: its status, how many, and where it starts and how far it reaches in percent."""

    status: str
    count: int
    start_percent: int
    width_percent: int


def divide(counts: Mapping[str, int]) -> tuple[Part, ...]:
    """Return the stretches of met, partial and missing, by the largest remainder; empty when nothing counts."""
    total = sum(counts.get(status, 0) for status in SHOWN)
    if total == 0:
        return ()
    exact = {status: 100 * counts.get(status, 0) / total for status in SHOWN}
    widths = {status: int(share) for status, share in exact.items()}
    by_remainder = sorted(SHOWN, key=lambda status: (widths[status] - exact[status], SHOWN.index(status)))
    for status in by_remainder[: 100 - sum(widths.values())]:
        widths[status] += 1
    parts, start = [], 0
    for status in SHOWN:
        parts.append(
            Part(status=status, count=counts.get(status, 0), start_percent=start, width_percent=widths[status])
        )
        start += widths[status]
    return tuple(parts)


def applicable(counts: Mapping[str, int]) -> int:
    """Return how many requirements concern the city at all."""
    return counts.get("total", 0) - sum(counts.get(status, 0) for status in _OUTSIDE)
