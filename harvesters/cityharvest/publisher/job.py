"""What the publisher is handed: a release and what stands around it. Never a table: the type is the guarantee."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from cityharvest.publisher.dataset import Coverage, Withdrawn
from cityharvest.records import Mandate, Release

#: (release id, file name) -> its stored bytes.
OpenFile = Callable[[str, str], BinaryIO]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishJob:
    """A release to be served, and the releases of the same period that it replaces."""

    mandate: Mandate
    release: Release
    replaces: tuple[Release, ...] = ()
    #: What the dataset serves once this is done.
    coverage: Coverage
    #: The newest period served once this is done; its release is the dataset's ``release_id``.
    newest: Release
    withdrawn: tuple[Withdrawn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawJob:
    """A release to be taken away, and what is left of its dataset."""

    mandate: Mandate
    release: Release
    newest: Release | None
    coverage: Coverage | None
    withdrawn: tuple[Withdrawn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Where a release is served."""

    dataset_id: str
    resource_ids: tuple[str, ...]
    rows: int
