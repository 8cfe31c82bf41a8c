"""Writes Solr's folder of the image at its build: jars, configuration of the core, and the arguments of the JVM.

    python -m compose.solr_files /opt/solr

Everything is what the local stack uses; only the address it listens on differs.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from stack import jars, java, solr
from stack.layout import Layout

PORT = 8983
LOOPBACK = "-Dcityopen.solr.host=127.0.0.1"


def main() -> None:
    """Write the folder."""
    target = Path(sys.argv[1])
    layout = Layout(data=target, cache=target / "cache")
    solr.write_runtime(layout.solr, solr.ckan_schema())
    downloaded = jars.ensure_jars(layout.cache)
    shutil.copytree(downloaded, target / "jars", ignore=shutil.ignore_patterns("complete"))
    shutil.rmtree(layout.cache)
    runtime = java.find({})
    shutil.copytree(Path(runtime.path).parents[1], target / "jre", symlinks=True)
    for folder in (layout.logs, layout.run, layout.solr / "home" / solr.CORE / "data"):
        folder.mkdir(parents=True, exist_ok=True)
    (target / "java.args").write_text("\n".join(arguments(layout, runtime, target / "jars")) + "\n", encoding="utf-8")


def arguments(layout: Layout, runtime: java.Java, folder: Path) -> list[str]:
    """Return the arguments of the local stack's Solr, listening on the container's addresses, quoted for a file."""
    local = solr.spec(layout, runtime, folder, PORT).argv[1:]
    return [f'"{word}"' for word in (word.replace(LOOPBACK, "-Dcityopen.solr.host=0.0.0.0") for word in local)]


if __name__ == "__main__":
    main()
