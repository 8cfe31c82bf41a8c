"""Rules of the S3 storage, against moto's server: whole objects only, never overwritten, nothing left half written."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator

import pytest

from cityharvest import quarantine, seal
from cityharvest.errors import ObjectMissing, ReceiveInterrupted, StorageUnavailable
from cityharvest.storage import PART_BYTES, Storage


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    boto3 = pytest.importorskip("boto3", reason="the extra s3 is not installed")
    moto = pytest.importorskip("moto.server", reason="moto's S3 server is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        endpoint = f"http://{host}:{port}"
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="sealed")
        yield Storage.from_url(f"s3://sealed/city?endpoint={endpoint}&region=us-east-1")
    server.stop()


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES + 5])
def test_an_object_of_any_size_comes_back_whole(storage: Storage, size: int) -> None:
    content = os.urandom(size)
    stored = storage.put(f"raw/size-{size}.age", io.BytesIO(content))
    assert (stored.sha256, stored.size_bytes) == (hashlib.sha256(content).hexdigest(), size)
    with storage.open(stored.name) as kept:
        assert kept.read() == content


@pytest.mark.parametrize("size", [3, PART_BYTES + 3])
def test_an_existing_object_is_never_overwritten(storage: Storage, size: int) -> None:
    storage.put(f"raw/kept-{size}.age", io.BytesIO(b"first"))
    with pytest.raises(StorageUnavailable):
        storage.put(f"raw/kept-{size}.age", io.BytesIO(bytes(size)))
    with storage.open(f"raw/kept-{size}.age") as kept:
        assert kept.read() == b"first"


def test_a_missing_object_says_so_and_removal_is_idempotent(storage: Storage) -> None:
    storage.ping()
    storage.put("raw/removed.age", io.BytesIO(b"x"))
    assert [storage.remove("raw/removed.age") for _ in range(2)] == [True, False]
    with pytest.raises(ObjectMissing):
        storage.open("raw/removed.age")


def test_a_stream_that_breaks_off_in_a_later_part_leaves_nothing(storage: Storage) -> None:
    class Breaking(io.RawIOBase):
        served = 0

        def read(self, size: int = -1, /) -> bytes:
            self.served += size
            if self.served > 2 * PART_BYTES:
                raise ConnectionResetError
            return bytes(size)

    _, recipient = seal.generate()
    with pytest.raises(ReceiveInterrupted):
        quarantine.store(storage, "raw/broken.age", Breaking(), recipient=recipient, max_bytes=10**9)
    assert not storage.exists("raw/broken.age")
