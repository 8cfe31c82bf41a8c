"""What was published for a subject and period: public values only, in the order of their publication.

The ledger holds the tables as they were printed, and how they were made; never a unit id, never a row of an input. So
it may be kept for ever, also after the raw data has been purged, and whoever steals it has stolen what was public.

Boundary: values, an interface, and two stores: one in memory, and one file with a line for each entry. A portal that
keeps its releases in a database offers the same two methods over its own tables.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import pyarrow as pa

from disclosure.errors import DisclosureRefused, ReleaseExists
from disclosure.policies import policy_dict
from disclosure.presets import Preset
from disclosure.protected import Protected
from disclosure.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRelease:
    """One release as everybody can see it.

    Attributes:
        release_id: the caller's identifier.
        subject: what the table is about, the same for all its periods and corrections.
        period: which period, in the caller's notation.
        policy: ``{"name": …, "parameters": …}``.
        spec: what `Spec.as_dict` gives.
        preset: id, version and public parameters.
        table: the printed table.
        facts: what the policy states about itself in the proof, such as which key made the noise (never the key).

    Raises:
        DisclosureRefused: code ``unit-in-output``, if the table has a unit column.
    """

    release_id: str
    subject: str
    period: str
    policy: Mapping[str, Any]
    spec: Mapping[str, Any]
    preset: Mapping[str, Any]
    table: pa.Table = field(compare=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        spec = Spec.from_mapping(self.spec)
        hidden = {name.casefold() for name in (*spec.units, *spec.identifiers)}
        for column in self.table.column_names:
            if column.casefold() in hidden:
                raise DisclosureRefused("unit-in-output", column=column)

    @property
    def method(self) -> str:
        """Slug of the policy."""
        return str(self.policy["name"])

    @property
    def noise(self) -> Mapping[str, Any]:
        """What a cell key states about its noise: ids of key, table and magnitude noise; empty without noise."""
        return dict(self.facts.get("cell_key", {}))

    @classmethod
    def of(
        cls,
        protected: Protected,
        spec: Spec,
        preset: Preset,
        *,
        release_id: str,
        subject: str,
        period: str,
    ) -> Self:
        """The entry for a table that has been protected."""
        return cls(
            release_id=release_id,
            subject=subject,
            period=period,
            policy=policy_dict(protected.policy),
            spec=spec.as_dict(),
            preset={"id": preset.id, "version": preset.version, "parameters": preset.public_parameters()},
            table=protected.table,
            facts=dict(protected.public_facts),
        )

    def to_json(self) -> str:
        """One line of text."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "table"}
        return json.dumps({**values, "table": base64.b64encode(sink.getvalue()).decode("ascii")}, sort_keys=True)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read what `to_json` wrote."""
        values = json.loads(line)
        with pa.ipc.open_stream(base64.b64decode(values.pop("table"))) as reader:
            return cls(**values, table=reader.read_all())


class ReleaseLedger(Protocol):
    """Where published releases are remembered."""

    def record(self, release: PublishedRelease) -> None:
        """Add a release at the end.

        Raises:
            ReleaseExists: if its id is there already.
        """
        ...

    def earlier(self, subject: str, period: str | None = None) -> Sequence[PublishedRelease]:
        """All releases of a subject, of one period or of all, in the order in which they were published."""
        ...


class MemoryLedger:
    """A ledger for one process."""

    def __init__(self, releases: Iterable[PublishedRelease] = ()) -> None:
        self._releases: list[PublishedRelease] = []
        for release in releases:
            self.record(release)

    def record(self, release: PublishedRelease) -> None:
        """Add a release at the end."""
        if any(each.release_id == release.release_id for each in self._releases):
            raise ReleaseExists("release-exists", release_id=release.release_id)
        self._releases.append(release)

    def earlier(self, subject: str, period: str | None = None) -> tuple[PublishedRelease, ...]:
        """All releases of a subject, of one period or of all."""
        return tuple(each for each in self._releases if each.subject == subject and period in (None, each.period))


class FileLedger:
    """A ledger in one file of JSON lines, for a command line. Entries are appended under a lock and flushed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def record(self, release: PublishedRelease) -> None:
        """Add a release at the end, once."""
        with self.path.open("a+", encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            stream.seek(0)
            MemoryLedger(PublishedRelease.from_json(line) for line in stream if line.strip()).record(release)
            stream.write(release.to_json() + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def earlier(self, subject: str, period: str | None = None) -> tuple[PublishedRelease, ...]:
        """All releases of a subject, of one period or of all; none where there is no file yet."""
        if not self.path.exists():
            return ()
        with self.path.open(encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
            releases = [PublishedRelease.from_json(line) for line in stream if line.strip()]
        return MemoryLedger(releases).earlier(subject, period)
