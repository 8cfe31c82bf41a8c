"""A contract as typed values: what the reader and the checks need to know of it.

Pure. Source: Frictionless Table Schema 1.0 (types, constraints, ``decimalChar``, ``groupChar``, ``missingValues``),
CSV Dialect (``delimiter``, ``quoteChar``); ``role``, ``interval``, ``encodings``, ``unit``, ``typical_maximum``
are ours.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cityharvest.errors import WrongCall

TEXT_TYPES: Final = frozenset({"string", "any", "time", "year", "yearmonth", "duration"})
TYPED: Final = frozenset({"integer", "number", "boolean", "date", "datetime"})
ALWAYS_REQUIRED: Final = frozenset({"unit", "zone", "time"})
DAY_S: Final = 86_400
_INTERVAL: Final = re.compile(r"PT(?:(\d+)H|(\d+)M)|P1D")
_UNITS_S: Final = (3600, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One declared column. ``minimum`` and ``maximum`` are inclusive; ``enum`` empty means any value."""

    name: str
    type: str
    role: str
    format: str
    decimal_char: str
    group_char: str
    unit: str | None
    required: bool
    minimum: str | None
    maximum: str | None
    enum: frozenset[str]
    typical_maximum: float | None

    @property
    def is_local_time(self) -> bool:
        """Whether its times are written without an offset, as clocks on the wall show them."""
        return self.type == "date" or (
            self.type == "datetime" and self.format not in ("", "default") and "%z" not in self.format
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A whole contract. ``interval_s`` is the length of a reading's interval, None where rows are events."""

    fields: tuple[Field, ...]
    delimiter: str
    quote: str
    encodings: tuple[str, ...]
    missing: tuple[str, ...]
    interval_s: int | None
    primary_key: tuple[str, ...]

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Contract:
        """Return the typed contract.

        Raises:
            WrongCall: ``contract-role-missing``, ``contract-type-unsupported``, ``contract-interval-unknown``,
                ``contract-dialect-invalid``, or ``contract-invalid`` for what is not a contract at all.
        """
        try:
            contract = cls._read(values)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise WrongCall("contract-invalid") from error
        if contract.time is None:
            raise WrongCall("contract-role-missing", role="time")
        if not len(contract.delimiter) == len(contract.quote) == 1:
            raise WrongCall("contract-dialect-invalid", delimiter=contract.delimiter, quote=contract.quote)
        return contract

    @classmethod
    def _read(cls, values: Mapping[str, Any]) -> Contract:
        dialect = values.get("dialect", {})
        return cls(
            fields=tuple(_field(one) for one in values["fields"]),
            delimiter=str(dialect.get("delimiter", ",")),
            quote=str(dialect.get("quoteChar", '"')),
            encodings=tuple(codecs.lookup(name).name for name in values.get("encodings", ("utf-8-sig",))),
            missing=tuple(str(token) for token in values.get("missingValues", ("",))),
            interval_s=_interval_s(values.get("interval")),
            primary_key=_names(values.get("primaryKey", ())),
        )

    @property
    def time(self) -> Field | None:
        """The column of times."""
        return next(iter(self.with_role("time")), None)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name one reading; empty where rows are events and may repeat."""
        if self.primary_key:
            return self.primary_key
        if self.interval_s is None:
            return ()
        return (*self.series, *(one.name for one in self.with_role("time")))

    @property
    def series(self) -> tuple[str, ...]:
        """The columns that name one series of readings: the unit, or the zones where there is none."""
        return tuple(one.name for one in (self.with_role("unit") or self.with_role("zone")))

    def with_role(self, role: str) -> tuple[Field, ...]:
        """Return the columns of a role, in their order."""
        return tuple(one for one in self.fields if one.role == role)


def _field(values: Mapping[str, Any]) -> Field:
    constraints = values.get("constraints", {})
    kind, role = str(values["type"]), str(values["role"])
    wanted = {"measure": {"integer", "number"}, "time": {"date", "datetime"}}.get(role, TYPED | TEXT_TYPES)
    if kind not in wanted:
        raise WrongCall("contract-type-unsupported", name=str(values["name"]), type=kind, role=role)
    typical = values.get("typical_maximum")
    return Field(
        name=str(values["name"]).strip(),
        type=kind,
        role=role,
        format=str(values.get("format", "")),
        decimal_char=str(values.get("decimalChar", ".")),
        group_char=str(values.get("groupChar", "")),
        unit=values.get("unit"),
        required=role in ALWAYS_REQUIRED or bool(constraints.get("required", False)),
        minimum=_text(constraints.get("minimum")),
        maximum=_text(constraints.get("maximum")),
        enum=frozenset(str(value) for value in constraints.get("enum", ())),
        typical_maximum=None if typical is None else float(typical),
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(one) for one in value)


def _interval_s(value: Any) -> int | None:
    if value is None:
        return None
    match = _INTERVAL.fullmatch(str(value))
    if match is None:
        raise WrongCall("contract-interval-unknown", interval=str(value))
    seconds = sum(int(number) * unit for number, unit in zip(match.groups(), _UNITS_S, strict=True) if number) or DAY_S
    if DAY_S % seconds:
        raise WrongCall("contract-interval-unknown", interval=str(value))
    return seconds
