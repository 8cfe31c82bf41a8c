"""Rule `exists`: at least one public dataset answers the requirement.

A dataset answers when it names the requirement in its field ``requirement_ids`` (set by a person or by the
publisher), or carries the requirement's id as a tag. Source: the profile's item.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from datastrategy.facts import DatasetFacts
from datastrategy.findings import Finding
from datastrategy.kinds import Level
from datastrategy.requirements import Requirement

__all__ = ["check", "matching"]


def _folded(text: str) -> str:
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return "-".join(bare.lower().replace("_", " ").split())


def matching(datasets: Iterable[DatasetFacts], requirement: Requirement) -> tuple[DatasetFacts, ...]:
    """Return the public datasets that answer a requirement, ordered by id; empty when none does."""
    found = {
        facts.id: facts
        for facts in datasets
        if facts.is_public
        and (requirement.id in facts.requirement_ids or requirement.id in {_folded(tag) for tag in facts.tags})
    }
    return tuple(found[key] for key in sorted(found))


def check(matched: tuple[DatasetFacts, ...]) -> Finding:
    """Report ``dataset-found`` or ``dataset-missing`` on the datasets that answer a requirement."""
    return Finding(
        check="exists",
        slug="dataset-found" if matched else "dataset-missing",
        level=Level.MUST,
        passed=bool(matched),
        params={"datasets": len(matched)},
    )
