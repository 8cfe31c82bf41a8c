"""Floors that depend on what is published: the number of points behind a load curve under French energy law. Pure.

Code de l'énergie D111-63: a fine curve over a long time shows the habits of a household far better than a daily sum,
so the law asks for more points the finer the interval and the longer the period, and for fewer where energy is fed in.
Boundary: looks a number up in the dated table of a preset; where the circumstances are not stated, the caller uses
the highest floor of the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Self

from disclosure.errors import DisclosureRefused, PresetInvalid


class Direction(StrEnum):
    """Which way energy flows at the points of a curve."""

    WITHDRAWAL = "withdrawal"
    INJECTION = "injection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a floor depends on: length of one value, length of what is published together, direction."""

    interval: timedelta
    period: timedelta
    direction: Direction

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe, in whole minutes; `from_mapping` reads it."""
        minute = timedelta(minutes=1)
        return {
            "interval_min": self.interval // minute,
            "period_min": -(-self.period // minute),
            "direction": str(self.direction),
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `as_dict` gives.

        Raises:
            PresetInvalid: code ``circumstances-unreadable``.
        """
        try:
            return cls(
                interval=timedelta(minutes=int(data["interval_min"])),
                period=timedelta(minutes=int(data["period_min"])),
                direction=Direction(data["direction"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PresetInvalid("circumstances-unreadable") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRule:
    """One row of the table: bounds on interval and period (both in minutes), and the floor for each direction.

    The interval lies in ``[interval_from_min, interval_below_min)``, the period in
    ``(period_above_min, period_to_min]``; a bound that is None does not bind.
    """

    withdrawal: int
    injection: int
    interval_from_min: int | None = None
    interval_below_min: int | None = None
    period_above_min: int | None = None
    period_to_min: int | None = None

    def fits(self, case: Circumstances) -> bool:
        """Whether the row is about `case`."""
        minute = timedelta(minutes=1)
        return (
            (self.interval_from_min is None or case.interval >= self.interval_from_min * minute)
            and (self.interval_below_min is None or case.interval < self.interval_below_min * minute)
            and (self.period_above_min is None or case.period > self.period_above_min * minute)
            and (self.period_to_min is None or case.period <= self.period_to_min * minute)
        )

    def floor(self, direction: Direction) -> int:
        """The least number of points in `direction`."""
        return self.injection if direction is Direction.INJECTION else self.withdrawal


def floor_of(rules: Sequence[FloorRule], case: Circumstances, *, finest_interval_min: int | None) -> int:
    """The least number of points for `case`; where several rows fit, the highest.

    Raises:
        DisclosureRefused: ``interval-too-fine``, the values are finer than the law lets anybody publish;
            ``no-floor``, no row of the table is about this case.
    """
    if finest_interval_min is not None and case.interval < timedelta(minutes=finest_interval_min):
        raise DisclosureRefused("interval-too-fine", least_min=finest_interval_min)
    floors = [rule.floor(case.direction) for rule in rules if rule.fits(case)]
    if not floors:
        raise DisclosureRefused("no-floor", **case.as_dict())
    return max(floors)
