"""What a feed's poller remembers between two polls, as JSON-safe values in the ledger. Pure.

Validators of conditional requests, the addresses that the discovery listed, when the feed may be asked again, the last
snapshot, and the gaps of the day. No id of a vehicle and no position is among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from cityharvest.sources.gbfs.parts import stamp

#: Days that are remembered: the present one, and those that may still have to be closed.
KEPT_DAYS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of one source about one day. Addresses of feeds belong to it too, so that they are asked for daily."""

    day: str
    others: Mapping[str, Any] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)
    validators: Mapping[str, str] = field(default_factory=dict)
    ttl_s: int = 0
    last_updated: str = ""
    next_poll: str = ""
    snapshots: int = 0
    is_closed: bool = False
    gaps: tuple[Mapping[str, str], ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any], day: str) -> Self:
        """Return what is remembered about a day."""
        days = dict(values.get("days", {}))
        known = days.pop(day, {})
        return cls(day=day, others=days, **{**known, "gaps": tuple(known.get("gaps", ()))})

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe content, other days included."""
        own = {
            "feeds": dict(self.feeds),
            "validators": dict(self.validators),
            "ttl_s": self.ttl_s,
            "last_updated": self.last_updated,
            "next_poll": self.next_poll,
            "snapshots": self.snapshots,
            "is_closed": self.is_closed,
            "gaps": [dict(one) for one in self.gaps],
        }
        return {"days": dict(sorted({**self.others, self.day: own}.items())[-KEPT_DAYS:])}

    def wait_s(self, now: datetime) -> float:
        """Return how long the feed asked to be left alone."""
        if not self.next_poll:
            return 0.0
        return max(0.0, (datetime.fromisoformat(self.next_poll) - now).total_seconds())

    def with_gap(self, now: datetime, code: str) -> Self:
        """Note that there was nothing to be had now; a gap of the same kind that is going on is prolonged."""
        last = self.gaps[-1] if self.gaps else None
        # The next snapshot closes a gap: then ``last_updated`` is later than the gap's end.
        if last is not None and last["code"] == code and last["to"] >= self.last_updated:
            return replace(self, gaps=(*self.gaps[:-1], {**last, "to": stamp(now)}))
        return replace(self, gaps=(*self.gaps, {"from": stamp(now), "to": stamp(now), "code": code}))
