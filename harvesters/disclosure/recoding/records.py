"""Reading microdata: values become leaf numbers, units and sensitive values become codes.

Boundary: one query, then Arrow and numpy; nothing is decided about classes. Codes follow the order of the values, so
they are the same in any order of rows. A blank is a missing value; a missing value is a leaf of its own. A value that
its hierarchy does not have is refused, because it could not be covered by any label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from disclosure.errors import DisclosureRefused
from disclosure.recoding.coding import Coding
from disclosure.recoding.forest import Codes
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.spec import Spec
from disclosure.sqltext import VALUE_TYPE, ident, idents, one_row
from disclosure.units import WHITE_SQL, unit_sql

TEXT_TYPES: Final = ("VARCHAR", "BOOLEAN", "ENUM")
MOST_CODES: Final = 20
"""A text column with more different numbers than this, and nothing else, holds measurements and not codes."""

UNIT: Final = "__unit"
QUASI: Final = "__quasi"
SENSITIVE: Final = "__sensitive"
WEIGHT: Final = "__weight"


@dataclass(frozen=True)
class Records:
    """The input as columns of one table: ``__unit0 …``, ``__quasi0 …``, ``__sensitive0 …`` and ``__weight``.

    Confidential: it holds units and original values.
    """

    table: pa.Table
    codes: Codes

    def column(self, role: str, number: int) -> pa.ChunkedArray:
        """One column by its role."""
        return self.table.column(f"{role}{number}")


def read(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    spec: Spec,
    hierarchies: Mapping[str, Hierarchy],
    coding: Mapping[str, Coding],
) -> Records:
    """Fetch the columns that are needed.

    Raises:
        DisclosureRefused: codes ``table-empty``, ``value-not-in-hierarchy``, ``sensitive-needs-bounds``,
            ``measure-out-of-range``.
    """
    check_types(con, relation, spec, coding)
    wanted = [f"{unit_sql(name)} AS {UNIT}{i}" for i, name in enumerate(spec.units)]
    wanted += [f"{text_sql(name)} AS {QUASI}{i}" for i, name in enumerate(spec.quasi)]
    wanted += [f"{sensitive_sql(name, coding)} AS {SENSITIVE}{i}" for i, name in enumerate(spec.sensitive)]
    if spec.weight:
        wanted.append(f"CAST({ident(spec.weight)} AS {VALUE_TYPE}) AS {WEIGHT}")
    try:
        table: pa.Table = con.sql(f"SELECT {', '.join(wanted)} FROM {ident(relation)}").to_arrow_table()
    except (duckdb.ConversionException, duckdb.OutOfRangeException):
        # The engine's message quotes the value, which must not travel further.
        raise DisclosureRefused("measure-out-of-range", columns=[*coding, *filter(None, (spec.weight,))]) from None
    if not table.num_rows:
        raise DisclosureRefused("table-empty")
    codes = np.empty((table.num_rows, len(spec.quasi)), dtype=np.uint16)
    for i, name in enumerate(spec.quasi):
        codes[:, i] = _leaf_codes(table.column(f"{QUASI}{i}"), hierarchies[name])
    return Records(table=table, codes=codes)


def text_sql(column: str) -> str:
    """A quasi-identifier or a category as text, a blank as missing."""
    return f"nullif(trim(CAST({ident(column)} AS VARCHAR), {WHITE_SQL}), '')"


def sensitive_sql(column: str, coding: Mapping[str, Coding]) -> str:
    """A sensitive value as it is published, NULL where it is missing."""
    return coding[column].sql(column) if column in coding else text_sql(column)


def check_types(con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, coding: Mapping[str, Coding]) -> None:
    """Refuse sensitive numbers and dates without stated bounds: their exact values and extremes identify."""
    if not spec.sensitive:
        return
    described = con.execute(f"DESCRIBE SELECT {idents(spec.sensitive)} FROM {ident(relation)}").fetchall()
    types = {name: str(row[1]) for name, row in zip(spec.sensitive, described, strict=True)}
    bare = [
        name
        for name, kind in types.items()
        if name not in coding and (not kind.startswith(TEXT_TYPES) or _holds_numbers(con, relation, name))
    ]
    if bare:
        raise DisclosureRefused("sensitive-needs-bounds", columns=bare)


def _holds_numbers(con: duckdb.DuckDBPyConnection, relation: str, column: str) -> bool:
    """Whether a text column holds nothing but numbers, more different ones than a scale of codes has."""
    values, numbers = one_row(
        con,
        f"SELECT count(*), count(TRY_CAST(value AS DOUBLE)) FROM (SELECT DISTINCT {text_sql(column)} AS value"
        f" FROM {ident(relation)}) WHERE value IS NOT NULL",
    )
    return bool(values == numbers and values > MOST_CODES)


def judged(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Codes of sensitive values as rules count them: spellings that differ in case are one value."""
    if pa.types.is_string(column.type):
        column = pa.chunked_array([pc.call_function("utf8_upper", [column.combine_chunks()])])
    return ranked(column)


def ranked(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Codes from 1 in the order of the values; 0 is missing."""
    encoded = column.combine_chunks().dictionary_encode()
    numbered = pa.table({"value": encoded.dictionary, "number": np.arange(len(encoded.dictionary))})
    order = numbered.sort_by("value").column("number").to_numpy()
    rank = np.empty(len(order) + 1, dtype=np.int32)
    rank[order] = np.arange(1, len(order) + 1)
    rank[-1] = 0
    indices = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    result: NDArray[np.int32] = rank[indices]
    return result


def count_units(con: duckdb.DuckDBPyConnection, relation: str, unit: str) -> tuple[int, int]:
    """Records, and distinct units among them with all missing ones as one."""
    rows, units = one_row(
        con, f"SELECT count(*), count(DISTINCT coalesce({unit_sql(unit)}, '')) FROM {ident(relation)}"
    )
    return int(rows), int(units)


def _leaf_codes(column: pa.ChunkedArray, hierarchy: Hierarchy) -> NDArray[Any]:
    encoded = column.combine_chunks().dictionary_encode()
    numbers = {leaf: number for number, leaf in enumerate(hierarchy.leaves)}
    known = np.array([numbers.get(value, -1) for value in encoded.dictionary.to_pylist()], dtype=np.int32)
    if (unknown := int((known < 0).sum())) > 0:
        raise DisclosureRefused("value-not-in-hierarchy", column=hierarchy.column, values=unknown)
    table = np.append(known, len(numbers))
    leaves: NDArray[Any] = table[pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)]
    return leaves
