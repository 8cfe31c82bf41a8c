"""Speed of noise: a cell-key table beside the flat table of the same trips, and private counts beside OpenDP alone.

No goal of a law or a peer stands behind these; they show what noise costs beyond counting. There is no other Python
library that draws cell-key noise, so the peer of the first is our own flat table, which counts the same cells.
"""

from __future__ import annotations

from contextlib import contextmanager
from statistics import fmean

from benching import data_folder, is_small, measure, report, sized
from generators import od_trips
from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_gaussian
from opendp.metrics import l2_distance

from disclosure.engine import connect
from disclosure.policies.cell_key import CellKey
from disclosure.policies.threshold import Threshold
from disclosure.presets import load_preset
from disclosure.privacy_budget import mechanism
from disclosure.privacy_budget.mechanism import Kind
from disclosure.protect import protect
from disclosure.site import SiteRules
from disclosure.spec import Spec

SITE = SiteRules(key=b"0123456789abcdef0123456789abcdef")
PRESET = load_preset("house-personal")
SPEC = Spec(unit="rider", zone="origin", time="start", count_rows_as="trips", timezone="Europe/Ljubljana")
GRID_M = 5000


@contextmanager
def trips(rows):
    """A connection with the trips; the origin is a cell of 5 km."""
    path = od_trips.write(data_folder() / f"od-trips-{od_trips.SEED}-{rows}.parquet", rows)
    with connect(data_folder(), "4GB") as con:
        con.execute(
            f"CREATE VIEW trips AS SELECT CAST(o_x - o_x % {GRID_M} AS VARCHAR) || ' ' ||"
            f" CAST(o_y - o_y % {GRID_M} AS VARCHAR) AS origin, start, rider FROM read_parquet('{path}')"
        )
        yield con


def test_cell_key_table_of_ten_million_trips():
    rows = sized(10_000_000, 20_000)
    with trips(rows) as con:
        noisy = protect(con, "trips", SPEC, PRESET, CellKey(), SITE)
        exact = protect(con, "trips", SPEC, PRESET, Threshold(), SITE)
        shown = {(row["origin"], row["period_start"]): row["units"] for row in exact.table.to_pylist()}
        moved = [row["units"] - shown[row["origin"], row["period_start"]] for row in noisy.table.to_pylist()]
        assert max(map(abs, moved), default=0) <= 5
        if is_small():
            noisy.policy.recount(con, "trips", noisy, SPEC, PRESET, SITE)
        taken = measure(
            {
                "ours": lambda: protect(con, "trips", SPEC, PRESET, CellKey(), SITE),
                "flat": lambda: protect(con, "trips", SPEC, PRESET, Threshold(), SITE),
            }
        )
    ours, flat = taken["ours"].median_s, taken["flat"].median_s
    report(
        "cell key, 10M trips, 5 km x hour",
        goal="at most three times the flat table",
        met=ours <= 3 * flat,
        seed=od_trips.SEED,
        figures={
            "ours_s": ours,
            "peer": "flat table of this package",
            "peer_s": flat,
            "ratio": ours / flat,
            "rows": rows,
            "cells": noisy.table.num_rows,
            "mean_noise_of_shown_cells": fmean(moved) if moved else 0.0,
            "mean_size_of_noise": fmean(map(abs, moved)) if moved else 0.0,
        },
    )


def test_private_counts():
    """Ours is the call that the policy makes; OpenDP alone is the same mechanism without us."""
    values, scale = [7] * sized(200_000, 2_000), 6.0
    alone = make_gaussian(vector_domain(atom_domain(T="i64")), l2_distance(T="f64"), scale=scale)
    drawn = mechanism.noisy(Kind.GAUSSIAN, values, scale)
    assert len(drawn) == len(values)
    assert max(abs(value - 7) for value in drawn) <= mechanism.tail(Kind.GAUSSIAN, scale, len(values))
    taken = measure({"ours": lambda: mechanism.noisy(Kind.GAUSSIAN, values, scale), "opendp": lambda: alone(values)})
    ours, peer = taken["ours"].median_s, taken["opendp"].median_s
    report(
        "discrete Gaussian noise, 200k counts",
        goal="at most 1.2 times OpenDP alone",
        met=ours <= 1.2 * peer,
        figures={"ours_s": ours, "peer": "opendp", "peer_s": peer, "ratio": ours / peer, "cells": len(values)},
    )
