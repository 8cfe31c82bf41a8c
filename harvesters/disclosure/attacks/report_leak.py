"""Report leak: does the proof say more than the table?

Attacker: reads ``proof.json`` beside the table, and knows everything about the input but one row, or but who is in the
withheld cells. Methods: (a) tries every possible input against every digest in the proof (``attacks.guesses``), and
every percentage against the commitment; a digest of the right length that stands anywhere but where the schema has a
file of the release, a keyed value or the head of the audit chain is one more to be found out; (b) subtracts: an exact
number of withheld cells, rows or units, or an exact share, beside the table gives what was withheld; (c) reads a band
that was stated although what was withheld concerns fewer than k units; (d) under differential privacy looks for
anything that was computed from the input.
Pass rule: nothing found. Exact; (b) and (c) need the input to be judged, the rest is done on the public files too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, ClassVar, Final

from disclosure.attacks.core import Result, Target, judged
from disclosure.attacks.guesses import input_digests, parameter_digests
from disclosure.attacks.members import MEMBERS, has_members, members, unit_text
from disclosure.attacks.totals import has_totals
from disclosure.bands import BANDS, NOT_STATED
from disclosure.sqltext import ident, one_row

_DIGEST: Final = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})", re.IGNORECASE)
_PLACES_OF_DIGESTS: Final = re.compile(
    r"outputs\.[^.]+\.[a-z]+\.sha256|outputs\..*\.sha256|input\.hmac_sha256|commitment\.value|audit_head(\.hash)?"
    r"|signature\..*|policy\.facts\.cell_key\..*|policy\.parameters\.key_id|context\..*"
)
_PLACES_OF_NUMBERS: Final = re.compile(
    r"schema_version|rows|outputs\..*|preset\..*|spec\..*|policy\.parameters.*|policy\.facts.*|versions\..*"
    r"|audit_head.*|gate\..*|context\..*|budget.*|achieved\.min_units|not_claimed.*|rules.*|unit\..*|release_id"
)
_SECRETS: Final = ("p_percent", "dominance_percent", "prior_percent", "dominance_n")
_LEAST_SECRET: Final = 2
"""A number below this one is too common to be recognized."""


class ReportLeak:
    """Attack 13."""

    name: ClassVar[str] = "report-leak"

    def applies(self, target: Target) -> str | None:
        """Needs a proof to read."""
        return "no-proof-yet" if target.proof is None else None

    def run(self, target: Target, *, seed: int) -> Result:  # noqa: ARG002 - exact, nothing is drawn
        """Read the proof against the table."""
        proof = dict(target.proof or {})
        leaves = list(_leaves(proof))
        found = [*_digest_findings(leaves, target), *_noise_findings(proof, target)]
        if has_members(target):
            secret = _withheld(target)
            found += _number_findings(leaves, secret, target)
            # A total holds everybody, so behind a table with totals nobody is unpublished: bands tell of its cells.
            found += [] if has_totals(target) else _band_findings(proof, secret, target)
        return judged(self.name, "proof-says-more-than-the-table", found)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each, path)
    else:
        yield path, value


def _digest_findings(leaves: list[tuple[str, Any]], target: Target) -> list[str]:
    digests = {str(value).lower(): path for path, value in leaves if _DIGEST.fullmatch(str(value))}
    found = [path for path in digests.values() if not _PLACES_OF_DIGESTS.fullmatch(path)]
    tried = list(parameter_digests(_SECRETS)) if digests else []
    if digests and target.truth is not None:
        for column in filter(None, (*target.spec.measures, *target.spec.zones)):
            tried += input_digests(target.truth, column)
    return sorted({*found, *(digests[each] for each in tried if each in digests)})


def _noise_findings(proof: Mapping[str, Any], target: Target) -> list[str]:
    """What a proof under differential privacy has from the input."""
    if target.policy.name != "dp":
        return []
    bands = proof.get("withheld", {})
    stated = {
        "achieved.min_units": proof.get("achieved", {}).get("min_units"),
        "input.hmac_sha256": proof.get("input", {}).get("hmac_sha256"),
        **{f"withheld.{name}": bands.get(name) for name in ("cells", "units") if bands.get(name) != NOT_STATED},
    }
    return [path for path, value in stated.items() if value is not None]


def _withheld(target: Target) -> dict[str, tuple[int, int]]:
    """For rows and units: how many are in no published cell, and how many there are; exact and secret."""
    if target.truth is None:
        raise ValueError("this attack needs the truth")
    con, relation = target.truth.con, ident(target.truth.relation)
    with members(target) as found:
        shown_units, shown_rows = one_row(
            con, f"SELECT count(DISTINCT {found.units[0]}), coalesce(sum(n), 0)::BIGINT FROM {MEMBERS}"
        )
    unit = unit_text(str(target.spec.unit))
    units, rows = one_row(con, f"SELECT count(DISTINCT {unit}), count(*) FROM {relation}")
    return {"units": (units - shown_units, units), "rows": (rows - shown_rows, rows)}


def _number_findings(leaves: list[tuple[str, Any]], secret: dict[str, tuple[int, int]], target: Target) -> list[str]:
    exact = {number for pair in secret.values() for number in pair if number >= _LEAST_SECRET}
    exact -= {target.table.num_rows, target.preset.min_units}
    shares = [Fraction(part, whole) for part, whole in secret.values() if 0 < part < whole]
    shares += [1 - share for share in shares]
    found = []
    for path, value in leaves:
        if _PLACES_OF_NUMBERS.fullmatch(path) or str(value) in BANDS:
            continue
        number = _number(value)
        if number is None:
            continue
        if number in exact or any(_is_share(number, share) for share in shares):
            found.append(path)
    return found


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        return Decimal(str(value).replace("%", "").strip())
    except InvalidOperation:
        return None


def _is_share(number: Decimal, share: Fraction) -> bool:
    """Whether a number with at least two digits after the point, or a percentage with one, is this share, rounded."""
    digits = -int(number.as_tuple().exponent)
    for scale, least in ((1, 2), (100, 1)):
        if digits >= least and abs(Fraction(number) - share * scale) <= Fraction(1, 2 * 10**digits):
            return True
    return False


def _band_findings(proof: Mapping[str, Any], secret: dict[str, tuple[int, int]], target: Target) -> list[str]:
    """A band says that something was withheld, and about how much: only where it concerns at least k units."""
    band = proof.get("withheld", {}).get("units", NOT_STATED)
    hidden, _ = secret["units"]
    return ["withheld.units"] if band != NOT_STATED and hidden < target.preset.min_units else []
