"""Secret settings of the house: parameters of the magnitude rules and the key of the site.

They never appear in anything published, printed or logged. Handbook on Statistical Disclosure Control, ch. 4.2: the
parameters of the p % and dominance rules must be kept confidential, since they let an intruder narrow an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from disclosure.errors import SpecInvalid

LEAST_KEY_BYTES = 32


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


NO_SITE = SiteRules()
