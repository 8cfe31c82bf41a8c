"""One text for one JSON value: what signatures and commitments are made over.

Sorted keys, no spaces, UTF-8, no NaN. The same document gives the same bytes wherever it is read again, so a proof
can be checked from the file alone, whatever its line breaks are. The form is that of RFC 8785 for what occurs in a
proof: strings, integers, booleans, null, lists and objects with ASCII names.
"""

from __future__ import annotations

import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """The bytes of a JSON value; bytes in it are written in hexadecimal.

    Raises:
        ValueError: for NaN and infinities.
        TypeError: for what JSON has no form for.
    """
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_hexadecimal
    )
    return text.encode("utf-8")


def _hexadecimal(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)
