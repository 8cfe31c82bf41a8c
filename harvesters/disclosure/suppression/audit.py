"""The audit: from the public table alone, and with what each insider knows, no withheld cell can be pinned down.

`Audited` can only be made here, and only `Audited` can be turned into a table: a pattern that was not audited cannot
become output. What the audit accepts rests on possible tables that were checked in whole numbers (``problem.Witness``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from disclosure.errors import DisclosureRefused
from disclosure.suppression.primary import Request
from disclosure.suppression.problem import Flags, Ledger, Problem, Witness
from disclosure.suppression.secondary import Infeasible, extend
from disclosure.suppression.settle import settle
from disclosure.suppression.solver import Floats

_KEY = object()
PASSES = 6
"""Patterns grow with each pass over quantities and insiders; more passes than this mean that they do not settle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A pattern that passed the audit."""

    request: Request
    withheld: Flags = field(repr=False)
    key: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.key is not _KEY:
            raise DisclosureRefused("suppression-not-audited")


def views(request: Request) -> list[tuple[Problem, list[Problem]]]:
    """For each published quantity the problem of the public, and those of its insiders."""
    return [
        (problem, [problem.seen_by(insider) for insider in insiders])
        for problem, insiders in zip(request.problems, request.insiders, strict=True)
    ]


def audit_public(problem: Problem, withheld: Flags, hints: Sequence[Witness]) -> Ledger:
    """Somebody who knows the published table only."""
    return settle(problem, withheld, hints)


def audit_insider(problem: Problem, withheld: Flags, hints: Sequence[Witness]) -> Ledger:
    """Somebody who knows contributions of their own besides."""
    return settle(problem, withheld, hints)


def audit(request: Request, withheld: Flags, hints: Sequence[Sequence[Witness]] = ()) -> Audited:
    """Ask every view for every cell.

    Raises:
        DisclosureRefused: codes ``suppression-open`` (how many directions), ``primary-shown``.
    """
    if (request.primary & ~withheld).any():
        raise DisclosureRefused("primary-shown", cells=int((request.primary & ~withheld).sum()))
    left = 0
    for number, (problem, insiders) in enumerate(views(request)):
        public = audit_public(problem, withheld, hints[number] if hints else ())
        left += public.open_count
        kept = list(public.kept)
        for insider in insiders:
            seen = audit_insider(insider, withheld, kept)
            left += seen.open_count
            kept.extend(seen.kept)
    if left:
        raise DisclosureRefused("suppression-open", directions=left)
    return Audited(request=request, withheld=withheld, key=_KEY)


def suppress(
    request: Request, allowed: Flags, costs: Floats, frozen: Flags, progress: Callable[[int], None] | None = None
) -> Audited:
    """Withhold until every view is protected, then audit.

    Args:
        request: what is asked.
        allowed: cells that may be withheld besides the primary ones.
        costs: how much each cell is wanted.
        frozen: cells that an earlier release has withheld.
        progress: told the number of withheld cells after each pass.

    Raises:
        DisclosureRefused: code ``suppression-infeasible`` if some cell cannot be protected.
    """
    withheld = request.primary | frozen
    hints: list[list[Witness]] = [[] for _ in request.problems]
    try:
        for _ in range(PASSES):
            before = int(withheld.sum())
            for number, (problem, insiders) in enumerate(views(request)):
                for view in (problem, *insiders):
                    withheld, ledger = extend(view, withheld, allowed, costs, hints[number])
                    hints[number] = _merged(hints[number], ledger.kept)
            if progress is not None:
                progress(int(withheld.sum()))
            if int(withheld.sum()) == before:
                break
    except Infeasible as error:
        raise DisclosureRefused("suppression-infeasible", directions=error.open_directions) from None
    return audit(request, withheld, hints)


def _merged(before: list[Witness], new: list[Witness]) -> list[Witness]:
    known = {id(each) for each in before}
    return [*before, *(each for each in new if id(each) not in known)]
