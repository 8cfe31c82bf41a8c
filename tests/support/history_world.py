"""Small inputs for tests of releases over time: rows of (unit, zone, hour, value) and tables made from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from disclosure import Measure, Spec, load_preset, protect
from disclosure.history import PublishedRelease

PRESET = load_preset("house-personal")
START = datetime(2026, 10, 1, 6, tzinfo=UTC)
SPEC = Spec(unit="meter", zone="zone", time="ts", measures={"kwh": Measure(decimals=2)})


def load(con, name, rows, zones=("zone",)):
    """A table with the unit, the zone columns, the time (hours or fractions after `START`) and kWh."""
    columns = ("meter", *zones, "ts", "kwh")
    values = [(unit, *([place] if isinstance(place, str) else place), START + timedelta(hours=hour), kwh)
              for unit, place, hour, kwh in rows]  # fmt: skip
    con.register("rows_in", pa.table({column: [row[i] for row in values] for i, column in enumerate(columns)}))
    con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM rows_in")
    con.unregister("rows_in")
    return name


def meters(zone, count, *, hours=(0, 1), first=0, kwh=1.0):
    """Meters of a zone that read the same every hour."""
    return [(f"m{first + m:03}", zone, hour, kwh) for m in range(count) for hour in hours]


def published(con, relation, spec=SPEC, *, release_id="r1", subject="meters", period="2026-10", preset=PRESET):
    """What the ledger keeps of the flat table of a relation."""
    made = protect(con, relation, spec, preset)
    return PublishedRelease.of(made, spec, preset, release_id=release_id, subject=subject, period=period)
