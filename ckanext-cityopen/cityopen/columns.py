"""The columns of a published table, read from the schema and the statement (``proof.json``) that stand beside it.

Pure. Says for each column what it is (zone, period, units, count, measure), how it is called and in which unit, so that
a page can show a table and choose what to draw without guessing from names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cityopen.chart import Series

PERIOD, UNITS = "period_start", "units"
# The file says UTC; a page shows local time.
_PERIOD_TITLES = {"sl": "Začetek", "en": "Start"}


class Role(StrEnum):
    """What a published column holds."""

    ZONE = "zone"
    PERIOD = "period"
    UNITS = "units"
    COUNT = "count"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One published column; ``decimals`` is None where the column holds no number."""

    name: str
    role: Role
    title: str
    unit: str | None = None
    decimals: int | None = None

    @property
    def heading(self) -> str:
        """Title with the unit in parentheses."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


def columns(schema: Mapping[str, Any], spec: Mapping[str, Any], lang: str) -> tuple[Column, ...]:
    """Return the columns in the order of the table.

    Args:
        schema: the Table Schema that stands beside the table; it names the columns.
        spec: the statement's ``spec``; it says what each of them is.
        lang: language of the titles.
    """
    return tuple(_column(field, _role(str(field["name"]), spec), lang) for field in schema.get("fields") or ())


def _column(field: Mapping[str, Any], role: Role, lang: str) -> Column:
    name = str(field["name"])
    titles = _PERIOD_TITLES if role is Role.PERIOD else field.get("titles") or {}
    is_number = role in {Role.UNITS, Role.COUNT, Role.MEASURE}
    whole = field.get("type") == "integer" or role is Role.UNITS
    return Column(
        name=name,
        role=role,
        title=str(titles.get(lang) or titles.get("en") or name),
        unit=field.get("unit"),
        decimals=int(field.get("decimals", 0 if whole else 1)) if is_number else None,
    )


def _role(name: str, spec: Mapping[str, Any]) -> Role:
    if name == PERIOD:
        return Role.PERIOD
    if name == UNITS:
        return Role.UNITS
    if name in _zones(spec):
        return Role.ZONE
    return Role.COUNT if name == spec.get("count_rows_as") else Role.MEASURE


def drawn(found: Sequence[Column]) -> Series | None:
    """Return what a chart of the table draws: its first measure, else its count, by zone; None without a number."""
    values = [item for role in (Role.MEASURE, Role.COUNT, Role.UNITS) for item in found if item.role is role]
    if not values:
        return None
    zone = next((item for item in found if item.role is Role.ZONE), None)
    return Series(
        time=PERIOD,
        value=values[0].name,
        value_title=values[0].heading,
        series=zone.name if zone else None,
        series_title=zone.title if zone else "",
    )


def _zones(spec: Mapping[str, Any]) -> tuple[str, ...]:
    zone = spec.get("zone") or ()
    return (zone,) if isinstance(zone, str) else tuple(str(name) for name in zone)
