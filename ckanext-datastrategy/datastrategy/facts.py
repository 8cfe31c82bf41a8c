"""What is known about one dataset at the moment of assessment; no behavior, no source system.

Boundary: filled by the glue from CKAN dictionaries, or by a test; checks read nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from datastrategy.kinds import DataKind

__all__ = ["DatasetFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """Facts of one dataset.

    Args:
        formats: Codes of :func:`datastrategy.formats.format_code`, one per resource that declares a format.
        modified: Day of the last change of the content (not of the description), None when unknown.
        download_count: Resources that are a file to download, not a live service.
        notes_length: Characters of the description without markup at the ends.
        covered_organizations: Other organizations whose territory the dataset covers.
        is_public: False for private, draft and deleted records.
    """

    id: str
    name: str
    title: str
    organization_id: str
    license_id: str | None = None
    license_url: str | None = None
    tags: tuple[str, ...] = ()
    requirement_ids: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    data_kind: DataKind | None = None
    frequency: str | None = None
    modified: date | None = None
    resource_count: int = 0
    download_count: int = 0
    datastore_active: bool = False
    notes_length: int = 0
    access_rights: str | None = None
    contact: str | None = None
    covered_organizations: tuple[str, ...] = ()
    is_public: bool = True
