"""Top and bottom coding of numbers: bounds and a step that are stated, never read off the data.

A value below the lower bound is published as the lower bound, one above the upper bound as the upper bound; between
them values are rounded to the nearest multiple of the step above the lower bound (halves up). An extreme value alone
can tell who somebody is. A bound that some but fewer than k units reach would still single those out, so the caller
counts them (`disclosure.policies.recode`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Self

from disclosure.errors import SpecInvalid
from disclosure.sqltext import SCALE_DECIMALS, VALUE_TYPE, ident

_MICRO: Final = 10**SCALE_DECIMALS
_MOST: Final = Decimal(10) ** 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How one number is published.

    Raises:
        SpecInvalid: code ``coding-bounds`` if the bounds are not whole steps apart or out of range.
    """

    low: Decimal
    high: Decimal
    step: Decimal

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            object.__setattr__(self, name, _exact(getattr(self, name)))
        fits = self.low < self.high and self.step > 0 and max(abs(self.low), abs(self.high)) < _MOST
        if not fits or (self.high - self.low) % self.step or self.decimals > SCALE_DECIMALS:
            raise SpecInvalid("coding-bounds", low=str(self.low), high=str(self.high), step=str(self.step))

    @property
    def decimals(self) -> int:
        """Decimal places of the published number."""
        return max(0, *(-int(each.as_tuple().exponent) for each in (self.low, self.step)))

    @property
    def type(self) -> str:
        """Arrow's name of the published type."""
        return f"decimal128(18, {self.decimals})"

    def code(self, value: Decimal) -> Decimal:
        """The published form of one value."""
        inside = min(max(value, self.low), self.high)
        steps = (2 * (inside - self.low) + self.step) // (2 * self.step)
        return self.low + steps * self.step

    def sql(self, column: str) -> str:
        """The published form as an SQL expression over whole millionths; NULL stays NULL."""
        low, high, step = (int(each * _MICRO) for each in (self.low, self.high, self.step))
        micro = f"CAST(CAST({ident(column)} AS {VALUE_TYPE}) * {_MICRO} AS HUGEINT)"
        inside = f"least(greatest({micro}, {low}), {high})"
        coded = f"({low} + (2 * ({inside} - ({low})) + {step}) // (2 * {step}) * {step})"
        exact = f"CAST({coded} AS DECIMAL(31,0)) * CAST(0.000001 AS DECIMAL(7,6))"
        return f"CASE WHEN {ident(column)} IS NOT NULL THEN CAST({exact} AS DECIMAL(18,{self.decimals})) END"

    def as_dict(self) -> dict[str, str]:
        """JSON-safe form."""
        return {"low": str(self.low), "high": str(self.high), "step": str(self.step)}

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `as_dict` gives."""
        return cls(**{name: data[name] for name in ("low", "high", "step")})


def _exact(value: object) -> Decimal:
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise SpecInvalid("coding-bounds", low=str(value)) from None
    if not number.is_finite():
        raise SpecInvalid("coding-bounds", low=str(value))
    return number
