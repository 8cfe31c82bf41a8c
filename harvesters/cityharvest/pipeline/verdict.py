"""What becomes of a delivery whose processing met an error. Pure: an error in, a verdict out.

The company's fault (contract, declared unit, identifiers) rejects it: it can send another file. Our rule's fault (gate,
preset, specification) or anything unforeseen holds it: a person must look. A service that is down returns it to the
queue. Nothing of this touches what was published before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cityharvest.errors import Category, ContractBroken, HarvestError, LeaseLost, SealBroken
from cityharvest.states import DeliveryState
from disclosure import DisclosureError, DisclosureRefused

HELD_BY_DISCLOSURE: Final = "disclosure"
UNEXPECTED: Final = "unexpected"
#: Refusals of the disclosure control that another file of the company can cure.
DATA_FAULTS: Final = frozenset(
    {
        "unit-missing",
        "unit-looks-like-row-id",
        "column-missing",
        "time-without-offset",
        "measure-not-a-number",
        "measure-out-of-range",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where a delivery goes; ``state`` None returns it to the queue."""

    state: DeliveryState | None
    error: Mapping[str, Any]
    held_reason: str | None = None
    findings: Sequence[Mapping[str, Any]] | None = None
    held_detail: Mapping[str, Any] = field(default_factory=dict)


def verdict_of(error: Exception) -> Verdict | None:
    """Return the verdict, or None where the work now belongs to another worker."""
    if isinstance(error, LeaseLost):
        return None
    if isinstance(error, ContractBroken):
        return Verdict(state=DeliveryState.REJECTED, error=_shown(error), findings=error.findings)
    if isinstance(error, SealBroken):
        return Verdict(state=DeliveryState.REJECTED, error=_shown(error))
    if isinstance(error, HarvestError):
        if error.category is Category.RETRIABLE:
            return Verdict(state=None, error=_shown(error))
        return _held(error.code, error)
    if isinstance(error, DisclosureRefused) and error.code in DATA_FAULTS:
        return Verdict(state=DeliveryState.REJECTED, error=_shown(error))
    if isinstance(error, DisclosureError):
        return _held(HELD_BY_DISCLOSURE, error)
    # A bug of ours: parked at once, since trying again every minute would only hide it. No text: it may quote a value.
    shown = {"code": UNEXPECTED, "params": {"error": type(error).__name__}}
    return Verdict(state=DeliveryState.HELD, error=shown, held_reason=UNEXPECTED, held_detail=shown)


def _held(reason: str, error: HarvestError | DisclosureError) -> Verdict:
    return Verdict(state=DeliveryState.HELD, error=_shown(error), held_reason=reason, held_detail=_shown(error))


def _shown(error: HarvestError | DisclosureError) -> dict[str, Any]:
    return {"code": error.code, "params": {name: _json(value) for name, value in error.params.items()}}


def _json(value: Any) -> Any:
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
