"""A multipart form with one file, read while it is sent, so that its size does not matter."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from typing import BinaryIO

FilePart = tuple[str, str, BinaryIO, str]


class MultipartStream:
    """Fields, then the file; ``len`` is known because the file must be seekable."""

    def __init__(self, fields: Mapping[str, str], file: FilePart) -> None:
        name, filename, self._stream, content_type = file
        boundary = uuid.uuid4().hex
        self.content_type = f"multipart/form-data; boundary={boundary}"
        head = b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        )
        head += (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"; '
            f'filename="{_quoted(filename)}"\r\nContent-Type: {content_type}\r\n\r\n'
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        start = self._stream.tell()
        size_bytes = self._stream.seek(0, os.SEEK_END) - start
        self._stream.seek(start)
        self._head, self._tail = head, tail
        self.size_bytes = len(head) + size_bytes + len(tail)

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes of the form."""
        if self._head:
            given, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
            return given
        chunk = self._stream.read(size)
        if chunk:
            return chunk
        given, self._tail = (self._tail, b"") if size < 0 else (self._tail[:size], self._tail[size:])
        return given


def _quoted(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable()).replace("\\", "_").replace('"', "%22")
