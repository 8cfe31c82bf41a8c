"""The DataStore table of a release: typed columns and rows in chunks. Reads the release's own Parquet file.

Only types cross here: zones become text, periods timestamps (UTC, as the DataStore keeps no offset), counts whole
numbers, measures exact decimals sent as text so that no binary fraction appears on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

CHUNK_ROWS = 10_000
_KEY_TYPES = ("text", "timestamp")


class ReleaseTable:
    """The published table, read from Parquet in chunks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._file = pq.ParquetFile(stream)
        self._schema: pa.Schema = self._file.schema_arrow

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return int(self._file.metadata.num_rows)

    @property
    def fields(self) -> list[dict[str, str]]:
        """Columns with their DataStore types."""
        return [{"id": field.name, "type": column_type(field.type)} for field in self._schema]

    @property
    def primary_key(self) -> list[str]:
        """Zone columns and period: what identifies a cell. It makes loading the same rows twice impossible."""
        return [field["id"] for field in self.fields if field["type"] in _KEY_TYPES]

    def chunks(self, rows: int = CHUNK_ROWS) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows as JSON values, at most ``rows`` at once."""
        for batch in self._file.iter_batches(batch_size=rows):
            yield [_plain(row) for row in batch.to_pylist()]


def column_type(kind: pa.DataType) -> str:
    """Return the DataStore type of an Arrow type."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "timestamp"
    if pa.types.is_integer(kind):
        return "int8"
    if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
        return "numeric"
    return "text"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        return moment.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value
