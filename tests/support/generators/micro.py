"""Synthetic microdata of any length: eight quasi-identifiers, one sensitive column, a person, from one seed.

Boundary: numpy and pyarrow only. Columns are drawn independently and uniformly, with the cardinalities of a census
extract (age 100, sex 2, zone 500, education 16, marital status 7, occupation 15, nationality 40, household 8), so
nearly every combination of all eight is rare: the hard case for counting classes. The same seed and length give the
same file in pieces of any number, because every row group has a generator of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 20_261_124
GROUP_ROWS = 1_000_000
DIAGNOSES = 15

TEXTS = {"sex": 2, "zone": 500, "education": 16, "marital": 7, "occupation": 15, "nationality": 40}
NUMBERS = {"age": 100, "household": 8}
QUASI = ("age", "sex", "zone", "education", "marital", "occupation", "nationality", "household")
SENSITIVE = "diagnosis"
UNIT = "person"


def write(path: Path, rows: int, *, seed: int = SEED) -> Path:
    """Write `rows` rows as Parquet unless the file is there; a killed write leaves nothing under this name."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with pq.ParquetWriter(partial, batch(0, 0, seed=seed).schema) as writer:
        for group in groups(rows, seed=seed):
            writer.write_batch(group, row_group_size=GROUP_ROWS)
    return partial.rename(path)


def table(rows: int, *, seed: int = SEED) -> pa.Table:
    """The same rows in memory."""
    return pa.Table.from_batches(groups(rows, seed=seed), batch(0, 0, seed=seed).schema)


def groups(rows: int, *, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """Row groups of at most `GROUP_ROWS` rows."""
    for number, start in enumerate(range(0, rows, GROUP_ROWS)):
        yield batch(number, min(GROUP_ROWS, rows - start), seed=seed)


def batch(number: int, rows: int, *, seed: int = SEED) -> pa.RecordBatch:
    """Row group `number`; persons are numbered through the whole file."""
    random = np.random.default_rng([seed, number])
    columns: dict[str, pa.Array] = {}
    for name in QUASI:
        if name in NUMBERS:
            columns[name] = pa.array(random.integers(0, NUMBERS[name], rows, dtype=np.int16))
        else:
            columns[name] = _texts(name, TEXTS[name], random.integers(0, TEXTS[name], rows, dtype=np.int32))
    # A skewed sensitive column: the first value is held by about a third of the rows.
    skewed = np.minimum(random.geometric(0.3, rows) - 1, DIAGNOSES - 1).astype(np.int32)
    columns[SENSITIVE] = _texts(SENSITIVE, DIAGNOSES, skewed)
    columns[UNIT] = pa.array(np.arange(rows, dtype=np.int64) + number * GROUP_ROWS)
    return pa.RecordBatch.from_pydict(columns)


def _texts(name: str, cardinality: int, codes: np.ndarray) -> pa.Array:
    labels = pa.array([f"{name} {code:03d}" for code in range(cardinality)])
    return pa.DictionaryArray.from_arrays(pa.array(codes), labels).cast(pa.string())
