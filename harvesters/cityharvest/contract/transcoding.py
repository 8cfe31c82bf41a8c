"""Turns what a company sends into plain UTF-8 while it is unsealed.

The encoding is decided once, from the beginning: a byte order mark says UTF-8 or UTF-16; without one, the first piece
that holds a byte above ASCII decides between UTF-8 and the contract's one-byte encoding. After that it is strict: a
byte that does not fit ends the delivery, since a guess could turn one name into another.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Protocol, Self

from cityharvest.errors import ContractBroken

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: So many bytes at least are looked at before the encoding is decided (unless the file is shorter).
PROBE_BYTES: Final = 65_536


class Target(Protocol):
    """Where the UTF-8 goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...


class TranscodingWriter:
    """Takes bytes in any of the contract's encodings and writes UTF-8 without a byte order mark.

    ``close`` (or leaving the ``with`` block) writes the rest; ``encoding`` then says what was found.

    Raises:
        ContractBroken: ``encoding-invalid``, from ``write`` or ``close``.
    """

    def __init__(self, target: Target, encodings: Iterable[str] = ("utf-8-sig",)) -> None:
        self.encoding: str | None = None
        self._target = target
        self._declared = tuple(codecs.lookup(name.removesuffix("-sig")).name for name in encodings)
        self._decoder: codecs.IncrementalDecoder | None = None
        self._probe = b""
        self._begun = False
        self._read_bytes = 0

    def write(self, data: bytes) -> int:
        """Take the next bytes; returns how many."""
        if self._decoder is not None:
            self._convert(data)
        else:
            self._probe += data
            if len(self._probe) >= PROBE_BYTES:
                self._advance(final=False)
        return len(data)

    def close(self) -> None:
        """Write what is left."""
        if self._decoder is None:
            self._advance(final=True)
        if self._decoder is not None:
            self._convert(b"", final=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()

    def _advance(self, *, final: bool) -> None:
        """Decide on the encoding, or pass ASCII on and wait for a byte that says more."""
        data, self._probe = self._probe, b""
        mark = None if self._begun else next((one for one in _MARKS if data.startswith(one[0])), None)
        self._begun = True
        if mark is not None:
            data, encoding = data[len(mark[0]) :], mark[1]
        elif data.isascii() and not final:
            self._read_bytes += len(data)
            self._target.write(data)
            return
        else:
            encoding = self._guess(data, final=final)
        if encoding not in self._declared:
            raise ContractBroken("encoding-invalid", expected=", ".join(self._declared), byte=self._read_bytes + 1)
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._convert(data)

    def _guess(self, data: bytes, *, final: bool) -> str:
        if "utf-8" in self._declared:
            try:
                codecs.getincrementaldecoder("utf-8")("strict").decode(data, final)
            except UnicodeDecodeError:
                others = [name for name in self._declared if not name.startswith("utf")]
                return others[0] if others else "utf-8"
            return "utf-8"
        return self._declared[0]

    def _convert(self, data: bytes, *, final: bool = False) -> None:
        assert self._decoder is not None  # noqa: S101 - set before the first call
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise ContractBroken(
                "encoding-invalid", expected=str(self.encoding), byte=self._read_bytes + error.start + 1
            ) from None
        self._read_bytes += len(data)
        self._target.write(text.encode("utf-8"))
