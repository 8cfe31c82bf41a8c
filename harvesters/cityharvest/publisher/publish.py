"""Publishing one release: dataset, files, table, and only then the dataset points to it. Idempotent on the release id.

Every step first looks at what is there and does only what is missing, so a run that was killed anywhere is finished by
the next. A new dataset stays private until its first release is complete; a later period's files appear beside the
earlier ones, which stay as they are; a correction's files are complete before those it replaces are taken away.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from cityharvest.errors import PublishRefused
from cityharvest.points import Point, reach
from cityharvest.publisher.client import ActionApi
from cityharvest.publisher.dataset import dataset_fields, download_name, media_type, resource_fields
from cityharvest.publisher.ids import CSV, PARQUET, PUBLISHED_FILES, resource_id
from cityharvest.publisher.job import OpenFile, Published, PublishJob, WithdrawJob
from cityharvest.publisher.load import drop_table, load_table
from cityharvest.publisher.table import ReleaseTable
from cityharvest.records import Mandate, Release

_IN_MEMORY_BYTES = 32 * 1024 * 1024


def publish(api: ActionApi, job: PublishJob, open_file: OpenFile) -> Published:
    """Serve a release.

    Raises:
        PublishTemporary: the portal did not take a step now; calling again goes on where this ended.
        PublishRefused: ``dataset-name-taken``, ``dataset-deleted``, or the portal said no.
    """
    mandate, release = job.mandate, job.release
    fields = dataset_fields(
        mandate,
        company_name=_company_name(api, mandate),
        release=job.newest,
        coverage=job.coverage,
        withdrawn=job.withdrawn,
    )
    dataset = _ensure_dataset(api, mandate, fields)
    reach(Point.DATASET_READY)
    resources = {one["id"]: one for one in dataset.get("resources", ())}
    for name in _files_of(release):
        _ensure_file(api, job, name, dataset["id"], resources, open_file)
        reach(Point.FILE_UPLOADED)
    rows = _ensure_table(api, release, open_file)
    reach(Point.TABLE_LOADED)
    for earlier in job.replaces:
        _remove_resources(api, earlier, resources)
    api.call("package_patch", id=dataset["id"], **fields, release_id=job.newest.id, private=False)
    reach(Point.DATASET_PATCHED)
    ids = tuple(resource_id(release.id, name) for name in _files_of(release))
    return Published(dataset_id=dataset["id"], resource_ids=ids, rows=rows)


def withdraw(api: ActionApi, job: WithdrawJob) -> bool:
    """Take a release away: table, files, resources, and what the dataset said of it. False without a dataset.

    The dataset stays, with a note that the period was withdrawn. Again changes nothing.
    """
    mandate = job.mandate
    dataset = api.find("package_show", id=mandate.slug)
    if dataset is None or dataset.get("mandate_id") != mandate.id:
        return False
    _remove_resources(api, job.release, {one["id"]: one for one in dataset.get("resources", ())})
    fields = dataset_fields(
        mandate,
        company_name=_company_name(api, mandate),
        release=job.newest,
        coverage=job.coverage,
        withdrawn=job.withdrawn,
    )
    served = job.newest.id if job.newest else ""
    # A dataset that never got its first complete release was private and stays so.
    api.call("package_patch", id=dataset["id"], **fields, release_id=served)
    return True


def _company_name(api: ActionApi, mandate: Mandate) -> str:
    company = api.find("organization_show", id=mandate.company_organization_id, include_users=False)
    if company is None:
        raise PublishRefused("company-unknown", organization=mandate.company_organization_id)
    return str(company.get("title") or company["name"])


def _ensure_dataset(api: ActionApi, mandate: Mandate, fields: Mapping[str, Any]) -> dict[str, Any]:
    found = api.find("package_show", id=mandate.slug)
    if found is None:
        created: dict[str, Any] = api.call("package_create", name=mandate.slug, **fields, private=True)
        return created
    if found.get("state") == "deleted":
        raise PublishRefused("dataset-deleted", dataset=mandate.slug)
    if found.get("mandate_id") != mandate.id or found.get("owner_org") != mandate.lead_organization_id:
        raise PublishRefused("dataset-name-taken", dataset=mandate.slug)
    dataset: dict[str, Any] = found
    return dataset


def _ensure_file(
    api: ActionApi,
    job: PublishJob,
    name: str,
    dataset_id: str,
    resources: Mapping[str, Mapping[str, Any]],
    open_file: OpenFile,
) -> None:
    file = next(one for one in job.release.files if one.name == name)
    fields = resource_fields(job.release, file, dataset_id)
    known = resources.get(fields["id"])
    if known is not None and known.get("hash") == file.sha256 and known.get("url_type") == "upload":
        return
    with _seekable(open_file, job.release.id, name) as stream:
        api.upload(
            "resource_create" if known is None else "resource_patch",
            fields,
            filename=download_name(job.mandate, job.release, name),
            stream=stream,
            content_type=media_type(name),
        )


def _ensure_table(api: ActionApi, release: Release, open_file: OpenFile) -> int:
    with _seekable(open_file, release.id, PARQUET) as stream:
        table = ReleaseTable(stream)
        load_table(api, resource_id(release.id, CSV), table)
        return table.row_count


@contextmanager
def _seekable(open_file: OpenFile, release_id: str, name: str) -> Iterator[BinaryIO]:
    """Give a release's file with random access, which an S3 stream lacks; the data is public, a plain file will do."""
    with open_file(release_id, name) as stream, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
        shutil.copyfileobj(stream, copy)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def _remove_resources(api: ActionApi, release: Release, resources: Mapping[str, Any]) -> None:
    """Table first, then the file, then the entry: the portal forgets neither of the first two by itself."""
    for name in PUBLISHED_FILES:
        found = resource_id(release.id, name)
        if found not in resources:
            continue
        drop_table(api, found)
        reach(Point.TABLE_DROPPED)
        api.find("resource_patch", id=found, clear_upload=True)
        reach(Point.FILE_CLEARED)
        api.find("resource_delete", id=found)
        reach(Point.RESOURCE_DELETED)


def _files_of(release: Release) -> list[str]:
    kept = {file.name for file in release.files}
    return [name for name in PUBLISHED_FILES if name in kept]
