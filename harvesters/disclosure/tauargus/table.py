"""Tables in the form of tau-Argus (.tab): one cell a line, with codes, value, frequency, status and protection.

Boundary: text in, cells out, and back; paths and files are the caller's. Statuses: S safe, U unsafe, P protected by
hand, E empty or structural zero, M secondary. Numbers are decimals with a comma or a point.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from disclosure.errors import SpecInvalid
from disclosure.tauargus.metadata import Column, Metadata, Role


class Status(StrEnum):
    """What tau-Argus says of a cell."""

    SAFE = "S"
    UNSAFE = "U"
    PROTECTED = "P"
    EMPTY = "E"
    SECONDARY = "M"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell; what the file has no column for is None or empty."""

    codes: tuple[str, ...]
    value: Decimal
    frequency: int | None = None
    shadow: Decimal | None = None
    cost: Decimal | None = None
    largest: tuple[Decimal, ...] = ()
    status: Status | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None


_SINGLE = {
    Role.RESPONSE: "value",
    Role.SHADOW: "shadow",
    Role.COST: "cost",
    Role.LOWER: "lower",
    Role.UPPER: "upper",
}


def read_table(text: str, metadata: Metadata) -> list[Cell]:
    """Read the cells of a table file.

    Raises:
        SpecInvalid: code ``tauargus-line`` with the number of a line that does not fit the description.
    """
    reader = csv.reader(io.StringIO(text), delimiter=metadata.separator)
    return [_cell(row, metadata, number) for number, row in enumerate(reader, start=1) if row]


def _cell(row: Sequence[str], metadata: Metadata, number: int) -> Cell:
    if len(row) != len(metadata.columns):
        raise SpecInvalid("tauargus-line", line=number)
    fields: dict[str, object] = {"codes": (), "largest": ()}
    try:
        for column, word in zip(metadata.columns, row, strict=True):
            _take(fields, column, word)
        return Cell(**fields)  # type: ignore[arg-type]
    except (ValueError, TypeError, InvalidOperation) as error:
        raise SpecInvalid("tauargus-line", line=number) from error


def _take(fields: dict[str, object], column: Column, word: str) -> None:
    match column.role:
        case Role.EXPLANATORY:
            fields["codes"] = (*_tuple(fields["codes"]), word)
        case Role.LARGEST:
            fields["largest"] = (*_tuple(fields["largest"]), _number(word))
        case Role.FREQUENCY:
            fields["frequency"] = int(_number(word))
        case Role.STATUS:
            fields["status"] = Status(word.strip())
        case _:
            fields[_SINGLE[column.role]] = _number(word)


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _number(word: str) -> Decimal:
    return Decimal(word.strip().replace(",", "."))


def write_table(cells: Iterable[Cell], metadata: Metadata, *, decimal: str = ",") -> str:
    """Write the cells in the order of the description's columns.

    Raises:
        SpecInvalid: code ``tauargus-field-missing`` when a cell lacks what a column is for.
    """
    decimals = max((each.decimals for each in metadata.of(Role.RESPONSE)), default=0)
    return "".join(f"{metadata.separator.join(_words(cell, metadata, decimals, decimal))}\n" for cell in cells)


def _words(cell: Cell, metadata: Metadata, decimals: int, decimal: str) -> list[str]:
    codes, largest = iter(cell.codes), iter(cell.largest)
    words = []
    for column in metadata.columns:
        if column.role is Role.EXPLANATORY:
            code: object = next(codes, None)
            words.append(f'"{code}"')
        elif column.role is Role.STATUS:
            code = cell.status
            words.append(str(code))
        elif column.role is Role.FREQUENCY:
            code = cell.frequency
            words.append(str(code))
        else:
            code = next(largest, None) if column.role is Role.LARGEST else getattr(cell, _SINGLE[column.role])
            words.append("" if code is None else f"{code:.{decimals}f}".replace(".", decimal))
        if code is None:
            raise SpecInvalid("tauargus-field-missing", column=column.name)
    return words
