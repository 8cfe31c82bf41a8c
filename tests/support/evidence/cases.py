"""The three releases of the evidence: raw input, specification, and SQL that recounts what is published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from generators import companies, meters, od_trips

TRIPS = 200_000
METERS = 20_000
COMPANIES = 1_500
SEED = 20_261_124


@dataclass(frozen=True, kw_only=True)
class Case:
    """One release. `sql` counts ``input`` and must give the same rows as `published_sql` on ``published``."""

    name: str
    raw: Callable[[], pa.Table]
    spec: Mapping[str, Any]
    sql: str
    published_sql: str


_TRIPS = Case(
    name="trips",
    raw=lambda: od_trips.table(TRIPS),
    spec={
        "unit": "rider",
        "zone": ["o_x", "o_y", "d_x", "d_y"],
        "time": "start",
        "timezone": "Europe/Ljubljana",
        "count_rows_as": "trips",
        "unit_label": {"sl": "uporabniki", "en": "riders"},
        "preset": "house-personal",
        "policy": {
            "name": "rollup",
            "parameters": {
                "space": {
                    "kind": "grid",
                    "of": [["origin", "o_x", "o_y"], ["destination", "d_x", "d_y"]],
                    "area": list(od_trips.AREA),
                    "impossible": [],
                },
                "levels": [["2km", "PT3H"], ["10km", "PT6H"], ["10km", "P1D"], ["all", "P1D"]],
                "covers": ["2026-10-01", "2026-10-31"],
            },
        },
    },
    # Bins of the finest level have nothing taken out of them, so plain counting must give them.
    sql="""-- riders and trips between cells of 2 km, in three hours of local time, where at least ten rode
SELECT '2kmN' || (o_y // 2000 * 2) || 'E' || (o_x // 2000 * 2) AS origin,
       '2kmN' || (d_y // 2000 * 2) || 'E' || (d_x // 2000 * 2) AS destination,
       start - (timezone('Europe/Ljubljana', start)
                - time_bucket(INTERVAL 3 HOURS, timezone('Europe/Ljubljana', start))) AS period_start,
       count(DISTINCT rider) AS units, count(*) AS trips
FROM input GROUP BY ALL
HAVING (origin, destination, period_start) IN
       (SELECT (origin, destination, period_start) FROM published WHERE level = '2km-PT3H')
""",
    published_sql="SELECT origin, destination, period_start, units, trips FROM published WHERE level = '2km-PT3H'",
)

_METERS = Case(
    name="meters",
    raw=lambda: meters.table(METERS),
    spec={
        "unit": "meter",
        "zone": ["zone", "class"],
        "time": "start",
        "timezone": "Europe/Ljubljana",
        "time_bin": "PT1H",
        "measures": {"kwh": {"kind": "sum", "decimals": 1, "unit": "kWh"}},
        "unit_label": {"sl": "merilna mesta", "en": "meters"},
        "preset": "house-personal",
    },
    # Every shown cell, and no cell of enough meters is missing but for the rules of the house and zeros.
    sql="""-- meters and kWh by zone, class and hour of local time, for the cells that are shown
WITH cells AS (
  SELECT zone, class,
         start - (timezone('Europe/Ljubljana', start)
                  - date_trunc('hour', timezone('Europe/Ljubljana', start))) AS period_start,
         count(DISTINCT meter) AS units, round(sum(kwh), 1)::DECIMAL(18, 1) AS kwh
  FROM input GROUP BY ALL)
SELECT * FROM cells
WHERE (zone, class, period_start) IN (SELECT (zone, class, period_start) FROM published) AND units >= 10
""",
    published_sql="SELECT zone, class, period_start, units, kwh FROM published",
)

_COMPANIES = Case(
    name="companies",
    raw=lambda: companies.companies(COMPANIES, seed=SEED),
    spec={
        "unit": "company",
        "contributor": "holding",
        "zone": ["activity", "municipality"],
        "measures": {"turnover": {"kind": "sum", "decimals": 0, "unit": "EUR"}},
        "unit_label": {"sl": "podjetja", "en": "companies"},
        "preset": "house-business",
        "policy": {
            "name": "suppression",
            "parameters": {
                "dimensions": [
                    {"column": "activity", "trees": [dict(companies.SECTORS)]},
                    {"column": "municipality", "trees": [companies.districts(12)]},
                ],
            },
        },
    },
    # Sums at every pair of activity and municipality that is shown; totals follow from shown and withheld cells.
    sql="""-- companies and turnover by activity and municipality, for the cells that are shown
SELECT activity, municipality, count(DISTINCT company) AS units, sum(turnover)::DECIMAL(18, 0) AS turnover
FROM input GROUP BY ALL
HAVING (activity, municipality) IN (SELECT (activity, municipality) FROM published WHERE status = 'shown')
UNION ALL
-- and for the whole
SELECT 'Total', 'Total', count(DISTINCT company), sum(turnover)::DECIMAL(18, 0) FROM input
""",
    published_sql="""SELECT activity, municipality, units, turnover FROM published WHERE status = 'shown'
AND ((activity, municipality) = ('Total', 'Total')
     OR (activity, municipality) IN (SELECT (activity, municipality) FROM input))""",
)

CASES = (_TRIPS, _METERS, _COMPANIES)
