"""Longitude and latitude to whole metres of EPSG:3035, in Arrow batches, so that no table has to fit in memory.

Boundary: adds coordinate columns and computes nothing else. The result is floored to whole metres, which changes no
cell (see ``disclosure.space.grid``). A position that is missing or cannot be projected stays missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL
from pyproj import Transformer

from disclosure.sqltext import ident

METRIC = "EPSG:3035"
DEGREES = "EPSG:4326"
_FUNCTION = "_space_metres"
Pair = tuple[str, str]


def to_metres(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    target: str,
    pairs: Mapping[Pair, Pair],
    *,
    source: str = DEGREES,
) -> None:
    """Store `relation` as the temporary table `target`, with further columns of whole metres.

    Args:
        con: an open connection.
        relation: name of a table or view.
        target: name of the table that is made.
        pairs: (longitude column, latitude column) → (new x column, new y column).
        source: reference system of the given positions, x (longitude, easting) first whatever its axes say.
    """
    transformer = Transformer.from_crs(source, METRIC, always_xy=True)

    def metres(x: Any, y: Any) -> pa.StructArray:
        """One batch of the engine."""
        return _metres(transformer, pa.chunked_array(x), pa.chunked_array(y))

    number, struct = con.type("DOUBLE"), con.struct_type({"x": con.type("BIGINT"), "y": con.type("BIGINT")})
    con.create_function(
        _FUNCTION,
        metres,
        [number, number],
        struct,
        type=ARROW,
        null_handling=SPECIAL,
    )
    found = [
        f"{_FUNCTION}(CAST({ident(x)} AS DOUBLE), CAST({ident(y)} AS DOUBLE)) AS __metres{at}"
        for at, (x, y) in enumerate(pairs)
    ]
    taken = [
        f"__metres{at}.{part} AS {ident(name)}"
        for at, new in enumerate(pairs.values())
        for part, name in zip("xy", new, strict=True)
    ]
    hidden = ", ".join(f"__metres{at}" for at in range(len(pairs)))
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {ident(target)} AS SELECT * EXCLUDE ({hidden}), {', '.join(taken)}"
            f" FROM (SELECT *, {', '.join(found)} FROM {ident(relation)})"
        )
    finally:
        con.remove_function(_FUNCTION)


def _metres(transformer: Transformer, x: pa.ChunkedArray, y: pa.ChunkedArray) -> pa.StructArray:
    given = [each.combine_chunks().to_numpy(zero_copy_only=False).astype(np.float64) for each in (x, y)]
    parts = []
    for axis in transformer.transform(*given):
        known = np.isfinite(axis)
        parts.append(pa.array(np.floor(np.where(known, axis, 0.0)).astype(np.int64), pa.int64(), mask=~known))
    return pa.StructArray.from_arrays(parts, names=["x", "y"])
