"""Rules: sealing needs the public key only; a broken seal is an error before anything can be committed."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import ClassVar

import pytest

from cityharvest import quarantine, seal
from cityharvest.errors import (
    ConfigurationError,
    ObjectMissing,
    ReceiveInterrupted,
    ReceiveRefused,
    SealBroken,
    StorageUnavailable,
)
from cityharvest.storage import Storage
from cityharvest.workspace import remove_leftovers, workspace

DATA = b"meter_id;usage_kwh\n" + os.urandom(700_000)


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    identity, recipient = seal.generate()
    file = tmp_path / "identity.txt"
    file.write_text(f"# created for a test\n{identity}\n", encoding="ascii")
    return file, recipient


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage.from_url(f"file://{tmp_path / 'storage'}")


def sealed(data: bytes, recipient: str) -> bytes:
    target = io.BytesIO()
    seal.seal(io.BytesIO(data), target, recipient)
    return target.getvalue()


def test_what_was_sealed_comes_back_whole(keys: tuple[Path, str]) -> None:
    target = io.BytesIO()
    seal.unseal(io.BytesIO(sealed(DATA, keys[1])), target, keys[0])
    assert target.getvalue() == DATA


def test_an_older_identity_still_opens_after_a_rotation(keys: tuple[Path, str], tmp_path: Path) -> None:
    newer, _ = seal.generate()
    rotated = tmp_path / "rotated.txt"
    rotated.write_text(f"{newer}\n{keys[0].read_text()}", encoding="ascii")
    target = io.BytesIO()
    seal.unseal(io.BytesIO(sealed(b"old", keys[1])), target, rotated)
    assert target.getvalue() == b"old"


@pytest.mark.parametrize("cut", [0, 10, 150, 65_752, 300_000, -1])
def test_a_truncated_seal_is_broken(keys: tuple[Path, str], cut: int) -> None:
    with pytest.raises(SealBroken, match="seal-broken"):
        seal.unseal(io.BytesIO(sealed(DATA, keys[1])[:cut]), io.BytesIO(), keys[0])


def test_one_flipped_bit_breaks_the_seal(keys: tuple[Path, str]) -> None:
    changed = bytearray(sealed(DATA, keys[1]))
    changed[400_000] ^= 1
    with pytest.raises(SealBroken, match="seal-broken"):
        seal.unseal(io.BytesIO(bytes(changed)), io.BytesIO(), keys[0])


def test_another_key_cannot_open(keys: tuple[Path, str]) -> None:
    _, other = seal.generate()
    with pytest.raises(SealBroken, match="seal-other-key"):
        seal.unseal(io.BytesIO(sealed(b"x", other)), io.BytesIO(), keys[0])


def test_bad_keys_are_a_matter_of_configuration(tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n", encoding="ascii")
    for call in (
        lambda: seal.seal(io.BytesIO(b"x"), io.BytesIO(), "age1nonsense"),
        lambda: seal.identities(empty),
        lambda: seal.identities(tmp_path / "absent.txt"),
    ):
        with pytest.raises(ConfigurationError):
            call()


def test_the_error_of_the_callers_own_stream_comes_through_unchanged(keys: tuple[Path, str]) -> None:
    class Broken(io.RawIOBase):
        def write(self, data: object) -> int:
            raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        seal.unseal(io.BytesIO(sealed(DATA, keys[1])), Broken(), keys[0])


def test_the_stream_is_read_in_chunks_and_sealed_while_it_is_read(storage: Storage, keys: tuple[Path, str]) -> None:
    class Counting(io.BytesIO):
        sizes: ClassVar[set[int]] = set()

        def read(self, size: int | None = -1, /) -> bytes:
            self.sizes.add(size or -1)
            return super().read(size)

    stream = Counting(DATA)
    kept = quarantine.store(storage, "raw/a.age", stream, recipient=keys[1], max_bytes=len(DATA))
    assert min(stream.sizes) >= 64 * 1024
    assert (kept.sha256, kept.size_bytes) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
    with storage.open("raw/a.age") as stored:
        content = stored.read()
    assert DATA[:19] not in content
    assert hashlib.sha256(content).hexdigest() == kept.stored.sha256


def test_a_stream_above_the_limit_is_refused_and_leaves_nothing(storage: Storage, keys: tuple[Path, str]) -> None:
    with pytest.raises(ReceiveRefused, match="delivery-too-large"):
        quarantine.store(storage, "raw/b.age", io.BytesIO(DATA), recipient=keys[1], max_bytes=len(DATA) - 1)
    assert not storage.exists("raw/b.age")


@pytest.mark.parametrize("error", [ConnectionResetError("gone"), ValueError("chunk"), EOFError("short")])
def test_a_stream_that_breaks_off_leaves_nothing(storage: Storage, keys: tuple[Path, str], error: Exception) -> None:
    class Breaking(io.RawIOBase):
        served = 0

        def read(self, size: int = -1, /) -> bytes:
            self.served += 1
            if self.served > 2:
                raise error
            return b"x" * size

    with pytest.raises(ReceiveInterrupted):
        quarantine.store(storage, "raw/c.age", Breaking(), recipient=keys[1], max_bytes=10**9)
    assert not storage.exists("raw/c.age")


def test_a_storage_that_fails_midway_is_told_as_such(storage: Storage, keys: tuple[Path, str]) -> None:
    class Full(Storage):
        def put(self, name: str, reader: object) -> object:  # type: ignore[override]
            reader.read(10)  # type: ignore[attr-defined]
            raise StorageUnavailable("storage-full")

    with pytest.raises(StorageUnavailable, match="storage-full"):
        quarantine.store(Full(storage._adapter), "raw/d.age", io.BytesIO(DATA * 3), recipient=keys[1], max_bytes=10**9)


def test_an_existing_name_is_never_overwritten(storage: Storage) -> None:
    storage.put("releases/x/data.csv", io.BytesIO(b"first"))
    with pytest.raises(StorageUnavailable):
        storage.put("releases/x/data.csv", io.BytesIO(b"second"))
    with storage.open("releases/x/data.csv") as kept:
        assert kept.read() == b"first"


def test_bytes_that_come_back_changed_are_noticed(storage: Storage, tmp_path: Path) -> None:
    class Lying(Storage):
        def _settle(self, name: str) -> None:
            (tmp_path / "storage" / name).write_bytes(b"other")

    with pytest.raises(StorageUnavailable, match="storage-changed-bytes"):
        Lying(storage._adapter).put("raw/e.age", io.BytesIO(b"given"))


def test_a_missing_object_says_so_and_removal_is_idempotent(storage: Storage) -> None:
    with pytest.raises(ObjectMissing):
        storage.open("raw/none.age")
    assert storage.remove("raw/none.age") is False


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd-x", "raw/../../outside"])
def test_no_name_leads_out_of_the_storage(storage: Storage, tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageUnavailable):
        storage.put(name, io.BytesIO(b"x"))
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("url", ["/var/lib/x", "http://host/x", "file://host/x", "s3://key:secret@bucket/x", "s3:///x"])
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="storage-url-invalid"):
        Storage.from_url(url)


def test_the_storage_folder_is_private(storage: Storage, tmp_path: Path) -> None:
    assert (tmp_path / "storage").stat().st_mode & 0o077 == 0


def test_a_work_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), workspace(tmp_path / "work") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "plain.csv").write_text("secret", encoding="utf-8")
        raise RuntimeError
    assert not folder.exists()


def test_a_work_folder_in_use_is_left_alone_and_a_left_over_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "work-left"
    left.mkdir()
    (left / ".lock").touch()
    (left / "plain.csv").write_text("secret", encoding="utf-8")
    with workspace(tmp_path) as folder:
        assert not left.exists()
        assert remove_leftovers(tmp_path) == 0
        assert folder.exists()
