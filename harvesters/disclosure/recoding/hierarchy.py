"""Generalization hierarchies: each value of a column with its ever coarser labels, as ARX writes them.

A file has one line for each value (leaf), fields separated by semicolons, the finest first and one root for all at
the end. It is refused when a leaf stands twice, lines differ in length, there is no single root, or one label has two
different parents: then a label would not say which values it covers.

Boundary: a hierarchy is public and knows no data. Leaves are numbered so that every node covers a contiguous range,
which makes the lowest common node of any set of leaves that of its least and greatest number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

from disclosure.errors import SpecInvalid

SEPARATOR: Final = ";"
MOST_LEAVES: Final = 60_000
"""Codes are 16-bit numbers."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One column's leaves with their labels at each level.

    Args:
        column: name of the column.
        rows: one tuple for each leaf, from the leaf to the root.

    Raises:
        SpecInvalid: codes ``hierarchy-empty``, ``hierarchy-ragged``, ``hierarchy-leaf-repeated``,
            ``hierarchy-no-root``, ``hierarchy-not-a-tree``, ``hierarchy-too-large``.
    """

    column: str
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        # From root to leaf, so that the leaves of each node stand together whatever the order of the file.
        ordered = tuple(sorted((tuple(map(str, row)) for row in self.rows), key=lambda row: row[::-1]))
        object.__setattr__(self, "rows", ordered)
        _check(self.column, ordered)

    @property
    def levels(self) -> int:
        """Number of levels, leaf and root included."""
        return len(self.rows[0])

    @property
    def leaves(self) -> tuple[str, ...]:
        """The values in the order of their codes."""
        return tuple(row[0] for row in self.rows)

    @property
    def root(self) -> str:
        """The label that covers everything."""
        return self.rows[0][-1]

    def covered(self) -> dict[str, frozenset[str]]:
        """For each label the leaves it covers."""
        found: dict[str, set[str]] = {}
        for row in self.rows:
            for label in row:
                found.setdefault(label, set()).add(row[0])
        return {label: frozenset(leaves) for label, leaves in found.items()}

    def as_list(self) -> list[list[str]]:
        """JSON-safe rows."""
        return [list(row) for row in self.rows]

    @classmethod
    def from_text(cls, column: str, text: str) -> Self:
        """Read a hierarchy from the text of a file."""
        lines = [line.rstrip("\r") for line in text.split("\n")]
        return cls(column, tuple(tuple(line.split(SEPARATOR)) for line in lines if line))

    @classmethod
    def from_file(cls, column: str, path: Path) -> Self:
        """Read a hierarchy file in UTF-8.

        Raises:
            SpecInvalid: code ``hierarchy-unreadable``, or what the class refuses.
        """
        try:
            return cls.from_text(column, path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            raise SpecInvalid("hierarchy-unreadable", column=column, file=path.name) from None

    @classmethod
    def of_intervals(cls, column: str, low: int, high: int, widths: Sequence[int], root: str = "*") -> Self:
        """Whole numbers from `low` to `high` in nested intervals, each width a multiple of the one before.

        Bounds and widths are chosen by people, never read off the data.
        """
        if low > high or any(wide % narrow for narrow, wide in pairwise((1, *widths))):
            raise SpecInvalid("hierarchy-intervals", column=column, widths=list(widths))
        return cls(
            column,
            tuple((str(n), *(_interval(n, low, high, width) for width in widths), root) for n in range(low, high + 1)),
        )


def hierarchies_from(data: Mapping[str, Any]) -> dict[str, Hierarchy]:
    """Build hierarchies from rows, as a proof states them, or from ``low``, ``high`` and ``widths`` of intervals."""
    return {name: _from_statement(name, each) for name, each in data.items()}


def with_files(data: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Policy parameters in which every hierarchy named by a file (a text) is replaced by its rows.

    Raises:
        SpecInvalid: code ``hierarchy-unreadable``, or what the file is refused for.
    """
    stated: Mapping[str, Any] = data.get("hierarchies", {})
    read = {
        name: Hierarchy.from_file(name, folder / each).as_list() if isinstance(each, str) else each
        for name, each in stated.items()
    }
    return {**data, "hierarchies": read}


def _from_statement(name: str, stated: Any) -> Hierarchy:
    if isinstance(stated, Mapping):
        try:
            return Hierarchy.of_intervals(name, int(stated["low"]), int(stated["high"]), list(stated["widths"]))
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, SpecInvalid):
                raise
            raise SpecInvalid("hierarchy-intervals", column=name, widths=stated.get("widths")) from None
    return Hierarchy(name, tuple(tuple(map(str, row)) for row in stated))


def _interval(number: int, low: int, high: int, width: int) -> str:
    start = low + (number - low) // width * width
    end = min(start + width - 1, high)
    return str(start) if start == end else f"{start}-{end}"


def _check(column: str, rows: tuple[tuple[str, ...], ...]) -> None:
    if not rows or not rows[0]:
        raise SpecInvalid("hierarchy-empty", column=column)
    if len(rows) > MOST_LEAVES:
        raise SpecInvalid("hierarchy-too-large", column=column, most=MOST_LEAVES)
    if len({len(row) for row in rows}) != 1:
        raise SpecInvalid("hierarchy-ragged", column=column)
    if len({row[0] for row in rows}) != len(rows):
        raise SpecInvalid("hierarchy-leaf-repeated", column=column)
    if len({row[-1] for row in rows}) != 1:
        raise SpecInvalid("hierarchy-no-root", column=column)
    covers = _covers(rows)
    if len(rows[0]) < 2 or any(not _nested(row, covers) for row in rows) or _ambiguous(covers):
        raise SpecInvalid("hierarchy-not-a-tree", column=column)


def _covers(rows: tuple[tuple[str, ...], ...]) -> dict[tuple[int, str], set[str]]:
    covers: dict[tuple[int, str], set[str]] = {}
    for row in rows:
        for level, label in enumerate(row):
            covers.setdefault((level, label), set()).add(row[0])
    return covers


def _nested(row: tuple[str, ...], covers: Mapping[tuple[int, str], set[str]]) -> bool:
    """Every label of the row covers no more than the next one does."""
    return all(covers[level, label] <= covers[level + 1, above] for level, (label, above) in enumerate(pairwise(row)))


def _ambiguous(covers: Mapping[tuple[int, str], set[str]]) -> bool:
    """Whether a label stands for two different sets of values, so that a reader could not tell which is meant."""
    meant: dict[str, set[str]] = {}
    return any(meant.setdefault(label, leaves) != leaves for (_, label), leaves in covers.items())
