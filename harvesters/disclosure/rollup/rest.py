"""The audit of bins that cover several finer cells, and what happens when it fails.

A bin at a coarser level covers its cell less the finer bins published inside. Let m be the cells directly below that
can hold something and are not fully shown elsewhere, u the units of the bin and k the least number of units. The
public rule says that each of the m holds at most k−1 units. The bin passes if

    u ≤ (m − 1)·(k − 1),

which is exactly what makes the interval of each of the m cells 0 … k−1: if one holds none, the others still have
room for all u units; and one can hold k−1, since the rest fit into the others. (The argument in full, against an
intruder who knows this procedure, stands in ``disclosure.policies.rollup``.)

Where a bin fails, the smallest published sibling joins it, up to `MOST_JOINS`, and the audit is asked again of the
larger bin, which now covers one cell more. A join helps where the same people appear in neighboring cells. If it does
not help, nothing is published here and the rows climb on: an absent bin is what an empty cell looks like as well. At
the last level a bin with too few units is joined in the same way, so that as few rows as possible are withheld.

Boundary: tables of one run. Ties are broken by the key, so the choice depends on the data alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from disclosure.rollup.frame import PREFIX, Frame
from disclosure.rollup.judge import Judge
from disclosure.sqltext import ident, one_row

MOST_JOINS = 3
_FAILED, _SIBLINGS, _TRIAL, _JUDGED, _TAKEN = (
    PREFIX + name for name in ("failed", "siblings", "trial", "judged", "taken")
)


def rows_table(level: int) -> str:
    """Rows that reach a level, with their keys at it; those of joined siblings are among them."""
    return f"{PREFIX}rows{level}"


def bins_table(level: int) -> str:
    """Published bins of a level."""
    return f"{PREFIX}bins{level}"


def shown_table(level: int) -> str:
    """Cells of a level that are fully covered by published bins of this level or finer ones."""
    return f"{PREFIX}shown{level}"


def audit_sql(most: str, open_cells: str, least: int) -> str:
    """Guard: each open cell keeps the interval 0 … least−1."""
    return f"{most} <= ({open_cells} - 1) * {least - 1}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The audit of one level above the finest."""

    con: duckdb.DuckDBPyConnection
    frame: Frame
    judge: Judge
    level: int

    def publish(self, candidates: str, *, last: bool) -> None:
        """Store the bins of this level: candidates that pass, and those that pass once siblings have joined."""
        level, least = self.level, self.judge.least
        self._count_open(candidates)
        passes = audit_sql("most", "open_cells", least)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {bins_table(level)} AS SELECT {self.judge.columns()}"
            f" FROM {candidates} JOIN {_TAKEN} USING (key) WHERE {passes}"
        )
        if last:
            # Whatever is left over in a cell, enough or not, may be saved by a sibling.
            failed = f"SELECT DISTINCT key FROM {rows_table(level)} WHERE key IS NOT NULL"
        else:
            failed = f"SELECT key FROM {candidates}"
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_FAILED} AS SELECT key FROM ({failed})"
            f" ANTI JOIN {bins_table(level)} USING (key)"
        )
        try:
            self._join_siblings()
        finally:
            for name in (_FAILED, _SIBLINGS, _TRIAL, _JUDGED, _TAKEN):
                self.con.execute(f"DROP TABLE IF EXISTS {name}")

    def _count_open(self, cells: str) -> None:
        """For each cell, how many cells directly below can hold something and are not fully shown."""
        above, joins = self.frame.above_sql(self.level - 1, "below.key")
        room, room_joins = self.frame.capacity_sql(self.level, "cells.key")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_TAKEN} AS WITH taken AS (SELECT {above} AS key, count(*) AS n"
            f" FROM {shown_table(self.level - 1)} AS below{joins} GROUP BY 1)"
            f" SELECT cells.key, {room} - coalesce(taken.n, 0) AS open_cells FROM (SELECT key FROM {cells}) AS cells"
            f"{room_joins} LEFT JOIN taken ON taken.key = cells.key"
        )

    def _join_siblings(self) -> None:
        self._rank_siblings()
        for turn in range(1, MOST_JOINS + 1):
            (waiting,) = one_row(self.con, f"SELECT count(*) FROM {_SIBLINGS} WHERE turn = {turn}")
            if not waiting:
                return
            self._try(turn)

    def _rank_siblings(self) -> None:
        """The published bins directly below each failed bin, the smallest first."""
        above, joins = self.frame.above_sql(self.level - 1, "below.key")
        rows = ident(self.judge.rows_name)
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_SIBLINGS} AS WITH beside AS (SELECT {above} AS key, below.key AS sibling,"
            f" below.units, below.{rows} AS trips FROM {bins_table(self.level - 1)} AS below{joins}),"
            " ranked AS (SELECT key, sibling,"
            " row_number() OVER (PARTITION BY key ORDER BY units, trips, sibling) AS turn"
            f" FROM beside SEMI JOIN {_FAILED} USING (key))"
            f" SELECT * FROM ranked WHERE turn <= {MOST_JOINS}"
        )

    def _try(self, turn: int) -> None:
        """Judge the failed bins with their `turn` smallest siblings, and keep those that pass now."""
        con, level, carried = self.con, self.level, self.judge.carried()
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_TRIAL} AS"
            f" WITH ready AS (SELECT key FROM {_SIBLINGS} SEMI JOIN {_FAILED} USING (key) WHERE turn = {turn}),"
            f" joined AS (SELECT * FROM {_SIBLINGS} SEMI JOIN ready USING (key) WHERE turn <= {turn})"
            f" SELECT key, false AS moved, {carried} FROM {rows_table(level)} SEMI JOIN ready USING (key)"
            f" UNION ALL SELECT joined.key, true, {self.judge.carried('below.')}"
            f" FROM {rows_table(level - 1)} AS below JOIN joined ON joined.sibling = below.key"
        )
        self.judge.store(con, _TRIAL, _JUDGED)
        self._count_open(_JUDGED)
        passes = audit_sql("most", f"(open_cells + {turn})", self.judge.least)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_JUDGED} AS SELECT * FROM {_JUDGED}"
            f" JOIN {_TAKEN} USING (key) WHERE {passes}"
        )
        con.execute(f"INSERT INTO {bins_table(level)} SELECT {self.judge.columns()} FROM {_JUDGED}")
        gone = f"SELECT sibling FROM {_SIBLINGS} SEMI JOIN {_JUDGED} USING (key) WHERE turn <= {turn}"
        for name in (bins_table(level - 1), shown_table(level - 1)):
            con.execute(f"DELETE FROM {name} WHERE key IN ({gone})")
        con.execute(
            f"INSERT INTO {rows_table(level)} SELECT key, {carried} FROM {_TRIAL} SEMI JOIN {_JUDGED} USING (key)"
            " WHERE moved"
        )
        con.execute(f"DELETE FROM {_FAILED} WHERE key IN (SELECT key FROM {_JUDGED})")
