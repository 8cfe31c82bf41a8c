"""Solr's published jars: a lock of coordinates and SHA-256, downloaded once, checked at every use of the lock.

Source of the list: ``deployment/solr/pom.xml``. jgo serves as a downloader only: its own resolution picks other
versions, with which Solr does not start.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stack.layout import DEPLOYMENT
from stack.say import Progress, StackError, say

LOCK = DEPLOYMENT / "solr" / "solr.lock"
THREADS = 8
ATTEMPTS = 3
LINE = re.compile(r"(?P<coordinates>[\w.\-]+(?::[\w.\-]+){2,3})\s+(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jar:
    """One locked jar."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def filename(self) -> str:
        """The name it has in a Maven repository."""
        return "-".join(part for part in (self.artifact, self.version, self.classifier) if part) + ".jar"


def parse_lock(text: str) -> tuple[Jar, ...]:
    """Return the jars of a lock.

    Raises:
        StackError: a line is neither a comment nor coordinates with a hash.
    """
    jars = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if not found:
            raise StackError(f"Line {number} of solr.lock is not 'group:artifact:version[:classifier] sha256': {line}")
        group, artifact, version, *classifier = found["coordinates"].split(":")
        jars.append(
            Jar(group=group, artifact=artifact, version=version, classifier="".join(classifier), sha256=found["sha256"])
        )
    return tuple(jars)


def ensure_jars(cache: Path, lock: Path = LOCK) -> Path:
    """Return the folder with exactly the locked jars, downloading what is missing.

    Raises:
        StackError: a jar cannot be had, or its bytes are not the locked ones.
    """
    text = lock.read_text(encoding="utf-8")
    jars = parse_lock(text)
    folder = cache / "solr" / hashlib.sha256(text.encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    # Whoever comes second waits, so that two starts with one cache do not take each other's half-written files.
    with (folder / ".downloading").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _download_missing(jars, folder, cache / "maven")
            (folder / "complete").touch()
    return folder


def _download_missing(jars: Sequence[Jar], folder: Path, repository: Path) -> None:
    missing = [jar for jar in jars if not _is_right(folder / jar.filename, jar)]
    say(f"Downloading Solr: {len(missing)} of {len(jars)} jars, about 72 MB in all, checked against their hashes.")
    progress = Progress("Solr's jars", len(missing))
    with ThreadPoolExecutor(THREADS) as pool:
        for name in pool.map(lambda jar: _fetch(jar, folder, repository), missing):
            progress.step(name)
    shutil.rmtree(repository, ignore_errors=True)


def _is_right(path: Path, jar: Jar) -> bool:
    return path.exists() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(jar: Jar, folder: Path, repository: Path) -> str:
    """Download one jar beside its final name, compare, then move it there."""
    problem: object = None
    for _ in range(ATTEMPTS):
        try:
            found = _download(jar, repository)
        except Exception as error:  # noqa: BLE001  (the client's errors have no common class)
            problem = error
            _place(jar, repository).unlink(missing_ok=True)
            continue
        digest = _sha256(found)
        if digest != jar.sha256:
            raise StackError(
                f"{jar.filename} is not the file that was locked (SHA-256 {digest} instead of {jar.sha256}). "
                "Nothing was installed from it."
            )
        shutil.move(found, folder / jar.filename)
        return jar.filename
    raise StackError(f"{jar.filename} could not be downloaded from Maven Central ({problem}). Try again when online.")


def _download(jar: Jar, repository: Path) -> Path:
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=repository, timeout=60)
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    return Path(component.artifact(classifier=jar.classifier, packaging="jar").resolve())


def _place(jar: Jar, repository: Path) -> Path:
    return repository.joinpath(*jar.group.split("."), jar.artifact, jar.version, jar.filename)
