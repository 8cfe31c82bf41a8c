"""What every policy can do, and the plan it explains itself with.

A policy is a frozen dataclass that holds its own public parameters. It protects, counts again for the gate by other
code, and says which claims can be recomputed from its output alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

import duckdb
import pyarrow as pa

from disclosure.claims.core import Claim
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.shape import Shape
from disclosure.site import SiteRules
from disclosure.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a plan: what is published at which level, and the exact share of rows it keeps (0 to 1)."""

    slug: str
    level: str
    rows: int = field(repr=False)
    cells: int = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a policy would do with a table. Confidential: its figures come from the input."""

    policy: str
    rows: int = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe form for the officer's report."""
        return {
            "policy": self.policy,
            "rows": self.rows,
            "steps": [
                {"slug": each.slug, "level": each.level, "rows": each.rows, "cells": each.cells} for each in self.steps
            ],
            "notes": list(self.notes),
        }


class Policy(Protocol):
    """One way to make a table safe."""

    name: ClassVar[str]

    def public(self) -> dict[str, Any]:
        """The policy's own parameters, JSON-safe; they may be printed, so no secret is among them."""
        ...

    @classmethod
    def from_public(cls, data: Mapping[str, Any]) -> Self:
        """Build the policy from what `public` gave."""
        ...

    def check(self, spec: Spec, preset: Preset, site: SiteRules) -> None:
        """Refuse what does not fit, before any data is read.

        Raises:
            DisclosureRefused: with a code that says which rule is broken.
        """
        ...

    def shape(self, spec: Spec) -> Shape:
        """The columns of the published table."""
        ...

    def explain(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Plan:
        """What `protect` would publish at which level; confidential."""
        ...

    def protect(
        self, con: duckdb.DuckDBPyConnection, relation: str, spec: Spec, preset: Preset, site: SiteRules
    ) -> Protected:
        """Make the candidate.

        Raises:
            DisclosureRefused: if the data cannot be protected under these rules.
        """
        ...

    def recount(
        self,
        con: duckdb.DuckDBPyConnection,
        relation: str,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        site: SiteRules,
    ) -> None:
        """Count the input again, by code that shares no counting with `protect`, and compare.

        Raises:
            GateRefused: with how many cells differ, never which.
        """
        ...

    def claims(self, table: pa.Table, spec: Spec, proof: Mapping[str, Any]) -> list[Claim]:
        """What can be recomputed from the published table alone."""
        ...
