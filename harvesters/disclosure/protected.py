"""A candidate for release, and what was left out of it.

Boundary: values only. What may be printed and what is for the pipeline alone are different fields: everything marked
``repr=False`` is confidential.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from disclosure.policies.base import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """What was left out. The bands may be published; `cells` is exact and is for the pipeline only."""

    cells: int = field(repr=False)
    cells_band: str
    units_band: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """A candidate for release; only the gate can turn it into something that `release.write` accepts.

    Attributes:
        table: the columns of ``policy.shape(spec)``, sorted by the primary key; the same bytes for the same rows in
            any order.
        policy: how it was made.
        achieved_min: the least number of distinct units behind a published cell; None where that means nothing.
        public_facts: statements of the policy for the proof, JSON-safe. Under differential privacy nothing of them is
            computed from data.
        secrets: parameters that the proof only commits to.
        confidential: exact figures for the officer's report: what was lost, and at which level.
    """

    table: pa.Table
    policy: Policy
    withheld: Withheld
    achieved_min: int | None
    public_facts: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    confidential: Mapping[str, Any] = field(default_factory=dict, repr=False)
