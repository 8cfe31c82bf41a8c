"""How many equivalence classes there are of each size, and the risks of re-identification that follow from it.

Sources: k-anonymity, Samarati and Sweeney 1998; prosecutor, journalist and marketer risk, El Emam, *Guide to the
De-Identification of Personal Health Information* (2013), ch. 16. All figures are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Histogram:
    """Pairs of (size, number of classes of that size), smallest size first."""

    sizes: tuple[tuple[int, int], ...]

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[int, int]]) -> Histogram:
        """Build from pairs in any order; sizes may repeat."""
        found: dict[int, int] = {}
        for size, classes in pairs:
            found[int(size)] = found.get(int(size), 0) + int(classes)
        return cls(tuple(sorted(found.items())))

    @classmethod
    def of_sizes(cls, sizes: npt.NDArray[np.int64]) -> Histogram:
        """Build from the size of each class."""
        # Small sizes are counted by place, which is far quicker than sorting; the few large ones are sorted.
        small = np.bincount(sizes[sizes < _SMALL], minlength=1) if len(sizes) else np.zeros(1, dtype=np.int64)
        large, classes = np.unique(sizes[sizes >= _SMALL], return_counts=True)
        present = np.flatnonzero(small)
        return cls.of_pairs([*zip(present, small[present], strict=True), *zip(large, classes, strict=True)])

    @property
    def k(self) -> int:
        """Size of the smallest class; 0 for an empty table."""
        return self.sizes[0][0] if self.sizes else 0

    @property
    def classes(self) -> int:
        """Number of classes."""
        return sum(classes for _, classes in self.sizes)

    @property
    def members(self) -> int:
        """Sum of the sizes."""
        return sum(size * classes for size, classes in self.sizes)

    @property
    def uniques(self) -> int:
        """Number of classes with one member."""
        return self.members_below(2)

    def members_below(self, size: int) -> int:
        """Members of classes that are smaller than `size`."""
        return sum(each * classes for each, classes in self.sizes if each < size)

    @property
    def prosecutor_highest(self) -> Fraction:
        """The intruder knows that the target is in the data: one over the smallest class."""
        return Fraction(1, self.k) if self.k else Fraction(0)

    @property
    def marketer(self) -> Fraction:
        """Share of members that are matched correctly on average when all are matched at random within classes.

        It equals the average prosecutor risk.
        """
        return Fraction(self.classes, self.members) if self.members else Fraction(0)

    def at_risk(self, size: int) -> Fraction:
        """Share of members whose prosecutor risk is above ``1 / size``."""
        return Fraction(self.members_below(size), self.members) if self.members else Fraction(0)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-safe form."""
        return {"sizes": [list(pair) for pair in self.sizes], "k": self.k, "classes": self.classes}


_SMALL = 1 << 16
