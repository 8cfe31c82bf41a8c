"""Answers that are known from papers, handbooks and specifications: expected, got, and where they stand.

Facts of the sources are restated as figures; each answer is computed by the library when it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
from assess_tables import relation

from disclosure.assess import assess
from disclosure.attacks.statistics import proportion_upper
from disclosure.identifiers import Kind, scan
from disclosure.privacy_budget.account import epsilon
from disclosure.rules import Concentration, dominates, p_percent_protection, p_percent_unsafe
from disclosure.space.grid import cell_code
from disclosure.spec import Spec

L_DIVERSITY = "Machanavajjhala and others, l-Diversity, TKDD 1(1), 2007, figures 1 to 3"
T_CLOSENESS = "Li and others, t-Closeness, ICDE 2007, table 5"
HANDBOOK = "Handbook on Statistical Disclosure Control, ch. 4.2"

_CONDITIONS = [*["heart"] * 2, *["viral"] * 2, "cancer", "heart", *["viral"] * 2, *["cancer"] * 4]
_FOUR_ANONYMOUS = [*["a"] * 4, *["b"] * 4, *["c"] * 4]
_THREE_DIVERSE = ["a", "c", "c", "a", *["b"] * 4, "a", "a", "c", "c"]
_SALARIES = [3, 4, 5, 6, 11, 8, 7, 9, 10]
_SALARY_GROUPS = ["4767*", "4760*", "4767*", "4790*", "4790*", "4790*", "4760*", "4767*", "4760*"]


@dataclass(frozen=True, kw_only=True)
class KnownAnswer:
    """One answer with its source."""

    name: str
    expected: Any
    got: Any
    source: str

    @property
    def holds(self) -> bool:
        """Whether both agree; numbers that are not exact to nine digits."""
        if isinstance(self.expected, float):
            return math.isclose(self.expected, self.got, rel_tol=1e-7)
        return bool(self.expected == self.got)


def known_answers() -> list[KnownAnswer]:
    """All of them."""
    return [*_classes(), *_concentration(), *_identifiers(), *_grid_and_chance(), *_privacy()]


def _sensitive(groups: Sequence[str], column: str, values: Sequence[Any]) -> Any:
    kind = pa.int64() if isinstance(values[0], int) else pa.string()
    rows = [{"group": group, column: value} for group, value in zip(groups, values, strict=True)]
    with relation(rows, pa.schema([("group", pa.string()), (column, kind)])) as con:
        return assess(con, "data", Spec(unit=None, quasi=("group",), sensitive=(column,)))


def _classes() -> Iterator[KnownAnswer]:
    anonymous = _sensitive(_FOUR_ANONYMOUS, "condition", _CONDITIONS)
    diverse = _sensitive(_THREE_DIVERSE, "condition", _CONDITIONS)
    found, better = anonymous.sensitive[0].diversity, diverse.sensitive[0].diversity
    closeness = _sensitive(_SALARY_GROUPS, "salary", _SALARIES).sensitive[0].closeness
    yield KnownAnswer(name="k of the 4-anonymous inpatients", expected=4, got=anonymous.rows_k, source=L_DIVERSITY)
    yield KnownAnswer(name="their distinct l", expected=1, got=found.distinct, source=L_DIVERSITY)
    yield KnownAnswer(name="their homogeneous class", expected=4, got=found.homogeneous_members, source=L_DIVERSITY)
    yield KnownAnswer(name="distinct l of the 3-diverse", expected=3, got=better.distinct, source=L_DIVERSITY)
    yield KnownAnswer(
        name="their entropy l (2, 1, 1 of four)", expected=2 * math.sqrt(2), got=better.entropy_l, source=L_DIVERSITY
    )
    yield KnownAnswer(
        name="t of the salaries, ordered distance", expected=Fraction(1, 6), got=closeness.ordered, source=T_CLOSENESS
    )


def _concentration() -> Iterator[KnownAnswer]:
    example = Concentration.of([50_000, 49_000, *[100] * 10])
    equal = Concentration.of([50, 30, 20])
    yield KnownAnswer(
        name="50 000, 49 000 and ten of 100: unsafe under (1, 90)?",
        expected=False,
        got=dominates(example, 1, 90),
        source=HANDBOOK,
    )
    yield KnownAnswer(
        name="the same: unsafe under p = 10 %?", expected=True, got=p_percent_unsafe(example, 10), source=HANDBOOK
    )
    yield KnownAnswer(
        name="the same: protection needed, p·x1/100 − (X − x1 − x2)",
        expected=Decimal(4000),
        got=p_percent_protection(example, 10),
        source=HANDBOOK,
    )
    yield KnownAnswer(
        name="dominance at equality (50 of 100, k = 50): unsafe?",
        expected=False,
        got=dominates(equal, 1, 50),
        source=HANDBOOK,
    )


def _identifiers() -> Iterator[KnownAnswer]:
    """Published examples of numbers with check digits; one digit changed must not be taken for the same thing."""
    examples = {
        Kind.IBAN: ("SI56191000000123438", "ECBS register of IBAN formats, example of Slovenia"),
        Kind.IMEI: ("490154203237518", "GSM 06.16, Luhn check digit, widely used example"),
    }
    for kind, (number, source) in examples.items():
        broken = number[:-1] + str((int(number[-1]) + 1) % 10)
        for value, expected in ((number, True), (broken, False)):
            found = any(each.kind is kind for each in scan(["x"], {"x": [value] * 20}))
            yield KnownAnswer(name=f"{kind}: {value} recognized", expected=expected, got=found, source=source)


def _grid_and_chance() -> Iterator[KnownAnswer]:
    yield KnownAnswer(
        name="grid cell of easting 4 321 000 m, northing 3 210 000 m at 1 km",
        expected="1kmN3210E4321",
        got=cell_code("1km", 4_321_000, 3_210_000),
        source="INSPIRE specification on geographical grid systems, EPSG:3035, false origin 4 321 000, 3 210 000",
    )
    yield KnownAnswer(
        name="upper 95 % bound of 0 successes in 20",
        expected=1 - 0.05 ** (1 / 20),
        got=proportion_upper(0, 20),
        source="Clopper and Pearson, Biometrika 26, 1934",
    )


def _privacy() -> Iterator[KnownAnswer]:
    rho, delta = Decimal("0.1"), Decimal("1e-6")
    expected = float(rho) + 2 * math.sqrt(float(rho) * math.log(1 / float(delta)))
    yield KnownAnswer(
        name="epsilon of 0.1-zCDP at delta 1e-6, rho + 2·sqrt(rho·ln(1/delta)), to two places",
        expected=round(expected, 2),
        got=round(float(epsilon(rho, delta)), 2),
        source="Bun and Steinke, Concentrated Differential Privacy, TCC 2016, proposition 1.3",
    )
