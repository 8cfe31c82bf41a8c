"""Local recoding: quality and speed on Adult beside ARX's quoted figures, and ten million records in two gigabytes.

ARX is a Java program that is not built here. Its figures are those measured for this project on another day with
version 3.9.2 on two cores, same file, same hierarchies, k = 5, and its output rescored with the formula that is used
here: best of three settings (local recoding, factor 0, adaptation 1/n) 17 to 23 s and 0.950, quick setting 2.0 s and
0.831. The ratio below divides the lower end, 17 s, by our time. All times leave out reading and writing.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest
from benching import data_folder, in_fresh_process, is_small, measure, report, sized
from generators import micro

from disclosure.recoding import plain
from disclosure.recoding.forest import forest_of
from disclosure.recoding.hierarchy import Hierarchy
from disclosure.recoding.rules import Rules
from disclosure.recoding.search import recode

ADULT = ("sex", "age", "race", "marital-status", "education", "native-country", "workclass", "occupation")
ARX_BEST_S, ARX_BEST_QUALITY = 17.0, 0.950
ARX_QUICK_S, ARX_QUICK_QUALITY = 2.0, 0.831


@pytest.fixture(scope="module")
def adult(fixtures_dir):
    """Leaf numbers of the eight attributes, and their hierarchies."""
    folder = fixtures_dir / "microdata"
    hierarchies = [Hierarchy.from_file(name, folder / f"adult_hierarchy_{name}.csv") for name in ADULT]
    numbers = [{leaf: i for i, leaf in enumerate(each.leaves)} for each in hierarchies]
    with (folder / "adult.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    codes = np.array([[numbers[a][row[name]] for a, name in enumerate(ADULT)] for row in rows], dtype=np.uint16)
    return codes, forest_of(hierarchies)


def counted_again(codes, found, k):
    """The least class by the published labels, without the search's own numbers."""
    labels = np.concatenate((found.levels, found.leaves), axis=1)[found.classes]
    _, sizes = np.unique(labels, axis=0, return_counts=True)
    assert sizes.min() >= k
    return len(sizes)


@pytest.mark.parametrize("k", [5, 10])
def test_adult_at_the_quality_of_arx_and_a_hundred_times_its_speed(adult, k):
    compiled = pytest.importorskip("disclosure.recoding.compiled")
    codes, forest = adult
    rules = Rules(k=k)
    fast, slow = recode(codes, forest, rules, compiled), recode(codes, forest, rules, plain)
    assert (fast.classes == slow.classes).all()
    assert (fast.levels == slow.levels).all()
    classes = counted_again(codes, fast, k)
    parts, count = compiled.partition(codes, forest, rules)
    assert np.bincount(parts).min() >= k
    taken = measure(
        {
            "ours": lambda: recode(codes, forest, rules, compiled),
            "numpy": lambda: recode(codes, forest, rules, plain),
            "partition": lambda: compiled.partition(codes, forest, rules),
        }
    )
    quality, ratio = fast.quality(forest), ARX_BEST_S / taken["ours"].median_s
    compared = {"peer": "ARX 3.9.2, quoted", "peer_s": ARX_BEST_S, "peer_quality": ARX_BEST_QUALITY, "ratio": ratio}
    report(
        f"local recoding, Adult 30,162 x 8, k = {k}",
        goal="quality 0.95 or more at 100 times the speed of ARX's best setting" if k == 5 else "beside k = 5",
        met=quality >= 0.95 and ratio >= 100 if k == 5 else None,
        figures={
            "rows": len(codes),
            "classes": classes,
            "quality": quality,
            "ours_s": taken["ours"].median_s,
            "without_numba_s": taken["numpy"].median_s,
            "partition_s": taken["partition"].median_s,
            "partition_classes": count,
            **(compared if k == 5 else {}),
        },
    )
    assert quality >= (0.95 if k == 5 else 0.925)


def test_ten_million_records_in_two_gigabytes():
    pytest.importorskip("disclosure.recoding.compiled")
    path = micro.write(data_folder() / f"micro-{(rows := sized(10_000_000, 3_000))}.parquet", rows)
    for k in (10,) if is_small() else (5, 10):
        found = in_fresh_process("bench_recode", str(path), str(k))
        assert found["rows"] == rows
        assert found["least"] >= k
        report(
            f"local recoding, {rows:,} x 8, k = {k}",
            goal="5 s and 2 GB",
            met=found["seconds"] <= 5 and found["rss_mb"] <= 2048,
            figures={name: value for name, value in found.items() if name != "rows"} | {"ours_s": found["seconds"]},
            seed=micro.SEED,
        )
