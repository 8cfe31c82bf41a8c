"""Guards of the policies: what each one prevents, and how a test switches it off.

There is no switch in the code itself. A guard is a small function that is called through its module, so that a test
can put another one in its place; a release made without it must be caught by one of the named attacks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One guard.

    Args:
        policy: slug of the policy, or ``history`` / ``proof``.
        name: what the guard is for, in a few words.
        target: ``module:attribute`` of the function.
        replacement: what stands there when the guard is off.
        release: makes the release to attack, from an input that needs the guard (an ``attacks.Target``).
        caught_by: slugs of attacks of which at least one must break the release made without the guard.
    """

    policy: str
    name: str
    target: str
    replacement: Callable[..., Any]
    release: Callable[[], Any]
    caught_by: tuple[str, ...]
