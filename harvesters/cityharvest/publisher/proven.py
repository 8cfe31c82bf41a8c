"""Nothing is served before its proof holds: signed by the pipeline, and borne out by the stored files.

The publisher trusts neither the ledger's copy of the proof nor the storage: it reads the files as they lie there and
recomputes every claim that can be recomputed without the input.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cityharvest.errors import PublishRefused
from cityharvest.publisher.job import OpenFile
from cityharvest.records import Release
from disclosure import Status, verify
from disclosure.signing import PublicKey


def require_proof(release: Release, open_file: OpenFile, keys: Sequence[PublicKey]) -> None:
    """Refuse a release whose signed proof does not hold.

    Args:
        release: as the ledger knows it.
        open_file: opens its stored files.
        keys: public keys of the pipeline, at least one.

    Raises:
        PublishRefused: ``release-unproven``, with the claims that fail.
    """
    if not keys:
        raise PublishRefused("release-unproven", release=release.id, claims=["signature"])
    with tempfile.TemporaryDirectory(prefix="cityharvest-publish-") as scratch:
        folder = Path(scratch)
        for file in release.files:
            with open_file(release.id, file.name) as source, (folder / file.name).open("wb") as target:
                shutil.copyfileobj(source, target)
        failed = sorted(one.name for one in verify(folder, keys) if one.status is Status.FAILS)
    if failed:
        raise PublishRefused("release-unproven", release=release.id, claims=failed)
