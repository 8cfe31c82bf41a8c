"""The gate's judgment of a differentially private table.

Its values cannot be compared with the truth: they carry noise that nobody can draw again. What is checked instead:

- the store holds the charge for exactly this question, at this price, and the released table is the released part of
  the stored output, byte for byte;
- the statement in the proof follows from the parameters;
- the stored figures lie around an independent count of **bounded** contributions, within the tail of the declared
  noise. A wrong bound, a wrong column or forgotten rows show as a distance; right code is refused with probability
  below 2^-40 per column, so the answer tells nothing about anybody;
- OpenDP's privacy map, asked again for the declared scales, certifies no more than was charged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb

from disclosure.cellkey.keys import site_key
from disclosure.errors import GateRefused
from disclosure.presets import Preset
from disclosure.privacy_budget.bounds import WIDEST, Bounds, rank_digest
from disclosure.privacy_budget.mechanism import tail, total_loss
from disclosure.privacy_budget.table import from_bytes, released
from disclosure.protected import Protected
from disclosure.recounts.per_unit import CellId, Contribution, cells_of
from disclosure.site import SiteRules
from disclosure.spec import Spec
from disclosure.sqltext import ident

if TYPE_CHECKING:
    from disclosure.policies.dp import DifferentialPrivacy

_VIEW = "gate_dp_readings"
_HALF = Decimal("0.5")


def recount(
    con: duckdb.DuckDBPyConnection, relation: str, protected: Protected, spec: Spec, preset: Preset, site: SiteRules
) -> None:
    """Compare the table with the store, and the store with an independent count.

    Raises:
        GateRefused: codes ``budget-store-missing``, ``dp-not-charged``, ``dp-output-differs``, ``statement-differs``,
            ``dp-loss-exceeds-charge``, ``dp-cells-differ``, ``dp-figures-off``.
    """
    policy: DifferentialPrivacy = protected.policy  # type: ignore[assignment]
    if policy.store is None:
        raise GateRefused("budget-store-missing")
    if dict(protected.public_facts) != policy.facts(spec, preset) or protected.achieved_min is not None:
        raise GateRefused("statement-differs")
    request = policy.request(spec, preset)
    stored = policy.store.find(policy.account(preset), policy.delivery)
    if stored is None or (stored.query, stored.rho) != (request.query, policy.rho):
        raise GateRefused("dp-not-charged")
    if not released(stored.output, preset.min_units).equals(protected.table):
        raise GateRefused("dp-output-differs")
    _check_loss(policy, spec)
    _check_figures(
        _rows(stored.output, spec), _bounded(con, relation, policy.bounds, spec, site_key(site)), policy, spec
    )


def _check_loss(policy: DifferentialPrivacy, spec: Spec) -> None:
    """What OpenDP certifies for the declared scales must not exceed the charge."""
    if total_loss(policy.kind, policy.noise(spec).values()) > policy.rho:
        raise GateRefused("dp-loss-exceeds-charge")


def _rows(stored: bytes, spec: Spec) -> dict[CellId, tuple[int, ...]]:
    """Stored figures in whole steps, by cell."""
    width, scales = len(spec.key_columns), [measure.decimals for measure in spec.measures.values()]
    plain = 1 + bool(spec.count_rows_as)
    rows = zip(*(column.to_pylist() for column in from_bytes(stored).columns), strict=True)
    return {
        row[:width]: (
            *row[width : width + plain],
            *(int(value.scaleb(scale)) for value, scale in zip(row[width + plain :], scales, strict=True)),
        )
        for row in rows
    }


def _check_figures(
    noisy: Mapping[CellId, tuple[int, ...]],
    exact: Mapping[CellId, tuple[int, ...]],
    policy: DifferentialPrivacy,
    spec: Spec,
) -> None:
    zones = set(policy.bounds.zones)
    if {cell[:-1] for cell in noisy} != zones or not exact.keys() <= noisy.keys():
        raise GateRefused("dp-cells-differ")
    nothing = (0,) * len(policy.noise(spec))
    for number, (_, scale) in enumerate(policy.noise(spec).values()):
        limit = tail(policy.kind, scale, len(noisy))
        if any(abs(row[number] - exact.get(cell, nothing)[number]) > limit for cell, row in noisy.items()):
            raise GateRefused("dp-figures-off")


def _bounded(
    con: duckdb.DuckDBPyConnection, relation: str, bounds: Bounds, spec: Spec, key: bytes
) -> dict[CellId, tuple[int, ...]]:
    """Exact sums of bounded contributions, in Python's whole numbers."""
    by_unit: dict[str | None, list[tuple[str, CellId, tuple[int, ...]]]] = defaultdict(list)
    digests: dict[str | None, str] = {}
    for cell, units in _readings(con, relation, bounds, spec):
        name = "|".join((*cell[:-1], str(round(cell[-1].timestamp() * 1_000_000))))
        for unit, contribution in units.items():
            digest = digests.setdefault(unit, "") or rank_digest(key, unit)
            digests[unit] = digest
            rank = sha256(f"{digest}|{name}".encode()).hexdigest()
            by_unit[unit].append((rank, cell, _clipped(contribution, bounds, spec)))
    sums: dict[CellId, tuple[int, ...]] = {}
    for contributions in by_unit.values():
        for _, cell, amounts in sorted(contributions)[: bounds.max_cells]:
            before = sums.get(cell, (0,) * len(amounts))
            sums[cell] = tuple(one + other for one, other in zip(before, amounts, strict=True))
    return sums


def _readings(
    con: duckdb.DuckDBPyConnection, relation: str, bounds: Bounds, spec: Spec
) -> Iterator[tuple[CellId, dict[str | None, Contribution]]]:
    """Contributions to the public cells, from readings in the public range."""
    names = dict.fromkeys((*spec.zones, spec.time, *spec.units))
    columns = [ident(name) for name in names]
    columns += [
        f"CASE WHEN {ident(name)} > {WIDEST} THEN {WIDEST} WHEN {ident(name)} < -{WIDEST} THEN -{WIDEST}"
        f" ELSE {ident(name)} END AS {ident(name)}"
        for name in spec.measures
    ]
    moment = ident(spec.time)
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {_VIEW} AS SELECT {', '.join(columns)} FROM {ident(relation)}"
        f" WHERE {moment} >= TIMESTAMPTZ '{bounds.start.isoformat()}' AND {moment} < TIMESTAMPTZ"
        f" '{bounds.end.isoformat()}'"
    )
    zones = set(bounds.zones)
    try:
        for cell, units in cells_of(con, _VIEW, spec, spec.units[0]):
            if cell[:-1] in zones:
                yield cell, units
    finally:
        con.execute(f"DROP VIEW IF EXISTS {_VIEW}")


def _clipped(contribution: Contribution, bounds: Bounds, spec: Spec) -> tuple[int, ...]:
    rows = (min(contribution.rows, bounds.max_rows),) if spec.count_rows_as else ()
    amounts: list[int] = []
    for name, total in zip(spec.measures, contribution.sums, strict=True):
        low, high = bounds.steps(spec, name)
        steps: Any = (total or 0) * 10 ** spec.measures[name].decimals
        magnitude = int(abs(steps) + _HALF)
        amounts.append(max(low, min(high, magnitude if steps >= 0 else -magnitude)))
    return (1, *rows, *amounts)
