"""What the cluster computes: contributions of units, one row for each cell and unit, and class sizes.

A unit's readings are summed before any rule is applied, in every policy. So the sums per cell and unit are all that
the policies need, and a relation of them gives the same published table as the raw rows: policies, gate and attacks
run on it unchanged, in DuckDB, on one machine.

Only such operations are used as mean the same in every engine. What is not, and why:

- hashes and divisions: none, neither of whole nor of fractional numbers; remainders are made non-negative by hand
  (``%`` keeps the sign of the dividend), so negative coordinates fall into the right cell;
- ``strip``: Spark reads the escapes of Ibis's list of blanks as the letters v and f and cuts these off;
- upper case outside ASCII: Java makes SS of ß, DuckDB does not. Units with other characters are refused;
- seconds of a moment with a fraction: one engine rounds, the other cuts off. Moments are truncated to the minute first;
- time zones: see ``spark.calendar``;
- measures in binary floating point: refused, since engines convert ties to decimals differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from disclosure.assess.histogram import Histogram
from disclosure.errors import DisclosureRefused
from disclosure.spark.calendar import QUARTER_SECONDS, periods
from disclosure.spec import MeasureKind, Presence, Spec
from disclosure.sqltext import SCALE_DECIMALS

ROWS: Final = "__rows"
START: Final = "__start"
VALUE: Final = "decimal(18, 6)"
TOTAL: Final = "decimal(38, 6)"
_NOT_ASCII: Final = "[^ -~]"


def contributions(table: Any, spec: Spec, *, grid_m: int | None = None) -> Any:
    """An expression with one row for each cell and combination of units.

    Args:
        table: an Ibis table of the raw rows.
        spec: roles of the columns; the time column must be a moment in UTC.
        grid_m: replace whole-number coordinates in the zone columns by the lower corner of their grid cell.

    Returns:
        Zone columns, ``__start`` (seconds since 1970, missing without a time), unit columns (normalized), ``__rows``
        and the exact sum of each measure.

    Raises:
        DisclosureRefused: codes ``spark-unit-not-ascii``, ``spark-type``, ``policy-needs-distinct-units``,
            ``policy-refuses-means``, ``span-too-long``.
    """
    _check(table, spec, grid_m)
    inspected = _inspect(table, spec)
    quarter = _quarter(table[spec.time])
    columns = {name: _zone(table[name], grid_m) for name in spec.zones}
    columns |= {name: _unit(table[name]) for name in _members(spec)}
    columns |= {name: table[name].cast(VALUE) for name in spec.measures}
    keyed = table.select(__quarter=quarter, **columns)
    calendar = _ibis().memtable(periods(*inspected, spec))
    dated = keyed.left_join(calendar, keyed["__quarter"] == calendar["quarter"]).drop("__quarter", "quarter")
    dated = dated.rename({START: "start"})
    sums = {name: dated[name].sum().cast(TOTAL) for name in spec.measures}
    grouped = dated.group_by(*spec.zones, START, *_members(spec)).agg(**{ROWS: dated.count()}, **sums)
    return grouped.select(*spec.zones, START, *_members(spec), ROWS, *spec.measures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a flat threshold would keep at one level: exact, confidential."""

    cells: int
    cells_kept: int
    rows: int
    rows_kept: int


def kept(table: Any, spec: Spec, min_units: int, *, grid_m: int | None = None) -> Kept:
    """How much a flat threshold keeps at the level of `spec` and `grid_m`; calling it for several compares levels.

    Raises:
        DisclosureRefused: as `contributions` does.
    """
    each = contributions(table, spec, grid_m=grid_m)
    units = {f"__u{number}": _ibis().coalesce(each[name], "").nunique() for number, name in enumerate(spec.units)}
    cells = each.group_by(*spec.zones, START).agg(__cell_rows=each[ROWS].sum(), **units)
    keyed = [cells[name].notnull() for name in (*spec.zones, START)]
    enough = [cells[name] >= min_units for name in units]
    shown = _ibis().and_(*keyed, *enough)
    found = cells.aggregate(
        cells=cells.count(),
        cells_kept=shown.sum(),
        rows=cells["__cell_rows"].sum(),
        rows_kept=cells["__cell_rows"].sum(where=shown),
    )
    return Kept(**{name: int(value or 0) for name, value in found.to_pyarrow().to_pylist()[0].items()})


