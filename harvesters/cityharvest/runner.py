"""The parent of a run: starts fetch, process and publish as children, each with its own environment.

What a child may hold is one table (design.md §3, "Who holds what"): the fetcher cannot open what it sealed, the
pipeline knows no token, the publisher no key. All are one operating-system user here, so the environment is the whole
boundary; in compose the same commands run in separate containers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from cityharvest.pipeline.worker import PERSON_EXIT, TEMPORARY_EXIT
from cityharvest.settings import PREFIX

#: Of the operating system's: what any Python program needs. Nothing here is a secret of ours.
BASE: Final = frozenset(
    {
        *("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH"),
    }
)
#: Keys of an S3 storage, as boto3 reads them; every stage reaches the storage.
STORAGE_KEYS: Final = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"}
)
_SHARED: Final = ("DATABASE_URL", "STORAGE", "LEASE_SECONDS", "MAX_BYTES", "LANG")
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "fetch": frozenset({*_SHARED, "RECIPIENT", "ALLOWED_PRIVATE"}),
    "process": frozenset(
        {
            *(*_SHARED, "RECIPIENT", "IDENTITY_FILE", "WORK", "DUCKDB_MEMORY"),
            *("SITE_KEY_FILE", "DISCLOSURE_FILE", "SIGNING_KEY_FILE"),
        }
    ),
    "publish": frozenset({*_SHARED, "CKAN_URL", "CKAN_TOKEN_FILE", "ALLOWED_PRIVATE", "PUBLIC_KEY_FILE"}),
}
WRONG_EXIT: Final = 2
#: A child that ended by a signal or without a summary did not finish; the next run does.
_KNOWN_EXITS: Final = frozenset({0, PERSON_EXIT, WRONG_EXIT, TEMPORARY_EXIT})


def child_environment(stage: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a stage's child: what the stage may hold, and nothing else."""
    allowed = BASE | STORAGE_KEYS | {PREFIX + name for name in ALLOWED[stage]}
    return {name: value for name, value in environ.items() if name in allowed}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildResult:
    """How a child ended: its exit code and the summary it printed."""

    stage: str
    exit_code: int
    summary: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe content."""
        return {**self.summary, "stage": self.stage, "exit_code": self.exit_code}


class Children:
    """Starts children, passes SIGTERM on to them, waits for them."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def stop(self, *_: object) -> None:
        """Tell every running child to end what it works on, and start no more. Safe in a signal handler."""
        self.stopped = True
        for child in tuple(self._running):
            if child.poll() is None:
                child.terminate()

    def run(self, stage: str, arguments: Sequence[str] = ()) -> ChildResult:
        """Run one child to its end. Its messages go to our standard error; its summary is its standard output."""
        if self.stopped:
            return ChildResult(stage=stage, exit_code=TEMPORARY_EXIT)
        child = subprocess.Popen(
            [sys.executable, "-m", "cityharvest.cli", stage, "--json", *arguments],
            env=child_environment(stage, self._environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        with self._lock:
            self._running.add(child)
        if self.stopped:  # the signal came between the look above and the start
            child.terminate()
        output, _ = child.communicate()
        with self._lock:
            self._running.discard(child)
        code = child.returncode if child.returncode in _KNOWN_EXITS else TEMPORARY_EXIT
        return ChildResult(stage=stage, exit_code=code, summary=_summary(output))

    def run_many(self, stage: str, argument_lists: Sequence[Sequence[str]], *, at_once: int) -> list[ChildResult]:
        """Run several children of one stage, at most ``at_once`` at a time; results in the order asked for."""
        if not argument_lists:
            return []
        with ThreadPoolExecutor(max_workers=max(1, at_once)) as pool:
            return list(pool.map(lambda arguments: self.run(stage, arguments), argument_lists))


def exit_code_of(results: Sequence[ChildResult]) -> int:
    """Return the exit code of a run: a wrong call shows first, then what a person must look at, then a retry."""
    codes = {result.exit_code for result in results}
    return next((code for code in (WRONG_EXIT, PERSON_EXIT, TEMPORARY_EXIT) if code in codes), 0)


def _summary(output: bytes) -> Mapping[str, Any]:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    try:
        found = json.loads(lines[-1]) if lines else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
