"""What a budget is: whose it is, for which time, how much, and what one release asks of it.

The budget belongs to the **unit**, over a stated window of time in which the readings lie, and over all subjects:
meters, trips and stays of that window are charged to the same account, because they may be of one person. It is never
reset for a delivery. Zero-concentrated privacy losses (ρ) add up, so the account is a sum (Bun and Steinke 2016,
lemma 1.7). An account is named by the kind of unit, not by the subject; two accounts never share a part of time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import Protocol

from disclosure.errors import SpecInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A budget: `rho_total` for every unit of a kind, for readings in ``[start, end)``.

    Raises:
        SpecInvalid: code ``dp-budget-malformed``.
    """

    name: str
    start: datetime
    end: datetime
    rho_total: Decimal

    def __post_init__(self) -> None:
        aware = self.start.tzinfo is not None and self.end.tzinfo is not None
        if not (self.name and aware and self.start < self.end and self.rho_total > 0):
            raise SpecInvalid("dp-budget-malformed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One release: `delivery` names it for ever, `query` is the hash of everything public that was asked."""

    delivery: str
    query: str
    rho: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store holds for a delivery: the noisy output and its price."""

    output: bytes = field(repr=False)
    query: str
    rho: Decimal


class BudgetStore(Protocol):
    """Where charges and outputs are kept together; SQLite here, a database of the caller's elsewhere."""

    def spend(self, account: Account, request: Request, draw: Callable[[], bytes]) -> Stored:
        """Return the stored output of the delivery, or charge, draw and store in one transaction.

        `draw` is called at most once, and only when the budget suffices. What it gave is returned only after charge
        and output are stored together; when the process dies before that, neither exists and nobody has seen
        anything.

        Raises:
            DisclosureRefused: codes ``dp-budget-exhausted``, ``dp-budget-differs``, ``dp-delivery-asked-otherwise``.
        """
        ...

    def find(self, account: Account, delivery: str) -> Stored | None:
        """What is stored for a delivery, or None."""
        ...


def epsilon(rho: Decimal, delta: Decimal) -> Decimal:
    """The ε of (ε, δ)-privacy that ρ implies, rounded up to three places: ``ρ + 2·sqrt(ρ·ln(1/δ))``.

    Source: Bun and Steinke 2016, proposition 1.3.
    """
    with localcontext() as context:
        context.prec = 30
        exact = rho + 2 * (rho * -delta.ln()).sqrt()
        return exact.quantize(Decimal("0.001"), rounding=ROUND_CEILING)
