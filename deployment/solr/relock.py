"""Makes solr.lock anew from pom.xml: `python3 relock.py` (needs Maven, only here).

Maven decides which versions go together; the lock then names every jar with its hash, so that an installation
needs neither Maven nor trust in the mirror it downloads from.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


def coordinates(jar: Path, repository: Path) -> str:
    """Return ``group:artifact:version[:classifier]`` of a jar in Maven's repository layout."""
    *group, artifact, version, name = jar.relative_to(repository).parts
    classifier = Path(name).stem.removeprefix(f"{artifact}-{version}").lstrip("-")
    return ":".join(part for part in (".".join(group), artifact, version, classifier) if part)


def main() -> None:
    """Resolve, hash, and write the lock; its first line, the comment, stays."""
    lock = HERE / "solr.lock"
    with tempfile.TemporaryDirectory() as folder:
        options = ["-DincludeScope=runtime", "-Dmdep.useRepositoryLayout=true", f"-DoutputDirectory={folder}"]
        subprocess.run(["mvn", "-q", "-f", HERE / "pom.xml", "dependency:copy-dependencies", *options], check=True)
        repository = Path(folder)
        rows = sorted(
            (coordinates(jar, repository), hashlib.sha256(jar.read_bytes()).hexdigest())
            for jar in repository.rglob("*.jar")
        )
    head = lock.read_text(encoding="utf-8").splitlines()[0]
    lock.write_text("\n".join([head, *(f"{name}  {digest}" for name, digest in rows)]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
