"""Secret settings of the house: parameters of the magnitude rules and the key of the site.

They never appear in anything published, printed or logged. Handbook on Statistical Disclosure Control, ch. 4.2: the
parameters of the p % and dominance rules must be kept confidential, since they let an intruder narrow an estimate.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import yaml

from disclosure.errors import SpecInvalid

LEAST_KEY_BYTES = 32
_OTHERS = 0o077


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SiteRules:
    """What the site adds to a preset's public rule.

    Args:
        p_percent: a cell is unsafe when somebody could estimate the largest contribution to within this share.
        dominance_n: number of largest contributors that are judged together.
        dominance_percent: the share of a total that they may hold at most.
        prior_percent: how well an intruder is assumed to know each contribution beforehand, in percent.
        key: at least 32 bytes, for keys of records and of inputs; rotating it is refused within a subject.

    Raises:
        SpecInvalid: for values that make no sense.
    """

    p_percent: int | None = None
    dominance_n: int | None = None
    dominance_percent: int | None = None
    prior_percent: int | None = None
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("p_percent", "dominance_percent", "prior_percent"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 100:
                raise SpecInvalid("site-rule-out-of-range", rule=name)
        if (self.dominance_n is None) != (self.dominance_percent is None):
            raise SpecInvalid("site-dominance-incomplete")
        if self.dominance_n is not None and self.dominance_n < 1:
            raise SpecInvalid("site-rule-out-of-range", rule="dominance_n")
        if self.key is not None and len(self.key) < LEAST_KEY_BYTES:
            raise SpecInvalid("site-key-short", least=LEAST_KEY_BYTES)

    def __repr__(self) -> str:
        return "SiteRules(…)"

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the settings from a YAML or JSON file that only its owner can read; ``key`` is hexadecimal there.

        Raises:
            SpecInvalid: ``site-file-unreadable``, ``site-file-lax`` (others may read it), ``site-rule-unknown``,
                ``site-rule-out-of-range`` and those of the values. No message has a value in it.
        """
        try:
            if path.stat().st_mode & _OTHERS:
                raise SpecInvalid("site-file-lax", file=path.name)
            values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            # Without "from": the parser's message quotes the line.
            raise SpecInvalid("site-file-unreadable", file=path.name) from None
        if not isinstance(values, Mapping):
            raise SpecInvalid("site-file-unreadable", file=path.name)
        known = {one.name for one in fields(cls)}
        if unknown := sorted(str(name) for name in values if name not in known):
            raise SpecInvalid("site-rule-unknown", rules=unknown)
        given: dict[str, Any] = {name: _value(name, value) for name, value in values.items() if value is not None}
        return cls(**given)

    def with_key(self, key: bytes) -> Self:
        """The same rules with `key`, unless they have one already."""
        return self if self.key is not None else replace(self, key=key)

    def derived(self, purpose: str) -> bytes:
        """A key for one purpose, which tells nothing about the key of the site or about any other purpose.

        Raises:
            SpecInvalid: code ``site-key-missing``.
        """
        if self.key is None:
            raise SpecInvalid("site-key-missing")
        return hmac.new(self.key, purpose.encode(), hashlib.sha256).digest()

    def secrets(self) -> dict[str, Any]:
        """The rules and the key's name, as a proof commits to them. Never published without a private nonce."""
        rules = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "key"}
        named = {"key_id": self.derived("key-id").hex()} if self.key is not None else {}
        return {name: value for name, value in (rules | named).items() if value is not None}


def _value(name: str, value: object) -> int | bytes:
    if name == "key":
        try:
            return bytes.fromhex(str(value))
        except ValueError:
            raise SpecInvalid("site-key-short", least=LEAST_KEY_BYTES) from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecInvalid("site-rule-out-of-range", rule=name)
    return value


NO_SITE = SiteRules()
