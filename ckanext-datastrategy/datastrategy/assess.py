"""Assessment: which requirements an organization meets, decided from facts alone.

*Met* when at least one dataset passes every MUST; *partial* when there is one but a MUST fails; *missing* when there is
none. The same facts in any order give the same report. Boundary: stores nothing, opens no case.
Source: ``profiles/*.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from datastrategy.checks import CHECKS, exists
from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.kinds import VerdictStatus
from datastrategy.requirements import Profile, Requirement

__all__ = ["Override", "Report", "Verdict", "assess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A person's statement that a requirement does not apply, with a reason and an end."""

    requirement_id: str
    status: VerdictStatus
    reason: str
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.status not in {VerdictStatus.NOT_APPLICABLE, VerdictStatus.EXEMPTED}:
            raise ValueError(f"an override cannot declare a requirement {self.status}")
        if not self.reason.strip():
            raise ValueError("an override needs a reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of one requirement.

    Args:
        findings: ``exists`` first, then those of the best dataset; empty under an override.
        dataset_ids: Every dataset that answers the requirement, the best one first.
    """

    requirement_id: str
    status: VerdictStatus
    optional: bool
    findings: tuple[Finding, ...] = ()
    dataset_ids: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {
            "requirement_id": self.requirement_id,
            "status": str(self.status),
            "optional": self.optional,
            "findings": [item.as_dict() for item in self.findings],
            "dataset_ids": list(self.dataset_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All verdicts of one organization on one day, in the order of the profile."""

    organization_id: str
    profile_id: str
    profile_version: str
    as_of: date
    verdicts: tuple[Verdict, ...]

    def count(self, status: VerdictStatus) -> int:
        """Return how many scored requirements have a status; optional ones are not scored."""
        return sum(1 for item in self.verdicts if item.status is status and not item.optional)


def assess(
    profile: Profile,
    datasets: Iterable[DatasetFacts],
    today: date,
    overrides: Sequence[Override] = (),
    *,
    organization_id: str = "",
) -> Report:
    """Return the report of one organization.

    Args:
        datasets: The organization's datasets and those of others that cover its territory.
        today: The day of assessment; overrides that ended before it are ignored.
        overrides: At most one counts per requirement, the last given.
    """
    known = tuple(datasets)
    standing = {item.requirement_id: item for item in overrides if item.valid_to is None or today <= item.valid_to}
    return Report(
        organization_id=organization_id,
        profile_id=profile.id,
        profile_version=profile.version,
        as_of=today,
        verdicts=tuple(_verdict(item, known, today, standing.get(item.id)) for item in profile.requirements),
    )


def _verdict(
    requirement: Requirement, datasets: tuple[DatasetFacts, ...], today: date, override: Override | None
) -> Verdict:
    if override is not None:
        return Verdict(requirement_id=requirement.id, status=override.status, optional=requirement.optional)
    matched = exists.matching(datasets, requirement)
    found = exists.check(matched)
    # Fewest blocking findings first, then fewest hints; the id settles a tie, so the order of input never matters.
    ranked = sorted(((_run(facts, requirement, today), facts.id) for facts in matched), key=_rank)
    best = ranked[0][0] if ranked else ()
    status = (
        VerdictStatus.MISSING
        if not ranked
        else VerdictStatus.PARTIAL
        if any(item.blocks for item in best)
        else VerdictStatus.MET
    )
    return Verdict(
        requirement_id=requirement.id,
        status=status,
        optional=requirement.optional,
        findings=(found, *best),
        dataset_ids=tuple(dataset_id for _, dataset_id in ranked),
    )


def _run(facts: DatasetFacts, requirement: Requirement, today: date) -> tuple[Finding, ...]:
    return tuple(
        check(facts, requirement, today) for name, check in CHECKS.items() if requirement.level(name) is not None
    )


def _rank(item: tuple[tuple[Finding, ...], str]) -> tuple[int, int, str]:
    findings, dataset_id = item
    return sum(1 for one in findings if one.blocks), sum(1 for one in findings if not one.passed), dataset_id
