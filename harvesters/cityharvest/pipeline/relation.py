"""A delivery's sealed parts as one relation: files by the contract, feed snapshots by what a feed is.

The plaintext of a file is transcoded into the private folder and removed once it is read; snapshots are small and stay
in memory. Nothing is read before every part was unsealed without error.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import duckdb
import pyarrow as pa

from cityharvest import contract
from cityharvest.contract_shape import names_with_role
from cityharvest.errors import ContractBroken, ObjectMissing
from cityharvest.ledger import Ledger
from cityharvest.periods import Period
from cityharvest.pipeline.snapshots import Row, station_rows, vehicle_rows
from cityharvest.quarantine import open_part
from cityharvest.records import Delivery, Mandate, Part
from cityharvest.sources import is_reference
from disclosure.sqltext import ident

TABLE: Final = "table"
STATIONS: Final = "stations"
FREE_FLOATING: Final = "free_floating"

#: Writes the plaintext of one part into a stream.
PartSource = Callable[[BinaryIO], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A relation with the contract's columns, its rows, and warnings."""

    relation: str
    rows: int
    findings: tuple[Mapping[str, Any], ...] = ()


def load_relation(
    con: duckdb.DuckDBPyConnection, ledger: Ledger, delivery: Delivery, mandate: Mandate, folder: Path, *, name: str
) -> Loaded:
    """Unseal a delivery and load it.

    Raises:
        ContractBroken: with every finding.
        SealBroken: a part is truncated, changed or sealed for another key.
        ObjectMissing: a part is no longer there.
    """
    if any(part.purged_at is not None for part in delivery.parts):
        raise ObjectMissing("raw-purged")
    identity = ledger.settings.require_path("identity_file")
    observed = [part for part in delivery.parts if not is_reference(part.label)]
    sources = [partial(_unseal, ledger, part, identity) for part in observed]
    period = Period.parse(mandate.cadence, delivery.period, mandate.timezone)
    return load_sources(con, sources, period, mandate, folder, name=name)


def load_sources(
    con: duckdb.DuckDBPyConnection,
    sources: Sequence[PartSource],
    period: Period,
    mandate: Mandate,
    folder: Path,
    *,
    name: str,
) -> Loaded:
    """Load parts from anything that writes their plaintext; raises as ``load_relation``."""
    kind = mandate.product["kind"]
    if kind in (STATIONS, FREE_FLOATING):
        return _load_snapshots(con, sources, mandate, kind, name)
    paths = [_write(source, folder / f"{name}-{number}.csv", mandate) for number, source in enumerate(sources)]
    checked = contract.read(con, paths, mandate.contract, period, name=name)
    for path in paths:
        path.unlink()
    return Loaded(relation=checked.relation, rows=checked.rows, findings=tuple(checked.findings))


def _write(source: PartSource, path: Path, mandate: Mandate) -> Path:
    """Write a part as UTF-8 into the private folder. Raises as ``load_relation``."""
    encodings = contract.Contract.of(mandate.contract).encodings
    with path.open("wb") as target:
        writer = contract.TranscodingWriter(target, encodings)
        source(cast(BinaryIO, writer))
        writer.close()
    return path


def _unseal(ledger: Ledger, part: Part, identity: Path, writer: BinaryIO) -> None:
    open_part(ledger.storage, part, writer, identity)


def _load_snapshots(
    con: duckdb.DuckDBPyConnection, sources: Sequence[PartSource], mandate: Mandate, kind: str, name: str
) -> Loaded:
    rows: list[Row] = []
    for source in sources:
        document = io.BytesIO()
        source(document)
        rows.extend(_snapshot(document.getvalue(), mandate, kind))
    if not rows:
        raise ContractBroken("snapshot-unreadable", problem="empty")
    columns = list(rows[0])
    table = pa.table({column: _array(column, rows, mandate) for column in columns})
    con.register(f"{name}_rows", table)
    con.execute(f"CREATE TABLE {ident(name)} AS SELECT * FROM {ident(name + '_rows')}")
    con.unregister(f"{name}_rows")
    return Loaded(relation=name, rows=len(rows), findings=tuple(_unknown_zones(rows, mandate)))


def _snapshot(document: bytes, mandate: Mandate, kind: str) -> list[Row]:
    zone = names_with_role(mandate.contract, "zone")[0]
    time = names_with_role(mandate.contract, "time")[0]
    if kind == STATIONS:
        measures = names_with_role(mandate.contract, "measure")
        return station_rows(document, measures, zone=zone, time=time)
    unit = names_with_role(mandate.contract, "unit")[0]
    return vehicle_rows(document, unit=unit, zone=zone, time=time)


def _array(column: str, rows: Sequence[Row], mandate: Mandate) -> pa.Array:
    values = [row[column] for row in rows]
    if column in names_with_role(mandate.contract, "time"):
        return pa.array(values, pa.timestamp("us", tz="UTC"))
    if column in names_with_role(mandate.contract, "measure"):
        return pa.array(values, pa.int64())
    return pa.array(values, pa.string())


def _unknown_zones(rows: Sequence[Row], mandate: Mandate) -> Iterator[Mapping[str, Any]]:
    """A station that the contract does not list is worth a warning: a new one must be added before it is missed."""
    column = names_with_role(mandate.contract, "zone")[0]
    field = next(one for one in mandate.contract["fields"] if one["name"] == column)
    known = field.get("constraints", {}).get("enum")
    if known is None:
        return
    unknown = {row[column] for row in rows} - set(known) - {None}
    if unknown:
        yield {"code": "station-unlisted", "level": "warning", "column": column, "count": len(unknown)}
