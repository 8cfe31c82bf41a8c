"""The columns that flat tables share: keys, counts and measures of a specification."""

from __future__ import annotations

from collections.abc import Mapping

from disclosure.shape import Field, Role, Shape
from disclosure.spec import PERIOD_COLUMN, UNITS_COLUMN, Presence, Spec

TITLES: Mapping[str, Mapping[str, str]] = {
    PERIOD_COLUMN: {"sl": "Začetek obdobja (UTC)", "en": "Start of period (UTC)"},
    UNITS_COLUMN: {"sl": "Število enot", "en": "Number of units"},
}


def title(spec: Spec, name: str) -> Mapping[str, str]:
    """The title of a column in both languages, empty where nobody gave one."""
    if name == UNITS_COLUMN and spec.unit_label:
        return spec.unit_label
    return spec.titles.get(name) or TITLES.get(name, {})


def key_fields(spec: Spec) -> tuple[Field, ...]:
    """Zones and the start of the period."""
    types = dict.fromkeys(spec.key_columns, "string")
    if spec.time:
        types[PERIOD_COLUMN] = "timestamp[us, tz=UTC]"
    return tuple(Field(name=name, type=kind, role=Role.KEY, title=title(spec, name)) for name, kind in types.items())


def count_fields(spec: Spec) -> tuple[Field, ...]:
    """Units, and the rows where they are published."""
    types = {} if spec.presence is Presence.NONE else {UNITS_COLUMN: "int64"}
    if spec.count_rows_as:
        types[spec.count_rows_as] = "decimal128(18, 1)" if spec.presence is Presence.SIMULTANEOUS else "int64"
    return tuple(Field(name=name, type=kind, role=Role.COUNT, title=title(spec, name)) for name, kind in types.items())


def measure_fields(spec: Spec) -> tuple[Field, ...]:
    """The published quantities."""
    return tuple(
        Field(
            name=name,
            type=f"decimal128(18, {measure.decimals})",
            role=Role.MEASURE,
            title=title(spec, name),
            unit=measure.unit,
            decimals=measure.decimals,
            aggregation=str(measure.kind),
        )
        for name, measure in spec.measures.items()
    )


def flat_shape(spec: Spec) -> Shape:
    """Keys, counts and measures: one row for each zone and period."""
    return Shape(fields=(*key_fields(spec), *count_fields(spec), *measure_fields(spec)), primary_key=spec.key_columns)
