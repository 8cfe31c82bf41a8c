"""Digests that an attacker can compute by guessing: of an input with one unknown row, of a few secret percentages.

A hash of something that is known but for a few possibilities is no secret: each possibility is tried. Whoever knows
all rows but one (the other households of a street) tries every value of the unknown one; whoever looks for p tries
one hundred numbers. A keyed hash, or a fresh private nonce, takes the possibility away. Nothing is tried on inputs of
more than `MOST_ROWS` rows: what matters is whether the proof holds an unkeyed digest of the input at all.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from disclosure.attacks.core import Truth
from disclosure.canonical import canonical_json
from disclosure.sqltext import ident

MOST_ROWS: Final = 20_000
MOST_GUESSES: Final = 8
_WEAK_KEYS: Final = (b"", b"\x00" * 32, b"secret", b"key")
_DOMAINS: Final = (b"", b"cityopen disclosure commitment 1\n")

Rows = Sequence[Sequence[Any]]


def input_digests(truth: Truth, column: str) -> Iterator[str]:
    """Digests of every input that the attacker holds possible, as files are usually written and hashed.

    The unknown row is the first one, the unknown value is in `column`; its possible values are those that others have.
    """
    result = truth.con.execute(f"SELECT * FROM {ident(truth.relation)} LIMIT {MOST_ROWS + 1}")
    names = [str(each[0]) for each in result.description or ()]
    rows = [list(row) for row in result.fetchall()]
    if not rows or len(rows) > MOST_ROWS or column not in names:
        return
    place = names.index(column)
    values = dict.fromkeys([rows[0][place], *(row[place] for row in rows)])
    for value in list(values)[:MOST_GUESSES]:
        guess = [[*rows[0][:place], value, *rows[0][place + 1 :]], *rows[1:]]
        for data in _files(names, guess):
            yield from _digests(data)


def parameter_digests(names: Sequence[str]) -> Iterator[str]:
    """Digests of every single percentage, without a nonce."""
    for name in names:
        for percent in range(1, 101):
            for domain in _DOMAINS:
                yield hashlib.sha256(domain + canonical_json({name: percent})).hexdigest()


def _files(names: Sequence[str], rows: Rows) -> Iterator[bytes]:
    for order in (rows, sorted(rows, key=repr)):
        for end in ("\n", "\r\n"):
            for header in (True, False):
                yield _csv(([list(names)] if header else []) + [list(row) for row in order], end)
        yield "".join(json.dumps(dict(zip(names, row, strict=True)), default=str) + "\n" for row in order).encode()


def _csv(rows: Rows, end: str) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end).writerows(rows)
    return stream.getvalue().encode()


def _digests(data: bytes) -> Iterator[str]:
    algorithms: tuple[Callable[[bytes], Any], ...] = (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.sha512)
    for algorithm in algorithms:
        yield algorithm(data).hexdigest()
    plain = hashlib.sha256(data).hexdigest().encode()
    for key in _WEAK_KEYS:
        for message in (data, plain):
            yield hmac.new(key, message, hashlib.sha256).hexdigest()
