"""The adversary of differential privacy: knows every row but those of one unit, and asks whether it is there.

Method: for the `UNITS` units with most rows, in the rows of `SAMPLE_UNITS` units, the bounded figures with and without
the unit are made; noise is drawn for both `TRIALS` times, and its projection on the change decides which input it was
(for Gaussian noise that is the best test). Against ρ in zero-concentrated privacy no test on Gaussian noise is right
more often than ``Φ(√(2ρ)/2)``; against pure ε none more often than ``e^ε/(1+e^ε)``. Success: the share of right
answers is above that with a certainty of `CONFIDENCE`. The bound is attained by right code, so a lower certainty would
refuse right releases by chance. Missing noise and unbounded contributions show, whatever the code says.

Second method: ask for new deliveries until the budget of a store of the same make refuses. Success: it gives more than
its total.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, cast

from disclosure.attacks.core import Target, Truth
from disclosure.attacks.members import unit_text
from disclosure.attacks.statistics import proportion_lower
from disclosure.errors import DisclosureRefused
from disclosure.privacy_budget import bounds as bounding
from disclosure.privacy_budget import mechanism
from disclosure.privacy_budget.account import Request
from disclosure.privacy_budget.mechanism import Kind
from disclosure.privacy_budget.sqlite_store import SqliteStore
from disclosure.sqltext import ident, literal

if TYPE_CHECKING:
    from disclosure.policies.dp import DifferentialPrivacy

TRIALS: Final = 1000
CONFIDENCE: Final = 1 - 1e-9
UNITS: Final = 2
ANSWERS: Final = 8
SAMPLE_UNITS: Final = 200
_WHOLE, _WITHOUT = "_attack_neighbor_1", "_attack_neighbor_2"

Figures = dict[str, list[int]]


def distinguished(target: Target, truth: Truth) -> list[tuple[int, int]]:
    """For each unit whose presence shows: right answers and trials."""
    policy = cast("DifferentialPrivacy", target.policy)
    unit, source = unit_text(str(target.spec.unit)), ident(truth.relation)
    by_rows = f"SELECT {unit} AS name FROM {source} GROUP BY name ORDER BY count(*) DESC, name LIMIT"
    heaviest = truth.con.execute(f"{by_rows} {UNITS}").fetchall()
    found = []
    try:
        truth.con.execute(
            f"CREATE OR REPLACE TEMP TABLE {_WHOLE} AS FROM {source} WHERE {unit} IN"
            f" (SELECT name FROM ({by_rows} {SAMPLE_UNITS}))"
        )
        whole = _figures(target, Truth(con=truth.con, relation=_WHOLE))
        for (name,) in heaviest:
            truth.con.execute(
                f"CREATE OR REPLACE TEMP TABLE {_WITHOUT} AS FROM {_WHOLE} WHERE {unit} <> {literal(name)}"
            )
            right = _right(target, whole, _figures(target, Truth(con=truth.con, relation=_WITHOUT)))
            if proportion_lower(right, 2 * TRIALS, CONFIDENCE) > most_right(policy, len(whole)):
                found.append((right, 2 * TRIALS))
    finally:
        for table in (_WHOLE, _WITHOUT):
            truth.con.execute(f"DROP TABLE IF EXISTS {table}")
    return found


def overdrawn(target: Target) -> bool:
    """Whether a fresh store answers more questions than the budget pays for."""
    account = cast("DifferentialPrivacy", target.policy).account(target.preset)
    price = account.rho_total / ANSWERS
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "budget.sqlite")
        try:
            for number in range(ANSWERS + 1):
                store.spend(account, Request(delivery=str(number), query="", rho=price), bytes)
        except DisclosureRefused:
            return False
    return True


def most_right(policy: DifferentialPrivacy, columns: int) -> float:
    """The greatest share of right answers that the stated loss allows."""
    if policy.kind is Kind.GAUSSIAN:
        return NormalDist().cdf(math.sqrt(2 * float(policy.rho)) / 2)
    pure = math.sqrt(2 * float(policy.rho) * columns)
    return math.exp(pure) / (1 + math.exp(pure))


def _figures(target: Target, truth: Truth) -> Figures:
    """Bounded figures by column, in the order of the public cells; as the policy makes them."""
    policy, spec = cast("DifferentialPrivacy", target.policy), target.spec
    key = target.site.key or b""
    try:
        bounding.make_keys(truth.con, spec, policy.bounds)
        table = bounding.bounded_vectors(truth.con, truth.relation, spec, policy.bounds, key)
    finally:
        bounding.drop(truth.con)
    plain = ["__one", *(["__rows"] if spec.count_rows_as else []), *(f"__m{n}" for n in range(len(spec.measures)))]
    return {name: table.column(column).to_pylist() for name, column in zip(policy.noise(spec), plain, strict=True)}


def _right(target: Target, present: Figures, absent: Figures) -> int:
    """Right answers in as many trials with the unit as without it."""
    policy = cast("DifferentialPrivacy", target.policy)
    scales = {name: scale for name, (_, scale) in policy.noise(target.spec).items()}
    changed = {name: [(a, b) for a, b in zip(present[name], absent[name], strict=True) if a != b] for name in present}
    present_right = sum(each > 0 for each in _evidence(policy.kind, changed, scales, 0))
    return present_right + sum(each < 0 for each in _evidence(policy.kind, changed, scales, 1))


def _evidence(
    kind: Kind, changed: dict[str, list[tuple[int, int]]], scales: dict[str, float], world: int
) -> list[float]:
    """For each trial the weighted projection of a noisy output on the change; above zero speaks for the presence."""
    totals = [0.0] * TRIALS
    for name, pairs in changed.items():
        noisy = mechanism.noisy(kind, [pair[world] for pair in pairs] * TRIALS, scales[name])
        weights = [(present - absent) / scales[name] ** 2 for present, absent in pairs]
        middles = [(present + absent) / 2 for present, absent in pairs]
        for trial in range(TRIALS):
            drawn = noisy[trial * len(pairs) : (trial + 1) * len(pairs)]
            totals[trial] += sum((v - m) * w for v, m, w in zip(drawn, middles, weights, strict=True))
    return totals
