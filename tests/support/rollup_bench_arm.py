"""One arm of the roll-up benches in a process of its own: prints one JSON object with figures and its peak memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from benching import peak_rss_mb
from generators import od_trips

from disclosure.policies.rollup import Rollup, ladder
from disclosure.presets import Preset, load_preset
from disclosure.protect import protect
from disclosure.protected import Protected
from disclosure.rollup.calendar import Covers
from disclosure.rollup.ladder import Level
from disclosure.source import opened
from disclosure.space import Grid
from disclosure.spec import Spec

MEMORY = "700MB"
SPEC = Spec(
    unit="rider",
    zone=("o_x", "o_y", "d_x", "d_y"),
    time="start",
    timezone="Europe/Ljubljana",
    count_rows_as="trips",
)
LEVELS = ladder(
    ("1km", "PT1H"),
    ("1km", "PT3H"),
    ("2km", "PT3H"),
    ("4km", "PT3H"),
    ("4km", "P1D"),
    ("20km", "P1D"),
    ("all", "all"),
)


def policy(levels: Sequence[Level] = LEVELS) -> Rollup:
    """The ladder of the bench over the frame of the generator."""
    return Rollup(
        space=Grid(of={"origin": ("o_x", "o_y"), "destination": ("d_x", "d_y")}, area=od_trips.AREA),
        levels=tuple(levels),
        covers=Covers(first=date(2026, 10, 1), last=date(2026, 10, od_trips.DAYS)),
    )


def least(units: int) -> Preset:
    """The house rule; five units only to stand beside the figures of the prototypes."""
    house = load_preset("house-personal")
    rule = house.parameters["min_units"]
    return replace(
        house, parameters={**house.parameters, "min_units": replace(rule, value=units, law=min(units, rule.law))}
    )


def run(path: Path, units: int, levels: Sequence[Level] = LEVELS) -> Protected:
    """Open the file and protect it."""
    with opened(path, memory=MEMORY) as (con, relation):
        return protect(con, relation, SPEC, least(units), policy(levels))


def median_bin(result: Protected) -> int:
    """Trips of the bin in which the median trip lies, bins sorted by size."""
    sizes = np.sort(result.table.column("trips").to_numpy())
    total = np.cumsum(sizes)
    return int(sizes[np.searchsorted(total, total[-1] / 2)]) if len(sizes) else 0


def figures(result: Protected) -> dict[str, Any]:
    """What was kept, with shares in percent, cumulative from the finest level on."""
    exact = result.confidential
    cumulative, kept = 0, {}
    for level in exact["by_level"]:
        cumulative += level["rows"]
        kept[level["level"]] = round(100 * cumulative / exact["rows_in"], 4)
    return {
        "trips": exact["rows_in"],
        "kept": exact["rows_published"],
        "cumulative_percent": kept,
        "bins": exact["cells_published"],
        "median_bin_trips": median_bin(result),
    }


def main(words: Sequence[str]) -> None:
    """``FILE UNITS``."""
    start = time.perf_counter()
    result = run(Path(words[0]), int(words[1]))
    seconds = time.perf_counter() - start
    cpu = round(time.process_time(), 3)
    print(json.dumps({"seconds": round(seconds, 3), "cpu_s": cpu, "rss_mb": peak_rss_mb(), **figures(result)}))


if __name__ == "__main__":
    main(sys.argv[1:])
