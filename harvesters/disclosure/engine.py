"""The one factory of DuckDB connections: locked, offline, and blind to every folder but one.

Boundary: this module knows nothing about tables or rules. A connection made here can read and write only below the
work folder, cannot install or load extensions, cannot change its own settings, and encrypts what it spills to disk.
Reading a CSV through a FIFO inside the work folder works (the pipeline unseals through one).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from disclosure.sqltext import literal

DEFAULT_MEMORY = "1GB"
SPILL_FOLDER = "duckdb-spill"


def connect(
    workdir: Path, memory: str = DEFAULT_MEMORY, threads: int | None = None, inputs: Sequence[Path] = ()
) -> duckdb.DuckDBPyConnection:
    """Open an in-memory database confined to `workdir`.

    Args:
        workdir: an existing folder; the only place that SQL may read from or write to.
        memory: limit in DuckDB's notation, for example ``1GB``; larger work spills into the folder, encrypted.
        threads: number of threads; DuckDB's own choice when left out.
        inputs: single files outside `workdir` that SQL may read.
    """
    folder = workdir.resolve(strict=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_file_encryption": "true",
        # DuckDB 2 refuses to write encrypted files without the OpenSSL of its httpfs extension, which we do not
        # install: spilling would end the query. Its own cipher draws nonces from a weaker source, which is enough
        # here: the key never leaves the process and the folder is private and removed.
        "force_mbedtls_unsafe": "true",
        "temp_directory": str(folder / SPILL_FOLDER),
        "memory_limit": memory,
    }
    if threads is not None:
        config["threads"] = str(threads)
    connection = duckdb.connect(":memory:", config=config)
    # allowed_directories cannot be given at start, and must be set before access is closed and the settings locked.
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
    if inputs:
        paths = ", ".join(literal(str(path.resolve(strict=True))) for path in inputs)
        connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection
