"""In which cell of a table does a row of its input lie?

Tables without totals are tilings: each row is in at most one cell. Tables with totals are treated as if every leaf
(innermost cell) were printed, also those that are suppressed. Whatever can be formed from the printed cells is a sum
of leaves, so this is the attacker who knows more; and it makes a correction "under a union of suppressions" a change
of the suppressed cells themselves. In the same way a withheld cell of a flat table is taken for a cell: a reader knows
that it has fewer than k units, and a cell that appears or vanishes shows in which direction it changed.

Boundary: labels rows through views; judges nothing. A policy whose table is no tiling of its input (microdata, noise)
has none here, and its releases are never compared exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import duckdb
import pyarrow as pa

from disclosure.binning import period_start_sql
from disclosure.errors import DisclosureRefused
from disclosure.policies.base import Policy
from disclosure.presets import Preset
from disclosure.recounts import rollup_rows
from disclosure.spec import Presence, Spec
from disclosure.sqltext import ident

if TYPE_CHECKING:
    from disclosure.policies.rollup import Rollup

_Connection = duckdb.DuckDBPyConnection

ROWS: Final = "_rows"
"""A tiling may need a table behind its view, of the same name with this end; whoever drops the view drops it too."""

Tiling = Callable[[_Connection, str, str, str], None]
"""``tiling(con, relation, column, view)`` makes a temporary view of the relation with the label in a new column."""


def tiling_of(policy: Policy, spec: Spec, preset: Preset, table: pa.Table) -> Tiling:
    """The tiling behind a published table.

    Raises:
        DisclosureRefused: code ``history-not-comparable``, for a policy whose table is no tiling of its input.
    """
    make = _MAKERS.get(policy.name)
    if make is None:
        raise DisclosureRefused("history-not-comparable", policy=policy.name)
    return make(policy, spec, preset, table)


def printed(policy: Policy, spec: Spec) -> Spec:
    """The specification with what the policy prints on its own account: a rolled-up table always has its rows."""
    return replace(spec, count_rows_as="rows") if policy.name == "rollup" and not spec.count_rows_as else spec


def leaves(_policy: Policy, spec: Spec, _preset: Preset, _table: pa.Table) -> Tiling:
    """Zone and period, printed or not. Identifiers that rotate are compared snapshot by snapshot."""
    parts = [f"CAST({ident(name)} AS VARCHAR)" for name in spec.zones]
    if spec.time:
        parts.append(period_start_sql(spec))
    if spec.presence is Presence.SIMULTANEOUS:
        parts.append(ident(spec.time))

    def label(con: _Connection, relation: str, column: str, view: str) -> None:
        con.execute(
            f"CREATE OR REPLACE TEMP VIEW {ident(view)} AS"
            f" SELECT *, row({', '.join(parts)}) AS {ident(column)} FROM {ident(relation)}"
        )

    return label


def bins(policy: Policy, spec: Spec, _preset: Preset, table: pa.Table) -> Tiling:
    """The finest published bin that holds a row, or the remainder: what is in no bin counts as one cell."""

    def label(con: _Connection, relation: str, column: str, view: str) -> None:
        rows = view + ROWS
        rollup_rows.assign(con, relation, table, cast("Rollup", policy), spec, rows, label=column)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {ident(view)} AS SELECT * FROM {ident(rows)}")

    return label


_MAKERS: Mapping[str, Callable[[Policy, Spec, Preset, pa.Table], Tiling]] = {
    "threshold": leaves,
    "magnitude": leaves,
    "suppression": leaves,
    "rollup": bins,
}
