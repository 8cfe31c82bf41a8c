"""What a table is and what is wanted from it: columns by role, time bins, measures, and how units are counted.

Boundary: a description only, checked for contradictions when it is made; no data, no law. The rule that the unit
column never leaves the pipeline starts here: a specification that would print it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from disclosure.errors import SpecInvalid
from disclosure.sqltext import SCALE_DECIMALS

PERIOD_COLUMN = "period_start"
UNITS_COLUMN = "units"


class TimeBin(StrEnum):
    """Lengths of a period, as ISO 8601 durations, binned in stated local time."""

    QUARTER_HOUR = "PT15M"
    HOUR = "PT1H"
    DAY = "P1D"


class Presence(StrEnum):
    """How privacy units are counted in a cell."""

    DISTINCT = "distinct"
    """Distinct units seen in the cell: people, meters, households."""
    SIMULTANEOUS = "simultaneous"
    """Units present at the same instant: the only honest count where identifiers rotate."""
    NONE = "none"
    """There is no unit behind the rows, such as bikes at a dock."""


class MeasureKind(StrEnum):
    """What may leave a table; minimum, maximum, median and quantiles may not."""

    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One published quantity: its kind, its rounding, and its physical unit (``kWh``)."""

    kind: MeasureKind = MeasureKind.SUM
    decimals: int = 0
    unit: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in set(MeasureKind):
            raise SpecInvalid("measure-kind-forbidden", kind=str(self.kind))
        if not 0 <= self.decimals <= SCALE_DECIMALS:
            raise SpecInvalid("measure-decimals", decimals=self.decimals, most=SCALE_DECIMALS)
        object.__setattr__(self, "kind", MeasureKind(self.kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """Roles of the input columns and shape of the output.

    Args:
        unit: whom the protection counts: the column of people, meters or households; None where there is none.
        zone: columns with the place, empty for microdata.
        time: column with the moment, empty where there is none.
        measures: what is published beside counts.
        time_bin: length of a period.
        timezone: the local time that periods follow.
        count_rows_as: name of the published row count.
        presence: how units are counted.
        unit_label: what a unit is called, by language.
        titles: titles of columns, by language.
        also_units: further privacy units (guest and host; meter, customer and holding); each must pass on its own.
        contributor: column whose share of a total is judged, such as the holding; the unit when left out.
        identifiers: direct identifiers, which never leave.
        quasi: columns that an intruder may know from elsewhere; a missing value is a value of its own.
        sensitive: columns that nobody must learn about somebody.
        weight: sample weight.
        jurisdiction: country code or ``EU``; presets of another one do not apply.

    The output of a flat table has the zone columns under their own names, ``period_start`` (UTC), ``units`` unless
    presence is ``none``, the row count when `count_rows_as` names it, and each measure under its own name. With
    simultaneous presence `count_rows_as` names the mean number present at once instead.

    Raises:
        SpecInvalid: with a code that says which rule is broken.
    """

    unit: str | None
    zone: str | tuple[str, ...] = ()
    time: str = ""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    time_bin: TimeBin = TimeBin.HOUR
    timezone: str = "UTC"
    count_rows_as: str | None = None
    presence: Presence = Presence.DISTINCT
    unit_label: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    also_units: tuple[str, ...] = ()
    contributor: str | None = None
    identifiers: tuple[str, ...] = ()
    quasi: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    weight: str | None = None
    jurisdiction: str = "EU"

    def __post_init__(self) -> None:
        for name, enum in (("time_bin", TimeBin), ("presence", Presence)):
            if getattr(self, name) not in set(enum):
                raise SpecInvalid(f"{name.replace('_', '-')}-unknown", value=str(getattr(self, name)))
            object.__setattr__(self, name, enum(getattr(self, name)))
        object.__setattr__(self, "measures", dict(self.measures))
        for name in ("also_units", "identifiers", "quasi", "sensitive"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_zone_of_time()
        self._check_columns()

    def _check_zone_of_time(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SpecInvalid("timezone-unknown", timezone=self.timezone) from error

    def _check_columns(self) -> None:
        if not self.zones and not self.quasi:
            raise SpecInvalid("zone-missing")
        if self.presence is Presence.SIMULTANEOUS and self.measures:
            raise SpecInvalid("measures-with-simultaneous-presence")
        if self.presence is Presence.SIMULTANEOUS and not self.count_rows_as:
            raise SpecInvalid("presence-column-unnamed")
        columns = self.output_columns
        # Names are compared without case because DuckDB does, and a unit column must not slip through in capitals.
        folded = [name.casefold() for name in columns]
        for column in (*self.units, *self.identifiers, *filter(None, (self.contributor,))):
            if column.casefold() in [*folded, *(name.casefold() for name in (*self.quasi, *self.sensitive))]:
                raise SpecInvalid("unit-in-output", column=column)
        if len(set(folded)) != len(folded):
            raise SpecInvalid("output-columns-clash", columns=list(columns))

    @property
    def zones(self) -> tuple[str, ...]:
        """The zone columns, always as a tuple."""
        return (self.zone,) if isinstance(self.zone, str) else tuple(self.zone)

    @property
    def units(self) -> tuple[str, ...]:
        """All privacy units, the main one first; each must pass on its own."""
        return (*((self.unit,) if self.unit is not None else ()), *self.also_units)

    @property
    def contributors(self) -> str | None:
        """The column whose shares of a total are judged."""
        return self.contributor or self.unit

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify a published cell of a flat table."""
        return (*self.zones, PERIOD_COLUMN) if self.time else self.zones

    @property
    def output_columns(self) -> tuple[str, ...]:
        """All columns of the published table, in order."""
        units = () if self.presence is Presence.NONE else (UNITS_COLUMN,)
        rows = (self.count_rows_as,) if self.count_rows_as else ()
        return (*self.key_columns, *units, *rows, *self.measures)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-safe description that names the roles; it holds no data."""
        return {
            "unit": self.unit,
            "also_units": list(self.also_units),
            "contributor": self.contributor,
            "identifiers": list(self.identifiers),
            "quasi": list(self.quasi),
            "sensitive": list(self.sensitive),
            "weight": self.weight,
            "jurisdiction": self.jurisdiction,
            "zone": list(self.zones),
            "time": self.time,
            "time_bin": str(self.time_bin),
            "timezone": self.timezone,
            "presence": str(self.presence),
            "count_rows_as": self.count_rows_as,
            # A list, because the order of columns must survive JSON with sorted keys.
            "measures": [
                {"name": name, "kind": str(measure.kind), "decimals": measure.decimals, "unit": measure.unit}
                for name, measure in self.measures.items()
            ],
        }

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Self:
        """Build a specification from what `as_dict` gives."""
        values = dict(data)
        zone = values["zone"]
        values["zone"] = zone if isinstance(zone, str) else tuple(zone)
        values["measures"] = {
            each["name"]: Measure(kind=each["kind"], decimals=each["decimals"], unit=each["unit"])
            for each in values["measures"]
        }
        return cls(**values)