def class_sizes(table: Any, spec: Spec) -> Histogram:
    """How many classes of the quasi-identifiers hold how many distinct units; a missing value is a class of its own.

    Raises:
        DisclosureRefused: as `contributions` does.
    """
    if spec.unit is None:
        raise DisclosureRefused("policy-needs-distinct-units", policy="spark")
    _check_types(table, (*spec.quasi, spec.unit))
    _refuse_not_ascii(table, (spec.unit,))
    columns = {f"__q{number}": table[name].cast("string") for number, name in enumerate(spec.quasi)}
    members = table.select(**columns, __unit=_ibis().coalesce(_unit(table[spec.unit]), ""))
    sizes = members.group_by(*columns).agg(size=members["__unit"].nunique())
    counted = sizes.group_by("size").agg(classes=sizes.count()).to_pyarrow()
    return Histogram.of_pairs(zip(counted["size"].to_pylist(), counted["classes"].to_pylist(), strict=True))


def _ibis() -> Any:
    """The library of the extra ``spark``; it is absent where this module is only looked at."""
    return import_module("ibis")


def _members(spec: Spec) -> tuple[str, ...]:
    """Unit and contributor columns, each once."""
    return tuple(dict.fromkeys((*spec.units, *filter(None, (spec.contributor,)))))


def _check(table: Any, spec: Spec, grid_m: int | None) -> None:
    if spec.presence is not Presence.DISTINCT or spec.unit is None:
        raise DisclosureRefused("policy-needs-distinct-units", policy="spark")
    if not spec.time or not table[spec.time].type().is_timestamp():
        raise DisclosureRefused("spark-type", column=spec.time or "time")
    means = [name for name, measure in spec.measures.items() if measure.kind is MeasureKind.MEAN]
    if means:
        raise DisclosureRefused("policy-refuses-means", policy="spark", columns=means)
    _check_types(table, (*spec.zones, *_members(spec)))
    for name in spec.measures:
        kind = table[name].type()
        if not (kind.is_integer() or (kind.is_decimal() and (kind.scale or 0) <= SCALE_DECIMALS)):
            raise DisclosureRefused("spark-type", column=name)
    if grid_m is not None and not all(table[name].type().is_integer() for name in spec.zones):
        raise DisclosureRefused("spark-type", column=", ".join(spec.zones))


def _check_types(table: Any, names: tuple[str, ...]) -> None:
    """Keys are text or whole numbers: their text is the same in every engine."""
    for name in names:
        if not (table[name].type().is_string() or table[name].type().is_integer()):
            raise DisclosureRefused("spark-type", column=name)


def _inspect(table: Any, spec: Spec) -> tuple[int, int]:
    """First and last minute of the input; refuses units that engines would normalize differently."""
    _refuse_not_ascii(table, _members(spec))
    found = table.select(__minute=_minute(table[spec.time])).aggregate(
        first=_ibis()._["__minute"].min(), last=_ibis()._["__minute"].max()
    )
    row = found.to_pyarrow().to_pylist()[0]
    return (0, 0) if row["first"] is None else (int(row["first"]), int(row["last"]))


def _refuse_not_ascii(table: Any, names: tuple[str, ...]) -> None:
    for name in names:
        if table[name].type().is_string() and table.filter(table[name].re_search(_NOT_ASCII)).count().execute():
            raise DisclosureRefused("spark-unit-not-ascii", column=name)


def _minute(moment: Any) -> Any:
    return moment.truncate("m").epoch_seconds().cast("int64")


def _quarter(moment: Any) -> Any:
    minute = _minute(moment)
    return minute - _remainder(minute, QUARTER_SECONDS)


def _remainder(number: Any, divisor: int) -> Any:
    """The remainder that is never negative."""
    return ((number % divisor) + divisor) % divisor


def _zone(column: Any, grid_m: int | None) -> Any:
    if grid_m is None:
        return column.cast("string")
    wide = column.cast("int64")
    return wide - _remainder(wide, grid_m)


def _unit(column: Any) -> Any:
    """As ``units.unit_sql`` writes it: blanks cut off, upper case, empty is missing."""
    return column.cast("string").re_replace("^ +| +$", "").upper().nullif("")
