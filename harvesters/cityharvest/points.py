"""Named places where a run may be killed: the fault tests' only hook into the pipeline.

``reach(Point.X)`` does nothing in production. With ``CITYHARVEST_KILL_AT=<name>`` in the environment the process
ends there as by ``kill -9``: no ``finally``, no flush, no rollback by us. The rule the tests prove is design.md §3:
every step may be killed at any line and run again, with the same end and no duplicates.
"""

from __future__ import annotations

import os
import signal
from enum import StrEnum

KILL_VARIABLE = "CITYHARVEST_KILL_AT"


class Point(StrEnum):
    """Every place, in the order in which a delivery passes them."""

    PLANNED = "planned"
    FETCH_LEASED = "fetch-leased"
    FETCHED = "fetched"
    PROCESS_LEASED = "process-leased"
    UNSEALED = "unsealed"
    CHECKED = "checked"
    PROTECTED = "protected"
    GATED = "gated"
    CLEARED = "cleared"
    RELEASE_WRITTEN = "release-written"
    RELEASED = "released"
    PUBLISH_LEASED = "publish-leased"
    DATASET_READY = "dataset-ready"
    FILE_UPLOADED = "file-uploaded"
    TABLE_CREATED = "table-created"
    TABLE_CHUNK = "table-chunk"
    TABLE_LOADED = "table-loaded"
    DATASET_PATCHED = "dataset-patched"
    PUBLISHED = "published"
    EVENT_SENT = "event-sent"
    TABLE_DROPPED = "table-dropped"
    FILE_CLEARED = "file-cleared"
    RESOURCE_DELETED = "resource-deleted"
    WITHDRAWN = "withdrawn"


def reach(point: Point) -> None:
    """End this process like ``kill -9`` when the environment names ``point``; otherwise do nothing."""
    if os.environ.get(KILL_VARIABLE) == point.value:
        os.kill(os.getpid(), signal.SIGKILL)
