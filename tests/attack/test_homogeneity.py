"""Homogeneity and skewness of classes."""

from __future__ import annotations

import pytest
from attack_world import HOURLY, engine, handmade, load, people, printed, released

from disclosure import Spec
from disclosure.attacks import Verdict, run
from disclosure.policies.recode import Recode
from disclosure.recoding.hierarchy import Hierarchy

PATIENTS = Spec(unit="person", quasi=("zone",), sensitive=("illness",))
ZONES = Hierarchy("zone", tuple((zone, "*") for zone in "ab"))
NAMES = ("person", "zone", "illness")


def patients(in_a, in_b):
    """Pairs of illness and number, for each zone."""
    rows = [("a", each, n) for each, count in in_a for n in range(count)]
    rows += [("b", each, n) for each, count in in_b for n in range(count)]
    return [(f"{zone}{illness}{n}", zone, illness) for zone, illness, n in rows]


EVERYBODY = ((("flu", 12),), (("cold", 12), ("flu", 12)))
SKEWED = ((("flu", 18), ("cold", 2)), (("cold", 70), ("flu", 4)))


@pytest.mark.parametrize(("sizes", "reason"), [(EVERYBODY, "one-value-in-class"), (SKEWED, "class-is-skewed")])
def test_majority_of_a_class_tells_too_much(sizes, reason):
    """Everybody in zone a has it; or nine in ten where it is two in ten of the table."""
    rows = [(n, zone, illness) for n, (_, zone, illness) in enumerate(patients(*sizes))]
    by_hand = printed(rows, ("record", "zone", "illness"), PATIENTS, policy=Recode(hierarchies={"zone": ZONES}))
    leaking = run("homogeneity", by_hand)
    assert (leaking.broken, leaking.reason) == (True, reason)
    with engine() as con:
        load(con, patients(*sizes), NAMES)
        policy = Recode(hierarchies={"zone": ZONES}, distinct_l=2, t="0.3", one_record_per_unit=True)
        repaired = released(con, PATIENTS, policy=policy)
        assert run("homogeneity", repaired).verdict is Verdict.SURVIVED
        assert run("recount", repaired).verdict is Verdict.SURVIVED
        assert run("linkage", repaired).verdict is Verdict.SURVIVED


def test_amount_of_zero_is_true_of_everybody_in_the_row():
    """Twelve homes that used nothing were all empty."""
    with engine() as con:
        load(con, people("away", 12, kwh=0.0) + people("home", 12), ("person", "zone", "ts", "kwh"))
        leaking = run("homogeneity", handmade(con, HOURLY.format(having="units >= 10")))
        assert (leaking.broken, leaking.reason) == (True, "zero-is-true-of-everybody")
        assert run("homogeneity", released(con)).verdict is Verdict.SURVIVED


def test_row_of_a_table_with_one_destination_is_true_of_everybody_in_it():
    spec = Spec(unit="person", zone=("home", "illness"))
    shared = [("a", "flu", 20), ("b", "flu", 30), ("b", "cold", 30), ("b", "Total", 60)]
    names = ("home", "illness", "units")
    sensitive = Spec(unit="person", zone=("home",), quasi=("home",), sensitive=("illness",))
    assert sensitive.sensitive == ("illness",)
    leaking = [*shared, ("a", "cold", 0), ("a", "Total", 20)]
    repaired = [("a", "flu", 20), ("a", "cold", 15), ("a", "Total", 35), *shared[1:]]
    for rows, broken in ((leaking, True), (repaired, False)):
        target = printed(rows, names, Spec(unit="person", zone=("home", "illness"), sensitive=("illness",)))
        assert run("homogeneity", target).broken is broken
    assert run("homogeneity", printed(shared, names, spec)).reason == "no-sensitive-column"
