"""Runs the project's checks: lint, types, architecture, tests. Standard library only.

Boundary: it starts what a suite needs and times it; what is tested lives in ``tests/``. The environment comes from
the same bootstrap as ``make up`` (:mod:`up`), so a bare machine needs nothing but Python 3.11, make and git.

    python3 deployment/checks.py lint | types | arch | unit | integration | e2e | bench | evidence | …
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "deployment"))

import up  # noqa: E402  (the bootstrap beside this file; it is not a package)

SOURCES = ("ckanext-datastrategy", "ckanext-cityopen", "harvesters")
PURE_TESTS = ("tests/unit", "tests/contract", "tests/attack")
# Three streams beside each other, each with services of its own: most of their time is the start of processes.
STACK_TESTS = {
    "portal": ("datastrategy", "cityopen", "stack", "demo", "storage"),
    "ledger": ("ledger", "pipeline", "../faults"),
    "way": ("way",),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class SuiteFailedError(Exception):
    """A suite did not pass; carries the name for the closing table."""


def say(text: str) -> None:
    """Print one sentence at once, also when the output is a file."""
    print(text, flush=True)


def run(command: Sequence[str | Path], **environ: str) -> None:
    """Run a command from the project's root.

    Raises:
        SuiteFailedError: when it exits with anything but 0.
    """
    words = [str(word) for word in command]
    code = subprocess.run(words, cwd=ROOT, env={**os.environ, **environ}, check=False).returncode
    if code:
        raise SuiteFailedError(f"`{' '.join(words[:6])} …` ended with {code}")


def test_python() -> Path:
    """Return the interpreter that has the portal and all test tools."""
    return up.ensure_environment(lock="test")


def pure_python() -> Path:
    """Return an interpreter without CKAN: what the pure packages and the library must run in."""
    return up.ensure_environment(lock="pure")


def lint() -> None:
    """Style and spelling of names."""
    python = test_python()
    run([python, "-m", "ruff", "check", "."])
    run([python, "-m", "ruff", "format", "--check", "."])


def types() -> None:
    """Types: mypy strict where there is no CKAN, pyright over everything."""
    python = test_python()
    run([python, "-m", "mypy"])
    run([python, "-m", "pyright", "--pythonpath", python])


def arch() -> None:
    """Import order, wheel contents, sizes. import-linter needs an environment where `ckanext` is a namespace."""
    path = os.pathsep.join(str(ROOT / folder) for folder in SOURCES)
    linter = pure_python().parent / "lint-imports"
    for config in (".importlinter-pure", ".importlinter-whole"):
        run([linter, config, "--no-cache"], PYTHONPATH=path)
    run([test_python(), "-m", "pytest", "-p", "no:ckan", "-p", "no:ckan_fixtures", "-q", "tests/architecture"])


def unit() -> None:
    """Tests of the pure packages and the library, in an environment without CKAN."""
    run([pure_python(), "-m", "pytest", "-q", *existing(PURE_TESTS)])
    # The benchmarks on small tables: that they compute the right thing, not how fast.
    run([pure_python(), "-m", "pytest", "-q", "tests/benchmarks"], CITYOPEN_BENCH="small")


def integration() -> None:
    """Tests on real PostgreSQL, Redis, Solr and CKAN, started here on free ports and stopped afterwards."""
    python = test_python()
    with ThreadPoolExecutor(len(STACK_TESTS)) as pool:
        streams = {name: pool.submit(stream, python, name, []) for name in STACK_TESTS}
    failed = [name for name, future in streams.items() if future.result()]
    if failed:
        raise SuiteFailedError(f"failed: {', '.join(failed)}; what they said stands above")


def stream(python: Path, name: str, options: Sequence[str]) -> int:
    """Run one stream of stack tests; its output is shown at its end, whole, so that streams do not mix."""
    folders = existing([os.path.normpath(f"tests/integration/{folder}") for folder in STACK_TESTS[name]])
    start = time.monotonic()
    say(f"  stream {name} begins: {', '.join(folders)}")
    with services_folder() as folder:
        # Its own base: pytest shuts the shared one to others, whenever one of the streams begins.
        pytest = [python, "-m", "pytest", "-q", f"--basetemp={folder / 'pytest'}", *options, *folders]
        command = [*services(python, folder), *pytest]
        done = subprocess.run(
            [str(word) for word in (*command, "--ckan-ini", "deployment/test.ini")],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT / "deployment")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    say(f"{done.stdout}\n  stream {name} ended with {done.returncode} after {time.monotonic() - start:.0f} s")
    return done.returncode


def e2e() -> None:
    """Browser journeys on a portal with the demo region, started here on a free port."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        advice = "Browser tests are skipped: no Chromium here. `sudo apt install chromium` brings one, or set CHROMIUM."
        if os.environ.get("CI") == "true":
            raise SuiteFailedError(advice)
        say(advice)
        return
    python = test_python()
    with services_folder() as folder:
        pytest = [python, "-m", "pytest", "-q", "-p", "no:ckan", "-p", "no:ckan_fixtures", "tests/e2e"]
        command = [*services(python, folder, "--portal", "--demo"), *pytest]
        run(command, PYTHONPATH=str(ROOT / "deployment"), CHROMIUM=browser)


