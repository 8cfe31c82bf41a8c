"""Stable names of what is published: the same release always asks for the same ids. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

# Ours, drawn once; changing it would publish every release a second time.
_NAMESPACE = uuid.UUID("6a0f4a0e-3d5b-5d0e-9a57-0c7c1f0f7a11")

CSV = "data.csv"
PARQUET = "data.parquet"
SCHEMA = "schema.json"
PROOF = "proof.json"

PUBLISHED_FILES: tuple[str, ...] = (CSV, PARQUET, SCHEMA, PROOF)


def resource_id(release_id: str, file: str) -> str:
    """Return the resource id of one file of a release."""
    return str(uuid.uuid5(_NAMESPACE, f"{release_id}/{file}"))


def resource_ids(release_id: str, files: Sequence[str] = PUBLISHED_FILES) -> dict[str, str]:
    """Return file name -> resource id for all published files of a release."""
    return {file: resource_id(release_id, file) for file in files}
