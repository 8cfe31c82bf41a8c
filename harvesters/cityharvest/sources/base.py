"""What every kind of source offers, what it is given, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from cityharvest.clock import Clock
from cityharvest.errors import HarvestError
from cityharvest.fetch import Fetcher
from cityharvest.periods import Period
from cityharvest.records import Source
from cityharvest.seal import ByteReader
from cityharvest.states import AttemptOutcome

#: Parts with such a label go with a delivery (a list of stations, a list of gaps) and hold no observation.
REFERENCE_PREFIX: Final = "reference-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one attempt met.

    Args:
        outcome: waiting, fetched, unchanged, empty or absent; None where ``error`` says it.
        error: something to be noted that did not end the attempt (a stale feed).
        memory: what the source must be told next time; replaces what was kept before.
        next_in_s: when to ask again at the earliest, on the source's clock; None leaves it to the schedule.
        params: figures for the attempt's record.
    """

    outcome: AttemptOutcome | None
    error: HarvestError | None = None
    memory: Mapping[str, Any] = field(default_factory=dict)
    next_in_s: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


class Sink(Protocol):
    """Where the bytes go: one delivery of one period. The pipeline offers it over the one door."""

    def receive(self, stream: ByteReader, *, filename: str | None, expected_sha256: str | None) -> None:
        """Take the one file of the delivery, sealed while it is read."""
        ...

    def append(self, stream: ByteReader, *, label: str, filename: str) -> None:
        """Seal one more part; a label that is already there changes nothing."""
        ...

    def finish(self) -> None:
        """Say that the last part is there."""
        ...


Sleep = Callable[[float], object]
OnPoll = Callable[[Outcome], None]


class SourceKind(Protocol):
    """One kind of source."""

    #: Its name in the ledger.
    kind: ClassVar[str]
    #: Whether what was published may still be replaced at the source, so that it is worth asking again.
    replaceable: ClassVar[bool]

    def validate_config(self, config: Mapping[str, Any]) -> None:
        """Judge a configuration. All of it is public: secrets have no place in it.

        Raises:
            MandateInvalid: with every problem; unknown keys are problems.
        """
        ...

    def fetch(self, source: Source, period: Period, *, fetcher: Fetcher, clock: Clock, sink: Sink) -> Outcome:
        """Look once for the delivery of a period.

        Raises:
            FetchRefused: fatal, a person must look.
            FetchTemporary: the next run tries again.
            HarvestError: whatever the sink raises.
        """
        ...

    def follow(
        self,
        source: Source,
        period: Period,
        *,
        fetcher: Fetcher,
        clock: Clock,
        sink: Sink,
        sleep: Sleep,
        on_poll: OnPoll,
    ) -> Outcome:
        """Stay until the period is over on the source's clock (or at once, where there is one file to fetch)."""
        ...


def is_reference(label: str | None) -> bool:
    """Say whether a part goes with the delivery without being an observation of it."""
    return label is not None and label.startswith(REFERENCE_PREFIX)
