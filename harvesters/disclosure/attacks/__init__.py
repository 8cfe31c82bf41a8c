"""Attacks that must fail: they run in the gate before a release, on any release afterwards, and in tests.

``run_all`` gives one result for each attack, in a fixed order, also where an attack does not apply: an empty line
would look like a passed one. A module is imported when its attack is first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from importlib import import_module
from typing import Final, cast

from disclosure.attacks.core import (
    DEFAULT_SEED,
    Attack,
    Result,
    Target,
    Truth,
    Verdict,
    target_of,
)
from disclosure.attacks.folder import from_folder
from disclosure.attacks.members import has_members, members
from disclosure.errors import SpecInvalid

__all__ = [
    "ATTACKS",
    "DEFAULT_SEED",
    "Attack",
    "Result",
    "Target",
    "Truth",
    "Verdict",
    "attack",
    "from_folder",
    "run",
    "run_all",
    "target_of",
]

ATTACKS: Final[Mapping[str, str]] = {
    "recount": "disclosure.attacks.recount:Recount",
    "complementary": "disclosure.attacks.complementary:Complementary",
    "singleton": "disclosure.attacks.singleton:Singleton",
    "linked": "disclosure.attacks.linked:Linked",
    "differencing": "disclosure.attacks.differencing:Differencing",
    "linkage": "disclosure.attacks.linkage:Linkage",
    "homogeneity": "disclosure.attacks.homogeneity:Homogeneity",
    "reconstruction": "disclosure.attacks.reconstruction:Reconstruction",
    "minimality": "disclosure.attacks.minimality:Minimality",
    "averaging": "disclosure.attacks.averaging:Averaging",
    "missing-value": "disclosure.attacks.missing_value:MissingValue",
    "engine-drift": "disclosure.attacks.engine_drift:EngineDrift",
    "report-leak": "disclosure.attacks.report_leak:ReportLeak",
    "trajectory": "disclosure.attacks.trajectory:Trajectory",
    "joiner-leaver": "disclosure.attacks.joiner_leaver:JoinerLeaver",
    "rest-bin": "disclosure.attacks.rest_bin:RestBin",
    "pseudo-unit": "disclosure.attacks.pseudo_unit:PseudoUnit",
}
"""Slug → class, in the order in which results are listed."""


def attack(slug: str) -> Attack:
    """The attack of a slug.

    Raises:
        SpecInvalid: code ``attack-unknown``.
    """
    if slug not in ATTACKS:
        raise SpecInvalid("attack-unknown", attack=slug, known=list(ATTACKS))
    module, _, name = ATTACKS[slug].partition(":")
    return cast(type[Attack], getattr(import_module(module), name))()


def run(slug: str, target: Target, *, seed: int = DEFAULT_SEED) -> Result:
    """Run one attack, or say why it does not apply."""
    chosen = attack(slug)
    reason = chosen.applies(target)
    if reason is not None:
        return Result(attack=slug, verdict=Verdict.NOT_APPLICABLE, reason=reason)
    return chosen.run(target, seed=seed)


def run_all(target: Target, *, seed: int = DEFAULT_SEED) -> tuple[Result, ...]:
    """Run every attack against a release; one result each, in the order of `ATTACKS`."""
    # Attacks that count the input share one count of it.
    with members(target) if has_members(target) else nullcontext():
        return tuple(run(slug, target, seed=seed) for slug in ATTACKS)
