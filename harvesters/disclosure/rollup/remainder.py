"""What is published nowhere: nothing at all, or at least k units that keep every rule.

Whoever knows a total from elsewhere (an annual report, a counter at the door) subtracts the published bins and holds
the remainder as if it were published. So it must be empty or pass the same rules as a bin; otherwise the smallest bin
of the coarsest level that published any is withdrawn, and the question is asked again. No published bin covers a bin
of that level, so withdrawing it changes no other. A withdrawn bin looks like a cell with too few units.
"""

from __future__ import annotations

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.rollup.climb import REMAINDER, Climb
from disclosure.rollup.frame import PREFIX
from disclosure.rollup.judge import Judge
from disclosure.rollup.rest import bins_table, rows_table
from disclosure.sqltext import ident, one_row

MOST_WITHDRAWN = 200
_WHOLE, _JUDGED = PREFIX + "whole", PREFIX + "whole_judged"


def settle(climb: Climb) -> int:
    """Withdraw bins until the remainder is safe; gives how many.

    Raises:
        DisclosureRefused: code ``remainder-unsafe``, where withdrawing does not help.
    """
    withdrawn = 0
    while not is_safe(climb.con, climb.judge):
        if withdrawn == MOST_WITHDRAWN or climb.top < 0 or not climb.has_bins(climb.top):
            raise DisclosureRefused("remainder-unsafe")
        _withdraw_smallest(climb)
        withdrawn += 1
    return withdrawn


def is_safe(con: duckdb.DuckDBPyConnection, judge: Judge) -> bool:
    """Guard: the remainder is empty or holds enough units, none of them with too large a share."""
    if one_row(con, f"SELECT count(*) FROM {REMAINDER}") == (0,):
        return True
    con.execute(f"CREATE OR REPLACE TEMP VIEW {_WHOLE} AS SELECT 0 AS key, {judge.carried()} FROM {REMAINDER}")
    try:
        # Zero is no reason here: a remainder of zeros tells no more than the total that somebody knows already.
        judge.store(con, _WHOLE, _JUDGED, zeros=True)
        return bool(one_row(con, f"SELECT count(*) FROM {_JUDGED}")[0])
    finally:
        con.execute(f"DROP TABLE IF EXISTS {_JUDGED}")
        con.execute(f"DROP VIEW IF EXISTS {_WHOLE}")


def _withdraw_smallest(climb: Climb) -> None:
    con, bins, rows = climb.con, bins_table(climb.top), rows_table(climb.top)
    (key,) = one_row(con, f"SELECT key FROM {bins} ORDER BY units, {ident(climb.judge.rows_name)}, key LIMIT 1")
    con.execute(f"INSERT INTO {REMAINDER} SELECT {climb.judge.carried()} FROM {rows} WHERE key = {int(key)}")
    con.execute(f"DELETE FROM {bins} WHERE key = {int(key)}")
