"""The first line of every part against the contract: nothing missing, nothing undeclared, nobody's identifier.

An undeclared column is never dropped in silence: what a company did not agree to send must not be kept at all. Its
name and a sample of its values are looked at only to say which of two refusals it is.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from cityharvest.contract.findings import Finding, finding, mask, records
from cityharvest.contract.shape import Contract
from disclosure import identifiers

SAMPLE_ROWS: Final = 1000
_HTML: Final = ("<!doctype html", "<html", "<head", "<?xml")


def check_header(paths: Sequence[Path], contract: Contract) -> tuple[list[str], list[Finding]]:
    """Return the columns in the order of the files, and what is wrong with them."""
    names: list[str] = []
    for path in paths:
        header = _header(path, contract)
        if header and header[0].lstrip("\ufeff ").lower().startswith(_HTML):
            return header, [finding("html-instead-of-data")]
        if not header:
            return header, [finding("file-empty")]
        if names and header != names:
            return names, [finding("header-differs")]
        names = header
    return names, list(_name_findings(paths[0], names, contract))


def _header(path: Path, contract: Contract) -> list[str]:
    try:
        _, record = next(records(path, contract))
    except StopIteration:
        return []
    except (csv.Error, UnicodeDecodeError):
        return ["\ufffd"]
    # Blanks around a name are common in exports and mean nothing; letter case and everything else do.
    return [name.removeprefix("\ufeff").strip() for name in record]


def _name_findings(path: Path, names: Sequence[str], contract: Contract) -> Iterator[Finding]:
    declared = [one.name for one in contract.fields]
    if not set(declared) & set(names):
        # Nothing known stands there: it may be a row of data, so nothing of it is quoted.
        yield finding("header-missing", columns=", ".join(declared), delimiter=contract.delimiter)
        return
    for name in declared:
        if name not in names:
            yield finding("column-missing", column=name)
    for name, count in Counter(names).items():
        if count > 1 and name in declared:
            yield finding("column-twice", column=name)
    yield from _undeclared(path, names, set(declared), contract)


def _undeclared(path: Path, names: Sequence[str], declared: set[str], contract: Contract) -> Iterator[Finding]:
    unknown = {place: name for place, name in enumerate(names) if name not in declared}
    if not unknown:
        return
    samples = _samples(path, contract, unknown)
    suspects = {one.column: str(one.kind) for one in identifiers.scan(list(unknown.values()), samples)}
    for place, name in unknown.items():
        shown = mask(name[:1], len(name)) if identifiers.scan(["column"], {"column": [name]}) else name
        if name in suspects:
            yield finding("undeclared-identifier", column=shown, kind=suspects[name])
        else:
            yield finding("column-undeclared", column=shown, position=place + 1)


def _samples(path: Path, contract: Contract, columns: Mapping[int, str]) -> dict[str, list[str]]:
    try:
        rows = [record for _, record in islice(records(path, contract), SAMPLE_ROWS + 1)][1:]
    except (csv.Error, UnicodeDecodeError):
        return {}
    return {name: [row[place] for row in rows if place < len(row)] for place, name in columns.items()}
