"""Prosumers: one column of net amounts split into what is taken and what is fed in, both nonnegative.

A rule of concentration needs nonnegative contributions, since only then does a total bound each of them. Where the two
directions are declared, each is a measure of its own and is judged by itself; without this the size of the net amount
is judged, which is on the safe side (``disclosure.rules``). The split is by reading, so a unit that takes and feeds in
within one period has a contribution to both.
"""

from __future__ import annotations

import duckdb

from disclosure.errors import DisclosureRefused
from disclosure.sqltext import ident


def split_directions(
    con: duckdb.DuckDBPyConnection, relation: str, column: str, *, taken: str, fed_in: str, view: str
) -> None:
    """Make a view in which `column` stands as `taken` (its positive part) and `fed_in` (its negative part, as a size).

    Args:
        con: the connection.
        relation: table or view with the column; positive amounts are taken from the grid, negative ones fed in.
        column: the net amount.
        taken: name of the new column of positive amounts.
        fed_in: name of the new column of sizes of negative amounts.
        view: name of the view, which has no `column` any more.

    Raises:
        DisclosureRefused: code ``column-exists`` if a new name is taken; a missing amount stays missing in both.
    """
    rows = con.execute(f"DESCRIBE SELECT * FROM {ident(relation)}").fetchall()
    names = {str(row[0]).casefold() for row in rows} - {column.casefold()}
    if clash := [name for name in (taken, fed_in) if name.casefold() in names]:
        raise DisclosureRefused("column-exists", columns=clash)
    amount = ident(column)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {ident(view)} AS SELECT * EXCLUDE ({amount}),"
        f" greatest({amount}, 0 * {amount}) AS {ident(taken)}, greatest(-{amount}, 0 * {amount}) AS {ident(fed_in)}"
        f" FROM {ident(relation)}"
    )
