"""The gate's judgment of a cell-key table: units, keys, noise and rounding done again in Python's whole numbers.

Shares with the policy the definition of keys and the parameters of the noise, but no counting, no summing, no lookup
and no rounding. Because noise is a function of the input and the key, the comparison is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from heapq import nlargest
from typing import TYPE_CHECKING, Any

import duckdb

from disclosure.cellkey.keys import WORDS, record_digest, site_key, total_digest
from disclosure.cellkey.ptable import KEY_SPACE
from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.recounts.per_unit import CellId, Contribution, cells_of
from disclosure.site import SiteRules
from disclosure.spec import UNITS_COLUMN, Spec

if TYPE_CHECKING:
    from disclosure.policies.cell_key import CellKey

MICRO = 1_000_000
_LANE = 128
Words = tuple[int, ...]


@dataclass(slots=True)
class Part:
    """What stands behind one figure of a cell: its units, their summed words, the total and the largest amounts."""

    units: int
    words: Words
    total: int
    largest: list[int]


def recount(
    con: duckdb.DuckDBPyConnection, relation: str, protected: Protected, spec: Spec, preset: Preset, site: SiteRules
) -> None:
    """Compare the table with an independent count and drawing of noise.

    Raises:
        GateRefused: codes ``cell-below-minimum``, ``cell-unknown``, ``cell-missing``, ``cell-repeated``,
            ``count-differs``, ``figure-differs``, ``columns-differ``, ``minimum-differs``, ``statement-differs``.
    """
    policy: CellKey = protected.policy  # type: ignore[assignment]
    if dict(protected.public_facts) != policy.facts(preset, site):
        raise GateRefused("statement-differs")
    published = _published(protected, spec)
    expected, true_units = _expected(con, relation, policy, spec, preset, site_key(site))
    _compare(published, expected, true_units, preset)
    least = min((row[0] for row in published.values()), default=None)
    if protected.achieved_min != (None if least is None else least - policy.deviation):
        raise GateRefused("minimum-differs")


def _published(protected: Protected, spec: Spec) -> dict[CellId, tuple[Any, ...]]:
    if tuple(protected.table.column_names) != spec.output_columns:
        raise GateRefused("columns-differ", columns=protected.table.column_names)
    width = len(spec.key_columns)
    rows = list(zip(*(column.to_pylist() for column in protected.table.columns), strict=True))
    by_cell = {row[:width]: row[width:] for row in rows}
    if len(by_cell) != len(rows):
        raise GateRefused("cell-repeated", cells=len(rows) - len(by_cell))
    if any(None in row for row in by_cell.values()) or UNITS_COLUMN not in protected.table.column_names:
        raise GateRefused("figure-differs", cells=1)
    return by_cell


def _compare(
    published: Mapping[CellId, tuple[Any, ...]],
    expected: Mapping[CellId, tuple[Any, ...]],
    true_units: Mapping[CellId, int],
    preset: Preset,
) -> None:
    wrong = {
        "cell-unknown": sum(cell not in true_units for cell in published),
        "cell-below-minimum": sum(true_units.get(cell, 0) < preset.min_units for cell in published),
        "cell-missing": sum(cell not in published for cell in expected),
        "count-differs": sum(cell not in expected or row[0] != expected[cell][0] for cell, row in published.items()),
        "figure-differs": sum(cell in expected and row != expected[cell] for cell, row in published.items()),
    }
    for code, cells in wrong.items():
        if cells:
            raise GateRefused(code, cells=cells)


def _expected(
    con: duckdb.DuckDBPyConnection, relation: str, policy: CellKey, spec: Spec, preset: Preset, key: bytes
) -> tuple[dict[CellId, tuple[Any, ...]], dict[CellId, int]]:
    """The rows that must be published, and the least number of true units behind each cell of the input."""
    lanes = _Lanes(key)
    by_kind = [
        {
            cell: _parts(units, spec, lanes, policy.magnitude.top)
            for cell, units in cells_of(con, relation, spec, column)
        }
        for column in (*spec.units, *(() if spec.contributor in (None, *spec.units) else (spec.contributor,)))
    ]
    rows: dict[CellId, tuple[Any, ...]] = {}
    true_units: dict[CellId, int] = {}
    for cell in by_kind[0]:
        kinds = [kind[cell] for kind in by_kind]
        judged = [part for kind in kinds[: len(spec.units)] for part in kind]
        true_units[cell] = min(part.units for part in judged)
        noisy = [part.units + _count_noise(part, policy) for part in judged]
        if min(noisy) < policy.shown_from(preset):
            continue
        figures = tuple(_figures(kinds, spec, policy, key))
        if not preset.zero_is_small or all(figures):
            rows[cell] = (noisy[0], *figures)
    return rows, true_units


class _Lanes(dict[str | None, int]):
    """The words of each unit side by side in one number, wide enough apart that sums do not meet; computed once."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, unit: str | None) -> int:
        words = _read(record_digest(self._key, unit))
        lanes = self[unit] = sum(word << (_LANE * place) for place, word in enumerate(words))
        return lanes


