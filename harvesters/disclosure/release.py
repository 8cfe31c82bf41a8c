"""Write a release: an immutable folder with the table twice, its schema, and the proof.

The folder appears whole or not at all: everything is written and flushed beside it, then renamed. A folder that is
already there is never touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from disclosure.errors import DisclosureRefused, ReleaseExists
from disclosure.gate import Cleared
from disclosure.presets import Preset
from disclosure.proof import PROOF_NAME, Output, Proof, make_proof
from disclosure.signing import PrivateKey
from disclosure.spec import Spec
from disclosure.tables import CSV_NAME, PARQUET_NAME, SCHEMA_NAME, csv_bytes, table_schema, write_parquet

TABLE_FILES = (CSV_NAME, PARQUET_NAME, SCHEMA_NAME)
RELEASE_FILES = (*TABLE_FILES, PROOF_NAME)
_HMAC = re.compile(r"[0-9a-f]{64}")


def write(
    folder: Path,
    cleared: Cleared,
    spec: Spec,
    preset: Preset,
    *,
    release_id: str,
    input_hmac: str,
    extra: Mapping[str, Any],
    signing_key: PrivateKey | None = None,
) -> Proof:
    """Write the release into `folder`, which must not exist yet, and return its proof.

    Args:
        folder: the release folder; its parent must exist and be on the same file system.
        cleared: what the gate let through.
        spec: the specification the gate judged by.
        preset: the preset the gate judged by.
        release_id: the caller's identifier.
        input_hmac: HMAC-SHA256 of the input under the site key, hexadecimal; never a plain hash.
        extra: public, JSON-safe context; ``audit_head`` becomes a field of its own.
        signing_key: the key of the pipeline; without one the proof is not signed, and no pipeline publishes it.

    Returns:
        The proof; its `opening` is confidential and is not written.

    Raises:
        ReleaseExists: if the folder exists.
        DisclosureRefused: if there is nothing to publish, or the gate judged by something else.
    """
    _check(cleared, spec, preset, input_hmac)
    if folder.exists():
        raise ReleaseExists("release-exists", release_id=release_id)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write_table(draft, cleared)
        outputs = {name: output_of(draft / name) for name in TABLE_FILES}
        proof = make_proof(
            cleared, release_id=release_id, input_hmac=input_hmac, outputs=outputs, extra=extra, signing_key=signing_key
        )
        (draft / PROOF_NAME).write_bytes(proof.to_json())
        _settle(draft)
        draft.chmod(0o755)
        _rename(draft, folder, release_id)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return proof


def _check(cleared: Cleared, spec: Spec, preset: Preset, input_hmac: str) -> None:
    if cleared.spec != spec or cleared.preset != preset:
        raise DisclosureRefused("cleared-by-other-rules", preset=preset.id)
    if not cleared.protected.table.num_rows:
        raise DisclosureRefused("nothing-to-publish", preset=preset.id)
    if not _HMAC.fullmatch(input_hmac):
        raise DisclosureRefused("input-hmac-malformed")


def _write_table(draft: Path, cleared: Cleared) -> None:
    table = cleared.protected.table
    (draft / CSV_NAME).write_bytes(csv_bytes(table))
    write_parquet(table, draft / PARQUET_NAME)
    schema = json.dumps(table_schema(cleared.protected.policy.shape(cleared.spec)), ensure_ascii=False, indent=2) + "\n"
    (draft / SCHEMA_NAME).write_text(schema, encoding="utf-8")


def _settle(draft: Path) -> None:
    """Make the files unchangeable and bring them to the disk."""
    for name in RELEASE_FILES:
        (draft / name).chmod(0o444)
        _flush(draft / name)
    _flush(draft)


def output_of(path: Path) -> Output:
    """Hash and size of a file."""
    with path.open("rb") as stream:
        return Output(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), size=path.stat().st_size)


def _rename(draft: Path, folder: Path, release_id: str) -> None:
    try:
        draft.rename(folder)
    except OSError as error:
        # Another process has written the same release in the meantime; a full folder cannot be replaced by a rename.
        if folder.exists():
            raise ReleaseExists("release-exists", release_id=release_id) from error
        raise
    _flush(folder.parent)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
