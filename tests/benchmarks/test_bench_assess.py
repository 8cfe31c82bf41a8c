"""Speed of an assessment: class sizes, and k, l and t together, beside pycanon and beside the floor of the machine.

The floor of class sizes is what any way by sorting must do: decode the columns with pyarrow and sort one 64-bit key
for each row. pycanon gets its data in pandas, already read; ours read Parquet within the time that is measured.
"""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from benching import data_folder, in_fresh_process, is_small, measure, report, sized
from generators import micro

from disclosure.assess.encode import encode, pack
from disclosure.assess.packed import Packed, read_parquet
from disclosure.assess.sensitive import sensitive_risk
from disclosure.assess.sql import class_sizes, drop, values
from disclosure.source import opened


def _file(rows):
    return micro.write(data_folder() / f"micro-{rows}.parquet", rows)


def _packed_sizes(path):
    return Packed(read_parquet(path, micro.QUASI), micro.QUASI).class_sizes()


def _query_sizes(path, memory="4GB"):
    with opened(path, memory=memory) as (con, relation):
        return class_sizes(con, relation, micro.QUASI)


def _all_three(path, quasi):
    """k, diversity and closeness of one sensitive column."""
    grouped = Packed(read_parquet(path, (*quasi, micro.SENSITIVE)), quasi)
    return grouped.class_sizes(), sensitive_risk(micro.SENSITIVE, grouped.values(micro.SENSITIVE))


def _all_three_by_query(path, quasi):
    with opened(path, memory="4GB") as (con, relation):
        sizes = class_sizes(con, relation, quasi)
        try:
            return sizes, sensitive_risk(micro.SENSITIVE, values(con, relation, quasi, micro.SENSITIVE))
        finally:
            drop(con)


def test_class_sizes_of_a_million_rows():
    from pycanon import anonymity

    rows = sized(1_000_000, 3_000)
    path = _file(rows)
    frame = pq.read_table(path, columns=list(micro.QUASI)).to_pandas()
    ours, peer = _packed_sizes(path), anonymity.k_anonymity(frame, list(micro.QUASI))
    assert ours == _query_sizes(path)
    assert ours.k == peer
    assert ours.members == rows
    taken = measure(
        {
            "ours": lambda: _packed_sizes(path),
            "query": lambda: _query_sizes(path),
            "pycanon": lambda: anonymity.k_anonymity(frame, list(micro.QUASI)),
        }
    )
    ratio = taken["pycanon"].median_s / taken["ours"].median_s
    report(
        "class sizes 1M x 8",
        goal="at least 60 times as fast as pycanon",
        met=ratio >= 60,
        figures={
            "rows": rows,
            "classes": ours.classes,
            "ours_s": taken["ours"].median_s,
            "query_s": taken["query"].median_s,
            "peer": "pycanon",
            "peer_s": taken["pycanon"].median_s,
            "peer_rounds": taken["pycanon"].rounds,
            "ratio": ratio,
            "query_ratio": taken["pycanon"].median_s / taken["query"].median_s,
        },
        seed=micro.SEED,
    )


def test_class_sizes_of_ten_million_rows_against_the_floor():
    rows = sized(10_000_000, 20_000)
    path = _file(rows)
    table = read_parquet(path, micro.QUASI)
    keys, _ = pack([encode(table.column(name)) for name in micro.QUASI], table.num_rows)
    del table
    ours = _packed_sizes(path)
    assert ours == _query_sizes(path)
    assert ours.classes == len(np.unique(keys))

    def floor():
        decoded = pq.read_table(path, columns=list(micro.QUASI), read_dictionary=list(micro.TEXTS))
        return decoded.num_rows, np.sort(keys)

    taken = measure({"ours": lambda: _packed_sizes(path), "floor": floor, "query": lambda: _query_sizes(path)})
    ratio = taken["ours"].median_s / taken["floor"].median_s
    report(
        "class sizes 10M x 8",
        goal="at most twice the floor (pyarrow decode + np.sort of the packed keys)",
        met=ratio <= 2,
        figures={
            "rows": rows,
            "classes": ours.classes,
            "ours_s": taken["ours"].median_s,
            "peer": "floor",
            "peer_s": taken["floor"].median_s,
            "ratio": ratio,
            "query_s": taken["query"].median_s,
        },
        seed=micro.SEED,
    )


def test_fifty_million_rows_under_one_gigabyte():
    rows = sized(50_000_000, 50_000)
    path = _file(rows)
    found = in_fresh_process("assess_bench", "limited", str(path), "1GB")
    assert found["members"] == rows
    if is_small():
        assert found["classes"] == _packed_sizes(path).classes
    report(
        "class sizes 50M x 8 under a 1 GB limit",
        goal="finishes",
        met=True,
        figures={"rows": rows, "classes": found["classes"], "ours_s": found["seconds"], "rss_mb": found["rss_mb"]},
        seed=micro.SEED,
    )


def test_k_l_and_t_of_thirty_thousand_rows():
    from pycanon import anonymity

    rows = sized(30_000, 1_500)
    path, quasi = _file(rows), micro.QUASI[:4]
    frame = pq.read_table(path, columns=[*quasi, micro.SENSITIVE]).to_pandas()

    def peer():
        return (
            anonymity.k_anonymity(frame, list(quasi)),
            anonymity.l_diversity(frame, list(quasi), [micro.SENSITIVE]),
            anonymity.t_closeness(frame, list(quasi), [micro.SENSITIVE]),
        )

    sizes, risk = _all_three(path, quasi)
    assert (sizes, risk) == _all_three_by_query(path, quasi)
    expected = peer() if is_small() else None
    results = []
    taken = measure(
        {
            "ours": lambda: _all_three(path, quasi),
            "query": lambda: _all_three_by_query(path, quasi),
            "pycanon": lambda: results.append(peer()),
        }
    )
    k, distinct, t = expected or results[0]
    assert (sizes.k, risk.diversity.distinct) == (k, distinct)
    assert float(risk.closeness.equal) == pytest.approx(t, abs=1e-6)
    ratio = taken["pycanon"].median_s / taken["ours"].median_s
    report(
        "k + l + t, 30k x 4",
        goal="at least 1000 times as fast as pycanon, equal to 1e-6",
        met=ratio >= 1000,
        figures={
            "rows": rows,
            "k": sizes.k,
            "l": risk.diversity.distinct,
            "t": float(risk.closeness.equal),
            "ours_s": taken["ours"].median_s,
            "query_s": taken["query"].median_s,
            "peer": "pycanon",
            "peer_s": taken["pycanon"].median_s,
            "peer_rounds": taken["pycanon"].rounds,
            "ratio": ratio,
        },
        seed=micro.SEED,
    )


def test_k_l_and_t_of_ten_million_rows():
    rows = sized(10_000_000, 20_000)
    path = _file(rows)
    runs = [in_fresh_process("assess_bench", "three", str(path)) for _ in range(1 if is_small() else 5)]
    if is_small():
        sizes, risk = _all_three_by_query(path, micro.QUASI)
        assert (runs[0]["k"], runs[0]["distinct"]) == (sizes.k, risk.diversity.distinct)
        assert runs[0]["t"] == str(risk.closeness.equal)
    seconds = sorted(run["seconds"] for run in runs)[len(runs) // 2]
    rss_mb = max(run["rss_mb"] for run in runs)
    report(
        "k + l + t, 10M x 8",
        goal="at most 6 s and 3 GB",
        met=seconds <= 6 and rss_mb <= 3000,
        figures={"rows": rows, "classes": runs[0]["classes"], "ours_s": seconds, "rss_mb": rss_mb},
        seed=micro.SEED,
    )
