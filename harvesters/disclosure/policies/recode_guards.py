"""The guards of local recoding: each refuses one way in which a recoded table would still tell about somebody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from disclosure.errors import DisclosureRefused
from disclosure.presets import Preset
from disclosure.recoding.coding import Coding
from disclosure.recoding.records import SENSITIVE, UNIT, Records, count_units
from disclosure.rowid import row_id_reason, unit_evidence
from disclosure.spec import Spec

if TYPE_CHECKING:
    from disclosure.policies.recode import Recode

ROWS_TO_JUDGE: Final = 20
IDENTIFIER_PERCENT: Final = 50
"""A sensitive text with more distinct values than this share of the records tells records apart."""


def least_units(preset: Preset) -> int:
    """The k of every class."""
    return preset.min_units


def check_values_guarded(spec: Spec, policy: Recode) -> None:
    """Refuse sensitive values without l or t: in a class whose members agree, k units share one secret."""
    if spec.sensitive and not policy.judges_values:
        raise DisclosureRefused("sensitive-needs-l-or-t", columns=list(spec.sensitive))


def check_unit(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, *, one_record_per_unit: bool) -> None:
    """Refuse a table without a unit, a row number that passes for one, and a declaration that does not hold.

    Raises:
        DisclosureRefused: codes ``unit-missing``, ``unit-repeats``, ``unit-looks-like-row-id``.
    """
    if spec.unit is None:
        raise DisclosureRefused("unit-missing", preset="recode")
    if not one_record_per_unit:
        if reason := row_id_reason(unit_evidence(con, relation, spec.unit, spec.time, spec.timezone)):
            raise DisclosureRefused(reason, column=spec.unit)
        return
    rows, units = count_units(con, relation, spec.unit)
    if rows != units:
        raise DisclosureRefused("unit-repeats", column=spec.unit)


def check_bounds_reached(records: Records, spec: Spec, coding: Mapping[str, Coding], least: int) -> None:
    """Refuse a bound that some but fewer than `least` units reach: it would single them out.

    Raises:
        DisclosureRefused: code ``coding-bound-rare`` with the columns.
    """
    rare = []
    for i, name in enumerate(spec.sensitive):
        if name not in coding:
            continue
        column = records.column(SENSITIVE, i)
        for bound in (coding[name].low, coding[name].high):
            reached = pc.call_function("equal", [column, pa.scalar(bound, column.type)])
            units = [len(records.column(UNIT, u).filter(reached).unique()) for u in range(len(spec.units))]
            if any(0 < count < least for count in units):
                rare.append(name)
    if rare:
        raise DisclosureRefused("coding-bound-rare", columns=sorted(set(rare)), least=least)


def check_categories(records: Records, spec: Spec, coding: Mapping[str, Coding]) -> None:
    """Refuse a sensitive text that differs in most records, such as a free remark: it is an identifier.

    Raises:
        DisclosureRefused: code ``sensitive-looks-like-identifier``.
    """
    count = records.table.num_rows
    if count < ROWS_TO_JUDGE:
        return
    for i, name in enumerate(spec.sensitive):
        if name not in coding:
            values = len(records.column(SENSITIVE, i).unique())
            if values * 100 > IDENTIFIER_PERCENT * count:
                raise DisclosureRefused("sensitive-looks-like-identifier", column=name)
