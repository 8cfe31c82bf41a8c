"""Known answers: worked examples of the papers that define the measures."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from assess_tables import relation

from disclosure.assess import Questions, assess
from disclosure.rules import Rules
from disclosure.spec import Measure, Spec

# Machanavajjhala et al., l-Diversity, TKDD 1(1), 2007, figures 1 to 3: the same twelve inpatients, generalized twice.
CONDITIONS = [
    "heart",
    "heart",
    "viral",
    "viral",
    "cancer",
    "heart",
    "viral",
    "viral",
    "cancer",
    "cancer",
    "cancer",
    "cancer",
]
FOUR_ANONYMOUS = ["130**/<30"] * 4 + ["1485*/>=40"] * 4 + ["130**/3*"] * 4
THREE_DIVERSE = [
    *("1305*/<=40", "1306*/<=40", "1306*/<=40", "1305*/<=40"),
    *(["1485*/>40"] * 4),
    *("1305*/<=40", "1305*/<=40", "1306*/<=40", "1306*/<=40"),
]

# Li et al., t-Closeness, ICDE 2007: salaries of table 3, grouped as in table 5.
SALARIES = [3, 4, 5, 6, 11, 8, 7, 9, 10]
TABLE_5 = ["4767*", "4760*", "4767*", "4790*", "4790*", "4790*", "4760*", "4767*", "4760*"]
# Figure 1 of the same paper, as far as it is needed: the distance of two diseases is the height of what covers both.
_ALL = "respiratory & digestive system diseases"
FIGURE_1 = [
    ("flu", "respiratory infection", "respiratory system diseases", _ALL),
    ("bronchitis", "respiratory infection", "respiratory system diseases", _ALL),
    ("pulmonary embolism", "vascular lung diseases", "respiratory system diseases", _ALL),
    ("stomach cancer", "stomach diseases", "digestive system diseases", _ALL),
]


def _inpatients(groups):
    schema = pa.schema([("group", pa.string()), ("condition", pa.string())])
    rows = [{"group": group, "condition": each} for group, each in zip(groups, CONDITIONS, strict=True)]
    with relation(rows, schema) as con:
        return assess(con, "data", Spec(unit=None, quasi=("group",), sensitive=("condition",)))


def test_four_anonymous_inpatients_have_a_homogeneous_class():
    risk = _inpatients(FOUR_ANONYMOUS)
    diversity = risk.sensitive[0].diversity
    assert risk.rows_k == 4
    assert (diversity.distinct, diversity.homogeneous_classes, diversity.homogeneous_members) == (1, 1, 4)
    assert math.isclose(diversity.entropy_l, 1.0)


def test_three_diverse_inpatients():
    diversity = _inpatients(THREE_DIVERSE).sensitive[0].diversity
    assert (diversity.distinct, diversity.homogeneous_classes) == (3, 0)
    # Every class holds one value twice and two others once.
    assert math.isclose(diversity.entropy_l, 2 * math.sqrt(2), rel_tol=1e-7)
    assert diversity.recursive == {2: Fraction(1), 3: Fraction(2), 4: None}


def _t(groups, column, values, **questions):
    kind = pa.int64() if isinstance(values[0], int) else pa.string()
    rows = [{"group": group, column: value} for group, value in zip(groups, values, strict=True)]
    with relation(rows, pa.schema([("group", pa.string()), (column, kind)])) as con:
        spec = Spec(unit=None, quasi=("group",), sensitive=(column,))
        return assess(con, "data", spec, Questions(**questions)).sensitive[0].closeness


@pytest.mark.parametrize(
    ("group", "distance"), [((3, 4, 5), Fraction(375, 1000)), ((6, 8, 11), Fraction(1, 6))], ids=["0.375", "0.167"]
)
def test_ordered_distances_of_the_salary_example(group, distance):
    # The rest of the table in classes of one would be farther away, so the group is compared in a table of its own:
    # eight more rows with each salary leave the shares of the table as they are.
    salaries = list(range(3, 12))
    values = [*group, *(salary for salary in salaries for _ in range(2)), *(s for s in salaries if s not in group)]
    names = ["group"] * 3 + ["others"] * (len(values) - 3)
    others = [value for name, value in zip(names, values, strict=True) if name == "others"]
    found = _t(names, "salary", values)
    running = [Fraction(sum(v <= s for v in others), len(others)) - Fraction(s - 2, 9) for s in salaries]
    assert found.ordered == max(distance, sum(map(abs, running)) / 8) == distance


def test_table_5_has_the_closeness_of_salaries_that_the_paper_states():
    assert round(float(_t(TABLE_5, "salary", SALARIES).ordered), 3) == 0.167


@pytest.mark.parametrize(
    ("other", "distance"),
    [("bronchitis", Fraction(1, 3)), ("pulmonary embolism", Fraction(2, 3)), ("stomach cancer", Fraction(1))],
)
def test_hierarchical_distances_of_the_disease_example(other, distance):
    # Two classes with one disease each: half of the mass moves from the one disease to the other.
    found = _t(["one", "two"], "disease", ["flu", other], hierarchies={"disease": FIGURE_1})
    assert found.hierarchical == distance / 2
    assert found.equal == Fraction(1, 2)


@pytest.mark.parametrize(("largest", "unsafe"), [("50", 0), ("50.000001", 1)], ids=["equality", "above"])
def test_dominance_at_equality_is_safe(largest, unsafe):
    rest = Decimal(100) - Decimal(largest)
    rows = [("m1", Decimal(largest)), ("m2", rest - 20), ("m3", Decimal(20))]
    assert _broken(rows, Rules(dominance=(1, 50)))["dominance"] == unsafe


@pytest.mark.parametrize(("third", "unsafe"), [("10", 0), ("9.999999", 1)], ids=["equality", "below"])
def test_p_percent_at_equality_is_safe(third, unsafe):
    rows = [("m1", Decimal(100)), ("m2", Decimal(60)), ("m3", Decimal(third))]
    assert _broken(rows, Rules(p_percent=10))["p-percent"] == unsafe


@pytest.mark.parametrize(("customers", "unsafe"), [(15, 0), (14, 1)])
def test_fifteen_customers_of_equal_size_keep_15_15(customers, unsafe):
    rows = [(f"m{number}", Decimal(2)) for number in range(customers)]
    assert _broken(rows, Rules())["15-15"] == unsafe


def test_one_customer_above_fifteen_percent_breaks_15_15():
    rows = [("large", Decimal("15.01")), *((f"m{number}", Decimal("84.99") / 17) for number in range(17))]
    assert _broken([(name, round(value, 6)) for name, value in rows], Rules())["15-15"] == 1


def _broken(contributions, rules):
    schema = pa.schema([("zone", pa.string()), ("meter", pa.string()), ("kwh", pa.decimal128(18, 6))])
    # Each contribution comes in two readings, which must be summed before the rule is asked.
    rows = [
        {"zone": "z", "meter": meter, "kwh": part}
        for meter, value in contributions
        for part in (value - Decimal("0.5"), Decimal("0.5"))
    ]
    with relation(rows, schema) as con:
        spec = Spec(unit="meter", zone="zone", measures={"kwh": Measure()})
        return assess(con, "data", spec, Questions(rules=rules)).cells.measures[0].broken
