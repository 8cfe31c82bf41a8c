"""Everything that can go wrong in a harvest, as one tree of exceptions.

An error carries a stable ``code`` (the message tables hold the Slovene and English sentence), its ``params``
and a category that decides what happens next: *fatal* needs a person, *retriable* is tried again by the next
run, *skippable* is noted and passed over. The command line's exit codes come from here (0 · 1 · 2 · 75).
Params never hold a cell of a delivery, a secret or an address with credentials.
"""

# ruff: noqa: N818 - a name says what happened (``FetchRefused``); that it is an error is plain.

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar


class Category(StrEnum):
    """What the caller does about an error."""

    FATAL = "fatal"
    RETRIABLE = "retriable"
    SKIPPABLE = "skippable"


EXIT_CODES: Mapping[Category, int] = {Category.FATAL: 1, Category.RETRIABLE: 75, Category.SKIPPABLE: 0}


class HarvestError(Exception):
    """Root of the tree; ``str()`` is the code and its params, for logs."""

    default_code: ClassVar[str] = "unexpected"
    category: ClassVar[Category] = Category.FATAL

    def __init__(self, code: str | None = None, /, **params: Any) -> None:
        self.code = code or self.default_code
        self.params: dict[str, Any] = params
        super().__init__(self.code)

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in sorted(self.params.items()))
        return f"{self.code} ({shown})" if shown else self.code

    @property
    def exit_code(self) -> int:
        """Exit code of a command that ends with this error."""
        return EXIT_CODES[self.category]

    def as_dict(self) -> dict[str, Any]:
        """Code, category and params, as JSON-safe values."""
        return {"code": self.code, "category": str(self.category), "params": dict(self.params)}


class WrongCall(HarvestError):
    """The caller or the configuration is wrong: the command line ends with 2."""

    default_code = "wrong-call"

    @property
    def exit_code(self) -> int:
        """2: not the data, the call is wrong."""
        return 2


class ConfigurationError(WrongCall):
    """A setting is missing or cannot be used (params: ``name``)."""

    default_code = "setting-missing"


class SchemaOutdated(ConfigurationError):
    """The ledger's schema is not the one this code was written for (params: ``found``, ``expected``)."""

    default_code = "schema-outdated"


class NotFound(WrongCall):
    """No mandate, source, delivery or release has this id (params: ``kind``, ``id``)."""

    default_code = "not-found"


class MandateInvalid(WrongCall):
    """A mandate or source was refused; ``problems`` lists every reason with the field it is about."""

    default_code = "mandate-invalid"

    def __init__(self, problems: Iterable[Mapping[str, Any]]) -> None:
        self.problems: tuple[dict[str, Any], ...] = tuple(dict(problem) for problem in problems)
        super().__init__(None, codes=", ".join(sorted({str(problem["code"]) for problem in self.problems})))

    def as_dict(self) -> dict[str, Any]:
        """As the base, with the problems."""
        return {**super().as_dict(), "problems": [dict(problem) for problem in self.problems]}


class LedgerUnavailable(HarvestError):
    """The database cannot be reached or is too busy."""

    default_code = "ledger-unavailable"
    category = Category.RETRIABLE


class StorageUnavailable(HarvestError):
    """The storage cannot be reached, is full, or gave back other bytes than it was given."""

    default_code = "storage-unavailable"
    category = Category.RETRIABLE


class ObjectMissing(HarvestError):
    """An object that the ledger names is not in the storage (params: ``object``)."""

    default_code = "object-missing"


class LeaseLost(HarvestError):
    """Another worker holds the lease; the work done so far is dropped."""

    default_code = "lease-lost"
    category = Category.RETRIABLE


class StateError(HarvestError):
    """The table of transitions does not allow this step (params: ``state``, ``event``)."""

    default_code = "transition-not-allowed"


class ReceiveRefused(HarvestError):
    """The bytes that arrived are not accepted; nothing of them was kept."""

    default_code = "delivery-refused"


class ReceiveInterrupted(HarvestError):
    """The sender's stream broke off before its end."""

    default_code = "stream-interrupted"
    category = Category.RETRIABLE


class SealBroken(HarvestError):
    """A sealed object is truncated, changed, or sealed for another key."""

    default_code = "seal-broken"


class FetchRefused(HarvestError):
    """The address or answer breaks a safety rule, or the source refuses us."""

    default_code = "fetch-refused"


class FetchTemporary(HarvestError):
    """The source did not answer as it should now; the next run tries again."""

    default_code = "fetch-temporary"
    category = Category.RETRIABLE


class FetchGone(HarvestError):
    """The source says that this file does not exist."""

    default_code = "fetch-gone"
    category = Category.SKIPPABLE


class ContractBroken(HarvestError):
    """The delivery does not keep its contract; ``findings`` name row, rule and a masked value."""

    default_code = "contract-broken"

    def __init__(
        self, code: str | None = None, /, *, findings: Iterable[Mapping[str, Any]] = (), **params: Any
    ) -> None:
        self.findings: tuple[dict[str, Any], ...] = tuple(dict(finding) for finding in findings)
        super().__init__(code, **params)


class DisclosureRefused(HarvestError):
    """The gate of the disclosure control did not let the table pass."""

    default_code = "disclosure-refused"


class PublishTemporary(HarvestError):
    """CKAN did not take the release now; it stays in the outbox."""

    default_code = "publish-temporary"
    category = Category.RETRIABLE


class PublishRefused(HarvestError):
    """CKAN refused the release for a reason that trying again does not cure."""

    default_code = "publish-refused"
