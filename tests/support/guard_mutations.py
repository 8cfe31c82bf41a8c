"""Every guard of every policy, switched off once: which attack notices.

The release of a guard is made twice from the same input: with the guard, and with its replacement in its place. The
second must be broken by one of the attacks that the guard names, the first by none of them.
`python tests/support/guard_mutations.py` prints the table; tests and the evidence use the same functions.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from unittest import mock

import guards
from guards import Guard

from disclosure import DisclosureError
from disclosure.attacks import Target, run


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """What became of one guard."""

    guard: Guard
    with_guard: tuple[str, ...]
    """Attacks that broke the release made with the guard; must be none."""
    without: tuple[str, ...]
    """Attacks that broke the release made without it; must be some."""


@cache
def all_guards() -> tuple[Guard, ...]:
    """The guards of every module beside this one."""
    names = sorted(found.name for found in pkgutil.iter_modules(guards.__path__))
    return tuple(guard for name in names for guard in getattr(import_module(f"guards.{name}"), "GUARDS", ()))


@contextmanager
def switched_off(guard: Guard) -> Iterator[None]:
    """Put the replacement where the guard is called from."""
    module, _, name = guard.target.partition(":")
    with mock.patch.object(import_module(module), name, guard.replacement):
        yield


def broken_by(target: Target, slugs: tuple[str, ...]) -> tuple[str, ...]:
    """The named attacks that break a release."""
    return tuple(slug for slug in slugs if run(slug, target).broken)


def mutated(guard: Guard) -> Mutation:
    """Make both releases and attack them."""
    # Attacks that ask the policy again must meet it without the guard as well.
    with switched_off(guard):
        without = broken_by(guard.release(), guard.caught_by)
    try:
        with_guard = broken_by(guard.release(), guard.caught_by)
    except DisclosureError:
        # Refusing the input is the guard at work: nothing is published that could be attacked.
        with_guard = ()
    return Mutation(guard=guard, with_guard=with_guard, without=without)


@cache
def mutations() -> tuple[Mutation, ...]:
    """All guards, one after the other."""
    return tuple(mutated(guard) for guard in all_guards())


def mutations_text() -> str:
    """The table: one line for each guard."""
    rows = [(each.guard.policy, each.guard.name, ", ".join(each.without) or "NOT CAUGHT") for each in mutations()]
    widths = [max(len(row[place]) for row in [*rows, ("policy", "guard", "")]) for place in range(2)]
    lines = [f"{'policy':{widths[0]}}  {'guard switched off':{widths[1]}}  caught by"]
    lines += [f"{policy:{widths[0]}}  {name:{widths[1]}}  {caught}" for policy, name, caught in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    print(mutations_text())
    sys.exit(any(not each.without or each.with_guard for each in mutations()))
