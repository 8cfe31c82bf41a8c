"""Differential privacy: a bounded contribution of each unit, noise from OpenDP, and a budget that is spent once.

Why it is safe, and under which assumptions:

- Whatever else an attacker knows, adding or removing all rows of one unit changes the probability of any output little:
  at most ρ in zero-concentrated privacy, summed over every release of the account (``privacy_budget.account``). That
  covers differencing, averaging, linkage, membership and trajectories at once. A person with several units (two
  meters) is protected as a group: with g units the loss is at most g²·ρ.
- Bounds, clipping limits, range and zones are public parameters, and every refusal depends on them alone. A unit
  column that looks like a row id is therefore **not** noticed here; `assess` says so before a policy is chosen.
- The charge and the noisy table are stored in one transaction before anybody sees either; a repeated call returns the
  stored table. A delivery is named once and never asked in another way.
- A cell is shown when its *noisy* count reaches ``min_units``: a function of the output, so it costs nothing. It keeps
  cells of pure noise out of the table; it does not promise that many true units, and the proof claims no minimum.
- Nothing in proof, plan or report is computed from data. The retained noisy table is confidential only in so far as
  cells below the minimum are not published; it would be no breach.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, ClassVar, Self

import duckdb
import pyarrow as pa

from disclosure.bands import NOT_STATED
from disclosure.cellkey.keys import site_key
from disclosure.claims import dp as claimed
from disclosure.claims.core import Claim
from disclosure.errors import DisclosureRefused, SpecInvalid
from disclosure.policies.base import Plan, Step
from disclosure.policies.flat import flat_shape
from disclosure.presets import Preset
from disclosure.privacy_budget import bounds as bounding
from disclosure.privacy_budget import mechanism
from disclosure.privacy_budget.account import Account, BudgetStore, Request, Stored, epsilon
from disclosure.privacy_budget.bounds import Bounds
from disclosure.privacy_budget.mechanism import Kind, Sensitivity
from disclosure.privacy_budget.table import arrow_bytes, released, typed
from disclosure.protected import Protected, Withheld
from disclosure.recounts import dp as recounted
from disclosure.shape import Shape
from disclosure.site import SiteRules
from disclosure.spec import UNITS_COLUMN, MeasureKind, Presence, Spec

DELTA = Decimal("1e-9")
"""The δ at which ε is stated for people; the guarantee itself is ρ."""

SMALLEST = Decimal("1e-12")
LEAST_RHO = Decimal("1e-9")
"""Prices below this would be noise only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentialPrivacy:
    """Parameters of a release under differential privacy; all public but the store.

    Args:
        delivery: names the release for ever; a retry uses the same name.
        rho: what the release costs, split evenly over its columns.
        bounds: what one unit may add, and the public set of cells.
        rho_total: the budget of the account.
        window_start: first moment of readings that the budget covers.
        window_end: first moment after it.
        kind: discrete Gaussian or discrete Laplace noise.
        store: where charges and outputs are kept; no parameter of the release.
    """

    name: ClassVar[str] = "dp"

    delivery: str
    rho: Decimal
    bounds: Bounds
    rho_total: Decimal
    window_start: datetime
    window_end: datetime
    kind: Kind = Kind.GAUSSIAN
    store: BudgetStore | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rho", Decimal(self.rho))
        object.__setattr__(self, "rho_total", Decimal(self.rho_total))
        object.__setattr__(self, "kind", Kind(self.kind))
        if not (self.delivery and LEAST_RHO <= self.rho <= self.rho_total):
            raise SpecInvalid("dp-budget-malformed")
        if not self.window_start <= self.bounds.start < self.bounds.end <= self.window_end:
            raise SpecInvalid("dp-outside-window")

    def with_store(self, store: BudgetStore) -> Self:
        """The same policy with a place for charges and outputs."""
        return replace(self, store=store)

    def public(self) -> dict[str, Any]:
        """All parameters but the store."""
        limits = self.bounds
        return {
            "delivery": self.delivery,
            "rho": str(self.rho),
            "rho_total": str(self.rho_total),
            "window": [self.window_start.isoformat(), self.window_end.isoformat()],
            "kind": str(self.kind),
            "zones": [list(zone) for zone in limits.zones],
            "range": [limits.start.isoformat(), limits.end.isoformat()],
            "max_cells": limits.max_cells,
            "max_rows": limits.max_rows,
            "measures": {name: [str(low), str(high)] for name, (low, high) in limits.measures.items()},
        }

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build from what `public` gives; without a store.

        Raises:
            SpecInvalid: if the parameters are incomplete or contradict each other.
        """
        try:
            first, end = map(datetime.fromisoformat, data["range"])
            window_start, window_end = map(datetime.fromisoformat, data["window"])
            limits = Bounds(
                zones=tuple(tuple(zone) for zone in data["zones"]),
                start=first,
                end=end,
                max_cells=int(data["max_cells"]),
                max_rows=int(data.get("max_rows", 1)),
                measures={name: (Decimal(low), Decimal(high)) for name, (low, high) in data["measures"].items()},
            )
            return cls(
                delivery=data["delivery"],
                rho=Decimal(data["rho"]),
                bounds=limits,
                rho_total=Decimal(data["rho_total"]),
                window_start=window_start,
                window_end=window_end,
                kind=Kind(data.get("kind", Kind.GAUSSIAN)),
            )
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            if isinstance(error, SpecInvalid):
                raise
            raise SpecInvalid("policy-parameters", policy=cls.name) from error

    def account(self, preset: Preset) -> Account:
        """The budget that pays: of the kind of unit, not of the subject."""
        return Account(
            name=str(preset.unit_kind), start=self.window_start, end=self.window_end, rho_total=self.rho_total
        )

    def request(self, spec: Spec, preset: Preset) -> Request:
        """What is asked, as a hash of everything public."""
        asked = {
            "policy": self.public(),
            "spec": spec.as_dict(),
            "preset": [preset.id, preset.version, preset.public_parameters()],
        }
        query = hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
        return Request(delivery=self.delivery, query=query, rho=self.rho)

    def noise(self, spec: Spec) -> dict[str, tuple[Sensitivity, float]]:
        """Sensitivity and scale of each published column; from public parameters alone."""
        limits = self.bounds
        steps = {UNITS_COLUMN: 1} | ({spec.count_rows_as: limits.max_rows} if spec.count_rows_as else {})
        for name in spec.measures:
            steps[name] = max(map(abs, limits.steps(spec, name)))
        # Rounded down, so that the shares together never exceed what is charged.
        share = (self.rho / len(steps)).quantize(SMALLEST, rounding=ROUND_FLOOR)
        sensitivities = {name: Sensitivity(cells=limits.max_cells, per_cell=most) for name, most in steps.items()}
        return {name: (each, mechanism.scale_for(self.kind, each, share)) for name, each in sensitivities.items()}

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what cannot be protected; no refusal depends on data.

        Raises:
            DisclosureRefused: codes ``site-key-missing``, ``zone-and-time-needed``, ``policy-needs-distinct-units``,
                ``policy-refuses-means``, ``noise-cannot-keep-shares``,
                ``dp-one-unit-only``, ``dp-bounds-do-not-fit``.
        """
        site_key(site)
        if not spec.zones or not spec.time:
            raise DisclosureRefused("zone-and-time-needed", policy=self.name)
        if spec.presence is not Presence.DISTINCT or spec.unit is None:
            raise DisclosureRefused("policy-needs-distinct-units", policy=self.name)
        if spec.also_units:
            raise DisclosureRefused("dp-one-unit-only", columns=list(spec.also_units))
        if preset.needs or preset.max_share_percent is not None:
            raise DisclosureRefused("noise-cannot-keep-shares", policy=self.name, preset=preset.id)
        means = [name for name, measure in spec.measures.items() if measure.kind is MeasureKind.MEAN]
        if means:
            raise DisclosureRefused("policy-refuses-means", policy=self.name, columns=means)
        widths = {len(zone) for zone in self.bounds.zones}
        if self.bounds.measures.keys() != spec.measures.keys() or widths != {len(spec.zones)}:
            raise DisclosureRefused("dp-bounds-do-not-fit")
        self.noise(spec)

    def shape(self, spec: Spec) -> Shape:
        """Keys, counts and measures."""
        return flat_shape(spec)

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """The error to expect in each column, from public parameters alone; the input is not looked at."""
        try:
            bounding.make_keys(con, spec, self.bounds)
            cells = len(con.sql(f"SELECT 1 FROM {bounding.KEYS}").fetchall())
        finally:
            bounding.drop(con)
        decimals = {name: measure.decimals for name, measure in spec.measures.items()}
        steps = tuple(
            Step(slug="dp-noise", level=f"{name}: ±{scale / 10 ** decimals.get(name, 0):.3g}", rows=0, cells=cells)
            for name, (_, scale) in self.noise(spec).items()
        )
        return Plan(policy=self.name, rows=0, steps=steps, notes=("dp-nothing-from-data",))

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Charge, draw and store, or return what is stored.

        Raises:
            DisclosureRefused: codes ``budget-store-missing``, ``dp-budget-exhausted``, ``dp-budget-differs``,
                ``dp-delivery-asked-otherwise``.
        """
        if self.store is None:
            raise DisclosureRefused("budget-store-missing")

        def draw() -> bytes:
            try:
                bounding.make_keys(con, spec, self.bounds)
                exact = bounding.bounded_vectors(con, relation, spec, self.bounds, site_key(site))
                return arrow_bytes(self._noisy(exact, spec))
            finally:
                bounding.drop(con)

        stored = settled(self.store, self.account(preset), self.request(spec, preset), draw)
        table = released(stored.output, preset.min_units)
        return Protected(
            table=table,
            policy=self,
            withheld=Withheld(cells=0, cells_band=NOT_STATED, units_band=NOT_STATED),
            achieved_min=None,
            public_facts=self.facts(spec, preset),
        )

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Compare with the store, and the stored noise with an independent count."""
        recounted.recount(con, relation, protected, spec, preset, site)

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What the table and the parameters can show."""
        return claimed.claims(table, spec, proof)

    def facts(self, spec: Spec, preset: Preset) -> dict[str, Any]:
        """What a proof states; nothing of it is computed from data."""
        noise = {
            name: {"sensitivity_l1": each.l1, "sensitivity_l2_squared": each.l2_squared, "scale": repr(scale)}
            for name, (each, scale) in self.noise(spec).items()
        }
        return {
            "totals": "not-additive",
            "budget": {
                "account": str(preset.unit_kind),
                "window": [self.window_start.isoformat(), self.window_end.isoformat()],
                "rho_total": str(self.rho_total),
                "rho": str(self.rho),
                "epsilon": str(epsilon(self.rho, DELTA)),
                "delta": str(DELTA),
                "delivery": self.delivery,
            },
            "dp": {
                "neighbors": "one-unit-added-or-removed",
                "composition": "zero-concentrated",
                "noise": noise,
                "shown_from": preset.min_units,
                "withheld_by": "noisy-count",
            },
        }

    def _noisy(self, exact: pa.Table, spec: Spec) -> pa.Table:
        """The full table with fresh noise in every column."""
        plain = {UNITS_COLUMN: "__one"} | ({spec.count_rows_as: "__rows"} if spec.count_rows_as else {})
        plain |= {name: f"__m{number}" for number, name in enumerate(spec.measures)}
        drawn = {
            name: mechanism.noisy(self.kind, exact.column(plain[name]).to_pylist(), scale)
            for name, (_, scale) in self.noise(spec).items()
        }
        return typed(exact.select(list(spec.key_columns)), drawn, self.shape(spec))


def settled(store: BudgetStore, account: Account, request: Request, draw: Callable[[], bytes]) -> Stored:
    """The output of a delivery as the store has it, charged once."""
    return store.spend(account, request, draw)
