"""Set aside the rows that no fine level can publish, before anything is counted per member.

A cell with fewer than k rows has fewer than k units, whatever was taken out of it; and a cell inside it has fewer
still. So rows are counted from the coarse levels down, where cells are few, and the rows of small cells are parked at
the first level at which they may matter. On trips, most rows of a fine table are parked: the expensive fine levels
see only busy places. The result of the climb is the same with and without (a test compares them).

Boundary: only speed; no rule is decided here. A level at which nearly everything passes is not split, since copying
costs more than it saves.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from disclosure.rollup.frame import PREFIX, Frame
from disclosure.rollup.judge import Judge, enough_sql
from disclosure.rollup.rest import rows_table
from disclosure.sqltext import one_row

SPLIT_BELOW = 0.8
_BUSY, _MARKED = PREFIX + "busy", PREFIX + "marked"


def parked_table(level: int) -> str:
    """Rows whose cells are too small below this level, with their keys at it."""
    return f"{PREFIX}parked{level}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sieve:
    """Splits the rows of the finest level."""

    con: duckdb.DuckDBPyConnection
    frame: Frame
    judge: Judge

    def split(self, rows: int) -> frozenset[int]:
        """Leave in the rows of level 0 what may matter there, park the rest; gives the levels that were sifted."""
        sifted: set[int] = set()
        for level in reversed(range(len(self.frame.levels) - 1)):
            # Cells that are too small hold less than k rows each: so few cells cannot hold many rows back.
            if self.frame.cells(level) * self.judge.least < (1 - SPLIT_BELOW) * rows:
                continue
            passing = self._count(level)
            if passing < SPLIT_BELOW * rows:
                self._park(level)
                sifted.add(level)
                rows = passing
        for name in (_BUSY, _MARKED):
            self.con.execute(f"DROP TABLE IF EXISTS {name}")
        return frozenset(sifted)

    def forget(self) -> None:
        """Remove the parked rows."""
        for name in (_BUSY, _MARKED, *(parked_table(level) for level in range(len(self.frame.levels) + 1))):
            self.con.execute(f"DROP TABLE IF EXISTS {name}")

    def _count(self, level: int) -> int:
        """Mark each row with its cell of a level; gives how many rows lie in cells with enough of them."""
        key, joins = self.frame.up_sql(level, "below.key")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_MARKED} AS SELECT below.key AS finest, {key} AS key,"
            f" {self.judge.carried('below.')} FROM {rows_table(0)} AS below{joins}"
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_BUSY} AS SELECT key, count(*) AS n FROM {_MARKED} WHERE key IS NOT NULL"
            f" GROUP BY key HAVING {enough_sql('count(*)', self.judge.least)}"
        )
        return int(one_row(self.con, f"SELECT coalesce(sum(n), 0)::BIGINT FROM {_BUSY}")[0])

    def _park(self, level: int) -> None:
        con, rows, carried = self.con, rows_table(0), self.judge.carried("below.")
        # The marked rows hold all that the rows held: one copy is enough.
        con.execute(f"DROP TABLE {rows}")
        above, joins = self.frame.above_sql(level, "below.key")
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {parked_table(level + 1)} AS SELECT {above} AS key, {carried}"
            f" FROM {_MARKED} AS below ANTI JOIN {_BUSY} AS busy ON busy.key = below.key{joins}"
        )
        con.execute(
            f"CREATE TEMP TABLE {rows} AS SELECT below.finest AS key, {carried}"
            f" FROM {_MARKED} AS below SEMI JOIN {_BUSY} AS busy ON busy.key = below.key"
        )
