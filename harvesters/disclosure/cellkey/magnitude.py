"""Noise for trips, kWh and nights, scaled to the largest contributors of a cell.

Whoever is largest in a cell has most to fear from a total, so the noise is measured in shares of the largest
contributions (Giessing and Tent, UNECE 2019): ``Σ share_j · x_j · |v_j|`` over the `top` largest, with the sign of the
first draw. Choices that differ from the paper, and why:

- *Every* draw keeps away from zero by ``least``. The paper adds this protection (its µ_c) to sensitive cells only;
  which cells are sensitive would then show in the noise.
- The draws share one sign, so they cannot cancel: the noise is never below ``share_1 · least`` of the largest
  contribution. An insider who knows all but the largest contribution therefore misses it by at least that share,
  though he may guess the sign.
- No tables by parity (they exist for one contributor only) and none for small cells: no cell of few units is shown.

Values lie on a grid, so the noise is an exact fraction of whole numbers. With ``share · most ≤ 1`` no total of
contributions of one sign changes its sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final, Self

from disclosure.cellkey.keys import WORDS, digest_of
from disclosure.cellkey.ptable import Row, exact_rows
from disclosure.errors import SpecInvalid

PERMILLE: Final = 1000
MOST_STEPS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude:
    """Parameters of magnitude noise; public.

    Args:
        permille: the shares of the largest, second largest … contribution, in thousandths, falling.
        grid: steps of noise to one unit.
        least: steps that every draw differs from zero by at least.
        most: steps that no draw exceeds.
        variance: of a draw, in squared steps.

    Raises:
        SpecInvalid: code ``cell-key-magnitude``.
    """

    permille: tuple[int, ...] = (300, 150)
    grid: int = 4
    least: int = 2
    most: int = 8
    variance: int = 16

    def __post_init__(self) -> None:
        object.__setattr__(self, "permille", tuple(self.permille))
        numbers = (*self.permille, self.grid, self.least, self.most, self.variance)
        fits = (
            all(type(each) is int and each > 0 for each in numbers)
            and 1 <= len(self.permille) < WORDS
            and list(self.permille) == sorted(self.permille, reverse=True)
            and self.least < self.most <= MOST_STEPS
            and self.least**2 < self.variance < self.most**2
            and self.permille[0] * self.most <= PERMILLE * self.grid
        )
        if not fits:
            raise SpecInvalid("cell-key-magnitude")

    @property
    def top(self) -> int:
        """How many of the largest contributions scale the noise."""
        return len(self.permille)

    @property
    def denominator(self) -> int:
        """What the whole-number noise is divided by."""
        return PERMILLE * self.grid

    @property
    def least_percent(self) -> Fraction:
        """The least noise in percent of the largest contribution."""
        return Fraction(100 * self.permille[0] * self.least, self.denominator)

    @property
    def row(self) -> Row:
        """The distribution of one draw, in steps."""
        return _row(self.least, self.most, self.variance)

    @property
    def id(self) -> str:
        """Two settings with the same id give the same noise for the same key."""
        return digest_of(json.dumps([self.public(), self.row.weights]))

    def public(self) -> dict[str, Any]:
        """JSON-safe parameters."""
        return asdict(self) | {"permille": list(self.permille)}

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from `public`."""
        return cls(**data)


@cache
def _row(least: int, most: int, variance: int) -> Row:
    outside = range(least, most + 1)
    values = (*(-v for v in reversed(outside)), *outside)
    (row,) = exact_rows([values], Fraction(variance))
    return row
