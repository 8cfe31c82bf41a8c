"""The closed vocabularies of the strategy: kinds of data, severity, outcomes.

Boundary: values only; their labels for people are in :mod:`datastrategy.messages`.
Source: the three kinds a municipality has (own data, city data, private data in the public interest).
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DataKind", "Level", "VerdictStatus"]


class DataKind(StrEnum):
    """What a dataset is to the city, whoever holds it."""

    EGOV = "egov"
    CITY = "city"
    PUBLIC_INTEREST = "public-interest"


class Level(StrEnum):
    """How much a rule weighs: a failed MUST keeps a requirement from being met, a SHOULD is a hint."""

    MUST = "must"
    SHOULD = "should"


class VerdictStatus(StrEnum):
    """Outcome of one requirement for one organization."""

    MET = "met"
    PARTIAL = "partial"
    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"
    EXEMPTED = "exempted"
