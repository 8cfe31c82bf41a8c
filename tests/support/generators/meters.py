"""Synthetic quarter-hour readings of any number of days from one seed: 20,000 meters in zones and classes.

Boundary: numpy and pyarrow only. A meter lies in one of 300 zones and belongs to one of 5 classes, unevenly, so that
about half of the cells zone × class have fewer than ten meters; a few meters use a hundred times as much as others.
Rows come in the order of time, as a head-end system delivers them; kWh are exact decimals. 30 days are 57.6 million
rows. Every day has a generator of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_261_126
METERS = 20_000
ZONES, CLASSES = 300, 5
QUARTERS = 96
START = datetime(2026, 9, 30, 22, tzinfo=UTC)  # 1 October, local time of Ljubljana
DAY_US = 86_400_000_000


def write(path: Path, days: int, *, meters: int = METERS, seed: int = SEED) -> Path:
    """Write `days` days as Parquet unless the file is there; a killed write leaves nothing under this name."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with pq.ParquetWriter(partial, batch(0, meters=0, seed=seed).schema) as writer:
        for group in groups(days, meters=meters, seed=seed):
            writer.write_batch(group, row_group_size=meters * QUARTERS // 8)
    return partial.rename(path)


def table(count: int = METERS, *, days: int = 1, seed: int = SEED) -> pa.Table:
    """Readings of the first `count` meters in memory."""
    return pa.Table.from_batches(groups(days, meters=count, seed=seed), batch(0, meters=0, seed=seed).schema)


def groups(days: int, *, meters: int = METERS, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """One batch for each day."""
    return (batch(day, meters=meters, seed=seed) for day in range(days))


def batch(day: int, *, meters: int = METERS, seed: int = SEED) -> pa.RecordBatch:
    """All readings of one day."""
    fixed, random = np.random.default_rng([seed]), np.random.default_rng([seed, day])
    zone = np.minimum((ZONES * fixed.random(METERS) ** 1.5).astype(np.int32), ZONES - 1)
    kind = np.minimum(fixed.geometric(0.45, METERS) - 1, CLASSES - 1).astype(np.int32)
    scale = np.where(fixed.random(METERS) < 0.002, 100.0, 1.0) * fixed.lognormal(0, 0.6, METERS)
    meter = np.tile(np.arange(meters, dtype=np.int64), QUARTERS if meters else 0)
    quarter = np.repeat(np.arange(QUARTERS if meters else 0), meters)
    wh = (scale[meter] * random.gamma(2.0, 60.0, len(meter))).astype(np.int64)
    start_us = int(START.timestamp()) * 1_000_000 + day * DAY_US + quarter * (DAY_US // QUARTERS)
    return pa.RecordBatch.from_pydict(
        {
            "meter": pa.array(meter),
            "zone": _names("zone", ZONES, zone[meter]),
            "class": _names("class", CLASSES, kind[meter]),
            "start": pa.array(start_us.astype(np.int64), pa.timestamp("us", "UTC")),
            "kwh": _kwh(wh),
        }
    )


def _names(name: str, count: int, numbers: np.ndarray) -> pa.Array:
    labels = pa.array([f"{name} {number:03d}" for number in range(count)])
    return pa.DictionaryArray.from_arrays(pa.array(numbers), labels).cast(pa.string())


def _kwh(wh: np.ndarray) -> pa.Array:
    """Whole watt-hours as kWh with three decimals, exactly: the same whole numbers under another type."""
    wide = np.zeros((len(wh), 2), dtype=np.int64)
    wide[:, 0] = wh
    return pa.Array.from_buffers(pa.decimal128(12, 3), len(wh), [None, pa.py_buffer(wide.tobytes())])
