"""What is known beforehand, in the form of tau-Argus (.hst): a status, a cost or protection levels for single cells.

One line a cell: its codes, then ``u`` unsafe, ``p`` protected (must be shown), ``s`` safe, ``z`` structural zero, or
``c`` with a cost, or ``pl`` with lower and upper protection (tau-Argus manual, "A priori information").
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from disclosure.errors import SpecInvalid


class What(StrEnum):
    """What a line says about its cell."""

    UNSAFE = "u"
    PROTECTED = "p"
    SAFE = "s"
    ZERO = "z"
    COST = "c"
    LEVELS = "pl"


_AMOUNTS: Mapping[What, int] = {What.COST: 1, What.LEVELS: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """One line; amounts are the cost, or lower and upper protection."""

    codes: tuple[str, ...]
    what: What
    amounts: tuple[Decimal, ...] = ()


def read_priors(text: str, dimensions: int, *, separator: str = ";") -> list[Prior]:
    """Read an a-priori file of a table with so many explanatory columns.

    Raises:
        SpecInvalid: code ``tauargus-line`` with the number of a line that cannot be read.
    """
    found = []
    for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=separator), start=1):
        if not row:
            continue
        words = [word.strip() for word in row[dimensions:]]
        try:
            what = What(words[0].lower())
            amounts = tuple(Decimal(word.replace(",", ".")) for word in words[1:])
        except (ValueError, IndexError, InvalidOperation) as error:
            raise SpecInvalid("tauargus-line", line=number) from error
        if len(amounts) != _AMOUNTS.get(what, 0):
            raise SpecInvalid("tauargus-line", line=number)
        found.append(Prior(codes=tuple(row[:dimensions]), what=what, amounts=amounts))
    return found


def write_priors(priors: Iterable[Prior], *, separator: str = ";") -> str:
    """Write an a-priori file."""
    lines = []
    for prior in priors:
        words = [*(f'"{code}"' for code in prior.codes), str(prior.what), *(f"{each:f}" for each in prior.amounts)]
        lines.append(separator.join(words))
    return "".join(f"{line}\n" for line in lines)


def parameters(priors: Iterable[Prior]) -> dict[str, Any]:
    """Arguments of ``policies.suppression.Suppression`` that say the same.

    Raises:
        SpecInvalid: code ``tauargus-not-applicable`` for what is decided by rules here and cannot be given from
            outside: a cell declared unsafe or safe, and protection levels.
    """
    must_show: list[tuple[str, ...]] = []
    zeros: list[tuple[str, ...]] = []
    weights: dict[tuple[str, ...], int] = {}
    for prior in priors:
        match prior.what:
            case What.PROTECTED:
                must_show.append(prior.codes)
            case What.ZERO:
                zeros.append(prior.codes)
            case What.COST:
                weights[prior.codes] = max(int(prior.amounts[0]), 1)
            case _:
                raise SpecInvalid("tauargus-not-applicable", what=str(prior.what))
    return {"must_show": tuple(must_show), "structural_zeros": tuple(zeros), "weights": weights}
