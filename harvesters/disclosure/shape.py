"""What a published table looks like: its columns with their meaning, and what identifies a row.

Boundary: a description that the files, the Table Schema and the public check are made from; no data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a column is for."""

    KEY = "key"
    """Part of what identifies a row."""
    COUNT = "count"
    """A number of units or rows."""
    MEASURE = "measure"
    """A published quantity."""
    LABEL = "label"
    """A remark about the row, such as the level it is shown at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One published column; `type` is Arrow's name of the type."""

    name: str
    type: str
    role: Role
    title: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    decimals: int | None = None
    aggregation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The columns of a published table in order; rows are sorted by the primary key, which never repeats."""

    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]

    @property
    def types(self) -> dict[str, str]:
        """Arrow type by column name."""
        return {each.name: each.type for each in self.fields}

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(each.name for each in self.fields)

    def of_role(self, role: Role) -> tuple[str, ...]:
        """Names of the columns of one role."""
        return tuple(each.name for each in self.fields if each.role is role)
