"""Synthetic trips of any number from one seed: hot spots, two daily peaks, riders who ride again.

Boundary: numpy and pyarrow only. Coordinates are whole metres of EPSG:3035 in a frame of 100 km × 80 km. Nine ends in
ten lie around one of 25 hot spots of falling weight, with a spread of half a kilometre to two; the others are spread
over the frame. Riders are numbered; a trip belongs to rider ⌊R·u²⌋, so a tenth of the riders make about a third of the
trips. Synthetic: shares kept on it are no forecast for a real city. Every row group has a generator of its own, so
the file does not depend on how it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_261_125
GROUP_ROWS = 1_000_000
AREA = (4_640_000, 2_520_000, 4_740_000, 2_600_000)
START = datetime(2026, 9, 30, 22, tzinfo=UTC)  # 1 October, local time of Ljubljana
DAYS = 31
SPOTS = 25
TRIPS_PER_RIDER = 50
COLUMNS = ("o_x", "o_y", "d_x", "d_y", "start", "rider")

Numbers = npt.NDArray[np.int64]


def write(path: Path, trips: int, *, seed: int = SEED) -> Path:
    """Write `trips` rows as Parquet unless the file is there; a killed write leaves nothing under this name."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with pq.ParquetWriter(partial, batch(0, 0, trips, seed=seed).schema) as writer:
        for group in groups(trips, seed=seed):
            writer.write_batch(group, row_group_size=GROUP_ROWS)
    return partial.rename(path)


def table(trips: int, *, seed: int = SEED) -> pa.Table:
    """The same rows in memory."""
    return pa.Table.from_batches(groups(trips, seed=seed), batch(0, 0, trips, seed=seed).schema)


def groups(trips: int, *, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """Row groups of at most `GROUP_ROWS` rows."""
    for number, begin in enumerate(range(0, trips, GROUP_ROWS)):
        yield batch(number, min(GROUP_ROWS, trips - begin), trips, seed=seed)


def batch(number: int, rows: int, trips: int, *, seed: int = SEED) -> pa.RecordBatch:
    """Row group `number` of a file of `trips` rows."""
    random = np.random.default_rng([seed, number])
    spots = np.random.default_rng([seed, SPOTS])
    centers = np.stack([spots.integers(AREA[0], AREA[2], SPOTS), spots.integers(AREA[1], AREA[3], SPOTS)])
    spread = spots.integers(500, 2_000, SPOTS)
    riders = max(trips // TRIPS_PER_RIDER, 1)
    columns = [*_end(random, rows, centers, spread), *_end(random, rows, centers, spread)]
    columns.append(_start_us(random, rows))
    rider = (riders * random.random(rows) ** 2).astype(np.int64)
    arrays = [pa.array(each) for each in columns[:4]]
    arrays += [pa.array(columns[4], pa.timestamp("us", "UTC")), pa.array(rider)]
    return pa.RecordBatch.from_arrays(arrays, names=list(COLUMNS))


def _end(random: np.random.Generator, rows: int, centers: Numbers, spread: Numbers) -> tuple[Numbers, Numbers]:
    weight = 1 / np.arange(1, SPOTS + 1)
    spot = random.choice(SPOTS, rows, p=weight / weight.sum())
    hot = random.random(rows) < 0.9
    ends = []
    for axis, (low, high) in enumerate(((AREA[0], AREA[2]), (AREA[1], AREA[3]))):
        near = centers[axis][spot] + random.normal(0, 1, rows) * spread[spot]
        anywhere = random.uniform(low, high, rows)
        ends.append(np.clip(np.where(hot, near, anywhere), low, high - 1).astype(np.int64))
    return ends[0], ends[1]


def _start_us(random: np.random.Generator, rows: int) -> Numbers:
    """Any day, a third of the trips around eight, a third around five in the afternoon, the others from five to one."""
    day = random.integers(0, DAYS, rows)
    kind = random.integers(0, 3, rows)
    hour = np.choose(kind, [random.normal(8, 1, rows), random.normal(17, 1.5, rows), random.uniform(5, 25, rows)])
    seconds = day * 86_400 + np.clip(hour, 0, 23.999) * 3_600
    return int(START.timestamp()) * 1_000_000 + (seconds * 1_000_000).astype(np.int64)
