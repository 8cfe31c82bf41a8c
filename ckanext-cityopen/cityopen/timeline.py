"""The way of a delivery as people see it: steps passed, the step it stands at, steps to come.

Pure; state names are those of the ledger's one table of states. A step says what it is in a stable name; the texts are
the page's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

WAY = ("due", "received", "checked", "cleared", "released", "published")
# States that end a delivery before, or beside, the end of the way.
_ENDS = ("rejected", "nil", "superseded", "withdrawn")


class Progress(StrEnum):
    """Where a step lies, seen from the delivery's state."""

    PASSED = "passed"
    HERE = "here"
    STOPPED = "stopped"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One step of the way."""

    state: str
    progress: Progress


def way(state: str, history: Iterable[Mapping[str, Any]], held_from: str | None = None) -> tuple[Mark, ...]:
    """Return the steps of a delivery.

    Args:
        state: its present state.
        history: rows of its history, oldest first; ``detail.to`` or ``detail.state`` names the state a row led to.
        held_from: where it came from, when it is held.
    """
    if state in WAY:
        return _marks(WAY.index(state))
    reached = max([_index(held_from or ""), *(_index(_led_to(row)) for row in history), 0])
    passed = tuple(Mark(state=name, progress=Progress.PASSED) for name in WAY[: reached + 1])
    if state == "held":
        ahead = tuple(Mark(state=name, progress=Progress.AHEAD) for name in WAY[reached + 1 :])
        return (*passed, Mark(state=state, progress=Progress.HERE), *ahead)
    return (*passed, Mark(state=state, progress=Progress.STOPPED))


def is_over(state: str) -> bool:
    """Tell whether nothing more happens to a delivery by itself."""
    return state == WAY[-1] or state in _ENDS


def _marks(here: int) -> tuple[Mark, ...]:
    last = len(WAY) - 1
    done = Progress.PASSED if here == last else Progress.HERE
    return tuple(
        Mark(state=name, progress=Progress.PASSED if index < here else done if index == here else Progress.AHEAD)
        for index, name in enumerate(WAY)
    )


def _led_to(row: Mapping[str, Any]) -> str:
    detail = row.get("detail") or {}
    return str(detail.get("to") or detail.get("state") or "")


def _index(state: str) -> int:
    return WAY.index(state) if state in WAY else -1
