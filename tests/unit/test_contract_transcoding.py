"""Rule: a delivery in any agreed encoding becomes the same UTF-8, wherever its blocks are cut."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityharvest.contract import TranscodingWriter
from cityharvest.contract.transcoding import PROBE_BYTES
from cityharvest.errors import ContractBroken

AGREED = ("utf-8-sig", "cp1250")


def transcoded(data: bytes, encodings: tuple[str, ...] = AGREED, block_bytes: int = 1000) -> tuple[bytes, str | None]:
    target = io.BytesIO()
    with TranscodingWriter(target, encodings) as writer:
        for start in range(0, len(data), block_bytes):
            writer.write(data[start : start + block_bytes])
    return target.getvalue(), writer.encoding


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250"])
def test_slovene_letters_arrive_whatever_the_agreed_encoding(encoding: str):
    """A byte order mark is not part of the first column's name."""
    text = "meter_id;zone\r\nM1;Žiri – Škofja Loka\r\n"
    assert transcoded(text.encode(encoding))[0].decode() == text


def test_a_first_foreign_letter_late_in_the_file_decides():
    """The first blocks may be plain ASCII for megabytes."""
    text = "x;y\n" * PROBE_BYTES + "Žiri\n"
    for encoding in ("utf-8", "cp1250"):
        assert transcoded(text.encode(encoding), block_bytes=65_536)[0].decode() == text


def test_what_was_decided_stays():
    """A file that changes its encoding in the middle is refused, not half guessed."""
    text = ("Žiri\n" * PROBE_BYTES).encode("utf-8") + "Žiri\n".encode("cp1250")
    with pytest.raises(ContractBroken) as caught:
        transcoded(text, block_bytes=65_536)
    assert caught.value.code == "encoding-invalid"
    assert caught.value.params["byte"] == 6 * PROBE_BYTES + 1


def test_a_mark_of_an_encoding_that_was_not_agreed_is_refused():
    """UTF-16 comes from a certain spreadsheet's export."""
    with pytest.raises(ContractBroken) as caught:
        transcoded("Žiri".encode("utf-16"))
    assert caught.value.code == "encoding-invalid"


def test_other_bytes_are_refused_where_only_utf8_was_agreed():
    """A wrong guess would turn one name into another."""
    with pytest.raises(ContractBroken):
        transcoded("Žiri".encode("cp1250"), ("utf-8-sig",))


def test_nothing_and_plain_ascii_pass():
    """An empty file is a matter for the contract, not for the encoding."""
    assert transcoded(b"")[0] == b""
    assert transcoded(b"a;b\n1;2\n")[0] == b"a;b\n1;2\n"


def test_a_letter_that_is_cut_at_the_end_of_the_file_is_an_error():
    """The last byte of a truncated file must not vanish."""
    with pytest.raises(ContractBroken):
        transcoded("Žiri Ž".encode()[:-1], ("utf-8",))


@given(
    text=st.text(alphabet="abcčšž–;\n", max_size=300),
    block_bytes=st.integers(1, 40),
    encoding=st.sampled_from(["utf-8", "utf-8-sig"]),
)
@settings(max_examples=150, deadline=None)
def test_blocks_may_be_cut_anywhere(text: str, block_bytes: int, encoding: str):
    """A letter of two or three bytes may lie across two blocks."""
    assert transcoded(text.encode(encoding), block_bytes=block_bytes)[0].decode() == text