@contextmanager
def services_folder() -> Iterator[Path]:
    """Give a folder for services, readable for the system user that PostgreSQL runs as under root."""
    folder = Path(tempfile.mkdtemp(prefix="cityopen-test-", dir=os.environ.get("CITYOPEN_TEST_FOLDER")))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def services(python: Path, folder: Path, *options: str) -> list[str | Path]:
    """Return the command that starts services, runs what follows it, and stops them."""
    return [python, "-m", "stack.testing", "--folder", folder, *options, "--"]


def existing(folders: Sequence[str]) -> list[str]:
    """Return those of the folders that hold tests."""
    return [folder for folder in folders if any((ROOT / folder).rglob("test_*.py"))]


def bench() -> None:
    """Measure against named peers; never part of the tests."""
    target = ROOT / ".cityopen" / "bench.jsonl"
    target.unlink(missing_ok=True)
    run([pure_python(), "-m", "pytest", "-q", "-s", "tests/benchmarks"], CITYOPEN_BENCH_JSON=str(target))
    say(f"The rows stand in {target}, one JSON object a line.")


def evidence() -> None:
    """Known answers, attacks, guards, releases to recount, benchmarks: printed, and left in .cityopen/evidence."""
    run([pure_python(), "-m", "evidence"], PYTHONPATH=str(ROOT / "tests" / "support"))


def test_long() -> None:
    """What takes longer than a change should wait for."""
    spark()
    python = test_python()
    codes = [stream(python, name, ["-m", "long"]) for name in STACK_TESTS]
    # pytest ends with 5 where a stream has no test of this kind.
    if any(code not in {0, 5} for code in codes):
        raise SuiteFailedError("what failed stands above")


def spark() -> None:
    """Whether DuckDB and local Spark compute the same figures; in an environment of its own, with its own Java."""
    python = up.ensure_environment(lock="spark")
    environ = {"PYSPARK_PYTHON": str(python)}
    run([python, "-m", "pytest", "-q", "-m", "long", "tests/long"], **environ)


TEST = (unit, integration, e2e)
STATIC = (lint, types, arch)
VERBS: dict[str, tuple[Callable[[], None], ...]] = {
    **{step.__name__.replace("_", "-"): (step,) for step in (*STATIC, *TEST, bench, evidence, test_long)},
    "test": TEST,
    "static": STATIC,
}


def main(words: Sequence[str]) -> int:
    """Run the steps of a verb one after another, and print what each took."""
    if len(words) != 1 or words[0] not in VERBS:
        print(__doc__)
        return 2
    times: list[tuple[str, float, str]] = []
    for step in VERBS[words[0]]:
        name = step.__name__.replace("_", "-")
        say(f"== {name}: {(step.__doc__ or '').splitlines()[0]}")
        start = time.monotonic()
        try:
            step()
            outcome = "passed"
        except SuiteFailedError as failure:
            outcome = f"FAILED: {failure}"
        times.append((name, time.monotonic() - start, outcome))
    say("")
    for name, seconds, outcome in times:
        say(f"{name:<12} {seconds:7.1f} s  {outcome}")
    return 1 if any(outcome != "passed" for _, _, outcome in times) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
