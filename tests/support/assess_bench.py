"""One measurement of an assessment in a process of its own, so that its peak memory is its own; prints JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benching import peak_rss_mb
from generators import micro

from disclosure.assess import sql
from disclosure.assess.packed import Packed, read_parquet
from disclosure.assess.sensitive import sensitive_risk
from disclosure.source import opened


def limited(path: Path, memory: str) -> dict[str, Any]:
    """Class sizes by query under a memory limit."""
    with opened(path, memory=memory) as (con, relation):
        found = sql.class_sizes(con, relation, micro.QUASI)
    return {"members": found.members, "classes": found.classes, "k": found.k}


def three(path: Path) -> dict[str, Any]:
    """k, distinct l and t of one sensitive column."""
    grouped = Packed(read_parquet(path, (*micro.QUASI, micro.SENSITIVE)), micro.QUASI)
    sizes, risk = grouped.class_sizes(), sensitive_risk(micro.SENSITIVE, grouped.values(micro.SENSITIVE))
    if risk.diversity is None or risk.closeness is None:
        raise AssertionError("the generator leaves no value out")
    closest = str(risk.closeness.equal)
    return {"classes": sizes.classes, "k": sizes.k, "distinct": risk.diversity.distinct, "t": closest}


def main(job: str, path: str, *words: str) -> None:
    start = time.perf_counter()
    found = {"limited": limited, "three": three}[job](Path(path), *words)
    print(json.dumps({**found, "seconds": time.perf_counter() - start, "rss_mb": peak_rss_mb()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
