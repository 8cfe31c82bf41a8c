"""Recoding of synthetic microdata in a process of its own: ``python -m bench_recode FILE K``, one JSON line.

The file is read in pieces into leaf numbers, which is what a reader of any format would hand to the search; the time
is that of the search and of naming the classes. Labels as text and sorting of the output are not part of it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from benching import peak_rss_mb
from generators import micro

from disclosure.recoding import compiled
from disclosure.recoding.forest import Forest, forest_of
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.recoding.rules import Rules
from disclosure.recoding.search import recode

WIDTHS = {
    "age": (5, 10, 20),
    "sex": (),
    "zone": (10, 50, 100),
    "education": (4, 8),
    "marital": (2, 4),
    "occupation": (3, 6),
    "nationality": (5, 20),
    "household": (2, 4),
}
"""Leaves in a node, level by level; the root comes after the last."""


def forest() -> Forest:
    """Balanced hierarchies over the columns of the generator."""
    counts = micro.TEXTS | micro.NUMBERS
    return forest_of([_ladder(name, counts[name]) for name in micro.QUASI])


def _ladder(name: str, count: int) -> Hierarchy:
    # Leaves are written with leading zeros, so that their order is that of the numbers.
    nodes = [[f"{name} {n // width * width:03d}/{width}" for width in WIDTHS[name]] for n in range(count)]
    return Hierarchy(name, tuple((f"{name} {n:03d}", *nodes[n], "*") for n in range(count)))


def leaf_codes(path: Path) -> np.ndarray:
    """The quasi-identifiers of a generated file as leaf numbers."""
    source = pq.ParquetFile(path)
    codes = np.empty((source.metadata.num_rows, len(micro.QUASI)), dtype=np.uint16)
    start = 0
    for batch in source.iter_batches(batch_size=1_000_000, columns=list(micro.QUASI)):
        for a, name in enumerate(micro.QUASI):
            column = batch.column(name)
            if name in micro.NUMBERS:
                codes[start : start + len(batch), a] = column.to_numpy()
            else:
                encoded = column.dictionary_encode()
                numbers = np.array([int(text[-3:]) for text in encoded.dictionary.to_pylist()], dtype=np.uint16)
                codes[start : start + len(batch), a] = numbers[encoded.indices.to_numpy()]
        start += len(batch)
    return codes


def main(path: Path, k: int) -> dict[str, float | int | str]:
    """Recode the file twice, the first time to load the kernels."""
    codes, trees, rules = leaf_codes(path), forest(), Rules(k=k)
    recode(codes[:2_000], trees, rules, compiled)
    taken = []
    for _ in range(3):
        start, used = time.perf_counter(), time.process_time()
        found = recode(codes, trees, rules, compiled)
        taken.append((time.perf_counter() - start, time.process_time() - used))
    seconds, cpu_seconds = sorted(taken)[1]
    return {
        "rows": len(codes),
        "classes": len(found.sizes),
        "least": int(found.sizes.min()),
        "search": found.search,
        "quality": round(found.quality(trees), 4),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "rss_mb": peak_rss_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
