"""Proofs are signed with a key that only the pipeline can read, and checked with one that everybody may have."""

from __future__ import annotations

import base64
import json
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclosure import SpecInvalid, signing

KEY, OTHER = signing.new_key(), signing.new_key()
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.text(max_size=6).filter(lambda name: name != "signature"), JSON, max_size=4)


def signed(document):
    return {**document, "signature": KEY.sign(document)}


@given(document=DOCUMENTS)
@settings(max_examples=40)
def test_a_signature_survives_another_layout_of_the_same_text(document):
    again = json.loads(json.dumps(signed(document), indent=3))
    assert KEY.public_key().signed(again)
    assert not OTHER.public_key().signed(again)


@given(document=DOCUMENTS, name=st.text(max_size=6), value=JSON)
@settings(max_examples=40)
def test_any_change_breaks_it(document, name, value):
    whole = signed(document)
    if name != "signature" and (name not in document or json.dumps(document[name]) != json.dumps(value)):
        assert not KEY.public_key().signed({**whole, name: value})


@pytest.mark.parametrize(
    "signature",
    [
        None,
        {},
        {"algorithm": "ed25519", "key_id": KEY.public_key().key_id, "value": "not base64"},
        {"algorithm": "ed25519", "key_id": KEY.public_key().key_id, "value": base64.b64encode(bytes(64)).decode()},
        {**OTHER.sign({"a": 1}), "key_id": KEY.public_key().key_id},
        {**KEY.sign({"a": 1}), "algorithm": "none"},
        {**KEY.sign({"a": 1}), "key_id": OTHER.public_key().key_id},
        KEY.sign({"a": 2}),
    ],
)
def test_a_forged_signature_is_not_one(signature):
    assert not KEY.public_key().signed({"a": 1, "signature": signature})


def test_after_a_rotation_earlier_releases_are_still_signed(tmp_path):
    path = tmp_path / "public.pem"
    path.write_bytes(OTHER.public_key().to_pem() + KEY.public_key().to_pem())
    keys = signing.load_public_keys(path)
    assert keys == (OTHER.public_key(), KEY.public_key())
    assert signing.signed_by_any(signed({"a": 1}), keys)
    assert not signing.signed_by_any(signed({"a": 1}), keys[:1])


def test_a_key_file_is_private_from_the_start_and_never_replaced(tmp_path):
    path = tmp_path / "signing-key.pem"
    signing.write_key(KEY, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert signing.load_key(path) == KEY
    with pytest.raises(FileExistsError):
        signing.write_key(OTHER, path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_that_others_may_read_is_not_used(tmp_path, mode):
    path = tmp_path / "signing-key.pem"
    signing.write_key(KEY, path)
    path.chmod(mode)
    with pytest.raises(SpecInvalid) as refusal:
        signing.load_key(path)
    assert refusal.value.code == "signing-key-lax"


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n"])
def test_a_broken_key_file_is_refused_without_quoting_it(tmp_path, content):
    path = tmp_path / "signing-key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SpecInvalid) as refusal:
        signing.load_key(path)
    assert refusal.value.code == "signing-key-unreadable"
    assert refusal.value.__cause__ is None
    with pytest.raises(SpecInvalid):
        signing.load_public_keys(path)


def test_a_private_key_is_no_public_key_and_shows_nothing(tmp_path):
    assert KEY.raw.hex() not in repr(KEY)
    assert repr(KEY.raw) not in repr(KEY)
    with pytest.raises(SpecInvalid):
        signing.PublicKey.from_pem(KEY.to_pem())


def test_a_known_signature_of_the_standard_is_reproduced():
    """RFC 8032, section 7.1, test 1: the key is derived as the standard says."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert signing.PrivateKey(secret).public_key().raw == public
