"""One arm of the meters bench in a process of its own: prints one JSON object with figures and its peak memory."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benching import peak_rss_mb

from disclosure import Measure, Spec, load_preset, protect
from disclosure.protected import Protected
from disclosure.site import SiteRules
from disclosure.source import opened

MEMORY = "500MB"
SPEC = Spec(
    unit="meter",
    zone=("zone", "class"),
    time="start",
    timezone="Europe/Ljubljana",
    measures={"kwh": Measure(decimals=0, unit="kWh")},
)
SITE = SiteRules(p_percent=15, dominance_n=1, dominance_percent=85)
"""Rules of the bench; those of a real house are secret."""


def run(path: Path) -> Protected:
    """Open the file and protect it."""
    with opened(path, memory=MEMORY) as (con, relation):
        return protect(con, relation, SPEC, load_preset("house-personal"), site=SITE)


def main(words: Sequence[str]) -> None:
    """``FILE``."""
    start = time.perf_counter()
    result = run(Path(words[0]))
    seconds = time.perf_counter() - start
    exact = result.confidential
    figures = {
        "seconds": round(seconds, 3),
        "cpu_s": round(time.process_time(), 3),
        "rss_mb": peak_rss_mb(),
        "readings": exact["rows_in"],
        "cells": exact["cells_published"],
        "withheld": exact["cells_withheld"],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1:])
