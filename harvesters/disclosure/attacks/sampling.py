"""Parts of the input to play with, and many plays in one release.

Repeating a release for every seed would take longer than the release itself. In a flat table each zone stands by
itself, so many small worlds are released at once: every play gets zones and units of its own (their texts begin with
the number of the play), and one call of the policy answers for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.errors import DisclosureError
from disclosure.spec import PERIOD_COLUMN, Spec, TimeBin
from disclosure.sqltext import ident

FLAT: Final = frozenset({"threshold", "cell-key"})
"""Policies under which every zone stands by itself, and which may be asked as often as one likes."""

MARK: Final = "\x1f"
"""Between the number of a play and a name."""

_CHOSEN, _PLAYS, _WORLDS = "_attack_chosen", "_attack_plays", "_attack_worlds"

Place = tuple[str, ...]


@contextmanager
def some_units(truth: Truth, spec: Spec, table: str, units: int, *, hours: int | None = None) -> Iterator[Truth]:
    """The rows of at most `units` units, of the first `hours` hours or of all, in a temporary table of the given name.

    Units are chosen by the MD5 of their text, so the choice depends neither on order nor on threads.
    """
    con, source, unit = truth.con, ident(truth.relation), ident(str(spec.unit))
    time = ident(spec.time) if spec.time else ""
    until = f" WHERE {time} < (SELECT min({time}) FROM {source}) + INTERVAL {hours} HOURS"
    first = until if time and hours is not None else ""
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_CHOSEN} AS SELECT name FROM (SELECT DISTINCT {unit} AS name"
            f" FROM {source}{first}) ORDER BY md5(coalesce(CAST(name AS VARCHAR), '')) LIMIT {units}"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT source.* FROM (SELECT * FROM {source}{first}) AS source"
            f" SEMI JOIN {_CHOSEN} AS chosen ON source.{unit} IS NOT DISTINCT FROM chosen.name"
        )
        yield Truth(con=con, relation=table)
    finally:
        for name in (_CHOSEN, table):
            con.execute(f"DROP TABLE IF EXISTS {name}")


@contextmanager
def some_zones(target: Target, truth: Truth, table: str, zones: int) -> Iterator[Truth]:
    """The rows of the zones and of the first day of a few published rows; of some units where zones are not printed."""
    spec, names = target.spec, list(target.spec.zones)
    flat = target.policy.name in FLAT and spec.time
    starts = target.table.column(PERIOD_COLUMN).to_pylist() if flat else []
    if not names or not starts:
        with some_units(truth, spec, table, 100 * zones, hours=24) as part:
            yield part
        return
    con, time = truth.con, ident(spec.time)
    shown = target.table.select(names).group_by(names).aggregate([]).sort_by([(name, "ascending") for name in names])
    con.register(_CHOSEN, shown.slice(0, zones))
    same = " AND ".join(f"CAST(source.{ident(name)} AS VARCHAR) = chosen.{ident(name)}" for name in names)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT source.* FROM (SELECT * FROM {ident(truth.relation)}"
            f" WHERE {time} >= $start AND {time} < $start + INTERVAL 1 DAY) AS source"
            f" SEMI JOIN {_CHOSEN} AS chosen ON {same}",
            {"start": min(starts)},
        )
        yield Truth(con=con, relation=table)
    finally:
        con.unregister(_CHOSEN)
        con.execute(f"DROP TABLE IF EXISTS {table}")


def released_plays(target: Target, source: Truth, plays: pa.Table, where: str) -> dict[str, list[Mapping[str, Any]]]:
    """What the policy publishes in each play, with the zones as they are called in the input; empty if it refuses.

    Args:
        target: the policy, the specification and the rules.
        source: the rows that plays are made of.
        plays: a column ``play`` (text), and whatever `where` needs.
        where: SQL over ``source`` and ``plays``: which row is in which play.
    """
    spec, con = target.spec, source.con
    own = "plays.play || chr(31) || "
    parts = [f"{own}CAST(source.{ident(spec.zones[0])} AS VARCHAR) AS {ident(spec.zones[0])}"]
    people = dict.fromkeys(filter(None, (*spec.units, spec.contributor)))
    parts += [f"{own}{unit_text(column, 'source.')} AS {ident(column)}" for column in people]
    con.register(_PLAYS, plays)
    try:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_WORLDS} AS SELECT source.* REPLACE ({', '.join(parts)})"
            f" FROM {ident(source.relation)} AS source JOIN {_PLAYS} AS plays ON {where}"
        )
        table = target.policy.protect(con, _WORLDS, spec, target.preset, target.site).table
    except DisclosureError:
        return {}
    finally:
        con.unregister(_PLAYS)
        con.execute(f"DROP TABLE IF EXISTS {_WORLDS}")
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in table.to_pylist():
        play, _, zone = str(row[spec.zones[0]]).partition(MARK)
        found.setdefault(play, []).append({**row, spec.zones[0]: zone})
    return found


def hours_of(periods: int, time_bin: TimeBin) -> int:
    """How long so many periods are, in whole hours."""
    quarters = {TimeBin.QUARTER_HOUR: 1, TimeBin.HOUR: 4, TimeBin.DAY: 96}[time_bin]
    return max(1, periods * quarters // 4)


def place_of(row: Mapping[str, Any], spec: Spec) -> Place:
    """The zones of a published row."""
    return tuple(str(row[name]) for name in spec.zones)
