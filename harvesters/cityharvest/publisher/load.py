"""Loading a release's table into the DataStore so that a kill at any line leaves nothing that a second run cannot mend.

A table is either complete (its row count is that of the release) or it is dropped and loaded again. The record count
is computed at once instead of by the portal's background queue: loading must work while Redis is down.
"""

from __future__ import annotations

from cityharvest.points import Point, reach
from cityharvest.publisher.client import ActionApi
from cityharvest.publisher.table import ReleaseTable


def load_table(api: ActionApi, resource_id: str, table: ReleaseTable) -> bool:
    """Make the resource's table hold exactly the rows of ``table``; False when it already did."""
    found = rows_of(api, resource_id)
    if found == table.row_count:
        return False
    if found is not None:
        drop_table(api, resource_id)
    api.call(
        "datastore_create",
        resource_id=resource_id,
        force=True,
        fields=table.fields,
        primary_key=table.primary_key,
        calculate_record_count=False,
    )
    reach(Point.TABLE_CREATED)
    for records in table.chunks():
        api.call(
            "datastore_upsert",
            resource_id=resource_id,
            force=True,
            method="insert",
            records=records,
            calculate_record_count=False,
        )
        reach(Point.TABLE_CHUNK)
    return True


def rows_of(api: ActionApi, resource_id: str) -> int | None:
    """Return how many rows the resource's table has; None without a table."""
    answer = api.find("datastore_search", resource_id=resource_id, limit=0, include_total=True)
    return None if answer is None else int(answer.get("total", 0))


def drop_table(api: ActionApi, resource_id: str) -> bool:
    """Drop the resource's table; False when there was none."""
    return api.find("datastore_delete", resource_id=resource_id, force=True, calculate_record_count=False) is not None
