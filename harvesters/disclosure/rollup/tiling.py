"""Which bin of an already published roll-up the rows of another input lie in; for releases over time.

Boundary: placing only. Rows are placed as the gate places them (``recounts.rollup_rows``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from disclosure.presets import Preset
from disclosure.recounts.rollup_rows import assign
from disclosure.spec import Spec

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup

Label = Callable[[duckdb.DuckDBPyConnection, str, str, str], None]


def tiling(policy: Rollup, spec: Spec, _preset: Preset, table: pa.Table) -> Label:
    """A function that labels inputs.

    Returns:
        ``label(con, relation, column, view)``, which stores every row of `relation` as the temporary table `view`
        with one more column: the number of the row of `table` whose bin holds it, NULL where none does.
    """

    def label(con: duckdb.DuckDBPyConnection, relation: str, column: str, view: str) -> None:
        assign(con, relation, table, policy, spec, view, label=column)

    return label