def _unlaned(lanes: int) -> Words:
    return tuple((lanes >> (_LANE * place)) % KEY_SPACE for place in range(WORDS))


def _read(digest: bytes) -> Words:
    return tuple(int.from_bytes(digest[8 * n : 8 * n + 8], "big") for n in range(WORDS))


def _parts(units: Mapping[str | None, Contribution], spec: Spec, lanes: _Lanes, top: int) -> list[Part]:
    """One part for all units, and one for each measure with the units that have a value."""
    amounts: list[dict[str | None, int]] = [{unit: each.rows for unit, each in units.items()}]
    for number in range(len(spec.measures)):
        sums = {unit: each.sums[number] for unit, each in units.items()}
        amounts.append({unit: int(value * MICRO) for unit, value in sums.items() if value is not None})
    return [_part(each, lanes, top) for each in amounts]


def _part(amounts: Mapping[str | None, int], lanes: _Lanes, top: int) -> Part:
    return Part(
        units=len(amounts),
        words=_unlaned(sum(map(lanes.__getitem__, amounts))),
        total=sum(amounts.values()),
        largest=nlargest(top, map(abs, amounts.values())),
    )


def _count_noise(part: Part, policy: CellKey) -> int:
    return policy.table.row(part.units).draw(part.words[0]) if part.units else 0


def _figures(kinds: list[list[Part]], spec: Spec, policy: CellKey, key: bytes) -> Iterator[int | Decimal]:
    """Rows and measures with their noise, rounded as published."""
    if spec.count_rows_as:
        yield int(_noisy([kind[0] for kind in kinds], policy, key, 1, 0))
    for number, measure in enumerate(spec.measures.values(), start=1):
        yield _noisy([kind[number] for kind in kinds], policy, key, MICRO, measure.decimals)


def _noisy(parts: list[Part], policy: CellKey, key: bytes, scale: int, decimals: int) -> Decimal:
    magnitude, main = policy.magnitude, parts[0]
    if not main.units:
        return Decimal(0)
    of_total = _read(total_digest(key, str(main.total)))
    draws = [magnitude.row.draw((main.words[j] + of_total[j]) % KEY_SPACE) for j in range(1, magnitude.top + 1)]
    noise = 0
    for place, (permille, draw) in enumerate(zip(magnitude.permille, draws, strict=True)):
        noise += permille * abs(draw) * max(part.largest[place] if place < len(part.largest) else 0 for part in parts)
    exact = main.total * magnitude.denominator + (noise if draws[0] > 0 else -noise)
    return _rounded(exact, scale * magnitude.denominator, decimals)


def _rounded(numerator: int, denominator: int, decimals: int) -> Decimal:
    """Half away from zero."""
    whole, rest = divmod(abs(numerator) * 10**decimals, denominator)
    steps = whole + (2 * rest >= denominator)
    return (Decimal(steps) if numerator >= 0 else -Decimal(steps)).scaleb(-decimals)
