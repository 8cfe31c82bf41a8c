"""How much was kept and what was left out: bands for the proof, exact figures for the officer.

Boundary: counts over the tables of a run. Also asks, before anything is published, whether the unit columns look like
units at all (``disclosure.rowid`` has the rule).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from disclosure.bands import band
from disclosure.errors import DisclosureRefused
from disclosure.protected import Withheld
from disclosure.rollup.climb import REMAINDER, Climb
from disclosure.rollup.frame import PREFIX
from disclosure.rollup.ladder import MONTH, WEEK
from disclosure.rollup.output import kept_by_level
from disclosure.rollup.rest import rows_table
from disclosure.rowid import RECURRING_PERCENT, UnitEvidence, row_id_reason
from disclosure.sqltext import literal, one_row

_UNITS, _DAYS = PREFIX + "units", PREFIX + "days"


def check_units(climb: Climb) -> None:
    """Refuse a unit column that is a row number or is drawn anew each day; keeps the rows of each main unit.

    Raises:
        DisclosureRefused: codes of ``rowid``.
    """
    con = climb.con
    _number_days(climb)
    for number, column in enumerate(climb.judge.members):
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_UNITS}{number} AS SELECT m{number} AS unit, count(*) AS n"
            f" FROM {rows_table(0)} GROUP BY 1"
        )
        if column not in climb.judge.spec.units:
            continue
        rows, units = one_row(
            con, f"SELECT coalesce(sum(n), 0)::BIGINT, count(*) FROM {_UNITS}{number} WHERE unit IS NOT NULL"
        )
        reason = row_id_reason(_evidence(climb, number, rows, units))
        if reason is not None:
            raise DisclosureRefused(reason, column=column)


def summarize(climb: Climb, rows: int, withdrawn: int) -> tuple[Withheld, dict[str, Any]]:
    """Bands of what was withheld, and exact figures for the officer's report."""
    con, least = climb.con, climb.judge.least
    (lost,) = one_row(con, f"SELECT count(*) FROM {REMAINDER}")
    hidden, unpublished, total = one_row(
        con,
        f"WITH lost AS (SELECT m0 AS unit, count(*) AS n FROM {REMAINDER} GROUP BY 1)"
        f" SELECT count(lost.n), count(*) FILTER (lost.n = every.n), count(*) FROM {_UNITS}0 AS every"
        f" LEFT JOIN lost ON lost.unit IS NOT DISTINCT FROM every.unit",
    )
    kept = kept_by_level(climb)
    bins = sum(each.bins for each in kept)
    withheld = Withheld(
        cells=int(lost > 0),
        cells_band=band(lost, max(rows, 1), units_behind=hidden, min_units=least),
        units_band=band(unpublished, max(total, 1), units_behind=unpublished, min_units=least),
    )
    confidential = {
        "rows_in": rows,
        "rows_published": rows - lost,
        "cells_published": bins,
        "cells_withheld": int(lost > 0),
        "units_in": total,
        "units_unpublished": unpublished,
        "by_reason": {"rollup-withdrawn-for-remainder": withdrawn} if withdrawn else {},
        "by_level": [{"level": each.level, "rows": each.rows, "cells": each.bins} for each in kept],
    }
    return withheld, confidential


def forget(climb: Climb) -> None:
    """Remove the tables of units."""
    for name in [_DAYS, *(f"{_UNITS}{number}" for number in range(len(climb.judge.members)))]:
        climb.con.execute(f"DROP TABLE IF EXISTS {name}")


def _number_days(climb: Climb) -> None:
    """The local day of each period of the finest level, none where periods are longer than a day."""
    axis, longer = climb.frame.axes[-1], climb.frame.levels[0].time in {WEEK, MONTH}
    numbers = np.arange(axis.sizes[0], dtype=np.int64)
    zone = literal(climb.judge.spec.timezone)
    day = "NULL::DATE" if longer else f"CAST(timezone({zone}, start) AS DATE)"
    climb.con.register("_rollup_load", pa.table({"id": pa.array(numbers), "start": axis.labels(0, numbers)}))
    climb.con.execute(f"CREATE OR REPLACE TEMP TABLE {_DAYS} AS SELECT id, {day} AS day FROM _rollup_load")
    climb.con.unregister("_rollup_load")


def _evidence(climb: Climb, number: int, rows: int, units: int) -> UnitEvidence:
    """What the rule about unit columns asks for.

    Most columns are cleared by units that plainly recur on another day, which one value per unit tells; only the
    others are counted per unit and day.
    """
    period = climb.frame.numbers_sql(0, "rows.key")[-1]
    seen = (
        f"SELECT rows.m{number} AS unit, days.day FROM {rows_table(0)} AS rows JOIN {_DAYS} AS days"
        f" ON days.id = {period} WHERE rows.m{number} IS NOT NULL"
    )
    (recurring,) = one_row(
        climb.con,
        f"SELECT count(*) FROM (SELECT unit FROM ({seen}) GROUP BY unit HAVING min(day) < max(day))",
    )
    if recurring * 100 > RECURRING_PERCENT * units:
        return UnitEvidence(rows=rows, units=units, days=2, recurring=recurring)
    days, busy = one_row(
        climb.con,
        f"WITH counted AS (SELECT day, count(*) AS n FROM ({seen}) GROUP BY unit, day)"
        " SELECT count(DISTINCT day), count(*) FILTER (n > 1) FROM counted",
    )
    return UnitEvidence(rows=rows, units=units, days=days, recurring=recurring, busy_days=busy)
