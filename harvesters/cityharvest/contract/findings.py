"""What is wrong with a delivery, in a form that may be shown: code, column, lines and a masked value; never a cell.

A finding is a flat mapping: ``code``, ``level``, and what its sentence needs (``row`` and ``rows`` are lines of the
file, ``part`` the number of the file where there are several, ``column``, ``value`` masked, ``count`` …);
``messages.text(finding["code"], finding, lang)`` makes the sentence of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cityharvest.contract.shape import Contract
from cityharvest.errors import ContractBroken

Finding = dict[str, Any]

#: So many lines are named for each breach; the count says how many there are.
NAMED_ROWS: Final = 5
MASK: Final = "•"
MOST_MASKED: Final = 24
#: These decide what a delivery is rejected for where several things are wrong: the gravest first.
_ENVELOPE: Final = ("code", "level")
GRAVEST: Final = ("undeclared-identifier", "declared-identifier", "html-instead-of-data", "file-empty")


def finding(code: str, **params: Any) -> Finding:
    """Return one finding."""
    return {"code": code, "level": "error", **params}


def mask(first: str, length: int) -> str:
    """Return how a value is shown: its first character and its length, for its owner to find and nobody to read."""
    shown = first if length > 1 and first.isprintable() else MASK
    return shown + MASK * (min(length, MOST_MASKED) - 1)


def broken(findings: Sequence[Mapping[str, Any]]) -> ContractBroken:
    """Return the error that rejects a delivery: the gravest finding, or the only kind there is, names it."""
    codes = list(dict.fromkeys(str(one["code"]) for one in findings))
    main = next((code for code in GRAVEST if code in codes), codes[0] if len(codes) == 1 else None)
    if main is None:
        return ContractBroken("contract-broken", findings=findings)
    first = next(one for one in findings if one["code"] == main)
    return ContractBroken(main, findings=findings, **{name: first[name] for name in first if name not in _ENVELOPE})


def records(path: Path, contract: Contract) -> Iterator[tuple[int, list[str]]]:
    """Yield every record of a file (the header is the first) with the file line it begins on; blank lines are none."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter=contract.delimiter, quotechar=contract.quote)
        before = 0
        for record in reader:
            if record:
                yield before + 1, record
            before = reader.line_num


def places(paths: Sequence[Path], contract: Contract, rows: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return where rows stand, by their number in the relation (from 0, over all files): line, and part of several."""
    wanted = sorted(set(rows))
    found: dict[int, dict[str, int]] = {}
    first = 0
    for part, path in enumerate(paths, start=1):
        if len(found) == len(wanted):
            break
        count = 0
        for number, (line, _) in enumerate(records(path, contract)):
            count = number
            row = first + number - 1
            if number and len(found) < len(wanted) and row == wanted[len(found)]:
                found[row] = {"row": line, "part": part} if len(paths) > 1 else {"row": line}
        first += count
    return found
