"""One statement of a proof and what became of it; the texts are in ``disclosure.messages``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """What became of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT = "cannot-be-recomputed"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim by its slug."""

    name: str
    status: Status
    detail: Mapping[str, Any] = field(default_factory=dict)


def claim(name: str, *, ok: bool, **detail: Any) -> Claim:
    """A claim that was recomputed."""
    return Claim(name, Status.HOLDS if ok else Status.FAILS, detail)
