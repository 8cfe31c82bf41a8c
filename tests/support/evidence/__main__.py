"""``make evidence``: prints everything and leaves it in a folder. Ends with 1 when anything is not as it should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benching
from known_answers import KnownAnswer, known_answers

from evidence import releases

ROOT = Path(__file__).resolve().parents[3]


def say(text: str) -> None:
    print(text, flush=True)


def head() -> dict[str, Any]:
    """What the evidence was made with."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "commit": found.stdout.strip() or "unknown",
        "changed_files": len(changed.stdout.splitlines()),
        "machine": benching.machine(),
    }


def answers(folder: Path) -> bool:
    """Known answers: expected, got, source."""
    found = known_answers()
    for each in found:
        say(f"  {'✓' if each.holds else '✗'} {each.name}: expected {each.expected}, got {each.got}  [{each.source}]")
    (folder / "known-answers.json").write_text(json.dumps([_row(each) for each in found], indent=2), encoding="utf-8")
    return all(each.holds for each in found)


def _row(each: KnownAnswer) -> dict[str, Any]:
    return {
        "name": each.name,
        "expected": str(each.expected),
        "got": str(each.got),
        "source": each.source,
        "holds": each.holds,
    }


def releases_and_attacks(folder: Path) -> bool:
    """Three releases to recount, and one tampered with; beside them the matrix of attacks, and guards switched off."""
    log = folder / "attacks.txt"
    with log.open("w", encoding="utf-8") as stream:
        command = [sys.executable, "-m", "pytest", "-q", "tests/attack"]
        # Beside each other: both use one core, and whoever waits for the evidence has two.
        running = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
        made = releases.make(folder / "releases", say)
        passed = running.wait() == 0
    for line in log.read_text(encoding="utf-8").splitlines():
        say(f"  {line}")
    return made and passed


def benchmarks(folder: Path) -> bool:
    """The benchmark table of this machine, one round of each; `make bench` does five, and 50 million rows."""
    target = folder / "bench.jsonl"
    target.unlink(missing_ok=True)
    environ = {
        "CITYOPEN_BENCH_JSON": str(target),
        "CITYOPEN_BENCH_ROUNDS": os.environ.get("CITYOPEN_BENCH_ROUNDS", "1"),
    }
    passed = _pytest(folder / "bench.txt", ["-s", "tests/benchmarks", "-k", "not fifty"], environ)
    if target.exists():
        rows = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
        (folder / "bench.json").write_text(
            json.dumps({**head(), "benches": rows}, indent=2, ensure_ascii=False), encoding="utf-8"
        )
        say(json.dumps({**head(), "benches": rows}, ensure_ascii=False))
    return passed


def _pytest(log: Path, words: list[str], environ: dict[str, str]) -> bool:
    """Run tests and show what they print; the whole is kept in `log`."""
    command = [sys.executable, "-m", "pytest", "-q", *words]
    with (
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running,
        log.open("w", encoding="utf-8") as stream,
    ):
        for line in running.stdout or ():
            stream.write(line)
            say(f"  {line.rstrip()}")
    return running.returncode == 0


PARTS: tuple[Callable[[Path], bool], ...] = (answers, releases_and_attacks, benchmarks)


def main() -> int:
    folder = Path(os.environ.get("EVIDENCE", ROOT / ".cityopen" / "evidence"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "head.json").write_text(json.dumps(head(), indent=2), encoding="utf-8")
    say(f"Evidence of commit {head()['commit']} goes to {folder}")
    outcome: dict[str, bool] = {}
    for part in PARTS:
        say(f"\n== {part.__name__}: {(part.__doc__ or '').splitlines()[0]}")
        started = time.monotonic()
        outcome[part.__name__] = part(folder)
        say(f"   {time.monotonic() - started:.0f} s, {'passed' if outcome[part.__name__] else 'FAILED'}")
    say(f"\n{sum(outcome.values())} of {len(outcome)} parts passed; everything is in {folder}")
    return 0 if all(outcome.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
