"""Measurements against named peers, in the same run: interleaved, warm, the median of several rounds.

Results go to the terminal and, one JSON object a line, to the file named by ``CITYOPEN_BENCH_JSON``. Nothing here
asserts a time: a goal that is missed is printed as missed. With ``CITYOPEN_BENCH=small`` the same code runs on small
tables, so that its results stay tested without its times.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SLOW_S = 20.0
"""A peer that needs longer than this runs once, and the row says so."""

ROUNDS = 5
"""Rounds of a full run; ``CITYOPEN_BENCH_ROUNDS`` changes it, and every row says how many it had."""


def is_small() -> bool:
    """Whether only results are wanted."""
    return os.environ.get("CITYOPEN_BENCH", "full") == "small"


def sized(full: int, small: int) -> int:
    """The number of rows for this run."""
    return small if is_small() else full


def data_folder() -> Path:
    """Where generated inputs are kept between runs; outside the project."""
    folder = Path(os.environ.get("CITYOPEN_BENCH_DATA", str(Path(tempfile.gettempdir()) / "cityopen-bench")))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Seconds of one arm: median, fastest, slowest, number of rounds."""

    median_s: float
    fastest_s: float
    slowest_s: float
    rounds: int


def measure(arms: Mapping[str, Callable[[], Any]], rounds: int = ROUNDS) -> dict[str, Timing]:
    """Time several arms, one after another in each round; a slow peer runs once.

    Compare the arms' results before calling this. The first arm is ours and always runs all rounds.
    """
    rounds = 1 if is_small() else int(os.environ.get("CITYOPEN_BENCH_ROUNDS", rounds))
    taken: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            if taken[name] and taken[name][0] > SLOW_S and name != next(iter(arms)):
                continue
            start = time.perf_counter()
            arm()
            taken[name].append(time.perf_counter() - start)
    return {
        name: Timing(
            median_s=statistics.median(seconds), fastest_s=min(seconds), slowest_s=max(seconds), rounds=len(seconds)
        )
        for name, seconds in taken.items()
    }


def in_fresh_process(module: str, *words: str) -> dict[str, Any]:
    """Run ``python -m module words`` and return the JSON it prints last, with its own peak memory in ``rss_mb``.

    The module prints one JSON object as its last line; `peak_rss_mb` gives it the memory.
    """
    support = str(Path(__file__).parent)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (support, os.environ.get("PYTHONPATH"))))}
    done = subprocess.run(
        [sys.executable, "-m", module, *words], capture_output=True, text=True, check=False, env=environ
    )
    if done.returncode:
        raise AssertionError(f"{module} ended with {done.returncode}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def peak_rss_mb() -> int:
    """The most memory this process has held, in MiB.

    Linux starts the peak of `getrusage` at that of the process that forked, however small the child stays; the
    kernel's own high-water mark is that of this program alone.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        marks = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        if marks:
            return int(marks[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def report(bench: str, *, goal: str, met: bool | None, figures: Mapping[str, Any], seed: int | None = None) -> None:
    """Print one row of the table and append it to the results file. ``met`` is None where nothing was timed."""
    row = {
        "bench": bench,
        "goal": goal,
        "met": None if is_small() else met,
        "small": is_small(),
        "rounds": 1 if is_small() else int(os.environ.get("CITYOPEN_BENCH_ROUNDS", ROUNDS)),
        "seed": seed,
        **{name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()},
    }
    verdict = {True: "met", False: "MISSED", None: "result only"}[row["met"]]
    shown = ", ".join(f"{name} {value}" for name, value in row.items() if name not in {"bench", "goal", "met", "small"})
    print(f"\n{bench}: {verdict} (goal: {goal})\n  {shown}", flush=True)
    target = os.environ.get("CITYOPEN_BENCH_JSON")
    if target:
        with Path(target).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    model = "unknown"
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = models[0] if models else platform.processor()
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory_gb, 1),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
