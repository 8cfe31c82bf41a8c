"""Level by level: publish what keeps the rules, and carry the rest up.

Boundary: one run over one relation; leaves temporary tables of bins (`rest.bins_table`) and the remainder, which
`forget` removes. What is safe is decided in ``judge`` and ``rest``; here is only the order of things.

Of the rows of a level only those of the level below are kept beside them (a sibling may have to join), unless the
level below published nothing: then the last level that did keeps its rows, for the remainder.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.rollup.frame import PREFIX, Frame
from disclosure.rollup.judge import Judge
from disclosure.rollup.rest import Audit, bins_table, rows_table, shown_table
from disclosure.rollup.sieve import Sieve, parked_table
from disclosure.sqltext import ident, one_row
from disclosure.units import unit_sql

REMAINDER = PREFIX + "remainder"
_CANDIDATES = PREFIX + "candidates"
_WHOLE_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
VALUE = "DECIMAL(18,6)"


@dataclass(slots=True, kw_only=True)
class Climb:
    """One run."""

    con: duckdb.DuckDBPyConnection
    frame: Frame
    judge: Judge
    top: int = field(default=-1, init=False)
    """The coarsest level so far that published a bin; its rows are still there."""
    sifted: frozenset[int] = field(default=frozenset(), init=False)
    """Levels whose small cells have been set aside."""

    def load(self, relation: str) -> int:
        """Store the rows with their finest keys; gives their number.

        Raises:
            DisclosureRefused: code ``impossible-cell-has-rows``.
        """
        self.frame.load(self.con)
        key, joins = self.frame.finest_key_sql()
        types = {
            str(row[0]).casefold(): str(row[1])
            for row in self.con.execute(f"DESCRIBE SELECT * FROM {ident(relation)}").fetchall()
        }
        members = "".join(
            f", {member_sql(name, types[name.casefold()])} AS m{number}"
            for number, name in enumerate(self.judge.members)
        )
        values = "".join(
            f", CAST({ident(name)} AS {VALUE}) AS v{number}" for number, name in enumerate(self.judge.spec.measures)
        )
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {rows_table(0)} AS"
            f" SELECT {key} AS key{members}{values} FROM {ident(relation)}{joins}"
        )
        self._check_impossible()
        return int(one_row(self.con, f"SELECT count(*) FROM {rows_table(0)}")[0])

    def run(self) -> None:
        """Publish level after level, and leave the rows of no bin in `REMAINDER`."""
        last = len(self.frame.levels) - 1
        (rows,) = one_row(self.con, f"SELECT count(*) FROM {rows_table(0)}")
        self.sifted = Sieve(con=self.con, frame=self.frame, judge=self.judge).split(rows)
        for level in range(last + 1):
            if level:
                self._carry_up(level - 1)
            self._publish(level, last=level == last)
            if self.has_bins(level):
                self.top = level
                for below in range(level):
                    self.con.execute(f"DROP TABLE IF EXISTS {rows_table(below)}")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {REMAINDER} AS SELECT {self.judge.carried()}"
            f" FROM {rows_table(last)} ANTI JOIN {bins_table(last)} USING (key)"
        )
        if self.top != last:
            self.con.execute(f"DROP TABLE {rows_table(last)}")

    def has_bins(self, level: int) -> bool:
        """Whether a level publishes anything."""
        return bool(one_row(self.con, f"SELECT count(*) FROM {bins_table(level)}")[0])

    def forget(self) -> None:
        """Remove all working tables: they hold units."""
        names = [REMAINDER, _CANDIDATES]
        for level in range(len(self.frame.levels)):
            names += [rows_table(level), bins_table(level), shown_table(level)]
        for name in names:
            self.con.execute(f"DROP TABLE IF EXISTS {name}")
        Sieve(con=self.con, frame=self.frame, judge=self.judge).forget()
        self.frame.drop(self.con)

    def _carry_up(self, level: int) -> None:
        above, joins = self.frame.above_sql(level, "below.key")
        parked = f" UNION ALL SELECT * FROM {parked_table(level + 1)}" if level in self.sifted else ""
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {rows_table(level + 1)} AS SELECT {above} AS key,"
            f" {self.judge.carried('below.')} FROM {rows_table(level)} AS below ANTI JOIN {bins_table(level)} AS shown"
            f" ON shown.key = below.key{joins}{parked}"
        )
        self.con.execute(f"DROP TABLE IF EXISTS {parked_table(level + 1)}")

    def _publish(self, level: int, *, last: bool) -> None:
        if level == 0:
            self.judge.store(self.con, rows_table(0), bins_table(0), busy=0 in self.sifted)
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {shown_table(0)} AS SELECT key FROM {bins_table(0)}")
            return
        try:
            self.judge.store(self.con, rows_table(level), _CANDIDATES, busy=level in self.sifted)
            audit = Audit(con=self.con, frame=self.frame, judge=self.judge, level=level)
            audit.publish(_CANDIDATES, last=last)
        finally:
            self.con.execute(f"DROP TABLE IF EXISTS {_CANDIDATES}")
        self._mark_shown(level)

    def _mark_shown(self, level: int) -> None:
        """Cells with a bin of their own, and cells of which each possible part is shown."""
        above, joins = self.frame.above_sql(level - 1, "below.key")
        room, room_joins = self.frame.capacity_sql(level, "parts.key")
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {shown_table(level)} AS SELECT key FROM {bins_table(level)} UNION"
            f" SELECT parts.key FROM (SELECT {above} AS key, count(*) AS n FROM {shown_table(level - 1)} AS below"
            f"{joins} GROUP BY 1) AS parts{room_joins} WHERE parts.n = {room}"
        )

    def _check_impossible(self) -> None:
        conditions = self.frame.impossible_sql()
        if conditions and one_row(
            self.con, f"SELECT count(*) FROM {rows_table(0)} WHERE {' OR '.join(conditions)}"
        ) != (0,):
            raise DisclosureRefused("impossible-cell-has-rows")


def member_sql(column: str, type_name: str) -> str:
    """The normalized unit; whole numbers have one spelling and stay numbers."""
    return ident(column) if type_name in _WHOLE_NUMBERS else unit_sql(column)
