"""What an attack is: who looks, at what, what counts as success, and what may be told about it.

Boundary: values and small helpers; every attack is a module of its own. An attack sees what the public sees (the
table, the proof, earlier and linked releases). `Truth` is the input: it is there only inside the gate and in tests,
and an attack uses it only to judge whether it succeeded, or as the background knowledge that its module states.
`Result.figures` may be published with the release, so no attack puts a number into it that an outsider could not
find or that tells about the margin by which a rule is kept; what was found stands in `findings`, which is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Final, Protocol

import duckdb
import pyarrow as pa

from disclosure.policies.base import Policy
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.site import NO_SITE, SiteRules
from disclosure.spec import Spec

DEFAULT_SEED: Final = 20260101
"""Seed of samples where the caller names none; attacks draw nothing that is published."""


class Verdict(StrEnum):
    """What became of an attack."""

    SURVIVED = "survived"
    BROKEN = "broken"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The input of a release: an open connection and the name of the relation."""

    con: duckdb.DuckDBPyConnection = field(repr=False)
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A release under attack.

    Attributes:
        table: the published table.
        spec: roles of columns, as the proof states them.
        preset: the public rule.
        policy: how the table was made, as the proof states it.
        proof: the public statement, if there is one yet.
        earlier: what was published before on the same subject.
        linked: other tables published from the same source.
        site: secret settings, for attacks that simulate an insider.
        truth: the input, only inside the gate and in tests.
    """

    table: pa.Table
    spec: Spec
    preset: Preset
    policy: Policy
    proof: Mapping[str, Any] | None = None
    earlier: tuple[Target, ...] = ()
    linked: tuple[Target, ...] = ()
    site: SiteRules = field(default=NO_SITE, repr=False)
    truth: Truth | None = field(default=None, repr=False)


def target_of(
    protected: Protected,
    spec: Spec,
    preset: Preset,
    *,
    site: SiteRules = NO_SITE,
    truth: Truth | None = None,
    earlier: tuple[Target, ...] = (),
    linked: tuple[Target, ...] = (),
    proof: Mapping[str, Any] | None = None,
) -> Target:
    """A candidate for release as its attackers will see it."""
    return Target(
        table=protected.table,
        spec=spec,
        preset=preset,
        policy=protected.policy,
        proof=proof,
        earlier=earlier,
        linked=linked,
        site=site,
        truth=truth,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one attack; everything but `findings` may be published."""

    attack: str
    verdict: Verdict
    reason: str | None = None
    figures: Mapping[str, int | str] = field(default_factory=dict)
    findings: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def broken(self) -> bool:
        """Whether the attack succeeded."""
        return self.verdict is Verdict.BROKEN


class Attack(Protocol):
    """One attack: a stateless object in a module that states the attacker and the pass rule."""

    name: ClassVar[str]

    def applies(self, target: Target) -> str | None:
        """The slug of the reason why the attack has nothing to attack here; None when it applies."""
        ...

    def run(self, target: Target, *, seed: int) -> Result:
        """Attack a target that `applies` let through; bounded in time, samples stated in the figures."""
        ...


def survived(attack: str, **figures: int | str) -> Result:
    """The attack found nothing."""
    return Result(attack=attack, verdict=Verdict.SURVIVED, figures=figures)


def broken(attack: str, reason: str, findings: tuple[Any, ...] = (), **figures: int | str) -> Result:
    """The attack succeeded, for the reason of this slug."""
    return Result(attack=attack, verdict=Verdict.BROKEN, reason=reason, figures=figures, findings=findings)


def not_applicable(attack: str, reason: str) -> Result:
    """The attack found nothing to attack once it had looked; a survived result would claim too much."""
    return Result(attack=attack, verdict=Verdict.NOT_APPLICABLE, reason=reason)


def judged(attack: str, reason: str, findings: list[Any], **figures: int | str) -> Result:
    """Broken when there are findings, survived when there are none."""
    return broken(attack, reason, tuple(findings), **figures) if findings else survived(attack, **figures)
